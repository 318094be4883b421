"""Move parts of a model's weights and see whether its predictions notice. A loaded model is never changed.

    trials = {m.label: Trial(m) for m in pair}
    trials[label].twice({"W_E − μ": lambda t: {"W_E": t.W_E - t.mu}})      # in float32 and in float64

`streams.precise.copy_of` makes a plain copy, in float32 (sharing the loaded weights) or float64. A move is a dict of tensors
that stand in for the copy's own during one call of `logits`; `compare` says what became of the predictions. A `Trial`
does all three on one text, for any decoder that Hugging Face knows. Architectures keep the matrices of their blocks in
different ways: short names such as "0.W_in" mean the same thing in each that is known here.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import pandas as pd
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call
from transformers import GPT2LMHeadModel, GPTNeoForCausalLM, OPTForCausalLM

from zeropoint.models import STAND_INS, LoadedModel, load
from zeropoint.streams import text
from zeropoint.streams.precise import copy_of

POSITIONS = ("wpe.weight", "embed_positions.weight")  # what architectures call W_pos, by the end of the tensor's name
NOTHING_UP_TO = 10  # float floors
A_LITTLE_UP_TO = 0.1  # nats of KL divergence a token
EXACT_UP_TO = 1e-6  # floors of float32: an exact move leaves less than that in float64
DIGITS = 64 * torch.finfo(torch.float64).eps  # … or this for each unit that a logit moves, where float64 rounds as well

MATRICES = ("W_E", "W_pos", "W_U")
# what a slip in a learner's move may raise
SLIPS = (AttributeError, IndexError, KeyError, NameError, RuntimeError, TypeError, ValueError)

Move = Mapping[str, Tensor]
UNMOVED: Move = {}
MakesMove = Callable[["Trial"], Move]  # a move is made for a trial, so that it can be made in float32 and in float64


class NoMove(ValueError):
    """A move that cannot be made; its message is one sentence for the learner."""


@dataclass(frozen=True)
class Place:
    """Where a model keeps what has a short name: in which tensor, in which third of its last axis (GPT-2 keeps queries,
    keys and values in one), and whether it is stored the other way round."""

    tensor: str
    third: int | None = None
    turned: bool = False

    def view(self, stored: Tensor) -> Tensor:
        """This place in the stored tensor: who writes into it writes into that."""
        part = stored if self.third is None else stored.chunk(3, -1)[self.third]
        return part.T if self.turned else part


@dataclass(frozen=True)
class Layout:
    """What an architecture calls the parts of its blocks: modules of a weight and a bias, by the letters of their short
    names."""

    blocks: str
    parts: dict[str, str]
    norms: dict[str, str]
    last_norm: str
    turned: bool
    """Are matrices stored [out, in]?"""


LAYOUTS = {
    GPT2LMHeadModel: Layout(
        blocks="transformer.h",
        parts={"QKV": "attn.c_attn", "O": "attn.c_proj", "in": "mlp.c_fc", "out": "mlp.c_proj"},
        norms={"ln1": "ln_1", "ln2": "ln_2"},
        last_norm="transformer.ln_f",
        turned=False,
    ),
    GPTNeoForCausalLM: Layout(
        blocks="transformer.h",
        parts={r: f"attn.attention.{r.lower()}_proj" for r in "QKV"}
        | {"O": "attn.attention.out_proj", "in": "mlp.c_fc", "out": "mlp.c_proj"},
        norms={"ln1": "ln_1", "ln2": "ln_2"},
        last_norm="transformer.ln_f",
        turned=True,
    ),
    OPTForCausalLM: Layout(
        blocks="model.decoder.layers",
        parts={r: f"self_attn.{r.lower()}_proj" for r in "QKV"}
        | {"O": "self_attn.out_proj", "in": "fc1", "out": "fc2"},
        norms={"ln1": "self_attn_layer_norm", "ln2": "final_layer_norm"},
        last_norm="model.decoder.final_layer_norm",
        turned=True,
    ),
}


def layout_of(net: nn.Module) -> Layout | None:
    """The layout of an architecture whose blocks have short names, None for others (and for the OPT that normalises late)."""
    early = getattr(net.config, "do_layer_norm_before", True)
    return next((layout for kind, layout in LAYOUTS.items() if isinstance(net, kind) and early), None)


def places_of(net: nn.Module) -> dict[str, Place]:
    """The short names of a copy's tensors: W_E [d_vocab, d_model], W_U [d_model, d_vocab], with learned positions W_pos
    [n_ctx, d_model], and those of the blocks of an architecture that `LAYOUTS` knows.

    In block 0: 0.W_Q, 0.W_K, 0.W_V, 0.W_O [d_model, d_model] (the heads side by side), 0.W_in [d_model, d_mlp], 0.W_out
    [d_mlp, d_model], their biases 0.b_Q and so on, and LayerNorm's gain and shift 0.ln1.w, 0.ln1.b, 0.ln2.w, 0.ln2.b.
    Every matrix stands to the right of the row vector that it multiplies, as in TransformerLens.
    """
    module_names = {id(module): name for name, module in net.named_modules()}
    found = {
        "W_E": Place(module_names[id(net.get_input_embeddings())] + ".weight"),
        "W_U": Place(module_names[id(net.get_output_embeddings())] + ".weight", turned=True),
    }
    positions = [name for name, _ in net.named_parameters() if name.endswith(POSITIONS)]
    if positions:
        found["W_pos"] = Place(positions[0])
    if layout := layout_of(net):
        for layer in range(net.config.num_hidden_layers):
            found |= {f"{layer}.{name}": place for name, place in _in_block(layout, layer).items()}
        found |= _norm(layout.last_norm, "ln_final")
    return found


def _in_block(layout: Layout, layer: int) -> dict[str, Place]:
    at, found = f"{layout.blocks}.{layer}", {}
    for letters, module in layout.parts.items():
        thirds = enumerate(letters) if letters == "QKV" else [(None, letters)]
        for third, name in thirds:
            found[f"W_{name}"] = Place(f"{at}.{module}.weight", third, layout.turned)
            found[f"b_{name}"] = Place(f"{at}.{module}.bias", third)
    for name, module in layout.norms.items():
        found |= _norm(f"{at}.{module}", name)
    return found


def _norm(module: str, name: str) -> dict[str, Place]:
    return {f"{name}.w": Place(f"{module}.weight"), f"{name}.b": Place(f"{module}.bias")}


def weights_of(net: nn.Module) -> dict[str, Tensor]:
    """The copy's own tensors by their short names."""
    stored = net.state_dict()
    return {name: place.view(stored[place.tensor]) for name, place in places_of(net).items()}


