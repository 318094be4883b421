"""Twelve tools at work on a loaded model, each with zero wherever the caller puts it: shares of right answers, a mark a unit."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Literal

import pandas as pd
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import normalize
from tqdm.auto import tqdm

from zeropoint import streams
from zeropoint.claims import Estimate, over
from zeropoint.models import LoadedModel, copy_sharing

# What is subtracted from a cloud's rows, given the cloud.
Origin = Callable[[Float[Tensor, "n d"]], Float[Tensor, " d"]]

PAIRS = 200  # of a family, at most: those with the lowest token numbers, which are frequent tokens
FEWEST = 20  # pairs or tokens, below which a tool has no task in this vocabulary
GROUPS = 8  # disjoint sets of tokens, for tools that say one thing of many tokens
IN_A_GROUP = 1000  # tokens
TARGETS = 16  # tokens that a steering vector is to bring about
PROBED = 8000  # tokens, at most, that a probe sees
MATTERS = 0.01  # a change whose whole interval lies within a point of nothing does not matter


def nothing(cloud: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
    """As it is: zero stays where it was."""
    return torch.zeros(cloud.shape[1], dtype=cloud.dtype)


def own_mean(cloud: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
    return cloud.mean(0, dtype=torch.float64).to(cloud.dtype)


def part_of_mean(share: float) -> Origin:
    """`share` times the cloud's own mean: 0 is nothing, 1 is centring."""
    return lambda cloud: share * own_mean(cloud)


def elsewhere(seed: int) -> Origin:
    """The control: as long as the cloud's own mean, in a random direction."""

    def origin(cloud: Float[Tensor, "n d"]) -> Float[Tensor, " d"]:
        generator = torch.Generator().manual_seed(seed)
        direction = torch.randn(cloud.shape[1], generator=generator, dtype=torch.float64)
        return (own_mean(cloud).double().norm() * normalize(direction, dim=0)).to(cloud.dtype)

    return origin


