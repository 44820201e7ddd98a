"""Unpickles what was pickled by value, and leaves the classes of this process as they are.

cloudpickle knows the classes that it has pickled, so that an object comes back as one of the very
class it had. But it also sets what the class held then anew: each method becomes a copy, whose
globals stand still. In a kernel that would change the user's own class under his hands, for all
that he runs there later.
"""

from __future__ import annotations

import io
import pickle
import weakref
from typing import Any, Final

_PLACE: Final = "cloudpickle.cloudpickle"
_SKELETONS: Final = ("_make_skeleton_class", "_make_skeleton_enum")

#: Classes that came here in a pickle: what a later one says of them counts.
_CAME: Final[weakref.WeakSet[type]] = weakref.WeakSet()


def unpickled(data: bytes) -> Any:
    """Return what was pickled. Only of bytes that this user has signed or made."""
    return _Unpickler(io.BytesIO(data)).load()


class _Unpickler(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        found = super().find_class(module, name)
        if module == _PLACE and name in _SKELETONS:
            return _Skeleton(found)
        if module == _PLACE and name == "_class_setstate":
            return _SetState(found)
        return found


class _Skeleton:
    """Makes a class to be filled in, or finds the one there is."""

    def __init__(self, made: Any) -> None:
        self._made = made

    def __call__(self, *args: Any) -> Any:
        from cloudpickle.cloudpickle import _DYNAMIC_CLASS_TRACKER_BY_CLASS

        known = set(_DYNAMIC_CLASS_TRACKER_BY_CLASS)
        found = self._made(*args)
        if found not in known:
            _CAME.add(found)
        return found


class _SetState:
    """Fills in a class that came in a pickle."""

    def __init__(self, filled: Any) -> None:
        self._filled = filled

    def __call__(self, obj: Any, state: Any) -> Any:
        return self._filled(obj, state) if obj in _CAME else obj