def moved(net: nn.Module, move: Move) -> dict[str, Tensor]:
    """The copy's tensors, by the copy's own names, that `move` changes, as they then are. NoMove: it cannot be made."""
    if not isinstance(move, Mapping):
        raise NoMove(f"a move is a dict of tensors by name, and this is {type(move).__name__}")
    places, stored, new = places_of(net), net.state_dict(), {}
    for name, given in move.items():
        place = places.get(name, Place(name))
        if place.tensor not in stored:
            known = {own.casefold(): own for own in (*places, *stored)}
            near = difflib.get_close_matches(str(name).casefold(), known, n=1)
            meant = f"; did you mean {known[near[0]]}?" if near else ""
            raise NoMove(f"the model has no {name}{meant} (`t.weights` names what can be moved)")
        if place.tensor not in new:
            new[place.tensor] = stored[place.tensor].clone()
        into = place.view(new[place.tensor])
        if not isinstance(given, Tensor) or given.shape != into.shape:
            got = f"of shape {list(given.shape)}" if isinstance(given, Tensor) else f"a {type(given).__name__}"
            raise NoMove(f"{name} is a tensor of shape {list(into.shape)}, and yours is {got}")
        into.copy_(given)
    return new


@torch.no_grad()
def logits(net: nn.Module, ids: Int[Tensor, "batch seq"], move: Move = UNMOVED) -> Float[Tensor, "batch seq d_vocab"]:
    """The copy's logits with the tensors of `move`, named as in `places_of` or by the copy's own names, in place of its own.

    Input and output matrix count as two: who moves W_E and not W_U has untied them.
    """
    tensors = moved(net, move)
    return functional_call(net, tensors, (ids,), {"use_cache": False}, tie_weights=False).logits


# Of a block: the LayerNorm before a part, and who reads it
PARTS = {"attn": ("ln1", ("Q", "K", "V")), "mlp": ("ln2", ("in",))}


