"""Which tensors of a checkpoint are the token embedding and the output matrix: the architecture is asked.

transformers builds the model's class from its config.json, without weights (on torch's meta device). The class knows
which of its modules the two matrices are and whether they are one, and transformers' table of renamings knows what the
files call them. Names decide only where transformers has no such class, and then only if they leave one candidate.
No code of a checkpoint is ever run: `trust_remote_code` is False throughout.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from zeropoint.models.weights import Weights

# What the architectures call their token embedding and their output matrix, by the end of the tensor's name.
INPUT_NAMES = (
    "wte.weight",
    "embed_tokens.weight",
    "embed_in.weight",
    "word_embeddings.weight",
    "tok_embeddings.weight",
)
OUTPUT_NAMES = ("lm_head.weight", "embed_out.weight", "output.weight")
# Numbers as they were trained, or rounded to half; all else that a file can hold are codes of some format.
VALUES = ("F16", "BF16", "F32", "F64")
# What lies beside codes and turns them into numbers again.
COMPANIONS = re.compile("scale|zero|absmax|quant|biases|g_idx|qweight|packed", re.IGNORECASE)


@dataclass(frozen=True)
class Matrices:
    """The tensors of a checkpoint that are its two matrices; the same name twice if the model is tied."""

    input: str
    output: str | None  # None if it is neither in the files nor tied to the token embedding
    d_residual: int | None = None  # of the residual stream; a factorised embedding is narrower


def matrices(folder: Path, weights: Weights, config: dict, title: str, *, output: bool = False) -> Matrices:
    """Find the two matrices of the model in `weights`; `config` is the config.json of `folder`.

    The token embedding is checked, and with `output` the output matrix too. Raises ValueError, with the candidates, if
    there is not exactly one token embedding; and if the files hold codes of a compressed format, or a matrix of another
    shape than the config's.
    """
    expected = None
    for model in skeletons(folder):
        places = Places(model, weights.names)
        if places.input is None:
            continue
        if name := places.held(places.input):
            other = places.held(places.output)
            decoders = _decoders(weights, places.known)
            _check(name, places.input, weights, decoders, config, title)
            if output and other:
                _check(other, places.output, weights, decoders, config, title)
            return Matrices(name, other, getattr(model.config.get_text_config(), "hidden_size", None))
        expected = expected or places.names(places.input)[0]
    if expected is None:
        return _by_name(folder, weights, config, title, output)
    module = expected.split(".")[-2]
    for coded, tensors in _decoders(weights).items():
        if coded.split(".")[-1] == module:  # it is there, under another name than its values would have
            _check_numbers(tensors[0], weights, {coded: tensors[1:] or tensors}, config, title)
    raise ValueError(
        f"{title} has no token embedding {expected} among its {len(weights.names)} tensors"
        f"{_listed(candidates(folder, weights, config))}: save it again with save_pretrained."
    )


def refuse_unknown(folder: Path, config: dict, title: str) -> None:
    """ValueError unless transformers itself has a decoder for this config.json."""
    from transformers import MODEL_FOR_CAUSAL_LM_MAPPING

    settings = _settings(folder)
    if settings is None or type(settings) not in MODEL_FOR_CAUSAL_LM_MAPPING:
        code = ", and code that comes with a model is never run here" if "auto_map" in config else ""
        kind = config.get("model_type")
        raise ValueError(f"{title} is no decoder that transformers knows (model_type {kind!r}){code}: choose another.")


def refuse_codes(folder: Path, weights: Weights, config: dict, title: str) -> None:
    """ValueError if any parameter of the model is stored otherwise than as numbers, for loading would misread it."""
    if form := _format(config):
        raise ValueError(f"{title} is stored in a compressed format ({form}): take a copy that is not quantised.")
    model = next(skeletons(folder), None)
    if model is not None:
        known = Places(model, weights.names).known
        decoders = _decoders(weights, known)
        for tensor in sorted(known):
            _check_numbers(tensor, weights, decoders, config, title)


def candidates(folder: Path, weights: Weights, config: dict, ends: Iterable[str] = ()) -> list[str]:
    """Matrices of d_vocab rows whose names end in one of `ends`, or else sound like an embedding or an output matrix."""
    rows = _d_vocab(folder, config)
    ends = tuple(ends)

    def named(tensor: str) -> bool:
        if ends:
            return any(tensor == end or tensor.endswith("." + end) for end in ends)
        return re.search("emb|wte|head|output|vocab", tensor) is not None

    shapes = {tensor: weights.entry(tensor).shape for tensor in weights.names if named(tensor)}
    return [tensor for tensor, shape in shapes.items() if len(shape) == 2 and rows in (None, shape[0])]


def skeletons(folder: Path) -> Iterator[torch.nn.Module]:
    """The model without weights, by each class that transformers has for it: first the one that `load` takes."""
    import transformers

    settings = _settings(folder)
    if settings is None:
        return
    settings.__dict__.pop("quantization_config", None)  # the plain modules are asked

    def named_class() -> torch.nn.Module:
        named = getattr(transformers, settings.architectures[0])
        if not issubclass(named, transformers.PreTrainedModel):
            raise TypeError(f"{named} is no model.")
        return named(settings)

    def auto(choice: type) -> Callable[[], torch.nn.Module]:
        return lambda: choice.from_config(settings, trust_remote_code=False)

    for build in (auto(transformers.AutoModelForCausalLM), named_class, auto(transformers.AutoModel)):
        model = None
        # What transformers cannot build, for whatever reason, is unknown to it.
        with contextlib.suppress(Exception), torch.device("meta"):
            model = build()
        if model is not None:
            yield model


class Places:
    """The modules of a model that are its two matrices, and which tensors of a checkpoint belong where."""

    def __init__(self, model: torch.nn.Module, tensors: Iterable[str]) -> None:
        self.input = _matrix(model.get_input_embeddings)
        self.output = _matrix(model.get_output_embeddings)
        self._modules = {module: name for name, module in model.named_modules()}
        self._parameters = dict(model.named_parameters(remove_duplicate=False))
        self._held: dict[str, str] = {}  # parameter of the model → tensor of the checkpoint
        self.known = set()  # tensors that are parameters of the model
        for tensor, place in renamed(model, tensors).items():
            if place in self._parameters:
                self._held.setdefault(place, tensor)
                self.known.add(tensor)

    def names(self, module: torch.nn.Module) -> list[str]:
        """The names under which the model has this module's weight, its own first; more than one if tied."""
        own = f"{self._modules[module]}.weight"
        return sorted((n for n, p in self._parameters.items() if p is module.weight), key=lambda name: name != own)

    def held(self, module: torch.nn.Module | None) -> str | None:
        """The tensor of the checkpoint that is this module's weight, if any: its own, or one that is tied to it."""
        names = [] if module is None else self.names(module)
        return next((self._held[name] for name in names if name in self._held), None)


