"""Move the series to its address, see that everything follows, and say what remains to be done by hand.

make publish REPOSITORY=OWNER/NAME
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tools import build
from tools.site import pages_address

ROOT = Path(__file__).parents[1]
BY_HAND = """
What remains, by hand:
  1. Commit what changed here: git commit -am "Our address"
  2. Create https://github.com/{repository} (empty), and push: git push https://github.com/{repository} {branch}
  3. Settings, Pages: choose "GitHub Actions" as the source. The workflow `site` then publishes build/site
     at {pages}; a first run that failed before this can be run again from the Actions tab.
  4. Settings, Actions: allow workflows; run `tests` and `colab` once from the Actions tab.
  5. Open one Colab badge from README in a private window and run the first cell.
  6. Take the line that begins "Not published yet" out of README; put 01's badge beside "Start with puzzle 01", and say
     that the walkthroughs can be read at {pages}.
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
    line = f"repository-code: https://github.com/{repository}"
    text = re.sub(r"^repository-code: .*$", line, citation.read_text(encoding="utf-8"), flags=re.M)
    citation.write_text(text, encoding="utf-8")
    return strays(root, old) if old != repository else []


def main(arguments: list[str], root: Path = ROOT) -> int:
    repository = " ".join(arguments)
    if not re.fullmatch(build.NAMES["repository"], repository):
        wrong = f"{repository!r} is not a repository's name" if repository else "No repository is named"
        sys.exit(f"{wrong}; give its owner and name, without an address: make publish REPOSITORY=OWNER/NAME")
    left = publish(root, repository)
    if left:
        print(f"These files still name the old address: {', '.join(left)}", file=sys.stderr)
        return 1
    branch, pages = build.address(root)["branch"], pages_address(repository)
    print(f"Every badge, link and citation names {repository}.")
    print(BY_HAND.format(repository=repository, branch=branch, pages=pages))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
