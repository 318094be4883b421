"""The tensors of one model, in a folder or on the hub: what they are called, what each is, and one of them read."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from zeropoint.models import checkpoint, hub

START_BYTES = 4096  # of two tensors on the hub, so much tells nearly every two apart


class Weights(Protocol):
    names: tuple[str, ...]
    moved: int  # bytes over the network, so far

    def entry(self, tensor: str) -> checkpoint.Entry: ...

    def read(self, tensor: str) -> Tensor: ...

    def same(self, one: str, other: str) -> bool:
        """Do two tensors hold the same numbers?"""
        ...

    def where(self, tensor: str) -> str: ...


@dataclass
class FolderWeights:
    """Weights on this machine."""

    folder: Path
    moved: int = 0
    _entries: dict[Path, dict[str, checkpoint.Entry]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._files = checkpoint.tensor_files(self.folder)
        self.names = tuple(self._files)

    @property
    def files(self) -> set[Path]:
        return set(self._files.values())

    def entry(self, tensor: str) -> checkpoint.Entry:
        file = self._files[tensor]
        if file not in self._entries:
            self._entries[file] = checkpoint.entries(file)
        return self._entries[file][tensor]

    def read(self, tensor: str) -> Tensor:
        return checkpoint.read(self._files[tensor], tensor)

    def same(self, one: str, other: str) -> bool:
        return self.entry(one) == self.entry(other) and torch.equal(self.read(one), self.read(other))

    def where(self, tensor: str) -> str:
        return str(self._files[tensor])


@dataclass
class RemoteWeights:
    """Safetensors on the hub. Headers are read and kept, and of the data only the tensors that are asked for."""

    repo: str
    commit: str
    files: dict[str, str]  # tensor → file
    moved: int = 0

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.files)

    def entry(self, tensor: str) -> checkpoint.Entry:
        entries, moved = hub.entries(self.repo, self.commit, self.files[tensor])
        self.moved += moved
        if tensor not in entries:
            raise hub.HubError(
                f"{self.repo}: {self.where(tensor)} has no {tensor}, which its index promises; choose another."
            )
        return entries[tensor]

    def read(self, tensor: str) -> Tensor:
        file, moved = hub.fetch_tensor(self.repo, self.commit, self.files[tensor], tensor)
        self.moved += moved
        return checkpoint.read(file, tensor)

    def same(self, one: str, other: str) -> bool:
        """Costs the beginnings of both, and the tensors only where these are equal, or one was read before."""
        if self.entry(one) != self.entry(other):
            return False
        if not any(hub.is_kept(self.repo, self.commit, tensor) for tensor in (one, other)):
            starts = [self._start(tensor) for tensor in (one, other)]
            if starts[0] != starts[1]:
                return False
        return torch.equal(self.read(one), self.read(other))

    def _start(self, tensor: str) -> bytes:
        start, moved = hub.start(self.repo, self.commit, self.files[tensor], tensor, START_BYTES)
        self.moved += moved
        return start

    def where(self, tensor: str) -> str:
        return f"{self.files[tensor]} of {self.repo}"
