"""What a model's residual stream holds over held-out text: vectors at every layer, and what happens when they are moved."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from tqdm.auto import tqdm

from zeropoint import geometry, models

TEXT = Path(__file__).parent / "data" / "held_out.txt"
# What TransformerBridge's run_with_hooks takes: (hook name, function of (value, hook)).
Hooks = Sequence[tuple[str, Callable]]
Condition = Callable[[Mapping[str, Tensor], Tensor], Hooks]  # (cache of the untouched run, token ids) → hooks


def held_out_text() -> dict[str, str]:
    """The committed excerpts by file name: Python's standard library, PSF-2.0, no file of which a stand-in was trained on."""
    parts = TEXT.read_text(encoding="utf-8").split("\f")[1:]  # before the first form feed: the licence
    return {name: text for name, _, text in (part.partition("\n") for part in parts)}


def sequences(tokenizer, count: int = 64, length: int = 128) -> Int[Tensor, "count length"]:
    """The held-out text cut into `count` rows of `length` tokens, evenly spread over it.

    Rows begin wherever the cut falls and get no beginning-of-text token, so that what is special about position 0
    cannot be blamed on the token that stands there. Raises ValueError where the text has fewer tokens.
    """
    ids = torch.tensor(tokenizer("".join(held_out_text().values()), verbose=False)["input_ids"])
    if count * length > len(ids):
        raise ValueError(f"The held-out text has {len(ids)} of these tokens: too few for {count} rows of {length}.")
    starts = torch.linspace(0, len(ids) - length, count).long()
    return ids[starts[:, None] + torch.arange(length)]


@dataclass(frozen=True)
class Stream:
    """Residual-stream vectors; row i of each layer stands at `position[i]` of `sequence[i]`, where the token is `token[i]`."""

    vectors: Float[Tensor, "layer n d_model"]  # layer k: after k blocks; 0 is token plus position embedding
    token: Int[Tensor, " n"]
    position: Int[Tensor, " n"]
    sequence: Int[Tensor, " n"]

    def __len__(self) -> int:
        """Number of layers."""
        return len(self.vectors)

    def where(self, rows: Tensor) -> Stream:
        """The same layers, for the rows of a mask or an index."""
        return Stream(self.vectors[:, rows], self.token[rows], self.position[rows], self.sequence[rows])


def layer_names(bridge) -> list[str]:
    """The hooks at which the residual stream stands after 0, 1, … blocks."""
    return ["blocks.0.hook_resid_pre"] + [f"blocks.{i}.hook_resid_post" for i in range(bridge.cfg.n_layers)]


