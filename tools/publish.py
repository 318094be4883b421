"""Move the series to its address, see that everything follows, and say what remains to be done by hand.

make publish REPOSITORY=OWNER/NAME
"""

from __future__ import annotations

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
  5. Take the line "not published yet" out of README.
"""


def strays(root: Path, old: str) -> list[str]:
    """Tracked files that still name the address `old`."""
    found = subprocess.run(["git", "grep", "-lF", old, "--", "."], cwd=root, capture_output=True, text=True)
    return found.stdout.split()


def publish(root: Path, repository: str) -> list[str]:
    """Set the address, build, and return the files that still name the old one."""
    project = build.address(root)
    build.main(["--repository", repository, "--root", str(root)])
    for name in ("CITATION.cff",):
        path = root / name
        text = path.read_text(encoding="utf-8")
        path.write_text(
            text.replace(f"github.com/{project['repository']}", f"github.com/{repository}"), encoding="utf-8"
        )
    return strays(root, project["repository"]) if project["repository"] != repository else []


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
