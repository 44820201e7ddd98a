"""What a soak works on: files, items, and transforms of which it is known what they make."""

from __future__ import annotations

import hashlib
import os
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

#: What every cell does: it says that it begins, may die of itself once, writes its file,
#: and says that it ended. ``unit`` tells the calls of one process apart.
_CELL = """
import hashlib, os, sys, time
def soak(datum, key, data):
    me = getattr(sys, "_soak", None)
    if me is None or me[0] != os.getpid():
        me = sys._soak = [os.getpid(), time.monotonic_ns(), 0]
    digest = hashlib.sha256(data).hexdigest()[:12]
    what = "|".join((NAME, key, CODE, digest))
    def say(word):
        line = f"{word} {me[0]}-{me[1]} {me[2]} {what}\\n".encode()
        handle = os.open(LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        os.write(handle, line)
        os.close(handle)
    say("begin")
    lot = int(digest, 16)
    once = os.path.join(ONCE, hashlib.sha256(what.encode()).hexdigest()[:20])
    if lot % 30 == 0 and not os.path.exists(once):
        open(once, "w").close()
        way = lot // 30 % (2 if BATCH else 4)
        if way == 0: os.kill(os.getpid(), 9)
        if way == 1: os._exit(3)
        if way == 2: raise OSError(5, "now and then")
        if way == 3: time.sleep(600)
    if data.startswith(b"BAD"): raise ValueError("bad content")
    time.sleep(lot % 7 / 7 * PAUSE)
    datum.out_file(".txt").write_text(f"{CODE} {digest}\\n")
    say("end")
    return digest
def unit():
    if getattr(sys, "_soak", None) is None or sys._soak[0] != os.getpid():
        sys._soak = [os.getpid(), time.monotonic_ns(), 0]
    sys._soak[2] += 1
unit()
"""
_KEY_AND_DATA = {
    "files": "soak(datum, datum.rel, datum.path.read_bytes())",
    "items": "soak(datum, str(datum.value), str(datum.value).encode())",
    "group": (
        "soak(datum, datum.key['by'],"
        " b''.join(p.name.encode() + p.read_bytes() for p in datum.paths['in']))"
    ),
    "chain": "soak(datum, datum.rel, datum.path.read_bytes())",
    "batch": "[soak(d, str(d.value), str(d.value).encode()) for d in datums]",
}


def digest_of(data: bytes) -> str:
    """As the cell makes it."""
    return hashlib.sha256(data).hexdigest()[:12]


@dataclass
class Part:
    """One transform."""

    name: str
    kind: str
    code: str
    above: Part | None = None
    items: list[int] = field(default_factory=list)

    @property
    def reads_files(self) -> bool:
        """Whether what it is made of lies in files that may change under it."""
        return self.kind in ("files", "group", "chain")

    def line(self, engine: str, rng: random.Random) -> str:
        """As a user would write it."""
        source = {
            "files": '"in/*.txt"',
            "items": f"items_{self.name}",
            "batch": f"items_{self.name}",
            "group": "group(glob('in/(?)*.txt'),by='$1')",
            "chain": self.above.name if self.above else "",
        }[self.kind]
        line = (
            f"{self.name} -i {source} --engine {engine} --workers {rng.choice((1, 2, 3))}"
            " --tries 6 --backoff 50ms --timeout 6s --no-probe"
        )
        return f"{line} --batch 4" if self.kind == "batch" else line

    def cell(self, log: Path, once: Path, pause: float) -> str:
        """Its code as it stands now."""
        names = {
            "NAME": self.name, "CODE": self.code, "LOG": str(log), "ONCE": str(once),
            "PAUSE": pause, "BATCH": self.kind == "batch",
        }  # fmt: skip
        constants = "".join(f"{name} = {value!r}\n" for name, value in names.items())
        return constants + _CELL + _KEY_AND_DATA[self.kind]


