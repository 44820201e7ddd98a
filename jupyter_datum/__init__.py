"""Write a notebook cell against one datum, run it over all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .errors import DatumError

if TYPE_CHECKING:
    from .flow import Stream
    from .inputs import cross, datums, glob, grid, group, items, join, rows, split, union, whole
    from .notebook.replay import Replayed
    from .outcomes import Comparison

__all__ = [
    "DatumError",
    "compare",
    "cross",
    "datums",
    "glob",
    "grid",
    "group",
    "history",
    "items",
    "join",
    "lineage",
    "load_ipython_extension",
    "replay",
    "rows",
    "split",
    "stream",
    "transform",
    "union",
    "untracked",
    "whole",
]


#: Made in :mod:`.inputs`.
_INPUTS: Final = frozenset(
    ["cross", "datums", "glob", "grid", "group", "items", "join", "rows", "split", "union", "whole"]
)


def compare(a: Any, b: Any = None, *, project: str | None = None) -> Comparison:
    """Compare two runs, two versions of the code, or two transforms, datum by datum.

    Parameters
    ----------
    a, b : Transform or str
        A transform or its name (as it stands now), ``"NAME@VERSION"`` (1 is the first, -1
        the newest), or the first letters of a run's id. Without `b`: the two newest versions
        of transform `a`, or its two newest runs.
    project : str, optional
        A folder in the project; the working folder by default.

    Raises
    ------
    UsageError
        If one of them names nothing.
    """
    from .outcomes import compare_here

    return compare_here(a, b, project)


def replay(name: str, which: str | int = "failed", *, project: str | None = None) -> Replayed:
    """Return a recorded datum as its last attempt had it, to be worked with in a kernel.

    It is used as ``datum`` in a cell: ``datum = jupyter_datum.replay("lengths", "0003.txt")``
    with the code of the cell below runs that cell on that very datum. Inputs, value and captures
    are those of the attempt; ``datum.out`` is a private folder, and nothing is published or
    recorded; ``datum.partial`` is a folder with what the failed attempt had written, or None, and
    ``datum.changed`` lists input files that have changed since. Names that the cell read, and
    that the kernel does not have, are put there as they were recorded; those that it has are
    left alone.

    Parameters
    ----------
    name : str
        A transform.
    which : str or int
        A datum's key, its place in the newest run, ``"id:N"``, or ``"failed"``: the first one.
    project : str, optional
        A folder in the project; that of the kernel's notebook by default.

    Raises
    ------
    UsageError
        If there is no project, or no such transform.
    RunError
        If there is no such datum, or the input has it no more.
    SignatureError
        If somebody else has recorded it.
    """
    from .notebook.replay import replay as replay_here

    return replay_here(name, which, project)


def stream(name: Any, *, project: str | None = None, **options: Any) -> Stream:
    """Iterate the datums of a transform that succeed, while its run goes on.

    Parameters
    ----------
    name : str or Transform
    project : str, optional
        A folder in the project; the working folder by default.
    **options
        ``order``, ``on_error``, ``ahead``, ``part``, as of ``NAME.stream()``.

    Raises
    ------
    UsageError
        If it has not run, or there is no project.
    """
    from .flow import stream_here

    return stream_here(name, project, **options)


def __getattr__(name: str) -> Any:
    """Import at first use what a worker, a runner and most sessions never need: each process
    that we start would pay for it. The packages ``lineage`` and ``transform`` can be called."""
    if name in _INPUTS:
        from . import inputs

        return getattr(inputs, name)
    if name == "history":
        from .lineage import history_of

        return history_of
    if name == "untracked":
        from .transform.declared import untracked

        return untracked
    if name in ("lineage", "transform"):
        import importlib

        return importlib.import_module(f".{name}", __name__)
    if name == "__version__":
        from .runner.version import VERSION

        return VERSION
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def load_ipython_extension(shell: Any) -> None:
    """``%load_ext jupyter_datum``."""
    from .notebook import load  # the one import that runs upward: IPython asks here

    load(shell)


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell JupyterLab's tools where the built front end is, and what it is called."""
    return [{"src": "labextension", "dest": "jupyter-datum"}]


def _jupyter_server_extension_points() -> list[dict[str, Any]]:
    """Tell a Jupyter server, whose configuration names this package, where its extension is."""
    return [{"module": "jupyter_datum.server"}]
