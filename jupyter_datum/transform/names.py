"""Which names a cell can read before it binds them, and which it binds.

A name is read from outside if *some* path through the code can reach a reading of it before
a binding: definite assignment, as compilers check it. What a branch, a loop body or a
``try`` binds is bound for what follows only if every way through binds it. Functions are
taken to run when they are defined, which is early at worst: then a name too many is
captured, never one too few.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Sequence
from typing import Final

_BUILTIN: Final = frozenset(vars(builtins))
_SCOPES: Final = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


def free_names(tree: ast.Module) -> set[str]:
    """Return the names that the code can read before it binds them, builtins left out
    unless the code itself binds them somewhere."""
    return {name for name in read_names(tree) if name not in _BUILTIN}


def read_names(tree: ast.Module) -> set[str]:
    """Return the names that the code can read before it binds them, builtins among them."""
    flow = _Flow()
    flow.block(tree.body, set())
    return flow.free


def bound_names(tree: ast.Module) -> set[str]:
    """Return the names that the code can bind in its own namespace."""
    found: set[str] = set()
    for statement in tree.body:
        found |= _bound_in(statement)
    return found


def _bound_in(node: ast.AST) -> set[str]:
    """Names that `node` can bind in the scope it stands in."""
    if isinstance(node, ast.Lambda):
        return set()
    if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return {n.target.id for n in ast.walk(node) if isinstance(n, ast.NamedExpr)}
    if isinstance(node, ast.Import | ast.ImportFrom):
        return {(a.asname or a.name.partition(".")[0]) for a in node.names if a.name != "*"}
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return _bound_by_definition(node)
    found = _own_name(node)
    for child in ast.iter_child_nodes(node):
        found |= _bound_in(child)
    return found


def _own_name(node: ast.AST) -> set[str]:
    """The name that a node binds by itself."""
    name: str | None = None
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store | ast.Del):
        name = node.id
    elif isinstance(node, ast.ExceptHandler | ast.MatchAs | ast.MatchStar):
        name = node.name
    elif isinstance(node, ast.MatchMapping):
        name = node.rest
    return {name} if name else set()


def _bound_by_definition(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef,
) -> set[str]:
    found = {node.name}
    outside: list[ast.AST] = [*node.decorator_list]
    if not isinstance(node, ast.ClassDef):
        outside += [d for d in (*node.args.defaults, *node.args.kw_defaults) if d]
        found |= _declared_global(node)
    for child in outside:
        found |= _bound_in(child)
    return found


def _declared_global(node: ast.AST) -> set[str]:
    return {name for n in ast.walk(node) if isinstance(n, ast.Global) for name in n.names}


class _Flow:
    """Walks statements in order, with the set of names that are surely bound."""

    def __init__(self) -> None:
        self.free: set[str] = set()

    def block(self, statements: Sequence[ast.stmt], bound: set[str]) -> set[str]:
        """Return what is surely bound after `statements`; `bound` is not changed."""
        bound = set(bound)
        for statement in statements:
            bound = self._statement(statement, bound)
        return bound

    def _statement(self, node: ast.stmt, bound: set[str]) -> set[str]:
        if isinstance(node, ast.If):
            self._read(node.test, bound)
            bound = bound | _walrus(node.test)
            return self.block(node.body, bound) & self.block(node.orelse, bound)
        if isinstance(node, ast.For | ast.AsyncFor):
            self._read(node.iter, bound)
            self.block(node.body, bound | _bound_in(node.target))
            self._read(node.target, bound)
            self.block(node.orelse, bound)
            return bound
        if isinstance(node, ast.While):
            self._read(node.test, bound)
            self.block(node.body, bound | _walrus(node.test))
            self.block(node.orelse, bound)
            return bound
        if isinstance(node, ast.Try | ast.TryStar):
            return self._try(node, bound)
        if isinstance(node, ast.With | ast.AsyncWith):
            for item in node.items:
                self._read(item, bound)
                bound = bound | (_bound_in(item.optional_vars) if item.optional_vars else set())
            return self.block(node.body, bound)
        if isinstance(node, ast.Match):
            return self._match(node, bound)
        return self._simple(node, bound)

    def _try(self, node: ast.Try | ast.TryStar, bound: set[str]) -> set[str]:
        after = self.block(node.orelse, self.block(node.body, bound))
        for handler in node.handlers:
            if handler.type:
                self._read(handler.type, bound)
            names = {handler.name} if handler.name else set()
            after &= self.block(handler.body, bound | names) - names
        return after | self.block(node.finalbody, bound)

    def _match(self, node: ast.Match, bound: set[str]) -> set[str]:
        self._read(node.subject, bound)
        for case in node.cases:
            names = bound | _bound_in(case.pattern)
            self._read(case.pattern, bound)
            if case.guard:
                self._read(case.guard, names)
            self.block(case.body, names)
        return bound

    def _simple(self, node: ast.stmt, bound: set[str]) -> set[str]:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for child in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults):
                if child:
                    self._read(child, bound)
            self._scope(node, bound | {node.name})
            return bound | {node.name}
        if isinstance(node, ast.ClassDef):
            for child in (*node.decorator_list, *node.bases, *(k.value for k in node.keywords)):
                self._read(child, bound)
            self._class_body(node, bound)
            return bound | {node.name}
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self._use(node.target.id, bound)
        self._read(node, bound)
        if isinstance(node, ast.Delete):
            return bound - _bound_in(node)
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return bound
        return bound | _bound_in(node)

    def _class_body(self, node: ast.ClassDef, bound: set[str]) -> None:
        """What a class binds is seen by its own statements, not inside its methods."""
        inner = set(bound)
        for statement in node.body:
            if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
                args = statement.args
                for child in (*statement.decorator_list, *args.defaults, *args.kw_defaults):
                    if child:
                        self._read(child, inner)
                self._scope(statement, bound | {node.name})
                inner.add(statement.name)
            else:
                inner = self._statement(statement, inner)

    def _read(self, node: ast.AST, bound: set[str]) -> None:
        """Note what an expression (or a statement without blocks) reads."""
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load | ast.Del):
                self._use(node.id, bound)
            return
        if isinstance(node, ast.Lambda):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default:
                    self._read(default, bound)
            self._scope(node, bound)
            return
        if isinstance(node, ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
            self._comprehension(node, bound)
            return
        for child in ast.iter_child_nodes(node):
            self._read(child, bound)

    def _comprehension(
        self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp, bound: set[str]
    ) -> None:
        inner = set(bound)
        for generator in node.generators:
            self._read(generator.iter, inner)
            inner |= _bound_in(generator.target)
            for test in generator.ifs:
                self._read(test, inner)
                inner |= _walrus(test)
        parts = [node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]
        for part in parts:
            self._read(part, inner)

    def _scope(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, bound: set[str]
    ) -> None:
        """A function reads from here what it does not bind itself, in any order."""
        args = node.args
        own = {a.arg for a in (*args.posonlyargs, *args.args, *args.kwonlyargs)}
        own |= {a.arg for a in (args.vararg, args.kwarg) if a}
        body: Iterable[ast.AST] = [node.body] if isinstance(node, ast.Lambda) else node.body
        declared = _declared_global(node)
        for statement in body:
            own |= _bound_in(statement)
        own -= declared
        inner = _Flow()
        if isinstance(node, ast.Lambda):
            inner._read(node.body, own)
        else:
            inner.block(node.body, own)
        for name in inner.free | declared:
            self._use(name, bound)

    def _use(self, name: str, bound: set[str]) -> None:
        if name not in bound:
            self.free.add(name)


def _walrus(node: ast.AST) -> set[str]:
    """Names bound by ``:=`` in an expression that is always evaluated."""
    if isinstance(node, ast.BoolOp | ast.IfExp):
        return set()  # only some of its parts are evaluated
    found = {node.target.id} if isinstance(node, ast.NamedExpr) else set()
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, _SCOPES):
            found |= _walrus(child)
    return found


__all__ = ["bound_names", "free_names"]
