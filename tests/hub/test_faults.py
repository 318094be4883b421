"""What can go wrong on the way to the hub: one clear sentence, nothing half-written, never a wrong label, never long.

pytest tests/hub/test_faults.py -s      prints the table of faults and sentences
"""

from __future__ import annotations

import errno
import json
import re
import socket
import time
from collections.abc import Callable

import pytest
import torch

from tests.hub.conftest import GPT2, NEO, PYTHIA, half_written
from tests.hub.test_layouts import token_embedding
from zeropoint import models
from zeropoint.models import hub as ours

NOBODY = "http://127.0.0.1:9"


def sentence(call: Callable[[], object], case: str, error: type[Exception] = ours.HubError) -> str:
    """The message of the expected error: one line, and not a long one."""
    with pytest.raises(error) as caught:
        call()
    text = str(caught.value)
    print(f"\n| {case} | {re.sub('/tmp/[^ ]*?/(?=cache)', '…/', text)} |")
    assert "\n" not in text and len(text) < 420 and text.endswith(".")
    return text


# (case, what the hub does, a part of the sentence); for load and load_embedding alike
ANSWERS = {
    "404, no such model": (dict(where="pythia", kind="status", code=404, headers={"X-Error-Code": "RepoNotFound"}), "not on http"),
    "401, hidden or no such model": (
        dict(where="pythia", kind="status", code=401, headers={"X-Error-Code": "RepoNotFound"}),
        "check the spelling",
    ),
    "403, gated": (dict(where="resolve", kind="status", code=403, headers={"X-Error-Code": "GatedRepo"}), "gated .403.; accept its terms"),
    "403, forbidden": (dict(where="pythia", kind="status", code=403), "refuses access .403.; renew your token"),
    "429 without end": (dict(where="pythia", kind="status", code=429), "too many requests from here .429."),
    "500 without end": (dict(where="pythia", kind="status", code=500), "trouble of its own .500."),
    "503 for the weights": (dict(where="model.safetensors", kind="status", code=503), "trouble of its own .503."),
    "hub falls silent": (dict(where="model.safetensors", kind="hang", seconds=5), "stopped sending"),
    "connection dropped without end": (dict(where="storage", kind="drop"), "broke off"),
    "file cut short": (dict(where="storage", kind="truncate"), "cut short"),
    "a login page answers": (dict(where="/", kind="status", code=200), "not as a hub does"),
}  # fmt: skip


@pytest.mark.parametrize("load", [models.load, models.load_embedding])
@pytest.mark.parametrize("case", ANSWERS)
def test_hub_answers_badly(hub, monkeypatch, case, load):
    fault, expected = ANSWERS[case]
    monkeypatch.setattr(ours, "SILENCE_SECONDS", 0.5)
    monkeypatch.setattr(ours.constants, "HF_HUB_DOWNLOAD_TIMEOUT", 0.5)
    monkeypatch.setattr(ours.constants, "HF_HUB_ETAG_TIMEOUT", 0.5)
    monkeypatch.setattr("huggingface_hub.file_download._ETAG_RETRY_TIMEOUT", 0.5, raising=False)
    assert ours.reachable()
    hub.fail(times=999, method="*", **fault)
    assert re.search(expected, sentence(lambda: load(PYTHIA), case))
    assert not half_written(hub.cache)
    hub.faults.clear()
    assert torch.equal(models.load_embedding(PYTHIA).W, token_embedding("pythia"))
    assert torch.equal(models.load(PYTHIA).W_E, token_embedding("pythia"))


@pytest.mark.parametrize("load", [models.load, models.load_embedding])
@pytest.mark.parametrize("code", [429, 500, 503])
@pytest.mark.parametrize("where", ["/api/models", "resolve", "storage"])
def test_busy_for_a_moment(hub, where, code, load):
    assert ours.reachable()
    hub.fail(where, "status", method="*", times=2, code=code, headers={"Retry-After": "1"})
    assert load(PYTHIA).source == "hub"


@pytest.mark.parametrize("load", [models.load, models.load_embedding])
def test_slow_but_steady(hub, load):
    hub.fail("model.safetensors", "slow", method="*", times=9, seconds=0.1, bytes_per_second=1_000_000)
    assert load(PYTHIA).source == "hub"


def test_flipped_bit(hub):
    hub.fail("model.safetensors", "flip", skip=0, times=9)
    text = sentence(lambda: models.load(PYTHIA), "flipped bit")
    assert "model.safetensors arrived damaged" in text
    assert not list(hub.cache.rglob("model.safetensors"))
    hub.faults.clear()
    assert torch.equal(models.load(PYTHIA).W_E, token_embedding("pythia"))


def test_no_such_revision(hub):
    text = sentence(lambda: models.load_embedding(PYTHIA, revision="step7"), "no such revision")
    assert "has no revision 'step7'" in text
    assert "has no revision 'step7'" in sentence(lambda: models.load(f"{PYTHIA}@step7"), "no such revision")


def test_misspelt(hub):
    assert "not on" in sentence(lambda: models.load("gpt22"), "misspelt")
    assert "neither a folder here nor a name" in sentence(lambda: models.load("a/b/c"), "no name at all")


