import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("zeropoint") is None:  # Colab, for instance; what is installed there stays as it is
    url = os.environ.get("ZEROPOINT_GIT_URL", "git+https://github.com/REPOSITORY@BRANCH")
    if importlib.util.find_spec("pip") is None:  # an environment made by uv
        raise SystemExit(f'No pip here; in a terminal: uv pip install --python {sys.executable} "zeropoint @ {url}"')
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", f"zeropoint @ {url}"], check=True)
import zeropoint

zeropoint.setup()
