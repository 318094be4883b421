"""The tokens that can be asked about, what their strings are like, and pairs of them that a rule finds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from zeropoint.models import LoadedModel
from zeropoint.streams import shown, token_texts

LONGEST = 20  # characters; beyond are rulers and runs of one letter, a few of which would outweigh all words
FEW = 100  # tokens of either kind: with fewer, a fold may hold hardly any


@dataclass(frozen=True)
class Vocabulary:
    """The readable tokens of a model: whole printable characters, no white space but one space in front."""

    ids: Int[Tensor, " n"]
    texts: list[str]
    of: int  # rows of W_E

    def __len__(self) -> int:
        return len(self.texts)

    def labels(self, of: Callable[[str], float]) -> Float[Tensor, " n"]:
        """What `of` says of each text, in float64."""
        return torch.tensor([float(of(text)) for text in self.texts], dtype=torch.float64)


def word(text: str) -> str:
    """The text without the space in front."""
    return text.removeprefix(" ")


def is_readable(text: str) -> bool:
    """Printable, no space inside, at most `LONGEST` characters; bytes that make no character do not print."""
    return bool(word(text)) and word(text).isprintable() and " " not in word(text) and len(word(text)) <= LONGEST


def readable(model: LoadedModel) -> Vocabulary:
    """The readable tokens, in the order of the vocabulary. Special tokens are none."""
    d_vocab = model.bridge.W_E.shape[0]
    texts = token_texts(model.tokenizer, d_vocab)
    special = set(model.tokenizer.all_special_ids)
    ids = [i for i, text in enumerate(texts) if i not in special and is_readable(text)]
    return Vocabulary(torch.tensor(ids), [texts[i] for i in ids], d_vocab)


def characters(text: str) -> int:
    """The space in front does not count: it is a property of its own."""
    return len(word(text))


YES_OR_NO: dict[str, Callable[[str], bool]] = {
    "begins with a space": lambda text: text.startswith(" "),
    "begins with a capital": lambda text: word(text)[0].isupper(),
    "holds a digit": lambda text: any(c.isdigit() for c in text),
    "holds a letter beyond a to z": lambda text: any(c.isalpha() and not c.isascii() for c in text),
}


def questions(vocabulary: Vocabulary) -> dict[str, Float[Tensor, " n"]]:
    """The properties of `YES_OR_NO` that enough tokens have and enough lack, with 1 for yes."""
    asked = {name: vocabulary.labels(of) for name, of in YES_OR_NO.items()}
    return {name: y for name, y in asked.items() if FEW <= y.sum() <= len(y) - FEW}


def rank_features(vocabulary: Vocabulary, bins: int = 32) -> Float[Tensor, "n bins_plus_1"]:
    """All that a rank may tell: log(rank), and which of 32 stretches of the vocabulary a token is in.

    Token numbers stand in for ranks: byte-pair encoding numbers a token when it is merged, the most frequent first.
    """
    stretch = vocabulary.ids * bins // vocabulary.of
    stretches = torch.nn.functional.one_hot(stretch, bins).double()
    return alike(torch.cat([torch.log1p(vocabulary.ids.double())[:, None], stretches], dim=1))


def alike(features: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
    """Every column with mean 0 and variance 1 (0 where it is constant), so that a penalty favours none."""
    centred = features - features.mean(0)
    return centred / centred.std(0).clamp_min(1e-12)


# --- pairs ---------------------------------------------------------------------------------------------------------

MIRRORED = str.maketrans("([{<", ")]}>")
CAPITALS = """
    France Paris, Germany Berlin, Italy Rome, Spain Madrid, England London, Russia Moscow, China Beijing, Japan Tokyo,
    India Delhi, Egypt Cairo, Greece Athens, Austria Vienna, Poland Warsaw, Ireland Dublin, Turkey Ankara, Iran Tehran,
    Iraq Baghdad, Syria Damascus, Cuba Havana, Canada Ottawa, Australia Canberra, Portugal Lisbon, Sweden Stockholm,
    Norway Oslo, Denmark Copenhagen, Finland Helsinki, Hungary Budapest, Ukraine Kiev, Belgium Brussels, Kenya Nairobi,
    Netherlands Amsterdam, Thailand Bangkok, Peru Lima, Chile Santiago, Lebanon Beirut, Afghanistan Kabul
"""
CAPITAL_OF = dict(line.split() for line in CAPITALS.split(","))


def _lower(text: str) -> bool:
    return len(text) > 2 and text.isascii() and text.isalpha() and text.islower()


def _spaced(change: Callable[[str], str]) -> Callable[[str], str | None]:
    """A rule for lower-case words with a space in front."""
    return lambda text: " " + change(word(text)) if text.startswith(" ") and _lower(word(text)) else None


def _closing(text: str) -> str | None:
    brackets = set(text) & set("([{<")
    return text[::-1].translate(MIRRORED) if brackets and not any(c.isalnum() for c in text) else None


# From a token's text to its partner's, None where it has none.
RELATIONS: dict[str, Callable[[str], str | None]] = {
    "country, capital": lambda text: " " + CAPITAL_OF[word(text)] if word(text) in CAPITAL_OF else None,
    "space in front": lambda text: " " + text if _lower(text) else None,
    "capital letter": _spaced(str.capitalize),
    "all capitals": _spaced(str.upper),
    "plural": _spaced(lambda w: w + "s"),
    "past": _spaced(lambda w: w + "ed"),
    "open, close": _closing,
}


def pairs(vocabulary: Vocabulary, relation: str) -> Int[Tensor, "m 2"]:
    """Rows of the vocabulary, a token and its partner, wherever both are single tokens. "s" and "ed" are endings only."""
    row = {text: i for i, text in enumerate(vocabulary.texts)}
    partner = RELATIONS[relation]
    found = [(i, row[partner(text)]) for text, i in row.items() if partner(text) in row]
    return torch.tensor(found, dtype=torch.long).reshape(-1, 2)


def all_pairs(vocabulary: Vocabulary, least: int = 20) -> tuple[dict[str, Int[Tensor, "m 2"]], dict[str, int]]:
    """The relations with at least `least` pairs, and the number of pairs of those that have fewer."""
    found = {name: pairs(vocabulary, name) for name in RELATIONS}
    few = {name: len(rows) for name, rows in found.items() if len(rows) < least}
    return {name: rows for name, rows in found.items() if name not in few}, few


def controls(rows: Int[Tensor, "m 2"], n: int, seed: int) -> dict[str, Int[Tensor, "m 2"]]:
    """As many pairs: the same tokens on both sides, each with the partner of another; and any two of n rows."""
    generator = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(rows), generator=generator)
    partners = torch.empty_like(rows[:, 1])
    partners[order] = rows[order.roll(1), 1]
    return {
        "partners exchanged": torch.stack([rows[:, 0], partners], dim=1),
        "random pairs": torch.randint(n, (len(rows), 2), generator=generator),
    }


def told(vocabulary: Vocabulary, rows: Int[Tensor, "m 2"], most: int = 3) -> str:
    """The first few pairs, safe to print."""
    some = [[shown(vocabulary.texts[i]) for i in pair] for pair in rows[:most].tolist()]
    return ", ".join(" ".join(pair) for pair in some)
