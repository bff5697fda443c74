"""Things that must not be in the tree: long files, paths of a machine, names of registry hosts."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

LONGEST = 650  # about 600
CODE = {".rs", ".py", ".c", ".h", ".js"}
# Spelled in two halves so that this file does not find itself.
HOSTS = re.compile(
    "|".join(
        ("pypi" r"\.org", "python" r"hosted\.org", "registry" r"\.npmjs", "deb" r"\.debian\.org", "crates" r"\.io/")
    )
)
PATHS = re.compile(r"(^|[^A-Za-z0-9_.])/(work|farm|root)/")
DATA = {".lock", ".png", ".gif", ".uf2", ".elf", ".bin"}


def main() -> int:
    """Prints what it finds; 1 if it finds anything."""
    found = []
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, check=True).stdout
    for name in listed.splitlines():
        path = Path(name)
        if path.suffix in DATA or path.name.endswith("lock.json") or not path.is_file():
            continue
        text = path.read_text(encoding="utf-8", errors="replace")
        lines = text.splitlines()
        if path.suffix in CODE and len(lines) > LONGEST:
            found.append(f"{name}: {len(lines)} lines: split it by rooms ({LONGEST} at most)")
        for number, line in enumerate(lines, 1):
            if HOSTS.search(line):
                found.append(f"{name}:{number}: names a package registry's host: name the package instead")
            if PATHS.search(line):
                found.append(f"{name}:{number}: names a path of a machine")
    print("\n".join(found) or "hygiene: nothing found")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
