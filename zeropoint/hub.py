"""Ask the Hugging Face hub (or the one HF_ENDPOINT names), without ever waiting long to learn that it is away.

Whatever goes wrong on the way is a HubError of one sentence: what, and what to do. Files come into huggingface_hub's own
cache, whole or not at all, and are compared with the hub's checksums; single tensors are kept beside it.
"""

from __future__ import annotations

import contextlib
import errno
import functools
import json
import os
import threading
from collections.abc import Callable, Iterable, Iterator
from io import BytesIO
from pathlib import Path

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    get_session,
    hf_hub_download,
    hf_hub_url,
    snapshot_download,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers, validate_repo_id

from zeropoint import checkpoint

PROBE_SECONDS = 3
SILENCE_SECONDS = 10  # a server that sends nothing for so long is given up
HEADER_BYTES = 100_000  # nearly every safetensors header fits, so that one request is enough
SMALL = ["*.json", "*.txt", "*.model"]


class HubError(RuntimeError):
    """The hub was needed and could not give what was asked; the message says what to do."""


@functools.cache
def reachable() -> bool:
    """Does the hub answer within three seconds, and not with its own failure? Asked once a session."""
    answered = threading.Event()

    def ask() -> None:
        with contextlib.suppress(Exception):  # anything but an answer means: away
            if get_session().head(constants.ENDPOINT, timeout=PROBE_SECONDS).status_code < 500:
                answered.set()

    # In a thread, because a name server that does not answer is not covered by any time-out of the request.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return answered.is_set()


def cached(name: str, revision: str | None = None) -> Path | None:
    """The local copy of a model that was downloaded before, if it is whole."""
    try:
        folder = snapshot_download(
            name, revision=revision, local_files_only=True, allow_patterns=SMALL, ignore_patterns="*/*"
        )
    except (LocalEntryNotFoundError, ValueError):
        return None
    return Path(folder) if checkpoint.whole(Path(folder)) else None


def has(name: str, revision: str | None = None) -> bool:
    """Can `name` be had here, from the cache or from a hub that answers?"""
    return cached(name, revision) is not None or reachable()


def fetch(name: str, revision: str | None = None) -> Path:
    """Download a model's configuration, tokenizer and weights once; the folder that holds them.

    Safetensors if there are any, pickled weights otherwise. Everything is compared with the hub's checksums.
    """
    if folder := cached(name, revision):
        return folder
    with _one_sentence(name, revision):
        files = _files(name, revision)
        weights = next((w for w in checkpoint.WEIGHTS if w in files), None)
        if weights is None:
            raise HubError(f"{name} has neither safetensors nor pytorch_model.bin on {constants.ENDPOINT}: choose another.")
        pattern = "model*.safetensors" if "safetensors" in weights else "pytorch_model*.bin"
        folder = snapshot_download(name, revision=revision, allow_patterns=[*SMALL, pattern], ignore_patterns="*/*")
        checked = HfApi().verify_repo_checksums(name, revision=Path(folder).name)
        for bad in (Path(folder, m["path"]) for m in checked.mismatches):
            bad.resolve().unlink(missing_ok=True)  # the blob; then the link to it
            bad.unlink(missing_ok=True)
        if checked.mismatches:
            names = ", ".join(m["path"] for m in checked.mismatches)
            raise HubError(f"{name}: {names} arrived damaged (its checksum is wrong) and was deleted; run this again.")
        return Path(folder)


def config_folder(name: str, revision: str | None = None) -> Path:
    """The folder, named after the commit, in which at least the model's config.json lies."""
    with contextlib.suppress(LocalEntryNotFoundError, ValueError):
        return Path(hf_hub_download(name, "config.json", revision=revision, local_files_only=True)).parent
    with _one_sentence(name, revision):
        _ask(name)
        return Path(hf_hub_download(name, "config.json", revision=revision)).parent


def kept(name: str, commit: str) -> Path:
    """Where single tensors of a model are kept."""
    return Path(constants.HF_HUB_CACHE, "zeropoint", name.replace("/", "--"), commit)


