"""Says how large the parts of the built JupyterLab half are, and whether one is too large.

``python tools/bundles.py [folder]``, after ``jlpm build:prod``: the code that a page loads at its
start has 60 KiB at most, gzipped, its styles 20, the part that lays out lineage 25; the others 40
each.
"""

from __future__ import annotations

import gzip
import re
import sys
from pathlib import Path
from typing import Final

STATIC: Final = Path(__file__).parent.parent / "jupyter_datum" / "labextension" / "static"
#: KiB, gzipped.
FIRST: Final = 60.0
STYLES: Final = 20.0
LINEAGE: Final = 25.0
OTHER: Final = 40.0
#: Stands in the code of the layout library, which minifying leaves as it is.
_LAYOUT: Final = b"rankdir"


def size(*paths: Path) -> float:
    """Return the KiB of files as a server sends them, gzipped."""
    return sum(len(gzip.compress(path.read_bytes(), 6)) for path in paths) / 1024


def first(static: Path) -> tuple[list[Path], list[Path]]:
    """Return what a page loads at its start: the entry with the code that it names, and styles.

    Raises
    ------
    ValueError
        If that is not a production build.
    """
    (entry,) = static.glob("remoteEntry.*.js")
    text = entry.read_text(encoding="utf-8")
    code, styles = (_parts(static, text, name) for name in ("index", "style"))
    if not code or not styles:
        raise ValueError(f"{static}: no production build; run jlpm build:prod first")
    return [entry, *code], styles


def _parts(static: Path, text: str, name: str) -> list[Path]:
    exposed = re.search(rf'"\./{name}":\(\)=>(.*?)\.then\(', text)
    parts = re.findall(r'\.e\("?(\w+)"?\)', exposed[1]) if exposed else []
    return [path for part in parts for path in static.glob(f"{part}.*.js")]


def look(static: Path) -> tuple[list[str], list[str]]:
    """Return what there is to say of each part, and which are too large."""
    code, styles = first(static)
    sizes = {"start": (size(*code), FIRST), "styles": (size(*styles), STYLES)}
    for path in sorted(static.glob("*.js")):
        if path not in (*code, *styles) and path.name != "style.js":
            lineage = _LAYOUT in path.read_bytes()
            name = "lineage" if lineage else path.name.split(".")[0]
            sizes[name] = (size(path), LINEAGE if lineage else OTHER)
    lines = [f"{kib:6.1f} of {most:.0f} KiB  {name}" for name, (kib, most) in sizes.items()]
    return lines, [name for name, (kib, most) in sizes.items() if kib > most]


def main(args: list[str]) -> int:
    """Print the sizes; 1 if one is too large."""
    lines, large = look(Path(args[0]) if args else STATIC)
    print("\n".join(lines))
    if large:
        print(f"too large, gzipped: {', '.join(large)}; load later what is not needed at once")
    return 1 if large else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
