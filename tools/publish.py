"""Move the series to its address, see that everything follows, and say what remains to be done by hand.

make publish REPOSITORY=OWNER/NAME
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools import build

ROOT = Path(__file__).parents[1]
BY_HAND = """
What remains, by hand:
  1. Create https://github.com/{repository} (empty), and push: git push https://github.com/{repository} main
  2. Settings, Pages: choose "GitHub Actions" as the source. The workflow `site` then publishes build/site.
  3. Settings, Actions: allow workflows; run `tests` and `colab` once from the Actions tab.
  4. Open one Colab badge from README in a private window and run the first cell.
  5. Take the line that begins "Not published yet" out of README.
"""


def strays(root: Path, old: str) -> list[str]:
    """Tracked files that still name the address `old`; a longer name that contains it, OWNER/NAME-2, is another."""
    names = re.compile(rf"(?<![\w-]){re.escape(old)}(?![\w-])")
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True, text=True).stdout
    paths = [root / name for name in tracked.split("\0") if name]
    texts = {path: path.read_bytes().decode(errors="ignore") for path in paths if path.is_file()}
    return [str(path.relative_to(root)) for path, text in texts.items() if names.search(text)]


def publish(root: Path, repository: str) -> list[str]:
    """Set the address, build, and return the files that still name the old one."""
    old = build.address(root)["repository"]
    build.main(["--repository", repository, "--root", str(root)])
    citation = root / "CITATION.cff"
    text = citation.read_text(encoding="utf-8")
    citation.write_text(text.replace(f"github.com/{old}", f"github.com/{repository}"), encoding="utf-8")
    return strays(root, old) if old != repository else []


def main() -> int:
    if len(sys.argv) != 2:
        sys.exit("Name the address: make publish REPOSITORY=OWNER/NAME")
    repository = sys.argv[1]
    left = publish(ROOT, repository)
    if left:
        print(f"These files still name the old address: {', '.join(left)}", file=sys.stderr)
        return 1
    print(f"Every badge, link and citation names {repository}." + BY_HAND.format(repository=repository))
    return 0


if __name__ == "__main__":
    sys.exit(main())