def fetch_tensor(name: str, commit: str, choose: Callable[[Iterable[str]], str]) -> tuple[Path, str, int]:
    """Download one tensor and not the model: (a safetensors file that holds it alone, its name, bytes moved).

    `choose` picks the tensor from the names in the checkpoint. Its byte range is read out of the remote safetensors
    file (of the right shard); an interrupted download goes on where it stopped. Bytes moved are those of weight files
    and their headers. The hub has no checksum for a range, so only its length is checked. Where there are only pickled
    weights, they are downloaded whole.
    """
    with _one_sentence(name, commit):
        folder = kept(name, commit)
        folder.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(folder / "lock"):
            names, moved = _remote_names(name, commit, folder)
            if not names:
                files = checkpoint.tensor_files(fetch(name, commit))
                size = sum(file.stat().st_size for file in set(files.values()))
                return files[tensor := choose(files)], tensor, size
            tensor = choose(names)
            done = folder / f"{tensor}.safetensors"
            if not done.exists():
                header, header_bytes = _remote_header(name, commit, names[tensor], folder)
                moved += header_bytes + _fetch_range(name, commit, names[tensor], header, tensor, done)
            return done, tensor, moved


def _remote_names(name: str, commit: str, folder: Path) -> tuple[dict[str, str], int]:
    """({tensor: remote safetensors file}, bytes moved); empty if the weights are pickled. Kept for the next time."""
    listing = folder / "names.json"
    if listing.exists():
        return json.loads(listing.read_text()), 0
    files, moved = _files(name, commit), 0
    if (single := checkpoint.WEIGHTS[0]) in files:
        header, moved = _remote_header(name, commit, single, folder)
        names = {tensor: single for tensor in header["tensors"]}
    elif (index := checkpoint.WEIGHTS[1]) in files:
        path = Path(hf_hub_download(name, index, revision=commit))
        names, moved = json.loads(path.read_text())["weight_map"], path.stat().st_size
    else:
        return {}, 0
    _write(listing, names)
    return names, moved


def _remote_header(name: str, commit: str, file: str, folder: Path) -> tuple[dict, int]:
    """({"start": where the data begin, "tensors": {name: {dtype, shape, data_offsets}}}, bytes moved) of one file."""
    listing = folder / f"{file}.header.json"
    if listing.exists():
        return json.loads(listing.read_text()), 0
    url = hf_hub_url(name, file, revision=commit)
    size = get_hf_file_metadata(url, timeout=SILENCE_SECONDS).size
    head = BytesIO()
    _get(url, 0, min(size, HEADER_BYTES), head)
    start = 8 + int.from_bytes(head.getvalue()[:8], "little")
    if start > size:
        raise HubError(f"{name}: {file} on {constants.ENDPOINT} is no safetensors file; choose another revision or model.")
    if start > HEADER_BYTES:
        _get(url, HEADER_BYTES, start, head)
    tensors = json.loads(head.getvalue()[8:start])
    tensors.pop("__metadata__", None)
    if start + max(entry["data_offsets"][1] for entry in tensors.values()) != size:
        raise HubError(f"{name}: {file} on {constants.ENDPOINT} is cut short; choose another revision or model.")
    header = {"start": start, "tensors": tensors}
    _write(listing, header)
    return header, head.tell()


def _fetch_range(name: str, commit: str, file: str, header: dict, tensor: str, done: Path) -> int:
    """Write `done`, a safetensors file of one tensor; the bytes moved, less what an earlier attempt had."""
    entry = header["tensors"][tensor]
    begin, end = entry["data_offsets"]
    head = json.dumps({tensor: entry | {"data_offsets": [0, end - begin]}}).encode()
    head += b" " * (-len(head) % 8)
    head = len(head).to_bytes(8, "little") + head
    part = done.with_suffix(".part")
    if not part.exists() or part.stat().st_size < len(head):
        part.write_bytes(head)
    had = part.stat().st_size - len(head)
    try:
        with part.open("ab") as f:
            url, start = hf_hub_url(name, file, revision=commit), header["start"]
            _get(url, start + begin, start + end, f, had=had, shown=f"{name}: {tensor}")
    finally:
        if part.stat().st_size > len(head) + end - begin:  # a server that knows no ranges sent the file from its start
            part.unlink()
    os.replace(part, done)
    return end - begin - had


