import importlib.util
import os
import subprocess
import sys

if importlib.util.find_spec("zeropoint") is None:  # Colab, for instance; what is installed there stays as it is
    url = os.environ.get("ZEROPOINT_GIT_URL", "git+https://github.com/REPOSITORY@BRANCH")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", f"zeropoint @ {url}"], check=True)
import zeropoint

zeropoint.setup()
