"""A history as text: every version of a datum, and what changed in the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..errors import RunError
from ..ledger.queries import datum_name
from ..words import span, when

if TYPE_CHECKING:
    from .history import History, Version

#: Outputs of one version that are shown.
_OUTPUTS: Final = 5
#: Former names that are shown.
_NAMES: Final = 10


def as_text(history: History, *, diffs: bool = False) -> str:
    """Return a history as text, with the difference of the two codes that are to be compared.

    Parameters
    ----------
    history : History
    diffs : bool
        Whether each version shows what its code changed.
    """
    found = [f"{datum_name(history.transform, history.key)} (#{history.datum})"]
    found += [f"  renamed {when(at)}, before: {name}" for name, at in history.formerly[:_NAMES]]
    for at, version in enumerate(history.versions):
        found += _version(version)
        if diffs and (before := _before(history, at)) is not None:
            found += [f"      {line}" for line in history.diff(before, version.code).splitlines()]
    if history.between is not None:
        found += ["", *(history.diff().splitlines() or [_none(history, *history.between)])]
    elif len(history.codes) > 1 and not diffs:
        found += ["", *history.diff().splitlines()]
    return "\n".join(found)


def resolved(history: History, between: tuple[int, int] | None) -> tuple[int, int] | None:
    """Return numbers of versions; those below 0 count from the newest that made the datum.

    Raises
    ------
    RunError
        If one of them never made it.
    """
    if between is None:
        return None
    numbers = sorted(history.codes)
    named = dict(zip(range(-len(numbers), 0), numbers, strict=True))
    for number in between:
        if number not in named and number not in numbers:
            raise no_code(history, number)
    old, new = (named.get(number, number) for number in between)
    return old, new


def no_code(history: History, number: int) -> RunError:
    """Return what to say of a version that never made the datum."""
    return RunError(
        f"code {number} never made {datum_name(history.transform, history.key)}; there are: "
        + ", ".join(map(str, sorted(history.codes)))
    )


def _before(history: History, at: int) -> int | None:
    """The code before a version, if that is another one."""
    before = history.versions[at + 1].code if at + 1 < len(history.versions) else None
    return before if before in history.codes and before != history.versions[at].code else None


def _none(history: History, old: int, new: int) -> str:
    """What to say where no text differs."""
    names = ", ".join(history.differs(old, new))
    said = f"{names} changed, of which no text is kept" if names else "they are the same"
    return f"code {old} and code {new}: {said}"


def _version(version: Version) -> list[str]:
    changed = f"{', '.join(version.changed)} changed" if version.changed else ""
    changed += f" ({', '.join(version.parts)})" if version.parts else ""
    words = [
        f"{when(version.at)}",
        f"{version.state:<9}",
        f"code {version.code}",
        f"input {version.input or '-':<16}",
        f"{span(version.seconds):>8}",
        f"run {version.run[:8]}" + (" (restored)" if version.restored else ""),
        f"attempt {version.attempt}" if version.attempt > 1 else "",
        changed,
    ]
    found = ["  " + "  ".join(filter(None, words))]
    found += [f"      {version.message}"] if version.message else []
    found += [f"      {path}  {digest[:16]}" for path, _, digest in version.outputs[:_OUTPUTS]]
    if len(version.outputs) > _OUTPUTS:
        found.append(f"      and {len(version.outputs) - _OUTPUTS:,} more")
    if version.pruned:
        found.append(f"      pruned {when(version.pruned)}")
    return found
