"""The fingerprint of a transform: what its results depend on, part by part.

Of the cell itself the syntax tree counts, without comments, layout, docstrings and
annotations. Of every function of the notebook or of the project's modules that it reaches,
the *running* code counts: its instructions with their constants and names spelt out, never
its source, which may have been edited since it was imported. What functions and cell read
from outside counts by value. So an edit that changes what is computed changes the
fingerprint, and no other edit does (twenty cases in ``tests/transform``).

Installed packages count by name only; their versions are recorded beside the fingerprint.
"""

from __future__ import annotations

import abc
import functools
import os
import platform
import re
import types
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from ..hashing import OpaqueValueError, hex_digest, type_name, value_digest
from .capture import Captured
from .cell import Cell, compile_cell
from .check import SLOT, is_arrow_schema
from .codetext import code_text, names_read, tree_text
from .fallback import RECOVER
from .loaded import changed_on_disk, is_left_over, note_modules, was_edited
from .setup import setup_of
from .wrappers import CACHED, inner_parts

#: Items of a container that are searched for functions; larger ones are data.
_SEARCHED: Final = 10_000


@dataclass
class Fingerprint:
    """What a transform's code is.

    Parameters
    ----------
    digest : str
        16 bytes in hexadecimal, over all parts.
    parts : dict of str to str
        Name -> digest; two versions differ in these.
    untracked : list of str
        What has no stable content, ``"model (torch.nn.Module)"``: a change is not seen.
    warnings : list of str
        Sentences for the user.
    functions : list of function
        Functions of the notebook that are reached.
    helpers : dict
        Part -> what may have a text that people can compare: a function, a text of code, data.
    data : list
        Values that are neither code nor modules.
    imports : dict of str to str
        Modules of the project that are imported as the cell runs: name -> file.
    texts : dict
        Their content, read once: what is fingerprinted is what workers get.
    outside : set of str
        Top names of what is imported or used and is not the project's own.
    """

    digest: str = ""
    parts: dict[str, str] = field(default_factory=dict)
    untracked: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    functions: list[types.FunctionType] = field(default_factory=list)
    helpers: dict[str, Any] = field(default_factory=dict)
    data: list[Any] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)
    texts: dict[str, bytes] = field(default_factory=dict)
    outside: set[str] = field(default_factory=set)


def fingerprint(cell: Cell, captured: Captured) -> Fingerprint:
    """Return the fingerprint of a cell with what it captured."""
    walker = _Walker(captured)
    walker.found.parts["cell"] = hex_digest(tree_text(cell.tree()).encode())
    compiled = compile_cell(cell)
    for code in (compiled.body, compiled.last):
        if code is not None:
            walker.reads(code, captured.values, "")
    if (setup := setup_of(captured.values)) is not None:
        walker.found.parts["setup"] = hex_digest(tree_text(setup.tree()).encode())
        walker.found.helpers["setup"] = setup.whole or setup.body
        before = compile_cell(setup)
        for code in (before.body, before.last):
            if code is not None:
                walker.reads(code, captured.values, "")
    if (schema := captured.values.get(SLOT)) is not None:
        walker.value("schema", schema.to_string() if is_arrow_schema(schema) else schema)
    if (fallback := captured.values.get(RECOVER)) is not None:
        walker.value("recover", fallback)
    return finish(walker.found)


def fingerprint_of(label: str, value: Any, captured: Captured) -> Fingerprint:
    """Return the fingerprint of one object of the kernel, with all that it reaches."""
    walker = _Walker(captured)
    walker.value(label, value)
    return finish(walker.found)


def finish(found: Fingerprint) -> Fingerprint:
    """Make the digest over all parts, again if there are more."""
    found.untracked.sort()
    found.digest = digest_of(found.parts, platform.python_version())
    return found


def digest_of(parts: Mapping[str, str], python: str) -> str:
    """Return the digest over the parts of a fingerprint, made by this version of Python."""
    version = "python " + ".".join(python.split(".")[:2])
    text = "\n".join(f"{name}={digest}" for name, digest in sorted(parts.items()))
    return hex_digest(f"{version}\n{text}".encode("utf-8", "backslashreplace"))


