"""Run a command as a user with the hub would run it, but against the loopback hub with full-size doubles.

    python -m tests.hub.under [--small] COMMAND …      for example: … make run, or … jupyter lab

The command finds all models that the notebooks ask for under their names, and begins with an empty cache.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from tests.hub import doubles
from tests.hub.loopback import LoopbackHub


def main() -> int:
    arguments = sys.argv[1:]
    get = doubles.small if arguments[:1] == ["--small"] else doubles.full
    with LoopbackHub() as hub, tempfile.TemporaryDirectory() as home:
        doubles.serve(hub, get)
        env = os.environ | {"HF_ENDPOINT": hub.url, "HF_HOME": home, "ZEROPOINT_MODELS": "hub"}
        return subprocess.call(arguments[get is doubles.small :], env=env)


if __name__ == "__main__":
    sys.exit(main())
