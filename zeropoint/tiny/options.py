"""Settings by name: one that does not exist is a sentence, and not another model than was meant."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

Settings = TypeVar("Settings")


def check_options(settings: Any) -> None:
    """ValueError where a dataclass's field that has a few values, a `bool` or a `Literal`, holds none of them."""
    for name, kind in get_type_hints(type(settings)).items():
        allowed = (True, False) if kind is bool else get_args(kind) if get_origin(kind) is Literal else ()
        value = getattr(settings, name)
        if allowed and value not in allowed:
            raise ValueError(f"{name} is one of {', '.join(map(repr, allowed))}; got {value!r}.")


def changed(settings: Settings, **options: Any) -> Settings:
    """A copy of a dataclass with other values. ValueError: it has no such option, or no such value of it."""
    known = [field.name for field in fields(settings)]
    if unknown := [name for name in options if name not in known]:
        raise ValueError(f"There is no option {', '.join(map(repr, unknown))}; there are {', '.join(known)}.")
    return replace(settings, **options)