class _Walker:
    """Follows what is read, from the cell on."""

    def __init__(self, captured: Captured) -> None:
        self.found = Fingerprint()
        self._modules = {module.__name__: module for module in captured.modules}
        note_modules(captured.modules)
        self._stale = {module.__name__ for module in captured.modules if changed_on_disk(module)}
        self._told: set[str] = set()
        self._under: dict[str, set[str]] = {}
        self._seen: dict[int, Any] = {}  # the objects too, so that no id is used twice

    def reads(self, code: types.CodeType, names: Any, prefix: str) -> None:
        """Follow every name of `code` that `names` has."""
        for name, attributes in names_read(code):
            if name in names:
                self._origin(name, names[name])
                self.value(prefix + name, names[name], attributes)

    def value(self, label: str, value: Any, attributes: tuple[str, ...] = ()) -> None:
        """Take in one value; `attributes` are those that the code reads of it."""
        if isinstance(value, types.ModuleType):
            self._module(value, attributes)
            return
        if id(value) in self._seen and not isinstance(value, int | str | float | bytes):
            return
        self._seen[id(value)] = value
        inner = inner_parts(value)
        if inner is not None:
            for name, part in inner:
                self.value(label + name, part)
        elif isinstance(value, types.FunctionType):
            self._function(label, value)
        elif isinstance(value, types.MethodType):
            self.value(label, value.__func__)
            self.value(f"{label}.self", value.__self__)
        elif isinstance(value, type):
            self._class(label, value)
        else:
            self._data(label, value)

    def _part(self, label: str, digest: str) -> None:
        """Note a part; several of one label (the two functions of a property) are one, in
        whatever order they are found."""
        known = self._under.setdefault(label, {digest})
        known.add(digest)
        several = hex_digest("\n".join(sorted(known)).encode())
        self.found.parts[label] = digest if len(known) == 1 else several

    def _module(self, module: types.ModuleType, attributes: tuple[str, ...]) -> None:
        name = module.__name__
        if name not in self._modules:
            self._part(f"module {name}", hex_digest(name.encode()))
            self._foreign(name)
            return
        self._check_source(name)
        if attributes and hasattr(module, attributes[0]):
            attribute = getattr(module, attributes[0])
            self.value(f"{name}.{attributes[0]}", attribute, attributes[1:])
            return
        if id(module) in self._seen:
            return
        self._seen[id(module)] = module
        for key, item in sorted(vars(module).items()):  # used as a whole: all of it counts
            if not key.startswith("__"):
                self.value(f"{name}.{key}", item)

    def _function(self, label: str, function: types.FunctionType) -> None:
        if not self._ours(function):
            self._part(label, hex_digest(_name(function).encode()))
            self._foreign(function.__module__)
            return
        for name, value in sorted(vars(function).items()):
            self.value(f"{label}.{name}", value)
        self.found.functions.append(function)
        self._part(label, hex_digest(code_text(function.__code__).encode()))
        self.found.helpers[label] = function
        self._check_source(function.__module__, function)
        prefix = "" if function.__module__ == "__main__" else f"{function.__module__}."
        for i, default in enumerate(function.__defaults__ or ()):
            self.value(f"{label}.default {i}", default)
        for name, default in (function.__kwdefaults__ or {}).items():
            self.value(f"{label}.default {name}", default)
        free = function.__code__.co_freevars
        for name, cell in zip(free, function.__closure__ or (), strict=True):
            try:
                self.value(f"{label}.{name}", cell.cell_contents)
            except ValueError:  # bound later: recursion of a local function
                continue
        self.reads(function.__code__, function.__globals__, prefix)

    def _class(self, label: str, cls: type) -> None:
        if not self._ours(cls):
            self._part(label, hex_digest(_name(cls).encode()))
            self._foreign(cls.__module__)
            return
        self._check_source(cls.__module__)
        kinds = {name: type(item) for name, item in vars(cls).items() if isinstance(item, _KINDS)}
        told = [_name(cls), *(f"{name} {kind.__name__}" for name, kind in sorted(kinds.items()))]
        self._part(label, hex_digest("\n".join(told).encode()))
        for base in cls.__bases__:
            self.value(f"{label}.{base.__name__}", base)
        if type(cls) is not type:  # it may make of annotations what it likes
            self.value(f"{label}.{type(cls).__name__}", type(cls))
            self.value(f"{label}.annotations", _annotations(cls))
            self.value(f"{label}.registered", _registered(cls))
        for name, item in sorted(vars(cls).items()):
            if name == "__dataclass_fields__":
                item = {key: each.metadata for key, each in item.items() if each.metadata}
            if name in _CLASS_NOISE:
                continue
            if not isinstance(item, types.MemberDescriptorType | types.GetSetDescriptorType):
                self.value(f"{label}.{name}", item)

    def _data(self, label: str, value: Any) -> None:
        if self._ours(type(value)):
            self.value(f"{label}.class", type(value))
            self._callables(label, getattr(value, "__dict__", {}))
        else:
            self._foreign(type(value).__module__)
        self.found.data.append(value)
        self._callables(label, value)
        try:
            follow = functools.partial(self._inner, label)
            self._part(label, value_digest(value, follow, ordered=True).hex())
            if not isinstance(value, str | bytes):  # these may be passwords: nobody is shown them
                self.found.helpers[label] = value
        except OpaqueValueError as exc:  # in a container what it is, and where
            where = f": {exc}" if exc.path else ""
            self.found.untracked.append(f"{label} ({type_name(value)}{where})")
        except (RecursionError, AttributeError, TypeError):
            self.found.untracked.append(f"{label} ({type_name(value)})")

    def _inner(self, label: str, found: types.FunctionType | type | types.ModuleType) -> str | None:
        """Follow code somewhere in a value; return what stands for that of a function."""
        if isinstance(found, types.ModuleType):
            self._module(found, ())
            return None
        if not self._ours(found):
            return _name(found)
        self.value(f"{label}.{found.__qualname__}", found)
        return code_text(found.__code__) if isinstance(found, types.FunctionType) else None

    def _callables(self, label: str, value: Any) -> None:
        """Follow functions, classes and instances of ours inside a container."""
        if not isinstance(value, list | tuple | dict | set | frozenset):
            return
        if len(value) > _SEARCHED:
            return
        if isinstance(value, dict):
            self._callables(f"{label} keys", list(value))
        if isinstance(value, set | frozenset):  # which comes first, differs from kernel to kernel
            return
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, item in items:
            if isinstance(item, _CODE) or self._ours(type(item)):
                self.value(f"{label}[{key!r}]", item)
            elif isinstance(item, list | tuple | dict) and id(item) not in self._seen:
                self._seen[id(item)] = item
                self._callables(f"{label}[{key!r}]", item)

    def _foreign(self, module: Any) -> None:
        """Note what is used of others: its version is recorded beside the fingerprint."""
        if isinstance(module, str):
            self.found.outside.add(module.partition(".")[0])

    def _ours(self, value: Any) -> bool:
        """Whether a function or class was made in the notebook or in the project."""
        module = getattr(value, "__module__", None)
        return module == "__main__" or module in self._modules

    def _check_source(self, name: str, function: types.FunctionType | None = None) -> None:
        """Say it, once, when a module's file no longer holds what the kernel runs."""
        module = self._modules.get(name)
        if function is not None and name == "__main__":
            self._check_script(function)
        if module is None or name in self._told:
            return
        path = os.path.basename(str(module.__file__))
        if name in self._stale:
            self.found.warnings.append(
                f"{path} was edited after its import: the kernel, and so this run, uses what it "
                f"held before. To use what it holds now: importlib.reload({name}), then once "
                f"more each `from {name} import ...`"
            )
        elif function is not None and is_left_over(function, module):
            self.found.warnings.append(
                f"{function.__qualname__} is not what stands in {path}, which was edited after "
                "its import: the kernel, and so this run, uses the old one. To use the new one: "
                f"importlib.reload({name}), then `from {name} import` it again"
            )
        else:
            return
        self._told.add(name)

    def _check_script(self, function: types.FunctionType) -> None:
        """The same, of a file that ``%run`` has run in the notebook."""
        path = function.__code__.co_filename
        if path not in self._told and os.path.isfile(path) and was_edited(function):
            self._told.add(path)
            self.found.warnings.append(
                f"{function.__qualname__} is not what stands in {os.path.basename(path)}: the "
                "kernel, and so this run, uses what it has. To use the new one: %run it again"
            )

    def _origin(self, name: str, value: Any) -> None:
        """Check the module that a value was imported from by name: nothing in it tells."""
        for module in self._stale - self._told:
            known = vars(self._modules[module])
            under = known.values() if not isinstance(value, _SHARED) else [known.get(name, known)]
            if any(value is each for each in under):
                self._check_source(module)