def test_gated_repository(hub):
    hub.gated[PYTHIA] = 401
    assert "accept its terms" in sentence(lambda: models.load(PYTHIA), "401, gated")
    assert "accept its terms" in sentence(lambda: models.load_embedding(PYTHIA), "401, gated")


def test_no_weights_on_the_hub(hub, tmp_path):
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "config.json").write_text('{"model_type": "gpt2"}')
    hub.add("someone/bare", tmp_path / "bare")
    for load in (models.load, models.load_embedding):
        assert "neither safetensors nor pytorch_model.bin" in sentence(
            lambda load=load: load("someone/bare"), "no weights"
        )


def test_disk_full(hub, monkeypatch):
    def full(url, file, **options):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as m:
        m.setattr("huggingface_hub.file_download.http_get", full)
        assert "is full; free some space" in sentence(lambda: models.load(PYTHIA), "disk full")
        assert not half_written(hub.cache)
        m.setattr(ours, "http_get", full)
        assert "is full; free some space" in sentence(lambda: models.load_embedding(PYTHIA), "disk full")
    assert torch.equal(models.load_embedding(PYTHIA).W, token_embedding("pythia"))


def test_cache_not_writable(hub, tmp_path, monkeypatch):
    (tmp_path / "a file").touch()
    monkeypatch.setattr(ours.constants, "HF_HUB_CACHE", str(tmp_path / "a file" / "cache"))
    for load in (models.load, models.load_embedding):
        assert "cannot be written" in sentence(lambda load=load: load(PYTHIA), "cache not writable")


# The hub is away


@pytest.fixture
def silent():
    """A server that accepts connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(params=["refused", "silent", "unknown host", "no name server", "broken", "login page", "offline"])
def away(request, point, silent, served, monkeypatch):
    """Seven ways for a hub to be away."""
    if request.param in ("broken", "login page"):
        served.reset()
        page = dict(code=503) if request.param == "broken" else dict(code=200, headers={"Content-Type": "text/html"})
        served.fail("/", "status", method="*", times=999, **page)
    real = socket.getaddrinfo

    def look_up(host, *args, **options):
        if host in ("hub.invalid", b"hub.invalid"):
            time.sleep(20 if request.param == "no name server" else 0)
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return real(host, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    point(
        {"refused": NOBODY, "silent": silent, "broken": served.url, "login page": served.url}.get(
            request.param, "http://hub.invalid"
        )
    )
    monkeypatch.setattr(ours.constants, "HF_HUB_OFFLINE", request.param == "offline")
    return request.param


def test_away(away, monkeypatch, tmp_path):
    """auto: the stand-in, named as such, within five seconds for the pair; hub: an error; never the wrong label."""
    began = time.monotonic()
    found = [models.find(name) for name in models.PAIR] + [models.find(name, weights=False) for name in models.PAIR]
    assert {f.label() for f in found} == {"mini-neo (raw, stand-in)", "mini-gpt2 (raw, stand-in)"}
    assert time.monotonic() - began < 5
    if away in ("refused", "offline"):  # as below, and quick
        monkeypatch.setenv("ZEROPOINT_MODELS", "hub")
        for load in (models.load, models.load_embedding):
            text = sentence(lambda load=load: load(NEO), f"hub away: {away}")
            assert ("HF_HUB_OFFLINE" if away == "offline" else "does not answer") in text
        assert not half_written(tmp_path)


@pytest.mark.parametrize("mode", ["hub", "auto"])
def test_a_model_without_stand_in_is_an_error(point, monkeypatch, mode):
    point(NOBODY)
    monkeypatch.setenv("ZEROPOINT_MODELS", mode)
    assert "does not answer" in sentence(lambda: models.load(PYTHIA), "hub away")


def test_hub_back_again(hub, point, monkeypatch):
    """After an error the same cell can be run again; after a stand-in the session stays with stand-ins."""
    point(NOBODY)
    monkeypatch.setenv("ZEROPOINT_MODELS", "hub")
    sentence(lambda: models.load_embedding(GPT2), "hub away")
    monkeypatch.setattr(ours.constants, "ENDPOINT", hub.url)
    monkeypatch.setattr(
        ours.constants, "HUGGINGFACE_CO_URL_TEMPLATE", hub.url + "/{repo_id}/resolve/{revision}/{filename}"
    )
    assert models.load_embedding(GPT2).source == "hub"


# In processes of their own


def test_two_notebooks_at_once(apart, served):
    """Each process gets all of the model and of the other's embedding; the server sends both about once."""
    code = (
        "from zeropoint import models; from zeropoint.models import hub; "
        f"print(hub.fetch({NEO!r}), models.load_embedding({GPT2!r}).W.sum().item())"
    )
    served.fail("storage", "slow", times=9, bytes_per_second=400_000)
    results = [process.communicate(timeout=180) for process in [apart(code), apart(code)]]
    assert len({out for out, _ in results}) == 1 and results[0][0].strip(), results
    sizes = [
        served.repos[name]["main"]["model.safetensors"].size
        for name in ("EleutherAI/gpt-neo-125m", "openai-community/gpt2")
    ]
    assert served.sent["model.safetensors"] < 1.1 * sum(sizes)