def renamed(model: torch.nn.Module, tensors: Iterable[str]) -> dict[str, str]:
    """{tensor of a checkpoint: parameter of the model}, as from_pretrained pairs them."""
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightConverter, WeightRenaming, rename_source_key

    transforms = get_model_conversion_mapping(model)
    renamings = [t for t in transforms if isinstance(t, WeightRenaming)]
    converters = [t for t in transforms if isinstance(t, WeightConverter)]
    places, prefix = model.state_dict(), model.base_model_prefix

    def place(tensor: str) -> str:
        name, _ = rename_source_key(tensor, renamings, converters, prefix, places)
        return name if name in places else rename_source_key(tensor, [], [], prefix, places)[0]

    return {tensor: place(tensor) for tensor in tensors}


def _matrix(ask: Callable[[], torch.nn.Module]) -> torch.nn.Module | None:
    """The module that a class names, if it has one and that is one matrix."""
    try:
        module = ask()
    except (NotImplementedError, AttributeError):
        return None
    return module if getattr(getattr(module, "weight", None), "ndim", 0) == 2 else None


def _settings(folder: Path) -> object | None:
    """The config as transformers understands it, with its defaults; None for a model type that it does not have."""
    from transformers import AutoConfig

    with contextlib.suppress(Exception):
        return AutoConfig.from_pretrained(folder, trust_remote_code=False)
    return None


