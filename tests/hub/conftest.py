"""Every test here runs against the loopback hub; those with a full-size double are marked `hub_full` as well."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hub import doubles
from tests.hub.loopback import LoopbackHub

HERE = Path(__file__).parent
NEO, GPT2, PYTHIA, OPT = "EleutherAI/gpt-neo-125M", "gpt2", "EleutherAI/pythia-160m", "facebook/opt-125m"
SHARDED, PICKLED, CRFM = "someone/sharded", "someone/pickled", doubles.STANFORD


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.hub)


def pytest_terminal_summary(terminalreporter):
    """What each notebook cost; properties come from the workers too, printed lines would not."""
    reports = [report for outcome in ("passed", "failed") for report in terminalreporter.getreports(outcome)]
    for cost in sorted(value for r in reports for key, value in getattr(r, "user_properties", []) if key == "cost"):
        terminalreporter.write_line(cost)


@pytest.fixture(scope="session")
def served():
    """The loopback hub with all small doubles under real names."""
    with LoopbackHub() as hub:
        doubles.serve(hub, doubles.small)
        hub.add(SHARDED, doubles.small("sharded"))
        hub.add(PICKLED, doubles.small("pickled"))
        yield hub


@pytest.fixture
def point(monkeypatch, tmp_path):
    """point(url): huggingface_hub in this process asks there, with an empty cache; it does not wait between retries."""
    from huggingface_hub import constants, file_download
    from huggingface_hub.utils import _http

    from zeropoint.models import hub as ours

    def to(url: str) -> Path:
        monkeypatch.setattr(constants, "ENDPOINT", url)
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", url + "/{repo_id}/resolve/{revision}/{filename}")
        monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "cache"))
        monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
        monkeypatch.delenv("ZEROPOINT_MODELS", raising=False)
        waitless = SimpleNamespace(sleep=lambda seconds: None, monotonic=clock.tick)
        for module in (_http, file_download, ours):
            monkeypatch.setattr(module, "time", waitless)
        ours._probe.cache_clear()
        return tmp_path / "cache"

    class clock:
        now = 0.0

        @classmethod
        def tick(cls) -> float:
            cls.now += 2  # a patience of some seconds is then some tries
            return cls.now

    yield to
    ours._probe.cache_clear()


@pytest.fixture
def hub(served, point):
    """The loopback hub, freshly reset, as the hub of this process; `hub.cache` is an empty cache folder."""
    served.reset()
    served.cache = point(served.url)
    return served


@pytest.fixture
def apart(served, tmp_path):
    """apart(code, **environment): run code in a process of its own against the loopback hub; its Popen, with pipes."""
    served.reset()
    running = []

    def start(code: str, **environment: str) -> subprocess.Popen:
        env = os.environ | {"HF_ENDPOINT": served.url, "HF_HOME": str(tmp_path / "home"), "OMP_NUM_THREADS": "1"}
        env.pop("ZEROPOINT_MODELS", None)
        running.append(
            subprocess.Popen(
                [sys.executable, "-c", code],
                env=env | environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
        return running[-1]

    yield start
    for process in running:
        process.kill()
        process.wait()


def half_written(cache: Path) -> list[Path]:
    """Files that a later run might take for whole ones, or that are left over."""
    return [p for p in cache.rglob("*") if p.name.endswith((".incomplete", ".tmp"))]
