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
import re
import shutil
import threading
import time
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, ParamSpec, TypeVar
from urllib.request import getproxies

from huggingface_hub import (
    HfApi,
    constants,
    get_hf_file_metadata,
    get_session,
    get_token,
    hf_hub_download,
    hf_hub_url,
    snapshot_download,
    try_to_load_from_cache,
)
from huggingface_hub.errors import (
    EntryNotFoundError,
    FileMetadataError,
    GatedRepoError,
    HFValidationError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.file_download import http_get
from huggingface_hub.utils import WeakFileLock, build_hf_headers, validate_repo_id

from zeropoint.models import checkpoint

PROBE_SECONDS = 3
SILENCE_SECONDS = 10  # a server that sends nothing for so long is given up
HEADER_BYTES = 100_000  # nearly every safetensors header fits, so that one request is enough
BUSY_SECONDS = 15  # a server that says 429 or 5xx is asked again for so long
SMALL = ["*.json", "*.txt", "*.model"]
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
P, T = ParamSpec("P"), TypeVar("T")


class HubError(RuntimeError):
    """The hub was needed and could not give what was asked; the message says what to do."""


def _one_sentence(ask: Callable[P, T]) -> Callable[P, T]:
    """Call `ask(name, revision, …)` again for some seconds if the hub is busy; all else that goes wrong is a HubError."""

    @functools.wraps(ask)
    def asking(name: str, revision: str | None = None, *args: P.args, **options: P.kwargs) -> T:
        began, wait = time.monotonic(), 1.0
        while True:
            try:
                return ask(name, revision, *args, **options)
            except HubError:
                raise
            except Exception as error:
                # huggingface_hub wraps what happened in "not found locally"
                cause = error.__cause__ if isinstance(error, LocalEntryNotFoundError) and error.__cause__ else error
                busy = getattr(getattr(cause, "response", None), "status_code", None) in (429, 500, 502, 503, 504)
                if not busy or time.monotonic() - began + wait > BUSY_SECONDS:
                    raise HubError(f"{name}: {_explain(cause, name, revision)}") from None
            time.sleep(wait)
            wait *= 2

    return asking


def reachable() -> bool:
    """Does the hub answer within three seconds, and not with its own failure? Asked once a session."""
    return _probe() == ""


@functools.cache
def _probe() -> str:
    """Empty if the hub answers; else what to do about it."""
    if not constants.ENDPOINT.startswith(("http://", "https://")):
        return f"the hub's address HF_ENDPOINT={constants.ENDPOINT!r} has no scheme; begin it with https://."
    by = " through this environment's proxy" if getproxies().keys() & {"http", "https", "all"} else ""
    away = f"does not answer{by}; check the network, or give a folder (with ZEROPOINT_MODELS=standin the notebooks need no hub)."
    said = [f"{constants.ENDPOINT} {away}"]

    def ask() -> None:
        try:
            session = get_session()
        except (ImportError, ValueError) as error:  # of its proxy: no SOCKS support, no scheme
            said.append(f"the proxy of this environment cannot be used ({_first_line(error)}); mend or unset it.")
            return
        with contextlib.suppress(Exception):  # anything but an answer means: away
            answer = session.get(f"{constants.ENDPOINT}/api/models?limit=1", timeout=PROBE_SECONDS)
            # a page for people instead of data is some network's login page
            if answer.status_code < 500 and "html" not in answer.headers.get("content-type", ""):
                said.append("")

    # In a thread, because a name server that does not answer is not covered by any time-out of the request.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PROBE_SECONDS)
    return said[-1]


def cached(name: str, revision: str | None = None) -> Path | None:
    """The local copy of a model that was downloaded before, if it is whole."""
    try:
        folder = snapshot_download(
            name, revision=revision, local_files_only=True, allow_patterns=SMALL, ignore_patterns="*/*"
        )
        return Path(folder) if checkpoint.whole(Path(folder)) else None
    except (LocalEntryNotFoundError, ValueError):
        return None


def has(name: str, revision: str | None = None) -> bool:
    """Can `name` be had here, from the cache or from a hub that answers?"""
    return cached(name, revision) is not None or reachable()


def has_tensor(name: str, revision: str | None = None) -> bool:
    """The same for single tensors: those read before are enough."""
    config = try_to_load_from_cache(name, "config.json", revision=revision)
    if isinstance(config, str) and any(kept(name, Path(config).parent.name).glob("*.safetensors")):
        return True
    return has(name, revision)


@_one_sentence
def fetch(name: str, revision: str | None = None) -> Path:
    """Download a model's configuration, tokenizer and weights once; the folder that holds them.

    Safetensors if there are any, pickled weights otherwise. Everything is compared with the hub's checksums.
    """
    if folder := cached(name, revision):
        return folder
    files = _files(name, revision)
    weights = next((w for w in checkpoint.WEIGHTS if w in files), None)
    if weights is None:
        raise HubError(f"{name} has neither safetensors nor pytorch_model.bin on {constants.ENDPOINT}; choose another.")
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


@_one_sentence
def fetch_small(name: str, revision: str | None = None) -> None:
    """Download what a cache lacks of a model's configuration and tokenizer, which another program had no use for."""
    _ask(name)
    snapshot_download(name, revision=revision, allow_patterns=SMALL, ignore_patterns="*/*")


@_one_sentence
def config_folder(name: str, revision: str | None = None) -> Path:
    """The folder, named after the commit, in which at least the model's config.json lies."""
    with contextlib.suppress(LocalEntryNotFoundError):
        return Path(hf_hub_download(name, "config.json", revision=revision, local_files_only=True)).parent
    _ask(name)
    return Path(hf_hub_download(name, "config.json", revision=revision)).parent


def kept(name: str, commit: str) -> Path:
    """Where single tensors of a model are kept."""
    return Path(constants.HF_HUB_CACHE, "zeropoint", name.replace("/", "--"), commit)


def is_kept(name: str, commit: str, tensor: str) -> bool:
    """Was this tensor read before?"""
    return (kept(name, commit) / f"{tensor}.safetensors").exists()


@_one_sentence
def tensor_names(name: str, commit: str) -> tuple[dict[str, str], int]:
    """({tensor: safetensors file on the hub}, bytes moved); empty if all weights are pickled. Kept for the next time."""
    listing = kept(name, commit) / "names.json"
    if listing.exists():
        return json.loads(listing.read_text()), 0
    files, moved = _files(name, commit), 0
    if (single := checkpoint.WEIGHTS[0]) in files:
        header, moved = _remote_header(name, commit, single)
        names = dict.fromkeys(header["tensors"], single)
    elif (index := checkpoint.WEIGHTS[1]) in files:
        path = Path(hf_hub_download(name, index, revision=commit))
        names, moved = checkpoint.index(path), path.stat().st_size
    else:
        return {}, 0
    _write(listing, names)
    return names, moved


@_one_sentence
def fetch_tensor(name: str, commit: str, file: str, tensor: str) -> tuple[Path, int]:
    """Download one tensor out of a safetensors file on the hub: (a safetensors file that holds it alone, bytes moved).

    An interrupted download goes on where it stopped. The hub has no checksum for a range, so only its length is checked.
    """
    done = kept(name, commit) / f"{tensor}.safetensors"
    if done.exists():
        return done, 0
    _ask(name)
    done.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(done.with_suffix(".lock")):
        if done.exists():  # another notebook was quicker
            return done, 0
        header, moved = _remote_header(name, commit, file)
        return done, moved + _fetch_range(hf_hub_url(name, file, revision=commit), header, tensor, done)


@_one_sentence
def entries(name: str, commit: str, file: str) -> tuple[dict[str, checkpoint.Entry], int]:
    """(what a safetensors file on the hub holds, by tensor; bytes moved). Kept for the next time."""
    header, moved = _remote_header(name, commit, file)
    return {t: checkpoint.Entry(e["dtype"], tuple(e["shape"])) for t, e in header["tensors"].items()}, moved


@_one_sentence
def start(name: str, commit: str, file: str, tensor: str, size: int) -> tuple[bytes, int]:
    """(the first bytes of a tensor on the hub, at most `size`; bytes moved)."""
    header, moved = _remote_header(name, commit, file)
    begin, end = (header["start"] + offset for offset in header["tensors"][tensor]["data_offsets"])
    first = _bytes(hf_hub_url(name, file, revision=commit), begin, min(end, begin + size))
    return first, moved + len(first)


def _remote_header(name: str, commit: str, file: str) -> tuple[dict, int]:
    """({"start": where the data begin, "tensors": {name: {dtype, shape, data_offsets}}}, bytes moved) of one file."""
    listing = kept(name, commit) / f"{file}.header.json"
    if listing.exists():
        return json.loads(listing.read_text()), 0
    url = hf_hub_url(name, file, revision=commit)
    size = get_hf_file_metadata(url, timeout=SILENCE_SECONDS).size
    head = _bytes(url, 0, min(size, HEADER_BYTES))
    start = 8 + int.from_bytes(head[:8], "little")
    if HEADER_BYTES < start <= size:
        head += _bytes(url, HEADER_BYTES, start)
    try:
        tensors = dict(json.loads(head[8:start]))
        tensors.pop("__metadata__", None)
        if start + max(entry["data_offsets"][1] for entry in tensors.values()) != size:
            raise ValueError("its length is not what its header says")
    except (ValueError, TypeError, LookupError) as error:
        raise HubError(
            f"{name}: {file} on {constants.ENDPOINT} is no whole safetensors file ({error}); choose another."
        ) from None
    header = {"start": start, "tensors": tensors}
    _write(listing, header)
    return header, len(head)


def _fetch_range(url: str, header: dict, tensor: str, done: Path) -> int:
    """Write `done`, a safetensors file of one tensor; the bytes moved, without those that an earlier attempt got."""
    entry = header["tensors"][tensor]
    begin, end = entry["data_offsets"]
    part = done.with_suffix(".part")  # the tensor's bytes; what is there is a beginning of them
    try:
        with part.open("ab") as data:
            had = data.tell()
            _get(url, header["start"] + begin, header["start"] + end, data, shown=tensor)
    finally:
        if part.stat().st_size > end - begin:  # a server that knows no ranges sent the file from its start
            part.unlink()
    head = json.dumps({tensor: entry | {"data_offsets": [0, end - begin]}}).encode()
    head += b" " * (-len(head) % 8)
    whole = done.with_suffix(".tmp")
    with part.open("rb") as data, whole.open("wb") as f:
        f.write(len(head).to_bytes(8, "little") + head)
        shutil.copyfileobj(data, f)
    os.replace(whole, done)
    part.unlink()
    return end - begin - had


def _bytes(url: str, start: int, stop: int) -> bytes:
    file = BytesIO()
    _get(url, start, stop, file)
    return file.getvalue()


def _get(url: str, start: int, stop: int, file: BinaryIO, shown: str | None = None) -> None:
    """Append to `file` what it lacks of bytes start … stop of `url`; resumes dropped connections."""
    headers = build_hf_headers() | {"Range": f"bytes={start}-{stop - 1}", "Accept-Encoding": "identity"}
    http_get(url, file, resume_size=file.tell(), headers=headers, expected_size=stop - start, displayed_filename=shown)


def _write(path: Path, data: object) -> None:
    """JSON, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{os.getpid()}")
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
    if constants.HF_HUB_OFFLINE:
        variable = next((v for v in OFFLINE if os.environ.get(v, "").upper() in ("1", "ON", "YES", "TRUE")), OFFLINE[0])
        raise HubError(f"{name}: no whole copy of it is in the cache, and {variable} forbids asking the hub; unset it.")
    if not (get_token() or "").isascii() or not (get_token() or "a").isprintable():
        raise HubError(f"{name}: your token (HF_TOKEN) holds a character that no token has; copy it again.")
    if why := _probe():
        _probe.cache_clear()  # so that the same cell can be run again
        raise HubError(f"{name}: {why}")
    get_session().timeout = SILENCE_SECONDS  # huggingface_hub sets none for listings: a silent server would hang them


def _explain(error: BaseException, name: str, revision: str | None) -> str:
    hub, cache = constants.ENDPOINT, constants.HF_HUB_CACHE
    status = getattr(getattr(error, "response", None), "status_code", None)
    number = getattr(error, "errno", None)
    if isinstance(error, HFValidationError):
        return 'neither a folder here nor a name on the hub ("owner/model"); check the spelling.'
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
    if re.search("Connect|Network|Read|Protocol|Chunked", type(error).__name__):
        return f"the connection to {hub} broke off; run this again, what is whole stays."
    if "Consistency check" in str(error):
        return "a file arrived cut short and was dropped; run this again, what is whole stays."
    if isinstance(error, (FileMetadataError, json.JSONDecodeError)):
        return f"{hub} answers, but not as a hub does; is this a login page of your network? Check HF_ENDPOINT and proxies."
    return f"the download failed ({type(error).__name__}: {_first_line(error)}); run this again, what is whole stays."


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [""])[0]