def _by_name(folder: Path, weights: Weights, config: dict, title: str, output: bool) -> Matrices:
    """For a class that nobody knows: the one matrix of d_vocab rows with a usual name."""
    inputs = candidates(folder, weights, config, INPUT_NAMES)
    outputs = candidates(folder, weights, config, OUTPUT_NAMES)
    tied = _tied_by_config(config)
    if not inputs and tied and len(outputs) == 1:
        inputs = outputs  # the file kept the other name
    if len(inputs) != 1:
        what = "more than one tensor that may be the token embedding" if inputs else "no token embedding"
        listed = _listed(inputs or candidates(folder, weights, config))
        raise ValueError(f"{title} has {what} among its {len(weights.names)} tensors{listed}, and transformers does not "
                         "know its architecture: point at a model that it knows.")  # fmt: skip
    other = outputs[0] if len(outputs) == 1 else inputs[0] if tied and not outputs else None
    for tensor in [inputs[0]] + ([other] if output and other else []):
        _check_numbers(tensor, weights, _decoders(weights), config, title)
    return Matrices(inputs[0], other)


def _d_vocab(folder: Path, config: dict) -> int | None:
    settings = _settings(folder)
    text = settings.get_text_config() if settings is not None else None
    return getattr(text, "vocab_size", None) or _nested(config, "vocab_size")


def _tied_by_config(config: dict) -> bool:
    return bool(_nested(config, "tie_word_embeddings"))


def _nested(config: dict, key: str) -> object | None:
    """A value of the config, or of its text_config and the like."""
    if key in config:
        return config[key]
    found = [part[key] for part in config.values() if isinstance(part, dict) and key in part]
    return found[0] if len(found) == 1 else None


def _check(
    tensor: str, module: torch.nn.Module, weights: Weights, decoders: dict[str, list[str]], config: dict, title: str
) -> None:
    """Is this tensor the weight that the module expects?"""
    _check_numbers(tensor, weights, decoders, config, title)
    shape, expected = weights.entry(tensor).shape, tuple(module.weight.shape)
    if shape != expected:
        raise ValueError(
            f"{tensor} of {title} is {list(shape)}, and by its config.json it is to be {list(expected)} (in "
            f"{weights.where(tensor)}): mend the config, or get the weights again, whole and not quantised."
        )


def _check_numbers(tensor: str, weights: Weights, decoders: dict[str, list[str]], config: dict, title: str) -> None:
    """Are these numbers, and not codes that other tensors decode?"""
    beside = decoders.get(tensor.rpartition(".")[0], [])
    dtype = weights.entry(tensor).dtype
    if dtype in VALUES and not beside:
        return
    form = f" ({form})" if (form := _format(config)) else ""
    decoded = f", to be decoded with {', '.join(beside[:2])}" if beside else ""
    raise ValueError(
        f"{title} stores {tensor} as codes of a compressed format{form}, {dtype}{decoded}: take a copy of the model that is "
        f"not quantised ({', '.join(VALUES)})."
    )


def _decoders(weights: Weights, known: Iterable[str] = ()) -> dict[str, list[str]]:
    """{module: the tensors that decode its codes}, by their names; `known` are parameters that the architecture has."""
    found: dict[str, list[str]] = {}
    for tensor in set(weights.names) - set(known):
        # "a.scales" and "a.weight_scale" decode "a.weight"; so does "a.weight.absmax"
        module, _, last = tensor.partition(".weight.") if ".weight." in tensor else tensor.rpartition(".")
        if COMPANIONS.search(last):
            found.setdefault(module, []).append(tensor)
    return {module: sorted(tensors) for module, tensors in found.items()}


def _format(config: dict) -> str:
    """The compressed format that config.json names, if it does."""
    for key in ("quantization_config", "quantization"):
        if isinstance(settings := config.get(key), dict):
            bits = settings.get("bits")
            return str(settings.get("quant_method") or (f"{bits} bits" if bits else key))
    return ""


def _listed(names: list[str]) -> str:
    return f" (candidates: {', '.join(names[:8])})" if names else ""