class World:
    """The files, items and transforms of one soak, and what they are to come to.

    Parameters
    ----------
    folder : Path
        Of the project.
    rng : Random
    """

    def __init__(self, folder: Path, rng: random.Random) -> None:
        self.inputs = folder / "in"
        self.inputs.mkdir()
        self._rng = rng
        self._count = 0
        for _ in range(rng.randint(8, 60)):
            self.add_file()
        self.parts: list[Part] = []
        for i in range(rng.randint(2, 4)):
            self._add_part(f"t{i}", rng.choice(("files", "items", "group", "chain", "batch")))

    def _add_part(self, name: str, kind: str) -> None:
        feeding = [p for p in self.parts if p.kind in ("files", "chain")]
        if kind == "chain" and not feeding:
            kind = "files"
        part = Part(name, kind, self._next())
        if kind == "chain":
            part.above = self._rng.choice(feeding)
        if kind in ("items", "batch"):
            part.items = [int(self._next()) for _ in range(self._rng.randint(5, 120))]
        self.parts.append(part)

    def _next(self) -> str:
        self._count += 1
        return f"{self._count + 1000}"

    # -- what it is to come to -------------------------------------------------------------

    def expected(self, part: Part) -> dict[str, str]:
        """What each datum's cell gives now, by its key."""
        if part.kind in ("items", "batch"):
            return {str(n): digest_of(str(n).encode()) for n in part.items}
        if part.kind == "group":
            found: dict[str, bytes] = {}
            for path in sorted(self.inputs.glob("*.txt")):
                found[path.name[0]] = found.get(path.name[0], b"") + (
                    path.name.encode() + path.read_bytes()
                )
            return {key: digest_of(data) for key, data in found.items()}
        if part.above is not None:
            above = self.expected(part.above)
            code = part.above.code
            return {key: digest_of(f"{code} {digest}\n".encode()) for key, digest in above.items()}
        return {p.name: digest_of(p.read_bytes()) for p in sorted(self.inputs.glob("*.txt"))}

    # -- edits -----------------------------------------------------------------------------

    def add_file(self) -> None:
        number = self._next()
        bad = self._rng.random() < 0.05
        path = self.inputs / f"{self._rng.choice('abcd')}{number}.txt"
        path.write_text(f"{'BAD' if bad else 'good'} {number}\n")

    def _some(self) -> Path | None:
        found = sorted(self.inputs.glob("*.txt"))
        return self._rng.choice(found) if found else None

    def change_file(self) -> None:
        """The size stays mostly: only a look at the content tells."""
        if path := self._some():
            path.write_text(f"good {self._next()}{'!' * self._rng.choice((0, 0, 5))}\n")

    def replace_file(self) -> None:
        """Another file in its place, at once."""
        if path := self._some():
            part = path.with_suffix(".part")
            part.write_text(f"good {self._next()}\n")
            part.replace(path)

    def touch_file(self) -> None:
        if path := self._some():
            path.touch()

    def remove_file(self) -> None:
        if (path := self._some()) and len(list(self.inputs.iterdir())) > 4:
            path.unlink()

    def rename_file(self) -> None:
        if path := self._some():
            path.rename(path.with_name(f"{self._rng.choice('abcd')}{self._next()}.txt"))

    def mend_files(self) -> None:
        """No file is bad any more."""
        for path in self.inputs.glob("*.txt"):
            if path.read_bytes().startswith(b"BAD"):
                path.write_text(f"good {self._next()}\n")

    def edit_code(self) -> None:
        self._rng.choice(self.parts).code = self._next()

    def edit_items(self) -> None:
        for part in self.parts:
            if part.items:
                part.items = [n for n in part.items if self._rng.random() > 0.1]
                part.items += [int(self._next()) for _ in range(self._rng.randint(1, 5))]

    def edits(self) -> list[Callable[[], None]]:
        """All kinds; those of files may come while runs go on."""
        return [*self.file_edits(), self.edit_code, self.edit_items]

    def file_edits(self) -> list[Callable[[], None]]:
        return [
            self.add_file, self.change_file, self.replace_file, self.touch_file,
            self.remove_file, self.rename_file,
        ]  # fmt: skip

    def out(self, part: Part) -> Path:
        return self.inputs.parent / "out" / part.name

    def lose_output(self) -> tuple[str, str] | None:
        """Remove an output file; return whose it was: transform, and what it held."""
        part = self._rng.choice(self.parts)
        found = sorted(p for p in self.out(part).glob("*.txt") if p.is_file())
        if not found:
            return None
        path = self._rng.choice(found)
        held = path.read_text().strip()
        os.unlink(path)
        return part.name, held