@dataclass(frozen=True)
class Bench:
    """A loaded model, with what the tools' tasks take from it; each part is worked out when it is first asked for."""

    model: LoadedModel
    rows: int = 16  # of text

    @cached_property
    def W(self) -> Float[Tensor, "d_vocab d_model"]:
        return self.model.W_E.float()

    @cached_property
    def words(self) -> dict[str, int]:
        """Token → number. A leading space is written Ġ by some tokenizers and ▁ by others: here always Ġ."""
        found = {token.replace("▁", "Ġ"): i for token, i in self.model.tokenizer.get_vocab().items()}
        return {token: i for token, i in sorted(found.items(), key=lambda item: item[1]) if i < len(self.W)}

    @cached_property
    def spaced(self) -> Int[Tensor, "n 2"]:
        """Token numbers of words without and with a leading space."""
        return self._pairs(lambda word: (word, f"Ġ{word}"))

    @cached_property
    def capital(self) -> Int[Tensor, "n 2"]:
        """Token numbers of words in lower case and with a capital, both after a space."""
        return self._pairs(lambda word: (f"Ġ{word}", f"Ġ{word.capitalize()}"))

    def _pairs(self, spelt: Callable[[str], tuple[str, str]]) -> Int[Tensor, "n 2"]:
        both = streams.word_pairs(self.words, spelt, PAIRS)
        return both if len(both) >= FEWEST else both[:0]

    @cached_property
    def tokens(self) -> Int[Tensor, " n"]:
        """The numbers of the tokens that a reader could write, in random order."""
        numbers = torch.tensor([i for token, i in self.words.items() if token.strip("Ġ")])
        return numbers[torch.randperm(len(numbers), generator=torch.Generator().manual_seed(0))]

    def which(self, is_so: Callable[[str], bool]) -> Bool[Tensor, " n"]:
        """Whether each of `tokens` has a property that its spelling tells."""
        spelt = {i: token for token, i in self.words.items()}
        return torch.tensor([is_so(spelt[int(i)]) for i in self.tokens])

    @cached_property
    def groups(self) -> Int[Tensor, "groups n"]:
        """Places in `tokens`: disjoint sets, equally large."""
        size = min(IN_A_GROUP, len(self.tokens) // GROUPS)
        return torch.arange(GROUPS * size).view(GROUPS, size)

    @cached_property
    def ids(self) -> Int[Tensor, "rows length"]:
        return streams.sequences(self.model.tokenizer, self.rows, 32 if self.model.is_large else 64)

    @property
    def layer(self) -> int:
        """How many blocks stand before the place where the stream is steered."""
        return (self.model.bridge.cfg.n_layers + 1) // 2

    @cached_property
    def stream(self) -> tuple[Float[Tensor, "n d_model"], Int[Tensor, " n"]]:
        """Vectors of the residual stream at `layer`, over the even rows of text, and the token that comes after each.

        Without position 0, whose vector is so long in many models that it alone would make the mean (06).
        """
        rows = self.ids[::2]
        vectors = streams.stream(self.model.bridge, rows).vectors[self.layer].view(*rows.shape, -1)
        return vectors[:, 1:-1].flatten(0, 1), rows[:, 2:].flatten()


# --- tools on the embedding: what each makes of the rows, less an origin ----------------------------------------------


def nearest_by_cosine(bench: Bench, origin: Origin) -> Float[Tensor, " pairs"]:
    """Is the same word with a space, or with a capital, nearer by cosine than 99 tokens drawn at random?"""
    return _first_of_many(bench, origin, lambda rows: normalize(rows, dim=-1))


def nearest_by_distance(bench: Bench, origin: Origin) -> Float[Tensor, " pairs"]:
    return _first_of_many(bench, origin, lambda rows: rows)


def _first_of_many(bench: Bench, origin: Origin, seen: Callable[[Tensor], Tensor], others: int = 99) -> Tensor:
    """By the distance between what is `seen` of two rows; of unit rows the nearest has the highest cosine.

    Mean over three draws of the others; a word's own two tokens are never among them.
    """
    zero = origin(bench.W).double()
    here, partner = torch.cat([bench.spaced, bench.capital]).T
    generator = torch.Generator().manual_seed(0)
    from_here = seen(bench.W[here].double() - zero)[:, None]
    to_partner = torch.cdist(from_here, seen(bench.W[partner].double() - zero)[:, None])[:, 0, 0]
    marks = []
    for _ in range(3):
        drawn = bench.tokens[torch.randint(len(bench.tokens), (len(here), others), generator=generator)]
        distance = torch.cdist(from_here, seen(bench.W[drawn].double() - zero))[:, 0]
        distance[(drawn == here[:, None]) | (drawn == partner[:, None])] = torch.inf
        marks.append(to_partner < distance.min(1).values)
    return torch.stack(marks).double().mean(0)


def analogies(bench: Bench, origin: Origin, rounds: int = 5) -> Float[Tensor, " pairs"]:
    """map : ␣map = set : ?, by the highest cosine with b − a + c of unit rows (3CosAdd), among the family's tokens."""
    units = normalize(_less(bench.W, origin), dim=1)
    return torch.cat([_analogies(units, pairs, rounds) for pairs in (bench.spaced, bench.capital)])


def _analogies(units: Tensor, pairs: Int[Tensor, "n 2"], rounds: int) -> Float[Tensor, " n"]:
    if not len(pairs):
        return torch.empty(0)
    c, right = pairs.T
    candidates = pairs.flatten().unique()
    marks = []
    for step in range(1, rounds + 1):
        a, b = pairs.roll(step, 0).T
        score = normalize(units[b] - units[a] + units[c], dim=1) @ units[candidates].T
        for given in (a, b, c):
            score[candidates == given[:, None]] = -torch.inf
        marks.append(candidates[score.argmax(1)] == right)
    return torch.stack(marks).double().mean(0)


def no_letter(token: str) -> bool:
    """Digits, punctuation, marks: few tokens in any vocabulary."""
    return not any(character.isalpha() for character in token.removeprefix("Ġ"))


def starts_with_space(token: str) -> bool:
    return token.startswith("Ġ")


def probe(
    bench: Bench, origin: Origin, bias: bool, is_so: Callable[[str], bool] = no_letter
) -> Float[Tensor, " tokens"]:
    """Least squares says from a token's vector whether it has no letter (or `is_so`), for the fifth of the tokens that were kept back."""
    X, has = probed(bench, is_so)
    return probe_marks(X, has, origin, bias)


def probed(
    bench: Bench, is_so: Callable[[str], bool] = no_letter
) -> tuple[Float[Tensor, "n d_model"], Bool[Tensor, " n"]]:
    """The embeddings of the tokens that a probe sees, in float64, and whether they have the property."""
    return bench.W[bench.tokens[:PROBED]].double(), bench.which(is_so)[:PROBED]


def probe_marks(
    X: Float[Tensor, "n d"], has: Bool[Tensor, " n"], origin: Origin, bias: bool = False
) -> Float[Tensor, " kept_back"]:
    """1 where a linear probe is right about a row that it was not fitted on, every fifth one; fitted to ±1 in float64."""
    X = X - origin(X)
    if bias:
        X = torch.cat([X, torch.ones(len(X), 1, dtype=X.dtype)], dim=1)
    y = 2.0 * has.double() - 1
    kept_back = torch.arange(len(X)) % 5 == 0
    fitted = X[~kept_back]
    gram = fitted.T @ fitted
    gram += 1e-9 * gram.diagonal().mean() * torch.eye(len(gram), dtype=X.dtype)  # rows may leave a dimension out
    w = torch.linalg.solve(gram, fitted.T @ y[~kept_back])
    return ((X[kept_back] @ w > 0) == has[kept_back]).double()


def first_component(bench: Bench, origin: Origin) -> Float[Tensor, " groups"]:
    """|rank correlation| of the first singular direction's scores with the token's number, which follows its frequency."""
    marks = []
    for group in bench.groups:
        rows = bench.W[bench.tokens[group]]
        moved = (rows - origin(rows)).double()
        along = moved @ torch.linalg.eigh(moved.T @ moved).eigenvectors[:, -1]
        marks.append(_rank_correlation(along, bench.tokens[group]).abs())
    return torch.stack(marks)


def _rank_correlation(a: Tensor, b: Tensor) -> Tensor:
    ranks = torch.stack([v.argsort().argsort().double() for v in (a, b)])
    return torch.corrcoef(ranks)[0, 1]


def clusters(bench: Bench, origin: Origin) -> Float[Tensor, " groups"]:
    """Two clusters by cosine (spherical k-means): the share of tokens on the side of their kind, with a space or without."""
    space, marks = bench.which(starts_with_space), []
    for group in bench.groups:
        rows = bench.W[bench.tokens[group]]
        side = _two_clusters(normalize(rows - origin(rows), dim=1))
        agree = (side == space[group]).double().mean()
        marks.append(torch.maximum(agree, 1 - agree))
    return torch.stack(marks)


def _two_clusters(units: Float[Tensor, "n d"], restarts: int = 5, steps: int = 20) -> Bool[Tensor, " n"]:
    generator = torch.Generator().manual_seed(0)
    best, best_fit = None, -torch.inf
    for _ in range(restarts):
        centres = units[torch.randperm(len(units), generator=generator)[:2]]
        for _ in range(steps):
            side = (units @ centres.T).argmax(1)
            sums = torch.stack([units[side == k].sum(0) for k in (0, 1)])
            centres = normalize(sums, dim=1)
        fit = (units @ centres.T).max(1).values.mean()
        if fit > best_fit:
            best, best_fit = side == 1, fit
    return best


# --- two clouds, each with an origin of its own -----------------------------------------------------------------------


def partner(bench: Bench, origin: Origin) -> Float[Tensor, " pairs"]:
    """From a word without a space, the nearest by cosine among the words with one: is it the same word?"""
    if not len(bench.spaced):
        return torch.empty(0)
    here, there = (_less(bench.W[tokens], origin) for tokens in bench.spaced.T)
    nearest = (normalize(here, dim=1) @ normalize(there, dim=1).T).argmax(1)
    return (nearest == torch.arange(len(nearest))).double()


def which_cloud(bench: Bench, origin: Origin) -> Float[Tensor, " pairs"]:
    """Without or with a space? By the nearer of the two means of the even pairs, for the odd ones."""
    if not len(bench.spaced):
        return torch.empty(0)
    here, there = (_less(bench.W[tokens], origin).double() for tokens in bench.spaced.T)
    means = torch.stack([here[::2].mean(0), there[::2].mean(0)])
    sides = [torch.cdist(rows[1::2], means).argmin(1) for rows in (here, there)]
    return ((sides[0] == 0).double() + (sides[1] == 1).double()) / 2


def _less(rows: Float[Tensor, "n d"], origin: Origin) -> Float[Tensor, "n d"]:
    return rows - origin(rows)


# --- counts: sparse, and never negative -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Counts:
    """A table of counts, nearly all zero: of row i, `count[start[i]:start[i + 1]]` in these `column`s, of `d` columns."""

    start: Int[Tensor, " n_plus_1"]
    column: Int[Tensor, " k"]
    count: Float[Tensor, " k"]
    d: int

    @property
    def parts(self) -> tuple[Tensor, Tensor, Tensor, int]:
        return self.start, self.column, self.count, self.d

    def once(self) -> Int[Tensor, " m"]:
        """Numbers of the rows that hold a single count of 1."""
        row = torch.arange(len(self.start) - 1).repeat_interleave(self.start.diff())
        return (torch.bincount(row, weights=self.count, minlength=len(self.start) - 1) == 1).nonzero()[:, 0]

    def alike(self) -> float:
        """The share of pairs of those rows that hold their count in the same column: their mean cosine, not centred."""
        sizes = self.column[self.start[self.once()]].bincount().double()
        n = sizes.sum()
        return ((sizes * (sizes - 1)).sum() / (n * (n - 1))).item()

    def dense(self) -> Float[Tensor, "n d"]:
        table = torch.zeros(len(self.start) - 1, self.d)
        row = torch.arange(len(table)).repeat_interleave(self.start.diff())
        return table.index_put((row, self.column), self.count)


def counts(bench: Bench, most: int = 1000) -> Counts:
    """What follows each token that the held-out text has, for `most` tokens at random, rarest columns included."""
    text = "".join(streams.held_out_text().values())
    ids = torch.tensor(bench.model.tokenizer(text, verbose=False, add_special_tokens=False)["input_ids"])
    here = ids[:-1].unique()
    chosen = here[torch.randperm(len(here), generator=torch.Generator().manual_seed(0))[:most]].sort().values
    kept = torch.isin(ids[:-1], chosen)
    pairs, count = torch.stack([ids[:-1][kept], ids[1:][kept]]).unique(dim=1, return_counts=True)
    row = torch.searchsorted(chosen, pairs[0].contiguous())
    columns, column = pairs[1].unique(return_inverse=True)
    start = torch.cat([torch.zeros(1, dtype=torch.long), row.bincount().cumsum(0)])
    return Counts(start, column, count.float(), len(columns))


def in_common(bench: Bench, origin: Origin) -> Float[Tensor, " tokens"]:
    """Have two tokens ever been followed by the same one? Told from the cosine of their counts, by the best threshold.

    The mark of a token is its share of right answers, those to yes and those to no weighed alike.
    """
    rows = counts(bench).dense()
    yes = rows @ rows.T > 0
    cosine = normalize(_less(rows, origin), dim=1) @ normalize(_less(rows, origin), dim=1).T
    pairs = torch.ones_like(yes).triu(1)
    said = cosine > _best_threshold(cosine[pairs], yes[pairs])
    pairs = pairs | pairs.T
    hits = (said & yes & pairs).sum(1) / (yes & pairs).sum(1)
    passes = (~said & ~yes & pairs).sum(1) / (~yes & pairs).sum(1)
    both = ((yes & pairs).any(1)) & ((~yes & pairs).any(1))
    return (hits + passes)[both].double() / 2


def _best_threshold(score: Float[Tensor, " n"], yes: Bool[Tensor, " n"]) -> float:
    """Where hits + correct rejections are most, both as shares."""
    order = score.argsort()
    score, yes = score[order].double(), yes[order].double()
    below = (1 - yes).cumsum(0) / (1 - yes).sum() - yes.cumsum(0) / yes.sum()
    below[:-1][score[1:] == score[:-1]] = -1  # no threshold fits between equal scores
    at = int(below[:-1].argmax())
    return float(score[at] + score[at + 1]) / 2


# --- the model itself -------------------------------------------------------------------------------------------------


@torch.no_grad()
def reading(bench: Bench, origin: Origin) -> Float[Tensor, " rows"]:
    """The model reads its embeddings, less an origin: the share of next tokens that it has right, row by row of text."""
    net = copy_sharing(bench.model.plain)
    embed = net.get_input_embeddings()
    embed.weight = torch.nn.Parameter((embed.weight - origin(embed.weight)), requires_grad=False)
    right = [(net(rows).logits[:, :-1].argmax(-1) == rows[:, 1:]).double().mean(1) for rows in bench.ids.split(8)]
    return torch.cat(right)


def targets(bench: Bench) -> Int[Tensor, " k"]:
    """The most frequent next tokens of the even rows."""
    return bench.stream[1].bincount().topk(TARGETS).indices


@torch.no_grad()
def steering(bench: Bench, origin: Origin) -> Float[Tensor, " targets"]:
    """The mean vector of the stream before a token, less an origin, made as long as the stream is wide and added
    everywhere in other text: how much likelier the token becomes."""
    bridge, read = bench.model.bridge, bench.ids[1::4]
    name = streams.layer_names(bridge)[bench.layer]
    stream, after = bench.stream
    zero, width = origin(stream), (stream - own_mean(stream)).norm(dim=1).median()
    before = bridge(read)
    rises = []
    for token in targets(bench):
        vector = stream[after == token].mean(0) - zero
        push = width * normalize(vector, dim=0)
        logits = bridge.run_with_hooks(read, fwd_hooks=[(name, lambda value, hook, push=push: value + push)])
        rises.append((_likely(logits, token) - _likely(before, token)).mean())
    return torch.stack(rises).double()


def _likely(logits: Float[Tensor, "rows length d_vocab"], token: Tensor) -> Float[Tensor, "rows length"]:
    return (logits[..., token] - logits.logsumexp(-1)).exp()


# --- all of them ------------------------------------------------------------------------------------------------------

Word = Literal["helps", "hurts", "no matter", "unclear", "too few"]


@dataclass(frozen=True)
class Tool:
    """`marks(bench, origin)` gives a number for each `unit`, higher is better; `because` holds what can be known before."""

    marks: Callable[[Bench, Origin], Float[Tensor, " units"]]
    unit: str
    foretold: Word | None = None  # None where nothing follows beforehand
    because: str = ""
    draws: int = 8
    """Random vectors that the control tries: no fewer than three, for its error counts them too."""


TOOLS: Mapping[str, Tool] = {
    "nearest token, by cosine": Tool(nearest_by_cosine, "pairs"),
    "nearest token, by distance": Tool(nearest_by_distance, "pairs", "no matter", "uses no zero"),
    "analogy, by cosine": Tool(analogies, "pairs"),
    "probe with a bias": Tool(partial(probe, bias=True), "tokens", "no matter", "finds a zero of its own"),
    "probe without a bias": Tool(partial(probe, bias=False), "tokens", "hurts", "the mean was its bias"),
    "first component": Tool(first_component, "groups"),
    "two clusters, by cosine": Tool(clusters, "groups"),
    "partner in the other cloud": Tool(partner, "pairs", "helps", "the clouds' difference is in the way"),
    "which of the two clouds": Tool(which_cloud, "pairs", "hurts", "the clouds' difference is the answer"),
    "counts: any in common?": Tool(in_common, "tokens", "hurts", "zero means never"),
    # Each draw takes passes of the model.
    "the model reads": Tool(reading, "rows", "hurts", "it learned to read the mean", draws=3),
    "steering": Tool(steering, "targets", "helps", "the mean says nothing of the target", draws=3),
}


@dataclass(frozen=True)
class Effect:
    """A tool's score as it is, and what it gains with zero at the cloud's own mean, and at other vectors as long."""

    as_it_is: Estimate
    gain: Estimate
    control: Estimate
    more: Estimate  # gain less control, unit by unit

    @property
    def does(self) -> Word:
        return does(self.gain)


def does(gain: Estimate) -> Word:
    """What centring does to a tool, in a word: the whole interval decides."""
    if math.isnan(gain.low):
        return "too few"
    if -MATTERS <= gain.low and gain.high <= MATTERS:
        return "no matter"
    return "helps" if gain.low > 0 else "hurts" if gain.high < 0 else "unclear"


def measure(bench: Bench, names: Iterable[str] = ()) -> dict[str, Effect]:
    """The effect of centring on each tool, or on those named, paired unit by unit."""
    found = {}
    for name in tqdm(list(names) or TOOLS, unit="tool", delay=2, leave=False):
        tool = TOOLS[name]
        before, centred = (tool.marks(bench, origin).double() for origin in (nothing, own_mean))
        controls = [tool.marks(bench, elsewhere(seed)).double() for seed in range(tool.draws)]
        control = torch.stack(controls)  # [draws, units]
        found[name] = Effect(
            as_it_is=over(before.tolist(), tool.unit),
            gain=over((centred - before).tolist(), tool.unit),
            control=over_both(control - before, tool.unit),
            more=over_both(centred - control, tool.unit),
        )
    return found


def over_both(marks: Float[Tensor, "draws units"], unit: str) -> Estimate:
    """The mean over units and random draws. Units that share a draw err together, so its interval has a part for each:
    that over units, that over draws, as the legs of a right angle have the hypotenuse.
    """
    units = over(marks.mean(0).tolist(), unit)
    draws = over(marks.nanmean(1).tolist(), "draws")
    return replace(units, half_width=math.hypot(units.half_width, draws.half_width))


def levels(effects: Mapping[str, Effect]) -> dict[str, str]:
    """Each tool's score as it is, with its interval."""
    return {tool: str(effect.as_it_is) for tool, effect in effects.items()}


def decisions(effects: Mapping[str, Mapping[str, Effect]]) -> pd.DataFrame:
    """A row a tool: what centring does to it, on each model, beside what was foretold and why."""
    table = pd.DataFrame(index=list(TOOLS))
    for label, found in effects.items():
        table[label] = [effect.does for effect in found.values()]
        table[f"gain, {label}"] = [str(effect.gain) for effect in found.values()]
    table["foretold"] = [tool.foretold or "–" for tool in TOOLS.values()]
    table["because"] = [tool.because or "–" for tool in TOOLS.values()]
    return table


SHARES = (0, 0.25, 0.5, 0.75, 0.9, 1, 1.1, 1.25, 1.5, 2)


def probes_by_share(bench: Bench, shares: Sequence[float] = SHARES) -> dict[str, list[Estimate]]:
    """What three probes have right when `shares` of the mean are taken off."""
    probes = {
        "no bias, few have it": partial(probe, bias=False),
        "no bias, many have it": partial(probe, bias=False, is_so=starts_with_space),
        "with a bias, few have it": partial(probe, bias=True),
    }
    return {
        name: [over(marks(bench, part_of_mean(share)).tolist(), "tokens") for share in shares]
        for name, marks in probes.items()
    }


def needle(right: Sequence[Estimate], shares: Sequence[float] = SHARES) -> tuple[float, float]:
    """(the share of the mean at which a probe is worst, how much of its loss is back at the last share).

    NaN where the loss at 1 does not matter: there is no needle to speak of.
    """
    values = [estimate.value for estimate in right]
    centred = values[shares.index(1)]
    lost = values[0] - centred
    if lost <= MATTERS:
        return math.nan, math.nan
    return shares[values.index(min(values))], (values[-1] - centred) / lost


def spelt(bench: Bench) -> tuple[list[str], Float[Tensor, "n d_model"]]:
    """The spellings of the tokens that a probe sees, a leading space as Ġ, and their embeddings in float64."""
    spelling = {i: token for token, i in bench.words.items()}
    return [spelling[int(i)] for i in bench.tokens[:PROBED]], bench.W[bench.tokens[:PROBED]].double()


PROPERTIES: Mapping[str, Callable[[str], bool]] = {
    "has a digit": lambda token: any(character.isdigit() for character in token),
    "has no letter": no_letter,
    "ends in ing": lambda token: token.endswith("ing"),
    "ends in s": lambda token: token.endswith("s"),
    "begins with a capital": lambda token: token.removeprefix("Ġ")[:1].isupper(),
    "one or two characters": lambda token: len(token.removeprefix("Ġ")) <= 2,
    "begins with a space": starts_with_space,
}


def loss_by_rarity(bench: Bench) -> pd.DataFrame:
    """For each property: the share of tokens that have it, and what a probe without a bias loses by centring.

    Properties that fewer than FEWEST of the tokens have are left out.
    """
    rows = {}
    for name, is_so in PROPERTIES.items():
        X, has = probed(bench, is_so)
        if has.sum() < FEWEST:
            continue
        before, after = (probe_marks(X, has, origin).mean().item() for origin in (nothing, own_mean))
        rows[name] = {"have it": has.double().mean().item(), "lost": before - after}
    return pd.DataFrame(rows).T
