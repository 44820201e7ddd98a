"""Which table ``rows`` reads, and what it makes of the rows: as users say it, and as JSON."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import InputError, UsageError
from ..hashing import hex_digest
from ..project import Project
from ..remote import Store, UrlFile, beside, check_options, in_memory, is_url
from ..remote.urls import parted
from .csvtypes import checked_types
from .database import QueryTable, checked_address
from .frames import FRAMES, Filter, checked_filters
from .live import kept_table, kind_of, live_rows
from .tablefiles import file_table
from .tables import Row, Table
from .urls import starting_pattern


@dataclass(frozen=True)
class How:
    """What is made of a table's rows; names are columns.

    Parameters
    ----------
    key : tuple of str
        Tell the rows apart; empty: their positions do.
    size : int or None
        So many rows are a datum; 0: as many as stand in a row group of Parquet.
    by : tuple of str
        All rows with the same values of these are a datum.
    path, root : str or None
        The column that names a row's file, and the folder from which.
    on : str or None
        The key inside a join.
    columns : tuple of str
        Of the value; empty: all.
    filters : tuple
        ``(column, comparison, value)``; rows that do not pass all are left out.
    frame : str or None
        What the rows of a datum are given as; None: a list of dicts.
    types : tuple
        ``(column, type)``, where what CSV seems to hold is not meant.
    """

    key: tuple[str, ...] = ()
    size: int | None = None
    by: tuple[str, ...] = ()
    path: str | None = None
    root: str | None = None
    on: str | None = None
    columns: tuple[str, ...] = ()
    filters: tuple[Filter, ...] = ()
    frame: str | None = None
    types: tuple[tuple[str, str], ...] = ()

    def check(self) -> None:
        """See that it makes sense.

        Raises
        ------
        UsageError
            If it does not.
        """
        if self.frame is not None and self.frame not in FRAMES:
            raise UsageError(f"frame is one of {', '.join(FRAMES)}, not {self.frame!r}")
        if sum((self.size is not None, bool(self.by), self.path is not None)) > 1:
            raise UsageError("rows() takes one of size=, by= and path=")
        if self.key and (self.size is not None or self.by):
            raise UsageError("key= is for one datum a row: it does not go with size= or by=")
        if self.frame and self.size is None and not self.by:
            raise UsageError("frame= is for several rows: say size=N, size='rowgroup' or by= too")
        if self.root is not None and self.path is None:
            raise UsageError("root= is where files start: name their column with path=")

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that must be there."""
        more = [name for name in (self.path, self.on) if name]
        return tuple(dict.fromkeys([*self.key, *self.by, *more]))

    def read(self) -> list[str] | None:
        """The columns that are read; None for all."""
        if not self.columns:
            return None
        return list(dict.fromkeys([*self.columns, *self.named, *(f[0] for f in self.filters)]))

    def told(self) -> set[str] | None:
        """The columns whose values are seen or compared; None for all."""
        return {*self.columns, *(f[0] for f in self.filters)} if self.columns else None

    @property
    def form(self) -> str:
        """Digest of what makes another value of the same rows."""
        return hex_digest(repr((self.columns, self.filters, self.frame)).encode(), 8)

    def to_json(self) -> dict[str, Any]:
        """What differs from the defaults."""
        given = {name: value for name, value in asdict(self).items() if value not in (None, ())}
        spec = {n: list(v) if isinstance(v, tuple) else v for n, v in given.items()}
        return {**spec, "types": dict(self.types)} if self.types else spec

    @classmethod
    def from_json(cls, spec: dict[str, Any]) -> How:
        """Inverse of :meth:`to_json`."""
        found = {name: spec[name] for name in cls.__dataclass_fields__ if name in spec}
        for name in ("key", "by", "columns"):
            if name in found:
                found[name] = names_of(found[name], name)
        if "filters" in found:
            found["filters"] = checked_filters(found["filters"])
        if "types" in found:
            found["types"] = checked_types(found["types"])
        how = cls(**found)
        how.check()
        return how


