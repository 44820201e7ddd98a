"""Modules of the project that cannot travel by value, and so travel as their source.

A module whose functions use a lock, a socket or an open database cannot be pickled. Its
source can, if it still is what the kernel runs: the worker makes the module from that text
and looks at no file of the project. Sent along is what such a module imports of the
project, since its source imports that again.
"""

from __future__ import annotations

import ast
import contextlib
import importlib
import linecache
import os
import sys
import types
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from typing import Any, NamedTuple

from ..errors import CaptureError
from ..hashing import hex_digest
from ..hashing.values import is_plain
from .codetext import edited
from .loaded import changed_on_disk
from .wrappers import dumps


class Source(NamedTuple):
    """A module as text.

    ``package`` is where its submodules lie, None if it is no package; ``values`` are its plain
    globals as the kernel has them: what was set since its import counts in the fingerprint.
    """

    name: str
    filename: str
    text: bytes
    package: list[str] | None
    values: dict[str, Any]

    @property
    def digest(self) -> str:
        """Of all that the module is made from."""
        values = repr(sorted(self.values.items())).encode("utf-8", "backslashreplace")
        return hex_digest(b"\0".join([self.name.encode(), self.text, values]))


# -- in the kernel -------------------------------------------------------------------------


def as_sources(modules: Iterable[types.ModuleType]) -> list[Source]:
    """Return those of `modules` that cannot be pickled, with what they import of them.

    Raises
    ------
    CaptureError
        If the file of one is not what the kernel runs.
    """
    known = {module.__name__: module for module in modules}
    wanted: dict[str, Source] = {}
    open_ = [name for name, module in known.items() if not _travels(module)]
    while open_:
        name = open_.pop()
        if name in wanted:
            continue
        if name in known:
            wanted[name] = _source(known[name])
            open_ += _imported(wanted[name], known)
        else:  # a folder without __init__.py has no source, but must be there
            wanted[name] = Source(name, "", b"", [], {})
        if "." in name:
            open_.append(name.rpartition(".")[0])
    return [wanted[name] for name in sorted(wanted)]


def _travels(module: types.ModuleType) -> bool:
    for value in _data(vars(module), module.__name__):
        try:
            dumps(value)
        except Exception:  # whatever an object's own pickling raises
            return False
    return True


def _data(names: dict[str, Any], module: str, seen: frozenset[int] = frozenset()) -> Iterator[Any]:
    """Yield what is neither code nor somebody else's: globals, attributes of classes,
    defaults and closures. `seen` are the classes and functions that led here."""
    for name, value in list(names.items()):
        if name.startswith("__") or isinstance(value, types.ModuleType) or id(value) in seen:
            continue
        deeper = seen | {id(value)}
        if isinstance(value, type):
            if value.__module__ == module:
                yield from _data(dict(vars(value)), module, deeper)
        elif isinstance(value, types.FunctionType):
            defaults = {"defaults": value.__defaults__, **(value.__kwdefaults__ or {})}
            yield from _data(defaults, module, deeper)
            with contextlib.suppress(ValueError):  # a variable that is not bound yet
                cells = {f"c{i}": c.cell_contents for i, c in enumerate(value.__closure__ or ())}
                yield from _data(cells, module, deeper)
        elif not isinstance(
            value,
            staticmethod | classmethod | property | types.MemberDescriptorType
            | types.GetSetDescriptorType,
        ):  # fmt: skip
            yield value


def _source(module: types.ModuleType) -> Source:
    filename = str(module.__file__)
    try:
        text = Path(filename).read_bytes()
    except OSError as exc:
        raise CaptureError(
            f"{filename!r} holds what cannot be sent to a worker and so travels as its source; "
            f"that cannot be read: {exc.strerror}"
        ) from exc
    if changed_on_disk(module, text) or any(
        edited(function, filename, text) for function in _functions(vars(module), filename)
    ):
        raise CaptureError(
            f"{Path(filename).name} holds what cannot be sent to a worker (a lock, say) and so "
            "travels as its source; that was edited after its import. To use the new one: "
            f"importlib.reload({module.__name__})"
        )
    package = [str(p) for p in module.__path__] if hasattr(module, "__path__") else None
    values = {k: v for k, v in vars(module).items() if not k.startswith("__") and is_plain(v)}
    return Source(module.__name__, filename, text, package, values)


def _functions(
    names: dict[str, Any], filename: str, seen: frozenset[int] = frozenset()
) -> Iterator[types.FunctionType]:
    """Yield the functions and methods that were made from a file, out of their wrappers.
    `seen` are the classes that led here."""
    for value in list(names.values()):
        if isinstance(value, staticmethod | classmethod):
            value = value.__func__
        if isinstance(value, type):
            if _file_of(value.__module__) == filename and id(value) not in seen:
                yield from _functions(dict(vars(value)), filename, seen | {id(value)})
            continue
        value = value.__wrapped__ if hasattr(value, "__wrapped__") else value
        if isinstance(value, types.FunctionType) and value.__code__.co_filename == filename:
            yield value


