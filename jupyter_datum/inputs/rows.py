"""``rows``: every row of a table is a datum, or every so many, or every group of them."""

from __future__ import annotations

import contextlib
import os
from base64 import b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from ..errors import InputError, UsageError
from ..hashing import encode_lazy, encode_value
from ..project import Project
from ..remote import KEPT, is_url, keep_files, kept_json, kept_options, parse_url
from .base import Errors, Input, Listed, check_keys
from .csvtypes import Types, checked_types
from .database import variables_of
from .frames import checked_filters, passes, selected
from .groups import Grouped
from .keys import Template
from .live import keep_table, kind_of
from .manifest import LocalFolder, Manifest, UrlFolder
from .place import absolute
from .rowkeys import Seen, key_bytes, no_column, text_at, texts_of
from .rowspec import How, Where, checked_options, memory_files, names_of, root_of, where_of
from .tablefiles import PARQUET, JsonTable, ending_of
from .tables import Row, Table

_POSITIONS: Final = (
    "rows have no key: their ids are positions, so a row put in between shifts all that follow. "
    "Name the column that tells them apart with key="
)
#: Digits of a position in a key: so that keys sort as the rows do.
_DIGITS: Final = 12


class RowsInput(Input):
    """Rows of a table.

    Parameters
    ----------
    where : Where
    how : How
    name : str
    project : Project, optional
        Where a table of the kernel was kept.
    options : mapping, optional
        For the file system of a URL, the table's or that of the files that it names.
    """

    kind = "rows"
    told_by_key = False
    foreign = True
    valued = True

    def __init__(
        self,
        where: Where,
        how: How,
        name: str = "rows",
        project: Project | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        for place in (where.file, how.root):
            if place and is_url(place):
                parse_url(place)
        self.where = where
        self.how = how
        self.given = name
        self.options = checked_options(options, where.file, how.root)
        self._project = project
        self._kept: str | None = None
        self._notes: list[str] = []
        self._types: Types | None = None
        if how.types and ending_of(where.file) not in (".csv", ".tsv"):
            raise UsageError(f"types= is for CSV files; {where.label or where.file} has its own")
        self.on = Template("$on") if how.on else None
        self.capture_names = frozenset(
            {*how.key, *how.by, *(("on", how.on) if how.on else ()), *(("by",) if how.by else ())}
        )
        self.named_by_key = how.path is None or bool(how.key)
        self.ordered = not how.key and how.path is None

    @property
    def name(self) -> str:
        """Of the input, for ``datum.paths``."""
        return self.given or self.kind

    @property
    def roots(self) -> dict[str, bytes]:
        return {self.name: os.fsencode(self.how.root)} if self.how.root else {}

    def variables(self) -> tuple[str, ...]:
        return variables_of(self.where.con) if self.where.con else ()

    def notes(self) -> tuple[str, ...]:
        return tuple(self._notes)

    def captures(self, key: bytes) -> dict[str, str]:
        names = self.how.key or self.how.by
        texts = texts_of(key)
        if len(texts) != len(names):
            return {}
        found = dict(zip(names, texts, strict=True))
        if self.how.on in found:
            found["on"] = found[self.how.on]
        return {"by": ",".join(texts), **found} if self.how.by else found

    def read(self, parts: Sequence[bytes], at: int) -> tuple[dict[str, str], int]:
        end = at + max(1, len(self.how.key or self.how.by))
        return self.captures(b"\0".join(parts[at:end])), end

    def table(self) -> Table:
        """Return the table."""
        return self.where.table(self._project, self._storage)

    def list(self, exclude: frozenset[bytes], errors: Errors) -> Iterator[Listed]:
        try:
            yield from self._listed(exclude)
        except OSError as exc:
            raise InputError(str(exc)) from exc

    def of_group(self, key: bytes) -> Iterator[Row]:
        """Yield the rows of the datum of this key, as they come, where ``by`` makes groups: for
        one of them, nothing is put on disk.

        Raises
        ------
        InputError
            If the table cannot be read, or is not what it was.
        """
        table = self._opened()
        for number, row, values in self._passing(table):
            if key_bytes(text_at(row, name, number, table.label) for name in self.how.by) == key:
                yield selected(values, self.how.columns)

    def _opened(self) -> Table:
        table = self.table()
        self._check_columns(table)
        self._types = table.decide(self.how.told(), dict(self.how.types))
        self._check_filters(table)
        self._notes = list(table.notes())
        return table

    def _listed(self, exclude: frozenset[bytes]) -> Iterator[Listed]:
        table = self._opened()
        if self.how.path is not None:
            return self._files(table, exclude)
        if self.how.by:
            return self._groups(table)
        if not self.how.key:
            self._notes.append(_POSITIONS)
        return self._rows(table) if self.how.size is None else self._parts(table)

    def called_by(self, label: str) -> RowsInput:
        """Return it with the name that people know its table by."""
        other = self.called(self.name)
        other.where = replace(self.where, label=label)
        return other

    def stored(self, project: Project) -> Input:
        """Write down what is in this kernel alone: a table, or what its memory holds."""
        files = () if self._kept else memory_files(self.where.file, self.how.root)
        if self.where.live is None and not files:
            return self
        source = self.called(self.name)
        source._project = project
        source._kept = keep_files(files, project, self.describe()) if files else self._kept
        if self.where.live is not None:
            kept = keep_table(self.where.live, self.where.label, project)
            # What is iterated only once can be kept only once, and looked at only then.
            self.where = source.where = Where(kept=kept, label=self.where.label)
            source._check_columns(source.table())
        return source

    def to_json(self) -> dict[str, Any]:
        spec = {"rows": self.where.to_json(), "name": self.name, **self.how.to_json()}
        spec |= kept_json(self._kept, self.where.file, self.how.root)
        return {**spec, "storage_options": self.options} if self.options else spec

    @property
    def _storage(self) -> dict[str, Any]:
        spec = {"rows": "", "storage_options": self.options, KEPT: self._kept}
        return kept_options(spec, self._project)

    @classmethod
    def from_json(cls, spec: dict[str, Any], project: Project | None) -> RowsInput:
        check_keys(spec, "rows", "storage_options", KEPT, *How.__dataclass_fields__)
        where, how = Where.from_json(spec["rows"]), How.from_json(spec)
        name = str(spec.get("name", "rows"))
        made = cls(where, how, name, project, spec.get("storage_options"))
        made._kept = spec.get(KEPT)
        return made

    def describe(self) -> str:
        return f"rows({self.where.label or self.where.file or self.where.query})"

    def nothing_found(self) -> tuple[str, str, tuple[str, ...]]:
        what = self.where.label or self.where.file or self.where.query or "the table"
        if self.how.filters:
            return f"no row of {what} passes its filters", "", ()
        if self.how.path is not None:
            return f"no row of {what} names a file that is under {self.how.root}", "", ()
        return f"{what} has no rows", "", ()

    # -- what it lists -------------------------------------------------------------------

    def _check_columns(self, table: Table) -> None:
        columns = table.columns()
        loose = isinstance(table, JsonTable) or not columns
        given = (name for name, _ in self.how.types)
        filtered = (name for name, *_ in self.how.filters)
        seldom = () if loose else (*self.how.columns, *filtered)
        for name in (*self.how.named, *given, *seldom):
            top = name.partition(".")[0]
            if columns and name not in columns and top not in columns:
                raise no_column(table.label, name, columns)

    def _check_filters(self, table: Table) -> None:
        """Text is never equal to a number: no row would pass, and nobody would know why."""
        for name, _, wanted in self.how.filters:
            kind = self._types.types.get(name, "text") if self._types else "text"
            each = wanted if isinstance(wanted, list | tuple | set | frozenset) else (wanted,)
            if kind != "text" and any(isinstance(one, str) for one in each):
                raise InputError(
                    f"the column {name!r} of {table.label} is {kind}, and filters= compares it "
                    f"with the text {wanted!r}: leave out the quotes, or say types={{{name!r}: "
                    "'text'}"
                )

    def _passing(self, table: Table) -> Iterator[tuple[int, Row, Row]]:
        """Yield the number of each row, the row as it stands there, and its values."""
        filters, types = self.how.filters, self._types
        for number, row in enumerate(table.rows(self.how.read())):
            values = types.values(row, number) if types else row
            if not filters or passes(values, filters):
                yield number, row, values

    def _rows(self, table: Table) -> Iterator[Listed]:
        key, columns, on = self.how.key, self.how.columns, self.how.on
        seen = Seen(table.label, key)
        for number, row, values in self._passing(table):
            captures: dict[str, str] = {}
            if on:
                captures["on"] = captures[on] = text_at(row, on, number, table.label)
            for name in key:
                captures[name] = text_at(row, name, number, table.label)
            place = b"%0*d" % (_DIGITS, number)
            if key:
                place = key_bytes(captures[name] for name in key)
                seen.add(place, number)
            yield Listed(place, (), encode_value(selected(values, columns)), captures)

    def _parts(self, table: Table) -> Iterator[Listed]:
        columns = self.how.read()
        if not self.how.size and ending_of(table.label) not in PARQUET:
            raise InputError(f"{table.label} has no row groups: say how many rows, as size=1000")
        for part in table.parts(self.how.size or 0, columns):
            place = b"%0*d" % (_DIGITS, part.first)
            if part.spec is not None:
                value = self._lazy(part.spec)
            else:
                value = self._several([row for row in part.rows or () if self._wanted(row)])
            yield Listed(place, (), value, {})

    def _wanted(self, row: Row) -> bool:
        return passes(row, self.how.filters)

    def _groups(self, table: Table) -> Iterator[Listed]:
        by, columns = self.how.by, self.how.columns
        with Grouped() as groups:
            for number, row, values in self._passing(table):
                texts = [text_at(row, name, number, table.label) for name in by]
                groups.add(key_bytes(texts), encode_value(selected(values, columns)))
            for key, rows in groups:
                texts = [part.decode("utf-8", "surrogateescape") for part in key.split(b"\0")]
                captures = {"by": ",".join(texts), **dict(zip(by, texts, strict=True))}
                yield Listed(key, (), self._several(rows), captures)

    def _several(self, rows: Sequence[Row]) -> bytes:
        data = encode_value(rows)
        if self.how.frame is None:
            return data
        spec: dict[str, Any] = {"data": b64encode(data).decode()}
        if self._types and rows:
            kinds = self._types.types
            spec["types"] = {name: kinds[name] for name in rows[0] if kinds[name] != "text"}
        return self._lazy(spec)

    def _lazy(self, spec: dict[str, Any]) -> bytes:
        form = self.how.form + str(spec.get("typed", ""))
        return encode_lazy({"rows": self.name, "form": form, **spec})

    def _files(self, table: Table, exclude: frozenset[bytes]) -> Iterator[Listed]:
        root = self.how.root or os.getcwd()
        label = table.label
        far = is_url(root)
        folder = UrlFolder(root, self._storage) if far else LocalFolder(root, label, exclude)
        with contextlib.closing(folder):
            manifest = Manifest(self.name, folder, label)
            yield from self._named(table, manifest)
            self._notes += manifest.notes()

    def _named(self, table: Table, manifest: Manifest) -> Iterator[Listed]:
        key, columns, path, on = self.how.key, self.how.columns, self.how.path, self.how.on
        seen = Seen(table.label, key)
        for number, row, values in self._passing(table):
            found = manifest.file(text_at(row, path or "", number, table.label), number)
            if found is None:
                continue
            captures = {name: text_at(row, name, number, table.label) for name in key}
            if on:
                captures["on"] = captures[on] = text_at(row, on, number, table.label)
            place = key_bytes(captures[name] for name in key) if key else manifest.key(found)
            if key:
                seen.add(place, number)
            yield Listed(place, (found,), encode_value(selected(values, columns)), captures)


def rows(
    table: Any,
    *,
    key: Any = None,
    size: Any = None,
    by: Any = None,
    path: str | None = None,
    root: str | os.PathLike[str] | None = None,
    on: str | None = None,
    columns: Any = None,
    filters: Any = None,
    frame: str | None = None,
    types: Any = None,
    name: str = "rows",
    con: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    storage_options: Mapping[str, Any] | None = None,
) -> RowsInput:
    """Every row of a table is a datum; ``datum.value`` is the row, a dict.

    Parameters
    ----------
    table : DataFrame, path, query or iterable of dicts
        A frame of pandas, Polars or Arrow; a file (``.csv .tsv .jsonl .json .parquet``) by its
        path or URL; with `con` a query.
    key : str or list of str, optional
        The columns that tell the rows apart, so that a row put in between runs one datum.
    size : int or "rowgroup", optional
        So many rows are a datum, or a row group of a Parquet file.
    by : str or list of str, optional
        All rows that agree in these columns are a datum; ``datum.key`` has their values.
    path, root : str, optional
        The column with the path of the row's file, and the folder or URL where it starts:
        ``datum.path`` is the file then.
    on : str, optional
        The column that is the key inside ``join(...)``.
    columns : list of str, optional
        All that the value has; a change in another column is none.
    filters : list of (column, comparison, value), optional
        Rows that do not pass them all are left out.
    frame : {"pandas", "polars", "arrow"}, optional
        What several rows are given as; by default what the table was, or a list of dicts.
    types : dict, optional
        Types of CSV columns, ``{"zip": "text"}``: ``int``, ``float``, ``bool`` or ``text``. What
        is not named is found out from all that stands in the column.
    name : str
        Of the input.
    con : str, optional
        The address of a database, ``"sqlite:///x.db"``; ``${NAME}`` in it is an environment
        variable.
    folder : path, optional
        Where relative paths start; the working folder by default.
    storage_options : mapping, optional
        For a table or a root behind a URL: what fsspec's file system takes. No secrets: these
        come from the environment.
    """
    base = Path(absolute(os.fspath(folder or "")))
    where = where_of(table, con, base)
    if size is not None and size != "rowgroup" and (type(size) is not int or size < 1):
        raise UsageError(f"size= is a number of rows, or 'rowgroup', not {size!r}")
    if frame is None and where.live is not None and (size or by):
        frame = kind_of(where.live)
    if path is not None:
        root = root_of(os.fspath(root or ""), where.file, base)
    how = How(
        names_of(key, "key"),
        0 if size == "rowgroup" else size,
        names_of(by, "by"),
        path,
        os.fspath(root) if root is not None else None,
        on,
        names_of(columns, "columns"),
        checked_filters(filters),
        frame,
        checked_types(types),
    )
    how.check()
    return RowsInput(where, how, name, options=storage_options)
