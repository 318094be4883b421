"""Residual streams of a loaded model: the text it reads, its vectors at every layer, and interventions."""

from zeropoint.streams.interventions import Condition, Effect, Hooks, effects
from zeropoint.streams.text import held_out_text, sequences, shown, token_texts, word_pairs
from zeropoint.streams.vectors import (
    Stream,
    by_group,
    each_layer,
    encoder_stream,
    layer_names,
    stream,
    untrained,
    untrained_stream,
)

__all__ = [
    "Condition",
    "Effect",
    "Hooks",
    "Stream",
    "by_group",
    "each_layer",
    "effects",
    "encoder_stream",
    "held_out_text",
    "layer_names",
    "sequences",
    "shown",
    "stream",
    "token_texts",
    "untrained",
    "untrained_stream",
    "word_pairs",
]
