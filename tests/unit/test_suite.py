"""Every folder of tests is among those that pytest looks into: they are named one by one, for their order."""

import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_no_folder_of_tests_is_left_out():
    named = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["pytest"]["ini_options"]
    there = {f"tests/{path.parent.name}" for path in ROOT.glob("tests/*/test_*.py")}
    assert set(named["testpaths"]) == there
