"""Move parts of a model's weights and see whether its predictions notice. A loaded model is never changed.

    trials = {m.label: Trial(m) for m in pair}
    trials[label].twice(lambda t: {"W_E": t.W_E - t.mu})      # in float32 and in float64

`streams.precise.copy_of` makes a plain copy, in float32 (sharing the loaded weights) or float64. A move is a dict of tensors
that stand in for the copy's own during one call of `logits`; `compare` says what became of the predictions. A `Trial`
does all three on one text, for any decoder that Hugging Face knows; `absorb` and `after_attention` are for the kinds of
GPT-2 and GPT-Neo.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call
from transformers import GPT2LMHeadModel, GPTNeoForCausalLM

from zeropoint.models import STAND_INS, LoadedModel, load
from zeropoint.streams import text
from zeropoint.streams.precise import copy_of

POSITIONS = ("wpe.weight", "embed_positions.weight")  # what architectures call W_pos, by the end of the tensor's name
NOTHING_UP_TO = 10  # float floors
A_LITTLE_UP_TO = 0.1  # nats of KL divergence a token

Move = Mapping[str, Tensor]
MakesMove = Callable[["Trial"], Move]  # a move is made for a trial, so that it can be made in float32 and in float64


def names_of(net: nn.Module) -> dict[str, str]:
    """What the copy calls W_E, W_U and, where it has learned positions, W_pos. All are stored with d_model last."""
    module_names = {id(module): name for name, module in net.named_modules()}
    found = {
        "W_E": module_names[id(net.get_input_embeddings())] + ".weight",
        "W_U": module_names[id(net.get_output_embeddings())] + ".weight",
    }
    positions = [name for name, _ in net.named_parameters() if name.endswith(POSITIONS)]
    if positions:
        found["W_pos"] = positions[0]
    return found


@torch.no_grad()
def logits(
    net: nn.Module, ids: Int[Tensor, "batch seq"], move: Move | None = None
) -> Float[Tensor, "batch seq d_vocab"]:
    """The copy's logits with the tensors of `move` in place of its own.

    Names are the copy's own, or W_E [d_vocab, d_model], W_pos [n_ctx, d_model] and W_U [d_model, d_vocab], as in
    TransformerLens. Input and output matrix count as two: who moves W_E and not W_U has untied them.
    """
    names, tensors = names_of(net), {}
    for name, tensor in (move or {}).items():
        if name == "W_U":
            tensor = tensor.T
        tensors[names.get(name, name)] = tensor.to(net.dtype)
    if unknown := sorted(tensors.keys() - net.state_dict().keys()):
        raise KeyError(f"The model has no {unknown[0]}; short names are {', '.join(names)}.")
    return functional_call(net, tensors, (ids,), {"use_cache": False}, tie_weights=False).logits


READERS = ("queries", "keys", "values")


def absorb(
    net: nn.Module,
    layer: int,
    part: str,
    c: Float[Tensor, " d_model"],
    gain: tuple[str, ...] = ("queries", "values", "mlp"),
) -> dict[str, Tensor]:
    """The move that takes c out of what attention (`part` "attn") or the MLP ("mlp") of a layer reads, and makes up for it.

    LayerNorm's shift loses c, so the reader's input does. The readers in `gain` gain the bias that c would have given:
    b + cW. The keys need none: what c adds to a key, softmax cannot see. Others than the default are for controls.
    ValueError: there is no such part or reader.
    """
    if part not in ("attn", "mlp"):
        raise ValueError(f"part is one of 'attn', 'mlp'; got {part!r}.")
    if unknown := set(gain) - {*READERS, "mlp"}:
        raise ValueError(f"gain names readers: {', '.join(READERS)}, mlp; got {', '.join(sorted(unknown))}.")
    block, at = net.transformer.h[layer], f"transformer.h.{layer}"
    c = c.to(net.dtype)
    norm, name = (block.ln_1, "ln_1") if part == "attn" else (block.ln_2, "ln_2")
    move = {f"{at}.{name}.bias": norm.bias - c}
    if part == "mlp":
        if "mlp" in gain:
            move[f"{at}.mlp.c_fc.bias"] = _bias_with(block.mlp.c_fc, c)
    elif hasattr(block.attn, "attention"):
        for reader in set(gain) & set(READERS):
            linear = f"{reader[0]}_proj"
            move[f"{at}.attn.attention.{linear}.bias"] = _bias_with(getattr(block.attn.attention, linear), c)
    else:  # GPT-2 keeps queries, keys and values in one matrix, in this order
        old, new = block.attn.c_attn.bias.chunk(3), _bias_with(block.attn.c_attn, c).chunk(3)
        parts = [new[i] if reader in gain else old[i] for i, reader in enumerate(READERS)]
        move[f"{at}.attn.c_attn.bias"] = torch.cat(parts)
    return move


def after_attention(net: nn.Module, layer: int, c: Float[Tensor, " d_model"]) -> dict[str, Tensor]:
    """The move that adds c to the output bias of a layer's attention: everything that reads later sees it."""
    at = f"transformer.h.{layer}.attn."
    name = at + ("attention.out_proj.bias" if hasattr(net.transformer.h[layer].attn, "attention") else "c_proj.bias")
    return {name: net.get_parameter(name) + c.to(net.dtype)}


