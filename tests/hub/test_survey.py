"""The survey: a table of many models that survives failures and interrupts."""

from __future__ import annotations

import csv
import shutil
import signal
import subprocess
import time

import pytest
import torch
from safetensors.torch import load_file, save_file

from tests.hub import doubles
from tests.hub.conftest import CRFM, GPT2, NEO, PICKLED, PYTHIA
from zeropoint import __main__ as command
from zeropoint import models
from zeropoint.geometry import mean_pairwise_cosine
from zeropoint.models.survey import COLUMNS, MODELS, survey, table


def rows(path):
    with path.open(newline="") as f:
        return list(csv.DictReader(f))


def test_rows(hub, tmp_path):
    out = tmp_path / "table.csv"
    names = [NEO, PYTHIA, "someone/nothing", f"{CRFM}@checkpoint-0", PICKLED]
    found = list(survey(names, out))
    assert rows(out) == found and tuple(found[0]) == COLUMNS
    assert [(r["model"], r["matrix"]) for r in found] == [
        (NEO, "tied"), (PYTHIA, "input"), (PYTHIA, "output"), ("someone/nothing", ""),
        (f"{CRFM}@checkpoint-0", "tied"), (PICKLED, "tied"),
    ]  # fmt: skip
    assert "not on http" in found[3]["problem"]
    assert found[0]["source"] == "hub, test double"
    expected = mean_pairwise_cosine(models.load_embedding(NEO).W)
    assert float(found[0]["mean_cosine"]) == pytest.approx(expected, rel=1e-5)
    text = table(found)
    assert "not read: someone/nothing" in text and "tied" in text


def test_goes_on_where_it_stopped(hub, tmp_path):
    out = tmp_path / "table.csv"
    going = survey([NEO, PYTHIA, GPT2], out)
    next(going)
    going.close()  # as an interrupt does
    assert [r["model"] for r in rows(out)] == [NEO]
    hub.log.clear()
    list(survey([NEO, PYTHIA, GPT2], out))
    assert not any("neo" in path for _, path in hub.log)
    assert [r["model"] for r in rows(out)] == [NEO, PYTHIA, PYTHIA, GPT2]


def test_rows_of_an_earlier_run_say_so(hub, tmp_path):
    out = tmp_path / "table.csv"
    list(survey([NEO], out))
    found = list(survey([PYTHIA, NEO], out))
    assert [(r["model"], r["run"]) for r in found] == [(PYTHIA, "this"), (PYTHIA, "this"), (NEO, "earlier")]
    assert f"from an earlier run, same weights: {NEO} [test double]" in table(found)


def test_changed_weights_are_read_again(tmp_path):
    """A folder that training has written anew keeps its name, and not its old number."""
    folder = shutil.copytree(doubles.small("gpt2"), tmp_path / "ckpt")
    out = tmp_path / "table.csv"
    [before] = survey([str(folder)], out)
    state = load_file(folder / "model.safetensors")
    state["wte.weight"] = torch.randn(state["wte.weight"].shape)
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    [after] = survey([str(folder)], out)
    assert after["run"] == "this" and abs(float(after["mean_cosine"])) < 0.01 < float(before["mean_cosine"])
    assert [r["run"] for r in survey([str(folder)], out)] == ["earlier"]
    assert len(rows(out)) == 1


def test_one_name_in_two_places_is_two_models(tmp_path, monkeypatch):
    for place, name in (("here", "gpt2"), ("there", "crfm-0")):
        shutil.copytree(doubles.small(name), tmp_path / place / "ckpt")
    cosines = []
    for place in ("here", "there", "here"):
        monkeypatch.chdir(tmp_path / place)
        cosines += [(r["mean_cosine"], r["run"]) for r in survey(["./ckpt"], tmp_path / "table.csv")]
    assert cosines[0][0] == cosines[2][0] != cosines[1][0]
    assert [run for _, run in cosines] == ["this", "this", "earlier"]
    assert len({r["model"] for r in rows(tmp_path / "table.csv")}) == 2


def test_another_commit_under_the_same_name_is_read_again(hub, point, tmp_path):
    """So no row of a test double can come up where the real model is to be had."""
    out, real = tmp_path / "table.csv", hub.repos["openai-community/gpt2"]["main"]
    [double] = survey([GPT2], out)
    try:
        hub.add("openai-community/gpt2", doubles.small("crfm-100"))
        point(hub.url), shutil.rmtree(hub.cache)
        [other] = survey([GPT2], out)
    finally:
        hub.repos["openai-community/gpt2"]["main"] = real
    assert other["run"] == "this" and other["version"] != double["version"]
    assert other["mean_cosine"] != double["mean_cosine"]


def test_no_table_of_a_survey_is_shipped():
    listed = subprocess.run(["git", "ls-files", "*.csv"], cwd=doubles.ROOT, capture_output=True, text=True).stdout
    assert not [line for line in listed.splitlines() if "survey" in line]


def test_failures_are_tried_again(hub, tmp_path):
    out = tmp_path / "table.csv"
    hub.fail("pythia", "status", method="*", times=999, code=403)
    assert [bool(r["problem"]) for r in survey([PYTHIA, NEO], out)] == [True, False]
    hub.faults.clear()
    assert not any(r["problem"] for r in survey([PYTHIA, NEO], out))


def test_takes_no_stand_ins_for_real_models(point, tmp_path):
    point("http://127.0.0.1:9")
    found = list(survey([NEO, "mini-neo"], tmp_path / "table.csv"))
    assert "takes no stand-ins" in found[0]["problem"] and found[1]["source"] == "stand-in"


def test_command(hub, tmp_path, capsys):
    command.main(["survey", NEO, "--out", str(tmp_path / "table.csv")])
    assert "Kept in" in capsys.readouterr().out
    command.main(["stats", PYTHIA, "--json"])
    assert '"model": "EleutherAI/pythia-160m [test double]"' in capsys.readouterr().out
    with pytest.raises(SystemExit, match="zeropoint: someone/nothing: not on"):
        command.main(["stats", "someone/nothing"])


def test_foreign_file_is_not_overwritten(tmp_path):
    (tmp_path / "mine.csv").write_text("a,b\n1,2\n")
    with pytest.raises(SystemExit, match="no table of this survey"):
        command.main(["survey", "mini-neo", "--out", str(tmp_path / "mine.csv")])


def test_interrupt(apart, served, tmp_path):
    served.fail("storage", "slow", times=9, skip=2, bytes_per_second=5_000)
    out = tmp_path / "table.csv"
    # Its own handler: a process started from one in the background would ignore Ctrl-C.
    code = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    code += f"from zeropoint.__main__ import main; main(['survey', {NEO!r}, {PYTHIA!r}, '--out', {str(out)!r}])"
    process = apart(code)
    deadline = time.monotonic() + 120
    while not out.exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 1 and "the same command goes on" in err and "Traceback" not in err
    assert [r["model"] for r in rows(out)] == [NEO]


def test_default_list():
    families = ("gpt2", "gpt-neo", "pythia", "opt", "stanford-crfm")
    assert len(MODELS) == len(set(MODELS)) >= 15 and all(any(f in name for name in MODELS) for f in families)