def _file_of(module: str) -> str | None:
    return getattr(sys.modules.get(module), "__file__", None)


def _imported(source: Source, known: Iterable[str]) -> list[str]:
    """Names of `known` that the source imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source.text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(filter(None, [_base(source, node.level), node.module]))
            found |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return sorted(found & set(known))


def _base(source: Source, level: int) -> str:
    """What a relative import begins at."""
    if not level:
        return ""
    parts = source.name.split(".")
    return ".".join(parts[: len(parts) - level + (source.package is not None)])


def imported_sources(files: Mapping[str, str], texts: Mapping[str, bytes]) -> list[Source]:
    """Return modules by name as their source, with the folders without one in which they lie.

    Parameters
    ----------
    files, texts : mapping
        Path and content of each.
    """
    found = {}
    for name, path in files.items():
        if name not in texts:
            continue  # it cannot be read, which the import will say
        inner = [os.path.dirname(path)] if os.path.basename(path) == "__init__.py" else None
        found[name] = Source(name, path, texts[name], inner, {})
    for name, source in list(found.items()):
        folder = os.path.dirname(source.filename)
        if source.package is not None:
            folder = os.path.dirname(folder)
        while name := name.rpartition(".")[0]:
            found.setdefault(name, Source(name, "", b"", [folder], {}))
            folder = os.path.dirname(folder)
    return list(found.values())


# -- in the worker -------------------------------------------------------------------------


@contextlib.contextmanager
def present(sources: list[Source]) -> Iterator[None]:
    """Have modules made from `sources` importable under their names while a pickle is read.

    Afterwards they stay, but where the process has a module of that name from elsewhere: a
    kernel that is the worker of a recorded cell keeps its own.
    """
    if all(_made_from(sys.modules.get(source.name)) == source.digest for source in sources):
        yield
        return
    before = {s.name: sys.modules.pop(s.name) for s in sources if s.name in sys.modules}
    finder = _Finder(sources)
    sys.meta_path.insert(0, finder)
    try:
        for source in sources:
            importlib.import_module(source.name)
        yield
    finally:
        sys.meta_path.remove(finder)
        sys.modules.update({n: m for n, m in before.items() if _made_from(m) is None})


def came(name: str) -> bool:
    """Return whether this process has a module of that name that came with a payload."""
    return _made_from(sys.modules.get(name)) is not None


def _made_from(module: types.ModuleType | None) -> str | None:
    loader = getattr(module, "__loader__", None)
    return loader.source.digest if isinstance(loader, _Loader) else None


class StandIns:
    """Modules that a cell imports as it runs, from the text that was fingerprinted: their
    files may be edited while workers are being started.

    Parameters
    ----------
    sources : sequence of Source
    """

    def __init__(self, sources: Sequence[Source]) -> None:
        self._first = _Finder([source for source in sources if source.filename])
        #: Other parts of a folder without ``__init__.py`` may lie elsewhere on the path.
        self._last = _Finder([source for source in sources if not source.filename])
        self._names = [source.name for source in sources]
        self._made: dict[str, types.ModuleType] = {}
        self._before: dict[str, types.ModuleType] = {}

    def enter(self) -> None:
        """Have imports find them, and those that were imported before."""
        self._before = _taken(self._names)
        sys.modules.update(self._made)
        sys.meta_path.insert(0, self._first)
        sys.meta_path.append(self._last)

    def leave(self) -> None:
        """Have the process as it was."""
        sys.meta_path.remove(self._first)
        sys.meta_path.remove(self._last)
        self._made = _taken(self._names)
        sys.modules.update(self._before)


def _taken(names: list[str]) -> dict[str, types.ModuleType]:
    return {name: sys.modules.pop(name) for name in names if name in sys.modules}


class _Finder:
    """Finds recorded modules, before any file is looked at."""

    def __init__(self, sources: list[Source]) -> None:
        self._sources = {source.name: source for source in sources}

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """See :class:`importlib.abc.MetaPathFinder`."""
        source = self._sources.get(name)
        if source is None:
            return None
        spec = ModuleSpec(name, _Loader(source), origin=source.filename)
        spec.has_location = bool(source.filename)
        spec.submodule_search_locations = source.package
        return spec


class _Loader(SourceFileLoader):
    """Makes one module from its text; data that lies beside its file is read there."""

    def __init__(self, source: Source) -> None:
        super().__init__(source.name, source.filename)
        self.source = source

    def get_source(self, fullname: str) -> str:
        """See :class:`importlib.abc.InspectLoader`."""
        return self.source.text.decode("utf-8", "replace")

    def exec_module(self, module: types.ModuleType) -> None:
        """See :class:`importlib.abc.Loader`. Tracebacks quote the recorded text."""
        name, text = self.source.filename, self.get_source(self.source.name)
        linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
        exec(compile(self.source.text, name, "exec", dont_inherit=True), vars(module))
        vars(module).update(self.source.values)
