"""Code as text: what of it changes what is computed, and whether a file still holds it."""

from __future__ import annotations

import ast
import dis
import functools
import inspect
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_LOADS: Final = frozenset({"LOAD_NAME", "LOAD_GLOBAL", "LOAD_DEREF", "LOAD_CLASSDEREF"})
_ATTRIBUTES: Final = frozenset({"LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"})

#: What a class body sets of itself, and does not change what is computed.
_OF_A_CLASS: Final = frozenset({"__doc__", "__firstlineno__", "__static_attributes__"})
#: Flags of ``MAKE_FUNCTION`` and ``SET_FUNCTION_ATTRIBUTE``: annotations, made at once or when
#: they are asked for (3.14).
_ANNOTATED: Final = 0x04 | 0x10
_CLOSURE: Final = 0x08
#: Decorators that look at no annotation.
_PLAIN: Final = frozenset({"property", "staticmethod", "classmethod"})

#: Flags that change what a function is (variadic, generator, coroutine), not how it was compiled.
_FLAGS: Final = (
    inspect.CO_VARARGS
    | inspect.CO_VARKEYWORDS
    | inspect.CO_GENERATOR
    | inspect.CO_COROUTINE
    | inspect.CO_ASYNC_GENERATOR
)


def code_text(code: types.CodeType) -> str:
    """Return instructions with constants and names spelt out.

    Not ``co_code``: there constants go by number, and a docstring takes one of them.
    """
    rows = [f"{code.co_flags & _FLAGS} {code.co_argcount} {code.co_kwonlyargcount}"]
    rows.append(" ".join(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]))
    for step in _steps(code):
        if step.opname in ("RESUME", "NOP", "CACHE", "EXTENDED_ARG"):
            continue
        of_a_class = step.opname == "STORE_NAME" and step.argval in _OF_A_CLASS
        if of_a_class and rows[-1].startswith("LOAD_CONST"):
            rows.pop()
            continue
        rows.append(f"{step.opname} {_argument(step)}")
    return "\n".join(rows)


def _steps(code: types.CodeType) -> list[dis.Instruction]:
    """Return the instructions without those that make annotations of functions that are defined
    in it; a decorator may read them, and there they stay."""
    steps = list(dis.get_instructions(code))
    for at in range(len(steps) - 1, -1, -1):
        if steps[at].opname == "MAKE_FUNCTION":
            _forget_annotations(steps, at)
    return steps


def _forget_annotations(steps: list[dis.Instruction], at: int) -> None:
    sets = at + 1  # from 3.13 on each of what belongs to a function is set by itself
    while sets < len(steps) and steps[sets].opname == "SET_FUNCTION_ATTRIBUTE":
        sets += 1
    flags = [step.arg or 0 for step in steps[at:sets]]
    if not any(flag & _ANNOTATED for flag in flags):
        return
    if sets == len(steps) or not steps[sets].opname.startswith("STORE_"):
        return  # decorated
    end = _begin(steps, at)  # of the code
    if any(flag & _CLOSURE for flag in flags):
        end = _begin(steps, end)
    begin = _begin(steps, end)
    bare = [
        step._replace(arg=flag & ~_ANNOTATED, argval=flag & ~_ANNOTATED)
        if flag & _ANNOTATED
        else step
        for step, flag in zip(steps[at:sets], flags, strict=True)
    ]
    steps[at:sets] = [step for step in bare if step.opname == "MAKE_FUNCTION" or step.arg]
    del steps[begin:end]


def _begin(steps: list[dis.Instruction], end: int) -> int:
    """Return where begins what puts the value on the stack that is there before `end`."""
    missing = 1
    while missing > 0:
        end -= 1
        arg = steps[end].arg if steps[end].opcode >= dis.HAVE_ARGUMENT else None
        missing -= dis.stack_effect(steps[end].opcode, arg, jump=False)
    return end


def _argument(step: dis.Instruction) -> str:
    value = step.argval
    if isinstance(value, types.CodeType):
        return f"({code_text(value)})"
    if isinstance(value, frozenset):
        return f"frozenset {sorted(map(repr, value))}"
    return f"{type(value).__name__} {value!r}"


def names_read(code: types.CodeType) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield the names that `code` and what is defined in it read from outside, each with
    the attributes that are read of it at once: ``mod.sub.f`` is ``("mod", ("sub", "f"))``."""
    name, attributes = "", []
    for step in _steps(code):
        if step.opname in _ATTRIBUTES and name:
            attributes.append(str(step.argval))
            continue
        if name:
            yield name, tuple(attributes)
        name, attributes = "", []
        if step.opname in _LOADS:
            name = str(step.argval)
    if name:
        yield name, tuple(attributes)
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from names_read(constant)


class _Bare(ast.NodeTransformer):
    """Takes away what does not change what is computed.

    Annotations stay where something may read them: a dataclass its fields, a decorator
    (``singledispatch``) its arguments.
    """

    def __init__(self) -> None:
        self._read: set[ast.AST] = set()

    def generic_visit(self, node: ast.AST) -> ast.AST:
        if isinstance(node, ast.ClassDef) and (node.decorator_list or node.bases or node.keywords):
            self._read.update(node.body)
        super().generic_visit(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            self._docstring(node)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            node.returns = None
            if all(isinstance(d, ast.Name) and d.id in _PLAIN for d in node.decorator_list):
                for each in ast.walk(node.args):
                    if isinstance(each, ast.arg):
                        each.annotation = None
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        if node in self._read:
            return self.generic_visit(node)
        if node.value is None:
            return None
        return ast.Assign(targets=[node.target], value=self.visit(node.value))

    def _docstring(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module
    ) -> None:
        first = node.body[0] if node.body else None
        if (
            isinstance(first, ast.Expr)
            and isinstance(first.value, ast.Constant)
            and isinstance(first.value.value, str)
            # The last expression of a cell is its result, a string too.
            and (len(node.body) > 1 or not isinstance(node, ast.Module))
        ):
            del node.body[0]


def tree_text(tree: ast.Module) -> str:
    """Return what of a syntax tree changes what is computed."""
    return ast.dump(_Bare().visit(tree), annotate_fields=True, include_attributes=False)


# -- is the source still what runs? --------------------------------------------------------


def edited(function: types.FunctionType, path: str, source: bytes | None = None) -> bool:
    """Return whether a file, as it is now (or as `source`, if it was read already), has no
    function with the running code."""
    try:
        there = _functions_in(Path(path).read_bytes() if source is None else source, path)
    except (OSError, SyntaxError, ValueError):
        return True
    return (function.__code__.co_name, code_text(function.__code__)) not in there


@functools.lru_cache(maxsize=8)
def _functions_in(source: bytes, filename: str) -> frozenset[tuple[str, str]]:
    """Name and code of all that a file defines: asked for each function that a cell reaches."""
    whole = compile(source, filename, "exec", dont_inherit=True)
    return frozenset((code.co_name, code_text(code)) for code in nested(whole))


def nested(code: types.CodeType) -> Iterator[types.CodeType]:
    """Yield the code of all that is defined in `code`, however deep."""
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from nested(constant)
