"""What :mod:`functools` wraps a function in: how it travels, and what of it counts as code.

pickle takes these wrappers by name, and a worker has no such name; some hold a lock or weak
references, and are refused. So they are made anew around the function that they wrap: a
cache is empty then.
"""

from __future__ import annotations

import functools
import io
import sys
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, Final

from ..hashing.canonical import CACHED

#: All functions that ``singledispatch`` returns have one code.
_DISPATCH: Final = getattr(functools.singledispatch(lambda _: None), "__code__", None)


def inner_parts(value: Any) -> list[tuple[str, Any]] | None:
    """Return what a wrapper wraps, each with what it is called behind the wrapper's own name;
    None if `value` is none."""
    if isinstance(value, CACHED):
        return [("", value.__wrapped__)]
    if isinstance(value, functools.cached_property):
        return [("", value.func)]
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
    return None


def _has_name(value: Any) -> bool:
    """Whether a worker finds the wrapper where it stands: in an installed module."""
    import cloudpickle

    name = value.__module__
    by_value = cloudpickle.list_registry_pickle_by_value()
    tops = [".".join(name.split(".")[:i]) for i in range(1, name.count(".") + 2)]
    if name == "__main__" or any(top in by_value for top in tops):
        return False
    found: Any = sys.modules.get(name)
    for part in value.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is value


def cached(function: Callable[..., Any], parameters: Mapping[str, Any]) -> Any:
    """Return `function` with a cache, in a worker."""
    return functools.lru_cache(**parameters)(function)


def cached_property(function: Callable[[Any], Any], name: str | None) -> Any:
    """Return a property of this name, in a worker."""
    made = functools.cached_property(function)
    if name is not None:  # the class has been made already
        made.__set_name__(object, name)
    return made


def dispatch(function: Callable[..., Any], others: Mapping[type, Callable[..., Any]]) -> Any:
    """Return a function that takes another one by the type of its argument, in a worker."""
    made = functools.singledispatch(function)
    for cls, call in others.items():
        made.register(cls, call)
    return made


__all__ = ["CACHED", "cached", "cached_property", "dispatch", "dumps", "inner_parts"]
