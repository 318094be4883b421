"""This run's verdicts on what 6.3 asks for, on the whole text that the puzzle shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pandas as pd
import torch
from jaxtyping import Int
from torch import Tensor

from zeropoint import geometry
from zeropoint.claims import NOT_MEASURED, Entry, Estimate, Ledger, exact
from zeropoint.models import LoadedModel
from zeropoint.puzzles.p06 import blocks, claims, clusters, measures
from zeropoint.streams import Stream

OFTEN = 20  # uses of a token in the text from which on it has a mean of its own to speak of


def table(
    models: Sequence[LoadedModel],
    rows_of: Mapping[str, Int[Tensor, "count length"]],
    stream_of: Mapping[str, Stream],
    initial: Mapping[str, Stream],
) -> pd.DataFrame:
    """A column for each model; for each claim a row with the verdict, and one for each number that it asks for."""
    found = {}
    for m in models:
        s = stream_of[m.label]
        entries = [*_cone(s, initial[m.label]), *_block(m.bridge, rows_of[m.label]), *_clusters(s), *_origin(s)]
        found[m.label] = {place: said for entry in entries for place, said in _lines(entry)}
    return pd.DataFrame(found)


def _lines(entry: Entry) -> list[tuple[tuple[str, str], str]]:
    claim = entry.claim.text + (f", {entry.on}" if entry.on else "")
    numbers = [
        ((claim, f"{rule.of} ({rule.asked})"), str(entry.estimates[name])) for name, rule in entry.claim.rules.items()
    ]
    return [((claim, "verdict"), entry.word), *numbers]


def _cone(s: Stream, fresh: Stream) -> list[Entry]:
    ledger = Ledger()
    for count, measure in (("by types", measures.by_types), ("by use", measures.by_use)):
        excess = [a - b for a, b in zip(measure(s), measure(fresh), strict=True)]
        higher = sum(excess[1:]) / len(excess[1:])
        ledger.test(claims.ONLY_BOTTOM, on=count, bottom=exact(excess[0]), higher=exact(higher))
    gaps = [a - b for a, b in zip(measures.same_token(s), measures.by_types(s), strict=True)]
    ledger.test(claims.OWN_TOKEN, on="", gap=exact(min(gaps)))
    return ledger.entries


def _block(bridge, rows: Int[Tensor, "count length"]) -> list[Entry]:
    ledger, steps = Ledger(), blocks.first_block(bridge, rows)
    whole = geometry.mean_pairwise_cosine(steps["what leaves"])
    ledger.test(claims.WRITTEN, on="", whole=exact(whole), left=exact(blocks.cone_without(steps, "the MLP writes")))
    centred = blocks.centred_first(bridge, rows, steps)
    made = geometry.mean_pairwise_cosine(centred["the MLP writes"])
    ledger.test(claims.NONLINEARITY, on="", made=exact(made))
    return ledger.entries


def _clusters(s: Stream) -> list[Entry]:
    ledger = Ledger()
    above = [clusters.two_means(X) for X in s.vectors[1:]]
    ledger.test(claims.TWO_CLUSTERS, on="", layers=exact(sum(cut.is_two_clusters for cut in above)))
    twins = [clusters.two_means(clusters.gaussian_twin(X)) for X in s.vectors[1:]]
    trained, twin = (exact(max(cut.silhouette for cut in cuts)) for cuts in (above, twins))
    ledger.test(claims.BY_SILHOUETTE, on="", trained=trained, twin=twin)
    if clusters.kind_of(above) == "dip":
        often = s.where(s.token.bincount()[s.token] >= OFTEN)
        found = of_a_dip([clusters.controls(X, often.token, often.position) for X in often.vectors[1:]])
    else:
        found = dict.fromkeys(("own", "dealt", "sides"), NOT_MEASURED)
    ledger.test(claims.DIP_OF_TOKENS, on="", own=found["own"], dealt=found["dealt"])
    ledger.test(claims.MORE_THAN_TWO, on="", sides=found["sides"])
    return ledger.entries


def of_a_dip(layers: Sequence[Mapping[str, clusters.Cut]]) -> dict[str, Estimate]:
    """What `clusters.controls` leave of the valleys of some layers.

    "own", "dealt": the deepest, less each token's mean, less dealt groups' means; "sides": the shallowest of the layers
    with a dip, less each side's mean.
    """

    def valleys(way: str) -> list[float]:
        return [cuts[way].valley for cuts in layers]

    dips = [cuts["less each side's mean"].valley for cuts in layers if cuts["as it is"].is_dip]
    return {
        "own": exact(min(valleys("less each token's mean"))),
        "dealt": exact(min(valleys("less dealt groups' means"))),
        "sides": exact(max(dips)) if dips else NOT_MEASURED,
    }


def _origin(s: Stream) -> list[Entry]:
    ledger, left = Ledger(), {}
    for mean, of in (("use", geometry.mean), ("types", lambda X: measures.type_mean(X, s.token))):
        moved = replace(s, vectors=torch.stack([X - of(X) for X in s.vectors]))
        for count, measure in (("use", measures.by_use), ("types", measures.by_types)):
            left[mean, count] = exact(max(map(abs, measure(moved))))
    ledger.test(claims.ONE_MEAN, on="", use=left["use", "use"], types=left["types", "types"])
    ledger.test(claims.EITHER_MEAN, on="", use=left["types", "use"], types=left["use", "types"])
    return ledger.entries