#: Values that many names share without being of one origin.
_SHARED: Final = (str, bytes, int, type(None))
_CODE: Final = (types.FunctionType, types.MethodType, type, CACHED)
_ADDRESS: Final = re.compile(r" at 0x\w+")
#: What a method may be; its code does not tell.
_KINDS: Final = (staticmethod, classmethod, property)
_CLASS_NOISE: Final = frozenset(
    ["__module__", "__dict__", "__weakref__", "__doc__", "__qualname__", "__annotations__",
     "__firstlineno__", "__static_attributes__", "__abstractmethods__", "_abc_impl",
     "__dataclass_params__", "__annotate_func__", "__slotnames__"]
)  # fmt: skip


def _registered(cls: type) -> list[type]:
    """The virtual subclasses of an abstract class, which travel with it."""
    dump = getattr(abc, "_get_dump", None)  # of CPython, as cloudpickle asks for them
    if dump is None or not isinstance(cls, abc.ABCMeta):
        return []
    return sorted(filter(None, (each() for each in dump(cls)[0])), key=_name)


def _annotations(cls: type) -> dict[str, str]:
    try:
        found = cls.__annotations__
    except Exception:  # a name in them that is not there
        return {}
    return {name: _ADDRESS.sub("", str(value)) for name, value in found.items()}


def _name(value: Any) -> str:
    return f"{value.__module__}.{value.__qualname__}"
