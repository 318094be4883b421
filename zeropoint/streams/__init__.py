"""Residual streams of a loaded model: the text it reads, its vectors at every layer, and interventions."""

from zeropoint.streams.interventions import Condition, Effect, Hooks, effects
from zeropoint.streams.text import held_out_text, sequences
from zeropoint.streams.vectors import (
    Stream,
    encoder_stream,
    layer_names,
    over_groups,
    stream,
    untrained,
    untrained_stream,
)

__all__ = [
    "Condition",
    "Effect",
    "Hooks",
    "Stream",
    "effects",
    "encoder_stream",
    "held_out_text",
    "layer_names",
    "over_groups",
    "sequences",
    "stream",
    "untrained",
    "untrained_stream",
]