def absorb(
    weights: Mapping[str, Tensor],
    layer: int,
    part: str,
    c: Float[Tensor, " d_model"],
    gain: tuple[str, ...] = ("Q", "V", "in"),
) -> dict[str, Tensor]:
    """The move that takes c out of what attention (`part` "attn") or the MLP ("mlp") of a layer reads, and makes up for it.

    LayerNorm's shift loses c, so the reader's input does. The readers in `gain` gain the bias that c would have given:
    b + cW. The keys need none: what c adds to a key, softmax cannot see. Others than the default are for controls.
    ValueError: there is no such part or reader.
    """
    if part not in PARTS:
        raise ValueError(f"part is one of {', '.join(PARTS)}; got {part!r}.")
    if unknown := set(gain) - {"Q", "K", "V", "in"}:
        raise ValueError(f"gain names readers: Q, K, V, in; got {', '.join(sorted(unknown))}.")
    norm, readers = PARTS[part]
    c = c.to(weights["W_E"].dtype)
    move = {f"{layer}.{norm}.b": weights[f"{layer}.{norm}.b"] - c}
    for reader in readers:
        if reader in gain:
            move[f"{layer}.b_{reader}"] = weights[f"{layer}.b_{reader}"] + c @ weights[f"{layer}.W_{reader}"]
    return move


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
    def exact(self) -> bool:
        """Does the change vanish with the rounding? float32 may call a long move "a little" that is exact."""
        return self.in_float64.log_prob <= max(EXACT_UP_TO * self.floor, DIGITS * self.in_float64.logit)

    @property
    def row(self) -> dict[str, str]:
        """One line of a table."""
        return {
            "max |Δ logit|": f"{self.change.logit:.1e}",
            "max |Δ log p|": f"{self.change.log_prob:.1e}",
            "… in float64": f"{self.in_float64.log_prob:.1e}",
            "KL, nats a token": f"{self.change.kl:.2g}",
            "damage": self.damage,
            "exact": "yes" if self.exact else "no",
        }


class Trial:
    """A copy of a model, a text for it to read and what it predicts: something to try moves on.

    `W_E` [d_vocab, d_model], `W_pos` [n_ctx, d_model] (None without learned positions) and `W_U` [d_model, d_vocab] are the
    copy's matrices, `weights` all its tensors by short name (`places_of`), `mu` [d_model] the mean row of `W_E`, `h`
    [batch, seq, d_model] what the copy multiplies with W_U, and `own` [batch, seq, d_vocab] its logits on `ids`, by default
    six stretches of the held-out text.
    """

    def __init__(
        self, model: LoadedModel, ids: Int[Tensor, "batch seq"] | None = None, dtype: torch.dtype = torch.float32
    ):
        self.model, self.net = model, copy_of(model, dtype)
        self.ids = text.sequences(model.tokenizer, count=6, length=48) if ids is None else ids
        self.weights = weights_of(self.net)
        self.W_E, self.W_U, self.W_pos = self.weights["W_E"], self.weights["W_U"], self.weights.get("W_pos")
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
        """Is it of GPT-2's or GPT-Neo's kind, for which the walkthrough knows where biases and dropout are?"""
        return isinstance(self.net, GPT2LMHeadModel | GPTNeoForCausalLM)

    def run(self, move: Move = UNMOVED) -> tuple[Tensor, Tensor]:
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
        """A random vector with the norm of `mu`, the same in every dtype."""
        generator = torch.Generator().manual_seed(seed)
        r = torch.randn(len(self.mu), generator=generator, dtype=torch.float64)
        return (r * self.mu.norm() / r.norm()).to(self.net.dtype)

    def change(self, move: Move) -> Change:
        return compare(self.own, logits(self.net, self.ids, move))

    def damage(self, move: Move) -> str:
        return self.change(move).damage(self.floor)

    def slip(self, error: Exception) -> str:
        """What went wrong in making a move, in a line; with the shapes, where two do not fit."""
        if isinstance(error, NoMove):
            return str(error)
        shapes = "; ".join(f"{name} is {list(self.weights[name].shape)}" for name in MATRICES if name in self.weights)
        told = f" ({shapes}; a vector v for every column of W_U is v[:, None])"
        return f"{type(error).__name__}, {str(error)[:160]}" + (told if "size" in str(error) else "")

    def twice(self, moves: Mapping[str, MakesMove]) -> dict[str, Twice]:
        """Each move, a function of a trial, here and in float64. NoMove: one cannot be made."""
        exact, found = self.exact(), {}
        for name, makes_move in moves.items():
            try:
                here, there = self.change(makes_move(self)), exact.change(makes_move(exact))
            except SLIPS as error:
                raise NoMove(f"{name} cannot be made on {self.label}: {self.slip(error)}.") from None
            found[name] = Twice(here, there, self.floor)
        return found


def hide_the_mean(trial: Trial) -> Move:
    """The plainest right answer to 2.2, as a move. What is predicted of it must not depend on which one a learner gave."""
    return {"W_E": trial.W_E - trial.mu, "W_pos": trial.W_pos + trial.mu}


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
    """The models by label. One whose blocks have no short names, or untied, gives its place to a stand-in, and a line says
    so."""
    models = {}
    for model in pair:
        if not (layout_of(model.plain) and model.is_tied):
            taken = {m.found.name for m in (*pair, *models.values())}
            stand_in = load(next(name for name in STAND_INS if name not in taken))
            print(
                f"This puzzle needs tied models with a W_pos, of a kind it knows; {stand_in.label} takes the place of {model.label}."
            )
            model = stand_in
        models[model.label] = model
    return models
