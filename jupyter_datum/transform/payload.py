"""The payload: code and captured values as one pickle, and how a worker runs it.

Everything is dumped at once, and in the worker cell and helpers live in *one* namespace:
a helper's globals are the very dict in which the cell runs, so a helper that reads a
constant or calls another helper does what it did in the kernel. Modules of the project
travel by value: a worker never reads their files, which may have been edited since.
"""

from __future__ import annotations

import linecache
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from types import CodeType, FunctionType, ModuleType
from typing import Any, Final

from ..errors import CaptureError
from ..hashing import hex_digest, type_name, unpickled
from .capture import Captured
from .cell import Cell, Compiled, compile_cell
from .check import SLOT, checker
from .command import COMMANDS
from .fallback import RECOVER, Fallback
from .modules import Source, StandIns, as_sources, came, present
from .names import bound_names
from .setup import SETUP, SetupDatum, setup_of
from .wrappers import dumps

#: Bytes of a payload above which somebody must want it, and above which it is refused.
LARGE: Final = 64 << 20
LARGEST: Final = 1 << 30

#: Asked for a large payload: its digest, and a question for people.
Consent = Callable[[str, str], bool]


def build_payload(
    cell: Cell,
    captured: Captured,
    functions: Iterable[FunctionType] = (),
    consent: Consent = lambda digest, question: False,
    imports: Sequence[Source] = (),
) -> bytes:
    """Return cell and captured values as one pickle.

    Parameters
    ----------
    cell : Cell
    captured : Captured
    functions : iterable of function
        Of the notebook; the text of their cells goes along, for tracebacks.
    consent : callable
        Whether more than 64 MB may be sent.
    imports : sequence of Source
        Modules that it imports as it runs.

    Raises
    ------
    CaptureError
        If a value cannot be pickled, with its name; or if all are larger than 1 GB, or than
        64 MB without consent, with the largest names.
    """
    content = {
        # A function with the kernel's globals: in the worker its globals are the one
        # namespace that all helpers of this pickle share.
        "marker": FunctionType(_marker_code(), captured.namespace, "marker"),  # type: ignore[arg-type]
        "values": captured.values,
        "bound": sorted(captured.bound),
        "cell": (cell.body, cell.filename, cell.first_line, cell.whole),
        "sources": _sources(functions, cell.filename),
        "imports": list(imports),
    }
    data = _dump(content, captured)
    if len(data) > LARGE:
        _check_size(data, captured, consent)
    return data


def _check_size(data: bytes, captured: Captured, consent: Consent) -> None:
    """Every worker reads all of a payload, and each run with another value keeps another."""
    says = f"the captured values take {len(data) / 2**20:,.0f} MB: {_largest(captured)}"
    advice = "Write them to a file and read that in the cell"
    if len(data) > LARGEST:
        raise CaptureError(f"{says}. {advice}")
    if not consent(payload_digest(data), f"{says}. Every worker loads them. Send them? [y/N] "):
        raise CaptureError(f"{says}. {advice}, or say --large-payload to send them all the same")


def _dump(content: Any, captured: Captured) -> bytes:
    """One pickle of all. Modules of the project go in it by value; those that cannot, a lock
    among their globals, go before it as source."""
    with _by_value(captured.modules):
        try:
            return dumps(content)
        except Exception as exc:
            sources = as_sources(captured.modules)
            if not sources:
                raise _culprit(captured, exc) from exc
    names = {source.name for source in sources}
    with _by_value(m for m in captured.modules if m.__name__ not in names):
        try:
            return dumps({"modules": sources, "content": dumps(content)})
        except Exception as exc:
            raise _culprit(captured, exc) from exc


@contextmanager
def _by_value(modules: Iterable[ModuleType]) -> Iterator[None]:
    import cloudpickle

    with ExitStack() as stack:
        for module in modules:
            cloudpickle.register_pickle_by_value(module)
            stack.callback(cloudpickle.unregister_pickle_by_value, module)
        yield


def _culprit(captured: Captured, exc: Exception) -> CaptureError:
    """Find the name that cannot be pickled."""
    for name, value in captured.values.items():
        try:
            dumps(value)
        except Exception as own:
            return CaptureError(
                f"{name!r} ({type_name(value)}) is used by the cell and cannot be sent to a "
                f"worker: {own}. Make it inside the cell"
            )
    return CaptureError(f"the captured values cannot be sent to a worker: {exc}")


def _largest(captured: Captured) -> str:
    sizes = {}
    with _by_value(captured.modules):
        for name, value in captured.values.items():
            try:
                sizes[name] = len(dumps(value))
            except Exception:  # of a module that travels as source: it is not what is large
                continue
    top = sorted(sizes.items(), key=lambda pair: -pair[1])[:3]
    return ", ".join(f"{name} {size / 2**20:,.0f} MB" for name, size in top)


def _marker_code() -> CodeType:
    return (lambda: None).__code__


def _sources(functions: Iterable[FunctionType], cell: str) -> dict[str, str]:
    names = {f.__code__.co_filename for f in functions if f.__module__ == "__main__"} - {cell}
    return {name: "".join(linecache.getlines(name)) for name in sorted(names)}