def test_killed_while_downloading(apart, served, point, tmp_path):
    served.fail("storage", "slow", times=1, bytes_per_second=100_000)
    process = apart(f"from zeropoint.models import hub; hub.fetch({PYTHIA!r})")
    deadline = time.monotonic() + 120
    while not served.sent["model.safetensors"] and time.monotonic() < deadline:
        time.sleep(0.05)
    assert process.poll() is None, "the download had not begun, so nothing was killed"
    process.kill()
    process.wait()
    point(served.url)
    ours.constants.HF_HUB_CACHE = str(tmp_path / "home" / "hub")  # the killed process's; `point` restores ours
    assert ours.cached(PYTHIA) is None
    assert torch.equal(models.load(PYTHIA).W_E, token_embedding("pythia"))


def test_first_cell_with_a_silent_hub(apart, silent):
    """As a learner meets it: nothing patched, a new process, a hub that accepts and never answers."""
    code = (
        "import time; from zeropoint import models; began = time.monotonic()\n"
        "print(models.find(models.PAIR[0]).label(), models.find(models.PAIR[1]).label(), time.monotonic() - began)"
    )
    out, err = apart(code, HF_ENDPOINT=silent).communicate(timeout=180)
    assert out.startswith("mini-neo (raw, stand-in) mini-gpt2 (raw, stand-in)"), err
    assert float(out.split()[-1]) < 5


def test_asked_for_the_hub_and_it_is_away(apart):
    code = f"from zeropoint import models; models.load_embedding({GPT2!r})"
    process = apart(code, HF_ENDPOINT=NOBODY, ZEROPOINT_MODELS="hub")
    _, err = process.communicate(timeout=180)
    assert process.returncode and "HubError: gpt2: http://127.0.0.1:9 does not answer;" in err.splitlines()[-1]


# --- the reader's own settings: named, and not taken for the hub's fault ---------------------------------------------


def both_say(expected: str, case: str, name: str = PYTHIA) -> None:
    for load in (models.load, models.load_embedding):
        text = sentence(lambda load=load: load(name), case)
        assert expected in text and "does not answer" not in text


@pytest.mark.parametrize("token", ["hf_x“", "hf_\x00x", "hf_ü", "hf_a\tb"])
def test_a_token_that_no_header_can_carry(hub, monkeypatch, token):
    monkeypatch.setattr(ours, "get_token", lambda: token)
    both_say("your token (HF_TOKEN) holds a character", "a token with a quotation mark")


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        ("socks5://127.0.0.1:9", "the proxy of this environment cannot be used"),
        ("nonsense://127.0.0.1:9", "the proxy of this environment cannot be used"),
        ("127.0.0.1:9", "does not answer through this environment's proxy"),
    ],
)
def test_a_proxy_that_does_not_work(apart, proxy, words):
    code = f"from zeropoint import models; models.load_embedding({PYTHIA!r})"
    _, err = apart(code, ALL_PROXY=proxy, all_proxy=proxy, NO_PROXY="", no_proxy="").communicate(timeout=180)
    assert words in err.splitlines()[-1], err


@pytest.mark.parametrize("endpoint", ["hub.local", "hub.local:8000", "ftp://hub.local"])
def test_an_address_without_a_scheme(point, endpoint):
    point(endpoint)
    both_say("has no scheme; begin it with https://", "HF_ENDPOINT without a scheme")


@pytest.mark.parametrize("variable", ["HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"])
def test_the_offline_variable_that_is_set_is_named(apart, variable):
    other = {"HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE"} - {variable}
    code = f"from zeropoint import models; models.load_embedding({PYTHIA!r})"
    _, err = apart(code, **{variable: "1"}).communicate(timeout=180)
    assert f"{variable} forbids asking" in err.splitlines()[-1] and not any(name in err for name in other)


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_cache_with_links_that_lead_nowhere(hub, point, file, monkeypatch):
    """Cleaned by hand, or copied without its blobs: fetched anew where the hub answers, one sentence where not."""
    models.load(PYTHIA)
    link = next(hub.cache.rglob(f"snapshots/*/{file}"))
    link.resolve().unlink()
    point(NOBODY)
    monkeypatch.setenv("ZEROPOINT_MODELS", "hub")
    assert "does not answer" in sentence(lambda: models.load(PYTHIA), f"cached {file} is a dangling link")
    point(hub.url)
    assert models.load(PYTHIA).label == f"{PYTHIA} [test double] (raw, hub)"


@pytest.mark.parametrize("header", [[], [1], {"a": 1}, {"a": {}}, {}, "text"], ids=str)
def test_a_file_on_the_hub_with_a_header_of_something_else(hub, tmp_path, header):
    folder = tmp_path / "odd"
    folder.mkdir()
    text = json.dumps(header).encode()
    (folder / "config.json").write_text('{"model_type": "gpt2"}')
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)
    hub.add("someone/odd", folder)
    assert "is no whole safetensors file" in sentence(lambda: models.load_embedding("someone/odd"), "odd header")
