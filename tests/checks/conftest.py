from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def desk(tmp_path, monkeypatch):
    """Progress in a folder of the test's own, not strict, one thread: the machine may be busy."""
    from zeropoint.desk import answers, record

    monkeypatch.setenv("ZEROPOINT_PROGRESS", str(tmp_path / "progress.json"))
    monkeypatch.delenv("ZEROPOINT_STRICT", raising=False)
    monkeypatch.setattr(record, "notices", [])
    monkeypatch.setattr(record, "_in_memory", {})
    monkeypatch.setattr(answers, "_passed", {})
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield tmp_path / "progress.json"
    torch.set_num_threads(threads)