def _bias_with(reader: nn.Module, c: Tensor) -> Tensor:
    """b + cW, for a Linear or for GPT-2's Conv1D, which keeps its matrix the other way round."""
    W = reader.weight.T if isinstance(reader, nn.Linear) else reader.weight
    return reader.bias + c @ W


@dataclass(frozen=True)
class Change:
    """What a move did to a model's predictions."""

    logit: float
    """Largest |Δ logit|."""
    log_prob: float
    """Largest |Δ log-probability|, over all positions and the whole vocabulary."""
    kl: float
    """Mean KL divergence of the moved model's predictions from the model's own, in nats a token."""

    def damage(self, floor: float) -> str:
        """ "nothing", "a little" or "breakage"; `floor` is the |Δ log-probability| that rounding alone makes."""
        if self.log_prob <= NOTHING_UP_TO * floor:
            return "nothing"
        return "a little" if self.kl <= A_LITTLE_UP_TO else "breakage"


def compare(before: Float[Tensor, "batch seq d_vocab"], after: Float[Tensor, "batch seq d_vocab"]) -> Change:
    """Compare two models' logits on the same tokens, in float64 whatever they came in."""
    logit = log_prob = kl = 0.0
    for b, a in zip(before, after, strict=True):  # a sequence at a time, to keep the float64 copies small
        b, a = b.double(), a.double()
        p, q = b.log_softmax(-1), a.log_softmax(-1)
        logit = max(logit, (a - b).abs().max().item())
        log_prob = max(log_prob, (q - p).abs().max().item())
        kl += (p.exp() * (p - q)).sum(-1).mean().item()
    return Change(logit, log_prob, kl / len(before))


@dataclass(frozen=True)
class Twice:
    """One move, tried in float32 and in float64: an exact symmetry is at the floor in the first and far below in the second."""

    change: Change
    in_float64: Change
    floor: float
    """What rounding alone does to a log-probability in float32."""

    @property
    def damage(self) -> str:
        return self.change.damage(self.floor)

    @property
    def floors(self) -> float:
        """Largest |Δ log-probability| in float32, in floors."""
        return self.change.log_prob / self.floor

    @property
    def floors_in_float64(self) -> float:
        """The same in float64, in floors of float32."""
        return self.in_float64.log_prob / self.floor

    @property
    def row(self) -> dict[str, str]:
        """One line of a table."""
        return {
            "max |Δ logit|": f"{self.change.logit:.1e}",
            "max |Δ log p|": f"{self.change.log_prob:.1e}",
            "… in float64": f"{self.in_float64.log_prob:.1e}",
            "KL, nats a token": f"{self.change.kl:.2g}",
            "damage": self.damage,
        }