def _get(url: str, start: int, stop: int, file: BytesIO, had: int = 0, shown: str | None = None) -> None:
    """Append bytes start … stop of `url` to `file`, which holds `had` of them; resumes dropped connections."""
    headers = build_hf_headers() | {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
    http_get(url, file, resume_size=had, headers=headers, expected_size=stop - start, displayed_filename=shown)


def _write(path: Path, data: object) -> None:
    """JSON, whole or not at all."""
    part = path.with_suffix(".tmp")
    part.write_text(json.dumps(data))
    os.replace(part, path)


def _files(name: str, revision: str | None) -> set[str]:
    """Names of a model's files on the hub."""
    _ask(name)
    info = HfApi().model_info(name, revision=revision, timeout=SILENCE_SECONDS)
    return {sibling.rfilename for sibling in info.siblings or ()}


def _ask(name: str) -> None:
    """Be ready to ask for `name`: HubError if that is no name, or if the hub is away."""
    validate_repo_id(name)
    if not reachable():
        reachable.cache_clear()  # so that the same cell can be run again
        raise HubError(
            f"{name}: {constants.ENDPOINT} does not answer. Check the network, give a folder, or use ZEROPOINT_MODELS=standin."
        )
    get_session().timeout = SILENCE_SECONDS  # huggingface_hub sets none for listings: a silent server would hang them


@contextlib.contextmanager
def _one_sentence(name: str, revision: str | None) -> Iterator[None]:
    """Whatever goes wrong inside is a HubError of one sentence."""
    try:
        yield
    except HubError:
        raise
    except Exception as error:
        # huggingface_hub wraps what happened in "not found locally"
        cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) and error.__cause__ else error
        raise HubError(f"{name}: {_explain(cause, name, revision)}") from None


def _explain(error: BaseException, name: str, revision: str | None) -> str:
    hub, cache = constants.ENDPOINT, constants.HF_HUB_CACHE
    status = getattr(getattr(error, "response", None), "status_code", None)
    number = getattr(error, "errno", None)
    if isinstance(error, HFValidationError):
        return 'neither a folder here nor a name on the hub ("owner/model"); check the spelling.'
    if isinstance(error, OfflineModeIsEnabled):
        return "not in the cache, and HF_HUB_OFFLINE forbids asking the hub; unset it."
    if isinstance(error, GatedRepoError):
        return f"gated ({status}); accept its terms at {hub}/{name}, then log in with `hf auth login`."
    if isinstance(error, RevisionNotFoundError):
        return f"has no revision {revision!r} on {hub}; see {hub}/{name}/tree/main for the names of its branches."
    if isinstance(error, RepositoryNotFoundError):
        return f"not on {hub}; check the spelling, or log in with `hf auth login` if it is private."
    if isinstance(error, EntryNotFoundError):
        return f"has no config.json on {hub}, so it is no transformers model; choose another."
    if status in (401, 403):
        return f"{hub} refuses access ({status}); renew your token with `hf auth login`."
    if status == 429:
        return f"{hub} has had too many requests from here (429); wait some minutes, or log in with `hf auth login`."
    if status is not None and status >= 500:
        return f"{hub} has trouble of its own ({status}); run this again later."
    if number in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk of the cache {cache} is full; free some space, or set HF_HOME to another disk."
    if number is not None and isinstance(error, OSError):
        return f"the cache {cache} cannot be written ({error.strerror}); set HF_HOME to a folder of yours."
    if "Timeout" in type(error).__name__:
        return f"{hub} stopped sending for {SILENCE_SECONDS} s; run this again, what is whole stays."
    if "Consistency check" in str(error):
        return "a file arrived cut short and was dropped; run this again, what is whole stays."
    if isinstance(error, FileMetadataError):
        return f"{hub} answers, but not as a hub does; is this a login page of your network? Check HF_ENDPOINT and proxies."
    reason = (str(error).strip().splitlines() or [""])[0]
    return f"the download failed ({type(error).__name__}: {reason}); run this again, what is whole stays."