@dataclass(frozen=True)
class Where:
    """Where a table is: a file (its path or URL), a query, or kept from the kernel.

    ``live`` is a table that is in this process alone.
    """

    file: str | None = None
    query: str | None = None
    con: str | None = None
    kept: str | None = None
    label: str = ""
    live: Any = field(default=None, compare=False)

    def table(self, project: Project | None, options: Mapping[str, Any]) -> Table:
        """Return the table; `options` are for the file system of a URL.

        Raises
        ------
        InputError
            If it is not there.
        """
        if self.file is not None and is_url(self.file):
            return file_table(UrlFile(self.file, options))
        if self.file is not None:
            return file_table(Path(self.file))
        if self.query is not None and self.con is not None:
            return QueryTable(self.query, self.con)
        if self.kept is not None and project is not None:
            return kept_table(self.kept, self.label, project)
        return LiveTable(self.live, self.label)

    def to_json(self) -> Any:
        """As it stands under ``rows``."""
        if self.file is not None:
            return self.file
        if self.query is not None:
            return {"query": self.query, "con": self.con}
        if self.kept is None:
            raise UsageError(f"{self.label} is in this kernel alone: it was not stored")
        return {"kept": self.kept, "label": self.label}

    @classmethod
    def from_json(cls, spec: Any) -> Where:
        """Inverse of :meth:`to_json`."""
        if isinstance(spec, str):
            return cls(file=spec)
        if isinstance(spec, dict) and "query" in spec:
            return cls(query=str(spec["query"]), con=checked_address(spec.get("con"), Path()))
        if isinstance(spec, dict) and "kept" in spec:
            return cls(kept=str(spec["kept"]), label=str(spec.get("label", "the table")))
        raise UsageError(f"rows is the path of a table, or a query with its con, not {spec!r}")


def where_of(table: Any, con: str | None, base: Path) -> Where:
    """Return where the table is that a user has given; relative paths start at `base`.

    Raises
    ------
    UsageError
        If it is none.
    """
    if con is not None:
        if not isinstance(table, str):
            raise UsageError("with con= the table is a query: rows('select ...', con=...)")
        return Where(query=table, con=checked_address(con, base))
    if isinstance(table, str | os.PathLike):
        if isinstance(table, str) and table.lstrip().lower().startswith("select "):
            raise UsageError("a query needs a database: rows('select ...', con='sqlite:///x.db')")
        table = starting_pattern(os.fspath(table), "")
        if is_url(table):
            return Where(file=table)
        return Where(file=os.path.normpath(base / table))
    kind = kind_of(table)
    return Where(live=table, label=f"the {kind} table" if kind else "the table")


class LiveTable(Table):
    """A table of this very process."""

    def __init__(self, table: Any, label: str) -> None:
        super().__init__(label)
        self._table = table

    def columns(self) -> list[str]:
        return list(next(self.rows(), {}))

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        return live_rows(self._table, self.label)


def root_of(root: str, table: str | None, folder: str | os.PathLike[str]) -> str:
    """Return where the files start that a table names: by default where the table is.

    Parameters
    ----------
    root : str
        As it was given, or empty; what is relative starts at `folder`, and where the table is
        behind a URL at the table.
    table : str or None
        Its path or URL.
    folder : path
    """
    root = starting_pattern(root, "")
    if is_url(root):
        return root.rstrip("/")
    if table and is_url(table) and not os.path.isabs(root):
        return beside(table, root)
    return os.path.normpath(os.path.join(folder, root or os.path.dirname(table or "")))


def checked_options(options: Any, *places: str | None) -> dict[str, Any]:
    """Return storage options that may be written down, for the first of some places that is
    a URL.

    Raises
    ------
    UsageError
        If none is, or one of the options is a secret.
    """
    url = next((place for place in places if place and is_url(place)), None)
    if url is None and options:
        raise UsageError("storage_options= is for a table, or a root=, behind a URL")
    if options is not None and not isinstance(options, Mapping):
        raise UsageError(f"storage_options= is a dict, not {options!r}")
    return check_options(options, url) if options and url else {}


def memory_files(file: str | None, folder: str | None) -> list[tuple[Store, bytes]]:
    """Return what of a table's file and the folder of its files is in this process's memory.

    Raises
    ------
    InputError
        If it is not there.
    """
    found: list[tuple[Store, bytes]] = []
    try:
        if file and in_memory(file):
            above, name = parted(file)
            found.append((Store(above), os.fsencode(name)))
        if folder and in_memory(folder):
            store = Store(folder)
            found += [(store, rel) for page in store.walk() for rel, _ in page]
    except OSError as exc:
        raise InputError(str(exc)) from exc
    return found


def names_of(given: Any, word: str) -> tuple[str, ...]:
    """Return one name or several as a tuple.

    Raises
    ------
    UsageError
        If it is neither.
    """
    if given is None:
        return ()
    listed = isinstance(given, list | tuple)
    names = tuple(given) if listed else (given,)
    if not all(isinstance(name, str) for name in names):
        raise UsageError(f"{word}= takes the name of a column, or a list of names, not {given!r}")
    return names