class Trial:
    """A copy of a model, a text for it to read and what it predicts: something to try moves on.

    `W_E` [d_vocab, d_model], `W_pos` [n_ctx, d_model] (None without learned positions) and `W_U` [d_model, d_vocab] are the
    copy's matrices, `mu` [d_model] the mean row of `W_E`, `h` [batch, seq, d_model] what the copy multiplies with W_U, and
    `own` [batch, seq, d_vocab] its logits on `ids`, by default six stretches of the held-out text.
    """

    def __init__(
        self, model: LoadedModel, ids: Int[Tensor, "batch seq"] | None = None, dtype: torch.dtype = torch.float32
    ):
        self.model, self.net = model, copy_of(model, dtype)
        self.ids = text.sequences(model.tokenizer, count=6, length=48) if ids is None else ids
        names, tensors = names_of(self.net), self.net.state_dict()
        self.W_E, self.W_U = tensors[names["W_E"]], tensors[names["W_U"]].T
        self.W_pos = tensors[names["W_pos"]] if "W_pos" in names else None
        self.mu = self.W_E.mean(0)
        self.own, self.h = self.run()

    @property
    def label(self) -> str:
        return self.model.label

    @property
    def tied(self) -> bool:
        return self.W_E.data_ptr() == self.W_U.data_ptr()

    @property
    def can_absorb(self) -> bool:
        """Is it of a kind for which `absorb` and `after_attention` know where the biases are?"""
        return isinstance(self.net, GPT2LMHeadModel | GPTNeoForCausalLM)

    def run(self, move: Move | None = None) -> tuple[Tensor, Tensor]:
        """(logits [batch, seq, d_vocab], final hidden states [batch, seq, d_model]) under a move."""
        seen = []
        hook = self.net.get_output_embeddings().register_forward_pre_hook(lambda module, args: seen.append(args[0]))
        try:
            return logits(self.net, self.ids, move), seen[0]
        finally:
            hook.remove()

    def exact(self) -> Trial:
        """The same in float64, with moves and all."""
        return Trial(self.model, self.ids, torch.float64)

    def on_one_stretch(self) -> Trial:
        """The same on the first stretch of the text alone, for what is tried many times."""
        return Trial(self.model, self.ids[:1], self.net.dtype)

    @cached_property
    def floor(self) -> float:
        """What rounding alone does: the largest |Δ log-probability| between this copy and one in float64.

        A copy in float64 has nothing finer to be compared with: its floor is float32's, less by as much as its rounding is.
        """
        if self.net.dtype == torch.float64:
            finer = torch.finfo(torch.float64).eps / torch.finfo(torch.float32).eps
            return finer * Trial(self.model, self.ids).floor
        return compare(self.exact().own, self.own).log_prob

    def random(self, seed: int = 0) -> Float[Tensor, " d_model"]:
        """A random vector as long as `mu`, the same in every dtype."""
        generator = torch.Generator().manual_seed(seed)
        r = torch.randn(len(self.mu), generator=generator, dtype=torch.float64)
        return (r * self.mu.norm() / r.norm()).to(self.net.dtype)

    def change(self, move: Move) -> Change:
        return compare(self.own, logits(self.net, self.ids, move))

    def damage(self, move: Move) -> str:
        return self.change(move).damage(self.floor)

    def twice(self, moves: Mapping[str, MakesMove]) -> dict[str, Twice]:
        """Each move, a function of a trial, here and in float64."""
        exact = self.exact()
        return {
            name: Twice(self.change(move(self)), exact.change(move(exact)), self.floor) for name, move in moves.items()
        }


def sweep(trial: Trial, makes_move: MakesMove, sizes: Sequence[float]) -> list[float]:
    """Largest |Δ log-probability| of a move of W_E, W_pos and W_U made `sizes` times as far; at least 1e-16, for a log axis."""
    own, move = {"W_E": trial.W_E, "W_pos": trial.W_pos, "W_U": trial.W_U}, makes_move(trial)
    found = []
    for s in sizes:
        further = {name: own[name] + s * (new - own[name]) for name, new in move.items()}
        found.append(max(1e-16, trial.change(further).log_prob))
    return found


def table_of(tried: Mapping[str, Twice], label: str) -> pd.DataFrame:
    """One line a move."""
    return pd.DataFrame({name: twice.row for name, twice in tried.items()}).T.rename_axis(label)


def by_position(trial: Trial, move: Move, cut: int) -> tuple[Change, Change]:
    """What a move does before position `cut`, and from there on."""
    after = logits(trial.net, trial.ids, move)
    return compare(trial.own[:, :cut], after[:, :cut]), compare(trial.own[:, cut:], after[:, cut:])


def under_dropout(trial: Trial, move: Move, where: nn.Module, p: float = 0.1) -> Change:
    """What a move does while the output of `where` loses coordinates at random, the same ones before and after."""
    hook = where.register_forward_hook(lambda module, args, out: F.dropout(out, p))
    runs = []
    for tensors in ({}, move):
        torch.manual_seed(0)  # the same mask
        runs.append(logits(trial.net, trial.ids, tensors))
    hook.remove()
    return compare(*runs)


def cross_entropy(logits: Float[Tensor, "batch seq d_vocab"], ids: Int[Tensor, "batch seq"]) -> float:
    """Mean loss of predicting each token from those before it, in nats a token."""
    return F.cross_entropy(logits[:, :-1].flatten(0, 1).double(), ids[:, 1:].flatten()).item()


def suited(pair: Sequence[LoadedModel]) -> dict[str, LoadedModel]:
    """The models by label. One without `W_pos`, or untied, gives its place to a stand-in, and a line says so."""
    models = {}
    for model in pair:
        if not (model.has_W_pos and model.is_tied):
            taken = {m.found.name for m in (*pair, *models.values())}
            stand_in = load(next(name for name in STAND_INS if name not in taken))
            print(f"This puzzle needs tied models with a W_pos; {stand_in.label} takes the place of {model.label}.")
            model = stand_in
        models[model.label] = model
    return models
