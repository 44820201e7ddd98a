"""What Python wraps a function in: how it travels, and what of it counts as code.

pickle takes these wrappers by name, and a worker has no such name; some hold a lock or weak
references, and are refused. So they are made anew around the function that they wrap: a
cache is empty then.
"""

from __future__ import annotations

import builtins
import functools
import inspect
import io
import sys
from collections.abc import Callable, Mapping
from types import FunctionType, ModuleType
from typing import Any, Final

from ..hashing.canonical import CACHED

#: All functions that ``singledispatch`` returns have one code, and so have their ``dispatch``,
#: which holds weak references; a bound ``singledispatchmethod`` holds it since Python 3.12.
_ANY: Final[Any] = functools.singledispatch(lambda _: None)
_DISPATCH: Final = getattr(_ANY, "__code__", None)
_CHOICE: Final = getattr(_ANY.dispatch, "__code__", None)


def inner_parts(value: Any) -> list[tuple[str, Any]] | None:
    """Return what a wrapper wraps, each with what it is called behind the wrapper's own name;
    None if `value` is none."""
    if isinstance(value, CACHED):
        return [("", value.__wrapped__)]
    if isinstance(value, functools.cached_property):
        return [("", value.func)]
    if isinstance(value, staticmethod | classmethod):
        return [("", value.__func__)]
    if isinstance(value, property):
        return [("", part) for part in (value.fget, value.fset, value.fdel) if part is not None]
    if isinstance(value, functools.singledispatchmethod):
        return [("", value.dispatcher)]
    if isinstance(value, functools.partial | functools.partialmethod):
        return [(".func", value.func), (".args", [value.args, value.keywords])]
    if _is_dispatch(value):
        found = [(_of_class(cls), call) for cls, call in value.registry.items()]
        return [("", value.registry[object]), *sorted(found, key=lambda pair: pair[0])]
    return None


def _of_class(cls: type) -> str:
    return f"[{cls.__module__}.{cls.__qualname__}]"


def _is_dispatch(value: Any) -> bool:
    return isinstance(value, FunctionType) and value.__code__ is _DISPATCH is not None


# -- pickled ---------------------------------------------------------------------------------


def dumps(value: Any) -> bytes:
    """Return the pickle of `value`, what the notebook defines in it by value.

    Whatever pickle raises comes through.
    """
    with io.BytesIO() as file:
        _pickler()(file, protocol=5).dump(value)
        return file.getvalue()


@functools.cache
def _pickler() -> Any:
    import cloudpickle

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def reducer_override(self, obj: Any) -> Any:
            made = _made_of(obj)
            return super().reducer_override(obj) if made is None else made

    return Pickler


def _made_of(value: Any) -> tuple[Any, ...] | None:
    """How a wrapper is made anew; None of all else, and of one that is found by its name."""
    if isinstance(value, CACHED):
        if _has_name(value):
            return None
        parameters = value.cache_parameters()
        return cached, (value.__wrapped__, parameters)
    if isinstance(value, functools.cached_property):
        return cached_property, (value.func, value.attrname)
    if _is_dispatch(value) and not _has_name(value):
        others = {cls: call for cls, call in value.registry.items() if cls is not object}
        return dispatch, (value.registry[object], others)
    if isinstance(value, FunctionType) and value.__code__ is _CHOICE is not None:
        registry = inspect.getclosurevars(value).nonlocals["registry"]
        others = {cls: call for cls, call in registry.items() if cls is not object}
        return choice, (registry[object], others)
    if isinstance(value, ModuleType) and _by_value(value.__name__):
        # Its names are given to it afterwards: modules may hold each other.
        names = {name: each for name, each in vars(value).items() if name != "__builtins__"}
        return module, (value.__name__,), names, None, None, fill
    return None


def _has_name(value: Any) -> bool:
    """Whether a worker finds the wrapper where it stands: in an installed module."""
    name = value.__module__
    if name == "__main__" or _by_value(name):
        return False
    found: Any = sys.modules.get(name)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def _by_value(name: str) -> bool:
    """Whether a module is the project's: what is in it travels as it is in the kernel."""
    import cloudpickle

    by_value = cloudpickle.list_registry_pickle_by_value()
    return any(".".join(name.split(".")[:i]) in by_value for i in range(1, name.count(".") + 2))


def module(name: str) -> ModuleType:
    """Return a module without content, in a worker."""
    return ModuleType(name)


def fill(made: ModuleType, names: Mapping[str, Any]) -> None:
    """Give a module its names, in a worker."""
    vars(made).update(names, __builtins__=builtins)


def cached(function: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    """Return `function` with a cache, in a worker."""
    return functools.lru_cache(**parameters)(function)


def cached_property(function: Callable[[Any], Any], name: str | None) -> Any:
    """Return a property of this name, in a worker."""
    made = functools.cached_property(function)
    if name is not None:  # the class has been made already
        made.__set_name__(object, name)
    return made


def choice(function: Callable[..., Any], others: Mapping[type, Callable[..., Any]]) -> Any:
    """Return what finds such a function by a type, in a worker."""
    return dispatch(function, others).dispatch


def dispatch(function: Callable[..., Any], others: Mapping[type, Callable[..., Any]]) -> Any:
    """Return a function that takes another one by the type of its argument, in a worker."""
    made = functools.singledispatch(function)
    for cls, call in others.items():
        made.register(cls, call)
    return made


__all__ = [
    "CACHED", "cached", "cached_property", "choice", "dispatch", "dumps", "fill", "inner_parts",
    "module",
]  # fmt: skip