def payload_digest(data: bytes) -> str:
    """Return the name of a payload."""
    return hex_digest(data, 32)


class Loaded:
    """A transform in a worker, ready to run.

    Parameters
    ----------
    namespace : dict
        In which the cell and its helpers live.
    cell : Cell
    bound : list of str
        Names that the cell binds.
    imports : sequence of Source
        Modules that it imports as it runs.
    """

    def __init__(
        self,
        namespace: dict[str, Any],
        cell: Cell,
        bound: list[str],
        imports: Sequence[Source] = (),
    ) -> None:
        self.namespace = namespace
        #: To be entered while it runs: a kernel may have imported them before they were edited.
        self.imports = StandIns(imports)
        schema = namespace.pop(SLOT, None)
        #: Raises if a result is not what it must be; None if it may be anything.
        self.check = None if schema is None else checker(schema)
        #: Called when the last try has failed; None if nobody is.
        self.recover: Fallback | None = namespace.pop(RECOVER, None)
        namespace.update(COMMANDS)
        self._setup = setup_of(namespace)
        namespace.pop(SETUP, None)
        self._compiled = compile_cell(cell)
        self._bound = bound
        self._note_bound()

    def setup_names(self) -> list[str]:
        """Return the names that its setup cell binds; none without one."""
        return sorted(bound_names(self._setup.tree())) if self._setup else []

    def names(self) -> dict[str, Any]:
        """Return what the cell finds in its namespace: captured values, and what its setup
        cell has bound."""
        ours = {"datum", "datums"}
        return {
            name: value
            for name, value in self.namespace.items()
            if not name.startswith("__") and name not in ours
        }

    def _note_bound(self) -> None:
        namespace, bound = self.namespace, self._bound
        self._put_back = {name: namespace[name] for name in bound if name in namespace}
        self._remove = [name for name in bound if name not in namespace]

    def run(self, datum: Any, name: str = "datum") -> Any:
        """Run the cell on `datum`; return the value of its last expression, else None.

        The cell knows it by `name`.
        Whatever it raises comes through. Afterwards the names that the cell binds are gone,
        or what they were before.
        """
        namespace = self.namespace
        namespace[name] = datum
        try:
            return self._run(self._compiled)
        finally:
            for name in self._remove:
                namespace.pop(name, None)
            namespace.update(self._put_back)

    def set_up(self, device: str) -> None:
        """Run the setup cell, if there is one: what it binds is there for every datum.

        Whatever it raises comes through.
        """
        if self._setup is None:
            return
        self.namespace["datum"] = SetupDatum(device)
        try:
            self._run(compile_cell(self._setup))
        finally:
            self.namespace.pop("datum", None)
            self._note_bound()

    def _run(self, compiled: Compiled) -> Any:
        if compiled.asynchronous:
            return _run_to_end(self._arun(compiled))
        if compiled.body is not None:
            exec(compiled.body, self.namespace)
        return None if compiled.last is None else eval(compiled.last, self.namespace)

    async def _arun(self, compiled: Compiled) -> Any:
        result = None
        for code in (compiled.body, compiled.last):
            if code is not None:
                result = eval(code, self.namespace)
                if code.co_flags & 0x80:  # CO_COROUTINE: it awaits
                    result = await result
        return None if compiled.last is None else result


def pickle_by_value(content: dict[str, Any], captured: Captured) -> bytes:
    """Return `content` as one pickle, functions and the project's modules in it by value.

    Raises
    ------
    CaptureError
        If it cannot be pickled; `captured` tells which name it is.
    """
    return _dump(content, captured)


def unpickle(data: bytes) -> Any:
    """Inverse of :func:`pickle_by_value`. Only of bytes whose digest a signed recipe names."""
    content = unpickled(data)
    if "modules" in content:
        with present(content["modules"]):
            content = unpickled(content["content"])
    return content


def load_payload(data: bytes) -> Loaded:
    """Inverse of :func:`build_payload`. Only of bytes whose digest a signed recipe names."""
    content = unpickle(data)
    namespace = content["marker"].__globals__
    namespace.update(content["values"])
    namespace.setdefault("__name__", "__main__")
    for name, text in content["sources"].items():
        lines = text.splitlines(keepends=True)
        linecache.cache[name] = (len(text), None, lines, name)
    # Of another version of the package there may be none; some came with the values.
    imports = [one for one in content.get("imports", ()) if not came(one.name)]
    return Loaded(namespace, Cell(*content["cell"]), content["bound"], imports)


def _run_to_end(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine; in a thread of its own where a loop runs here already (a kernel)."""
    import asyncio  # a tenth of a worker's start, which few cells need

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    outcome: list[Callable[[], Any]] = []

    def run() -> None:
        try:
            value = asyncio.run(work)
            outcome.append(lambda: value)
        except BaseException as exc:
            error = exc
            outcome.append(lambda: _raise(error))

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return outcome[0]()


def _raise(exc: BaseException) -> Any:
    raise exc
