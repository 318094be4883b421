"""06's measures: cosines by types and by use, other origins, loud coordinates."""

from __future__ import annotations

import pytest
import torch

from zeropoint import geometry
from zeropoint.puzzles.p06 import measures
from zeropoint.streams import Stream


def cloud(n=60, d=7, types=9, seed=0):
    generator = torch.Generator().manual_seed(seed)
    token = torch.randint(0, types, (n,), generator=generator) * 3
    return torch.randn(n, d, generator=generator) + 1, token


def text(n=64 * 100, d=3, length=100, seed=0):
    generator, at = torch.Generator().manual_seed(seed), torch.arange(n)
    token = torch.randint(0, 40, (n,), generator=generator)
    own = 3 * torch.randn(40, d, generator=generator)
    vectors = torch.randn(2, n, d, generator=generator) + 1 + own[token]
    return Stream(vectors, token, at % length, at // length)


def test_type_cosines_are_those_of_all_pairs():
    X, token = cloud()
    u = geometry.unit_rows(X).double()
    table, types = u @ u.T, token.unique().tolist()
    inter = [table[token == a][:, token == b].mean() for a in types for b in types if a != b]
    intra = []
    for t in types:
        rows = (token == t).nonzero()[:, 0]
        if len(rows) > 1:
            intra.append(table[rows][:, rows][~torch.eye(len(rows), dtype=torch.bool)].mean())
    found = measures.type_cosines(X, token)
    assert found.inter == pytest.approx(torch.stack(inter).mean().item(), abs=1e-6)
    assert found.intra == pytest.approx(torch.stack(intra).mean().item(), abs=1e-6)
    for wrong in (torch.arange(len(X)), torch.zeros(len(X), dtype=torch.long)):
        with pytest.raises(ValueError, match="twice"):
            measures.type_cosines(X, wrong)


def test_counting_by_types_and_by_use_differs_where_rare_tokens_share_a_vector():
    """Half of the text is one token that points elsewhere: by use the cone is small, by types it is whole."""
    generator = torch.Generator().manual_seed(0)
    token = torch.cat([torch.zeros(500), 1 + torch.arange(500) % 100]).long()
    X = 0.01 * torch.randn(1000, 4, generator=generator) + torch.tensor([1.0, 0, 0, 0])
    X[token == 0] = torch.tensor([-1.0, 0, 0, 0])
    s = Stream(X[None], token, torch.arange(1000) % 100, torch.arange(1000) // 100)
    assert measures.by_types(s)[0] > 0.9 and abs(measures.by_use(s)[0]) < 0.01


def test_each_mean_empties_its_own_count():
    s = text()
    ways = measures.recentred(s, [s.position < 3] * 2)
    torch.testing.assert_close(ways["less the mean by use"].vectors.mean(1), torch.zeros(2, 3), atol=1e-5, rtol=0)
    by_types = ways["less the mean by types"]
    assert measures.type_mean(by_types.vectors[0], s.token).abs().max() < 1e-5
    own = ways["less each side's own mean"]
    assert own.vectors[:, s.position < 3].mean(1).abs().max() < 1e-5
    assert (ways["without position 0"].position > 0).all() and ways["as it is"] is s


def test_shuffled_coordinates_keep_the_mean_and_lose_the_token():
    s = text()
    before = s.vectors.clone()
    mixed = measures.shuffled_coordinates(s)
    torch.testing.assert_close(mixed.vectors.mean(1), s.vectors.mean(1))
    assert torch.equal(s.vectors, before), "the stream itself stays"
    assert measures.recognises(s.vectors[0], s.token) > 0.5 > 0.1 > measures.recognises(mixed.vectors[0], s.token)


def test_top_share():
    X, _ = cloud()
    X[:, 2] += 5
    assert measures.top_share(X, X.shape[1]) == pytest.approx(1)
    added = geometry.sum_over_dimensions(X)
    assert measures.top_share(X, 1) == pytest.approx((added[2] / added.sum()).item())


def test_a_random_direction_is_uneven_too():
    assert measures.random_top_share(3) == pytest.approx(1)
    assert 3 / 128 < measures.random_top_share(128) < 0.4


def test_standardised_coordinates_are_centred_and_of_one_spread():
    X, _ = cloud()
    X = torch.cat([X, torch.ones(len(X), 1)], 1)  # one coordinate never varies
    Z = measures.standardised(X)
    assert Z.mean(0).abs().max() < 1e-5 and Z[:, -1].abs().max() == 0
    torch.testing.assert_close(Z[:, :-1].std(0), torch.ones(7))


def test_separates():
    far = torch.arange(1000) % 50 == 0
    assert measures.separates(far.float() * 3, far) == 1
    assert measures.separates(torch.randn(1000, generator=torch.Generator().manual_seed(0)), far) < 0.3
