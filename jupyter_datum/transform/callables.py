"""Callables that belong to an input: key functions, functions that split a file.

They lie among the project's payloads by value. What stands in the input's JSON, and so in the
signed recipe, is the payload's digest, beside a name for people and a fingerprint of the code:
the pickle of one function differs from kernel to kernel, its fingerprint does not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, TypedDict

from ..errors import UsageError
from ..hashing import type_name
from ..project import Project
from .capture import Captured, project_modules
from .fingerprint import fingerprint_of
from .payload import pickle_by_value, unpickle
from .recipe import read_payload, write_payload


class KeptCallable(TypedDict):
    """A callable as it stands in an input's JSON."""

    callable: str
    code: str
    payload: str


def keep_callable(function: Callable[..., Any], project: Project) -> KeptCallable:
    """Write `function` to the project's payloads, with what it needs.

    Raises
    ------
    UsageError
        If it is no callable.
    CaptureError
        If it cannot be sent to another process.
    """
    if not callable(function):
        raise UsageError(f"a callable is needed, not {type_name(function)}")
    name = getattr(function, "__qualname__", type_name(function))
    namespace = vars(sys.modules["__main__"])
    captured = Captured({name: function}, frozenset(), project_modules(project.root), namespace)
    code = fingerprint_of(name, function, captured).digest
    data = pickle_by_value({"function": function}, captured)
    return {"callable": name, "code": code, "payload": write_payload(project, data)}


def load_callable(kept: KeptCallable, project: Project) -> Callable[..., Any]:
    """Inverse of :func:`keep_callable`: only where user code may run (lister, worker).

    Raises
    ------
    SignatureError
        If it is gone, or not what was signed.
    """
    function: Callable[..., Any] = unpickle(read_payload(project, kept["payload"]))["function"]
    return function
