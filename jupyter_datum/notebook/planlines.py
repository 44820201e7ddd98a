"""A plan in words: which datums would run, and why, before anything does."""

from __future__ import annotations

from ..runner.foreseen import Preview
from ..runner.selection import EDITED, ENVIRONMENT, RENAMED, STALE
from ..words import counted, size, span
from .render import one_line


def preview_lines(name: str, found: Preview, workers: int) -> list[str]:
    """Say what a run would do, before it does."""
    parts = [f"{n:,} {_reason(reason, found)}" for reason, n in found.reasons.items()]
    lines = [
        f"{name}: {counted(found.total, 'datum')}: {', '.join(parts) or _none(found)}",
        f"  {found.would_run:,} would run" + _cost(found, workers),
    ]
    lines += ahead_lines(found)
    only = len(set(found.why)) == 1 < len(found.why)
    only = only and found.reasons.get(found.why[0].partition(": ")[0]) == found.would_run
    lines += first_lines(found, told=only)
    if found.would_run > len(found.first) > 0:
        lines.append(f"    and {found.would_run - len(found.first):,} more")
    lines += _sizes(found)
    lines += _set_apart(name, found)
    lines += _unseen(found)
    return lines + [f"  {one_line(note, 400)}" for note in found.notes]


def _none(found: Preview) -> str:
    return "none so far" if found.ahead else "the input is empty"


def ahead_lines(found: Preview) -> list[str]:
    """Return a line for each transform that would run before this one."""
    return [
        f"  upstream {each.name} cannot be planned: {one_line(each.error, 400)}"
        if each.error
        else f"  upstream {each.name} has {counted(each.would_run, 'datum')} to do first; "
        f"what {'it gives' if each.would_run == 1 else 'they give'} comes on top"
        for each in found.ahead
    ]


def first_lines(found: Preview, *, told: bool = False) -> list[str]:
    """Return a line for each of the first datums that would run, with its reason, if that was
    not `told` of all of them."""
    return [
        f"    {one_line(label)}" if told else f"    {one_line(label)}  ({one_line(why)})"
        for label, why in zip(found.first, found.why, strict=True)
    ]


def _reason(reason: str, found: Preview) -> str:
    """A reason, with what changed in the code or in the environment."""
    changed = {STALE: found.parts, ENVIRONMENT: found.environment}.get(reason)
    return f"{reason} ({one_line('; '.join(list(changed)[:3]))})" if changed else reason


def _sizes(found: Preview) -> list[str]:
    sizes = found.sizes
    if not sizes:
        return []
    key, largest = sizes["largest"][0]
    return [
        f"  {size(sizes['bytes'])} in all; a datum has {size(sizes['median'])} (median), "
        f"{size(sizes['p95'])} (95%), at most {size(largest)}: {one_line(key)}"
    ]


def _set_apart(name: str, found: Preview) -> list[str]:
    """What nobody but the user can decide."""
    lines = []
    if edited := found.reasons.get(EDITED):
        lines.append(
            f"  {counted(edited, 'output')} edited by hand and kept; made anew with "
            "--replace-edited:"
        )
        lines += [f"    {one_line(label)}" for label in found.examples[EDITED]]
    if renamed := found.reasons.get(RENAMED):
        lines.append(
            f"  {renamed:,} renamed, with the content of vanished ones; %datum move {name} keeps "
            "their results:"
        )
        lines += [f"    {one_line(label)}" for label in found.examples[RENAMED]]
    if found.parts:
        lines.append(f"  if the edit does not matter: --equivalent, or %datum equivalent {name}")
    if found.reasons.get(ENVIRONMENT):
        lines.append(
            "  without --strict-env, results of other versions of packages count as they are"
        )
    if found.vanished:
        of_them = f", {renamed:,} of them renamed" if renamed else ""
        lines.append(
            f"  {found.vanished:,} vanished{of_them}; their outputs are kept: "
            f"%datum prune {name} removes them"
        )
    if found.left_input:
        lines.append(
            f"  {found.left_input:,} left the input when it was written anew; "
            f"%datum prune {name} --all removes their outputs too"
        )
    return lines


def _unseen(found: Preview) -> list[str]:
    """Where the listing could not go, and what is not known therefore."""
    if not found.errors:
        return []
    why = one_line("; ".join(found.errors[:3]), 400)
    if not found.unknown:
        return [f"  the listing is incomplete: {why}"]
    many = f"{counted(found.unknown, 'datum')} {'is' if found.unknown == 1 else 'are'}"
    return [f"  unknown: {many} not listed, and the listing is incomplete: {why}"]


def _cost(found: Preview, workers: int) -> str:
    if not found.estimate:
        return ""
    many = counted(workers, "worker")
    return f": about {span(found.estimate / workers)} on {many}, going by the last run"