@torch.no_grad()
def stream(bridge, ids: Int[Tensor, "count length"], batch: int = 8) -> Stream:
    """Run the model over the rows of `ids` and keep the residual stream at every layer, on the CPU in float32."""
    names, parts = layer_names(bridge), []
    for rows in ids.split(batch):
        _, cache = bridge.run_with_cache(rows, names_filter=names, return_type=None)
        parts.append(torch.stack([cache[name].flatten(0, 1).float().cpu() for name in names]))
    vectors = torch.cat(parts, dim=1)
    models.free_memory()
    at = torch.arange(ids.numel())
    return Stream(vectors, ids.flatten(), at % ids.shape[1], at // ids.shape[1])


def untrained(model, seed: int = 0):
    """A TransformerBridge of the same architecture with initial weights, drawn as `transformers` does."""
    from transformer_lens.model_bridge import TransformerBridge

    original = model.bridge.original_model
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        fresh = type(original)(copy.deepcopy(original.config)).eval()
    return TransformerBridge.boot_transformers(str(model.found.folder), hf_model=fresh).eval()


def untrained_stream(model, ids: Int[Tensor, "count length"]) -> Stream:
    """The stream of the `untrained` model, which is then dropped."""
    found = stream(untrained(model), ids)
    models.free_memory()
    return found


@dataclass(frozen=True)
class TypeCosines:
    """Mean cosine of two random occurrences; every token type counts the same, however often it occurs (Cai et al.)."""

    inter: float  # of two different tokens
    intra: float  # of the same token in two contexts


def type_cosines(X: Float[Tensor, "n d_model"], token: Int[Tensor, " n"]) -> TypeCosines:
    """Inter- and intra-type mean cosine, exactly and in O(n·d).

    With mₜ the mean of the unit vectors of type t, two occurrences of types s ≠ t have mean cosine mₛ·mₜ, and
    Σₛₜ mₛ·mₜ = ‖Σ m‖². Within a type of k occurrences the identity of `geometry.mean_pairwise_cosine` holds. Types that
    occur once have no pair of their own. ValueError if no type occurs twice, or if there is only one type.
    """
    u = geometry.unit_rows(X).double()
    types, index, counts = token.unique(return_inverse=True, return_counts=True)
    n, twice = len(types), counts > 1
    if n < 2 or not twice.any():
        raise ValueError("Inter-type pairs need two token types, intra-type pairs a type that occurs twice.")
    sums = u.new_zeros(n, u.shape[1]).index_add_(0, index, u)  # [type, d_model]
    means = sums / counts[:, None]
    inter = (means.sum(0).square().sum() - means.square().sum()) / (n * (n - 1))
    k = counts[twice]
    intra = (sums[twice].square().sum(1) - k) / (k * (k - 1))
    return TypeCosines(inter.item(), intra.mean().item())


def type_mean(X: Float[Tensor, "n d_model"], token: Int[Tensor, " n"]) -> Float[Tensor, " d_model"]:
    """The mean vector when every token type counts the same."""
    types, index, counts = token.unique(return_inverse=True, return_counts=True)
    sums = X.new_zeros(len(types), X.shape[1], dtype=torch.float64).index_add_(0, index, X.double())
    return (sums / counts[:, None]).mean(0).to(X.dtype)


def gaussian_twin(X: Float[Tensor, "n d"], seed: int = 0) -> Float[Tensor, "n d"]:
    """One Gaussian cloud with X's mean and covariance: what X would look like if it had no clusters at all."""
    centred, generator = geometry.centre(X), torch.Generator().manual_seed(seed)
    values, axes = torch.linalg.eigh((centred.T @ centred).double() / len(X))
    z = torch.randn(*X.shape, generator=generator, dtype=torch.float64)
    return geometry.mean(X) + (z * values.clamp_min(0).sqrt() @ axes.T).to(X.dtype)


@dataclass(frozen=True)
class Cut:
    """A cloud cut in two by k-means, and two measures of whether it was two clusters before."""

    small: Bool[Tensor, " n"]  # the smaller side
    silhouette: float  # mean over 2,000 random rows at most; 1: far apart and tight
    valley: float  # density between the sides over the lower side's peak, along the line of the centres; 1: no gap

    def is_lopsided(self, twin: Cut) -> bool:
        """A silhouette over 0.5 and 0.1 above that of the cloud's Gaussian twin: two clusters, or a long tail."""
        return self.silhouette > max(0.5, twin.silhouette + 0.1)

    def is_two_clusters(self, twin: Cut) -> bool:
        """Lopsided, and between the two sides a valley half as deep as the lower peak."""
        return self.is_lopsided(twin) and self.valley < 0.5


def two_means(X: Float[Tensor, "n d"], seed: int = 0) -> Cut:
    """k-means with k = 2. It cuts any cloud: a long one across, a cloud with a tail where the tail begins."""
    from sklearn.cluster import KMeans
    from sklearn.metrics import silhouette_score
    from threadpoolctl import threadpool_limits

    points = X.cpu().numpy()
    with threadpool_limits(1):  # small work: on a busy machine threads that wait for each other cost ten times more
        label = KMeans(2, n_init=4, random_state=seed).fit_predict(points)
    silhouette = silhouette_score(points, label, sample_size=min(2000, len(X)), random_state=seed)
    small = torch.tensor(label == 1)
    small = ~small if small.sum() * 2 > len(small) else small
    return Cut(small, float(silhouette), valley(X, small))


def valley(X: Float[Tensor, "n d"], small: Bool[Tensor, " n"], bins: int = 40) -> float:
    """Lowest density between the two sides' peaks over the lower peak, in a histogram along the line of their centres.

    0: an empty gap. 1: the density only falls from one side into the other, as in a single cloud and in a long tail.
    """
    a, b = X[~small].mean(0), X[small].mean(0)
    along = (X - (a + b) / 2) @ (b - a)  # the small side is where this is positive
    counts, edges = torch.histogram(along.double().cpu(), bins)
    beyond = edges[1:] > 0  # bins of the small side, with the one that holds the middle
    left, right = int((counts * ~beyond).argmax()), int((counts * beyond).argmax())
    return (counts[left : right + 1].min() / min(counts[left], counts[right])).item()


def separates(feature: Float[Tensor, " n"], small: Bool[Tensor, " n"]) -> float:
    """How well one number a row tells two clusters apart: |2 AUC − 1|, from 0 (not at all) to 1 (a threshold does it)."""
    from sklearn.metrics import roc_auc_score

    return abs(2 * roc_auc_score(small.cpu().numpy(), feature.double().cpu().numpy()) - 1)


def shuffled_coordinates(s: Stream, seed: int = 0) -> Stream:
    """Each coordinate of each layer in random order over the rows: the common vector stays, what tells tokens apart goes."""
    generator = torch.Generator().manual_seed(seed)
    vectors = torch.stack(
        [
            torch.stack([column[torch.randperm(len(column), generator=generator)] for column in X.T], 1)
            for X in s.vectors
        ]
    )
    return Stream(vectors, s.token, s.position, s.sequence)


def top_share(X: Float[Tensor, "n d"], k: int) -> float:
    """Share of the mean pairwise cosine that the `k` coordinates add which add most."""
    added = geometry.sum_over_dimensions(X)
    return (added.topk(k).values.sum() / added.sum()).item()


def recognises(X: Float[Tensor, "n d"], token: Int[Tensor, " n"], pairs: int = 10_000) -> float:
    """How well the cosine tells random pairs of the same token from pairs of different tokens: |2 AUC − 1|."""
    i, j = torch.randint(len(X), (2, pairs), generator=torch.Generator().manual_seed(0))
    i, j = i[i != j], j[i != j]
    return separates(torch.nn.functional.cosine_similarity(X[i], X[j]), token[i] == token[j])


def explanations(s: Stream, layer: int, small: Bool[Tensor, " n"]) -> dict[str, float]:
    """How well each property alone tells the two sides apart, as `separates` has it.

    The token predicts by the share of its uses on the small side, in the even rows of text; judged on the odd rows.
    """
    odd = s.sequence % 2 == 1
    uses, inside = (torch.bincount(s.token[rows], minlength=int(s.token.max()) + 1) for rows in (~odd, ~odd & small))
    features = {
        "position 0": s.position == 0,
        "position": s.position,
        "norm": s.vectors[layer].norm(dim=1),
        "uses of the token": torch.bincount(s.token)[s.token],
        "token": ((inside + small.double().mean()) / (uses + 1))[s.token],
    }
    return {name: separates(feature[odd], small[odd]) for name, feature in features.items()}


def over_groups(measure: Callable[[Stream], Tensor | float], s: Stream, groups: int = 8) -> Tensor:
    """Standard error of `measure` over the text: its spread over `groups` disjoint sets of sequences, over √groups."""
    values = [torch.as_tensor(measure(s.where(s.sequence % groups == g))) for g in range(groups)]
    return torch.stack(values).double().std(0) / groups**0.5


def volume_hooks(cache: Mapping[str, Tensor], block: int, mu: Float[Tensor, " d_model"], factor: float = 0.0) -> Hooks:
    """Leave the stream μ + u as it is, but let every LayerNorm divide u by what it would divide by with factor × μ.

    μ's own part of LayerNorm's output stays as it was in the untouched run whose `cache` this is; so what changes is how
    loud u is, and nothing else. For LayerNorms from `block` on, before which μ stands in the stream. Pre-LayerNorm only.
    """
    seen, hooks = mu - mu.mean(), []  # as LayerNorm sees it

    def edit(name: str) -> Hooks:
        now = cache[f"{name}.hook_scale"]
        x = cache[f"{name}.hook_normalized"] * now
        then = (now.square() + ((x + (factor - 1) * seen).square() - x.square()).mean(-1, keepdim=True)).sqrt()
        return [
            (f"{name}.hook_scale", lambda scale, hook: then),
            (f"{name}.hook_normalized", lambda y, hook: y + seen * (1 / now - 1 / then)),
        ]

    for name in (n.removesuffix(".hook_scale") for n in cache if n.endswith(".hook_scale")):
        if not name.startswith("blocks.") or int(name.split(".")[1]) >= block:
            hooks += edit(name)
    return hooks


def matched_dose(cache: Mapping[str, Tensor], block: int, mu: Float[Tensor, " d_model"]) -> Float[Tensor, ""]:
    """The part of μ to take out, denominators kept, that moves the first LayerNorm's output as far (rms) as `volume_hooks`.

    That is the first LayerNorm behind the stream before `block`; what comes before its gain is compared.
    """
    first = f"blocks.{block}.ln1" if f"blocks.{block}.ln1.hook_scale" in cache else "ln_final"
    now, seen = cache[f"{first}.hook_scale"], mu - mu.mean()
    x = cache[f"{first}.hook_normalized"] * now
    then = (now.square() + ((x - seen).square() - x.square()).mean(-1, keepdim=True)).sqrt()
    by_volume, by_direction = (x - seen) * (1 / then - 1 / now), seen / now
    return (by_volume.square().sum() / by_direction.square().expand_as(x).sum()).sqrt()


def changes(block: int, mu: Float[Tensor, " d_model"], r: Float[Tensor, " d_model"]) -> dict[str, Condition]:
    """Conditions for `effects` that take the mean `mu` of the stream before `block` apart: its direction, its volume.

    `r` is a vector of the same length that points elsewhere, for two controls.
    """

    def moved(by: Tensor) -> Hooks:
        return [(f"blocks.{block}.hook_resid_pre", lambda x, hook: x + by)]

    def kept(cache: Mapping[str, Tensor]) -> Hooks:
        return [(name, lambda scale, hook: cache[hook.name]) for name in cache if name.endswith("hook_scale")]

    return {
        "mean removed": lambda cache, rows: moved(-mu),
        "direction only": lambda cache, rows: moved(-mu) + kept(cache),
        "volume only": lambda cache, rows: volume_hooks(cache, block, mu),
        "direction, matched dose": lambda cache, rows: moved(-matched_dose(cache, block, mu) * mu) + kept(cache),
        "random vector for the mean": lambda cache, rows: moved(r - mu),
        "random vector added": lambda cache, rows: moved(r),
    }


@dataclass(frozen=True)
class Effect:
    """What an intervention does, for every sequence: nats a token."""

    loss: Float[Tensor, " count"]  # rise of the next-token loss over the untouched model's
    kl: Float[Tensor, " count"]  # KL(untouched ‖ changed) of the next-token distributions


@torch.no_grad()
def effects(
    bridge,
    ids: Int[Tensor, "count length"],
    conditions: Mapping[str, Condition],
    keep: Callable[[str], bool] = lambda name: name.endswith(("hook_scale", "hook_normalized")),
    batch: int = 8,
) -> dict[str, Effect]:
    """Run the model with each condition's hooks and compare with the untouched model, token by token.

    A condition is a function of (cache of the untouched run, token ids [batch, length]) that gives hooks; the cache holds
    the activations that `keep` names, by default every LayerNorm's denominators and what came out before its gain.
    """
    parts = {name: [] for name in conditions}
    for rows in tqdm(ids.split(batch), unit="batch", delay=5, leave=False):
        logits, cache = bridge.run_with_cache(rows, names_filter=keep)
        clean = logits[:, :-1].log_softmax(-1)
        before = _loss(clean, rows)
        for name, condition in conditions.items():
            with warnings.catch_warnings():  # an edited denominator makes the bridge say that it computes by itself
                warnings.simplefilter("ignore")
                logits = bridge.run_with_hooks(rows, fwd_hooks=list(condition(cache, rows)))
            changed = logits[:, :-1].log_softmax(-1)
            kl = (clean.exp() * (clean - changed)).sum(-1).mean(1)
            parts[name].append(torch.stack([_loss(changed, rows) - before, kl]).cpu())
    return {name: Effect(*torch.cat(part, dim=1)) for name, part in parts.items()}


def _loss(log_probs: Float[Tensor, "batch length d_vocab"], rows: Int[Tensor, "batch length"]) -> Tensor:
    """Mean next-token loss of every row, in nats."""
    return -log_probs.gather(2, rows[:, 1:, None])[..., 0].mean(1)


@torch.no_grad()
def encoder_stream(
    name_or_path: str, count: int = 16, length: int = 64
) -> tuple[str, Float[Tensor, "layer n d_model"]]:
    """(label, hidden states) of any `transformers` encoder over the held-out text: after its embeddings, and each block.

    Raises hub.HubError if it cannot be had.
    """
    from transformers import AutoModel, AutoTokenizer

    found = models.find(name_or_path)
    encoder = AutoModel.from_pretrained(found.folder, dtype=torch.float32).eval()
    ids = sequences(AutoTokenizer.from_pretrained(found.folder), count, length)
    layers = [h.flatten(0, 1) for h in encoder(ids, output_hidden_states=True).hidden_states]
    return found.label(), torch.stack(layers)
