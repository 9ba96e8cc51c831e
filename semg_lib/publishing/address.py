"""The repository's address, in every file that holds it: a fork publishes as its own.

``python -m semg_lib.publishing.address https://github.com/ME/FORK``
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from semg_lib.errors import REPOSITORY, command

ROOT = Path(__file__).parent.parent.parent
_HOST = "https://github.com/"
_ADDRESS = re.compile(re.escape(_HOST) + r"[\w-]+/[\w.-]*\w")


def rewrite(url: str, root: Path = ROOT) -> list[Path]:
    """Put another address in place of the repository's in all files that git knows.

    Raises
    ------
    ValueError
        If it is no address of a repository on GitHub.
    """
    if not _ADDRESS.fullmatch(url) or url.endswith(".git"):
        raise ValueError(f"{url!r} is no repository's: make address URL={_HOST}ME/FORK")
    # Colab's addresses hold owner and name alone.
    old, new = (each.removeprefix(_HOST).encode() for each in (REPOSITORY, url))
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, check=True, capture_output=True)
    changed = []
    for path in (root / name for name in listed.stdout.decode().split("\0")[:-1]):
        if path.is_file() and old in (content := path.read_bytes()):
            path.write_bytes(content.replace(old, new))
            changed.append(path)
    return changed


@command("address")
def main(arguments: list[str] | None = None) -> int:
    """Rewrite the address; see the module's first lines."""
    given = sys.argv[1:] if arguments is None else arguments
    url = given[0] if given else ""
    changed = rewrite(url)
    print(f"{url} stands in {len(changed)} files now; commit them")
    return 0


if __name__ == "__main__":
    sys.exit(main())
