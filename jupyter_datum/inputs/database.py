"""A database query as a table. Its address may name environment variables, never a password."""

from __future__ import annotations

import contextlib
import os
import re
import sqlite3
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlsplit

from ..errors import InputError, UsageError
from .needed import needed
from .tables import Row, Table

_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)")
_SECRET: Final = re.compile("pass|pwd|secret|token|key", re.IGNORECASE)
_SQLITE: Final = "sqlite:///"
#: Rows fetched at once.
_ROWS: Final = 5_000


class QueryTable(Table):
    """What a query gives, read as it comes.

    Parameters
    ----------
    query : str
    con : str
        An address as SQLAlchemy has it; ``${NAME}`` stands for an environment variable.
    """

    def __init__(self, query: str, con: str) -> None:
        super().__init__(f"the query {_short(query)!r}")
        self.query = query
        self.con = con

    def columns(self) -> list[str]:
        with contextlib.closing(self._answer()) as answer:
            return list(next(answer))

    def rows(self, columns: list[str] | None = None) -> Iterator[Row]:
        with contextlib.closing(self._answer()) as answer:
            names = next(answer)
            for fields in answer:
                yield dict(zip(names, fields, strict=True))

    def _answer(self) -> Generator[Any, None, None]:
        """Yield the names of the columns, then the rows."""
        con = expanded(self.con)
        return self._sqlite(con) if con.startswith(_SQLITE) else self._sqlalchemy(con)

    def _sqlite(self, con: str) -> Generator[Any, None, None]:
        path = con.removeprefix(_SQLITE).partition("?")[0]
        if not os.path.isfile(path):
            raise InputError(f"there is no database {path!r}")
        try:
            address = f"file:{quote(os.path.abspath(path))}?mode=ro"
            with contextlib.closing(sqlite3.connect(address, uri=True, timeout=30)) as conn:
                cursor = conn.execute(self.query)
                yield [name for name, *_ in cursor.description or ()]
                while block := cursor.fetchmany(_ROWS):
                    yield from block
        except sqlite3.Error as exc:
            raise InputError(f"{self.label} fails: {exc}") from exc

    def _sqlalchemy(self, con: str) -> Generator[Any, None, None]:
        sqlalchemy = needed("sqlalchemy", "for this database")
        try:
            engine = sqlalchemy.create_engine(con)
            with engine.connect() as conn:
                conn = conn.execution_options(stream_results=True, yield_per=_ROWS)
                answer = conn.exec_driver_sql(self.query)
                yield list(answer.keys())
                for fields in answer:
                    yield tuple(fields)
        except (sqlalchemy.exc.SQLAlchemyError, ImportError) as exc:
            text = str(getattr(exc, "orig", None) or exc).partition("\n")[0]
            raise InputError(f"{self.label} fails: {_masked(text, con)}") from exc


def checked_address(con: Any, folder: Path) -> str:
    """Return an address that may be written down; a relative SQLite file starts at `folder`.

    Raises
    ------
    UsageError
        If it is no address, or holds a password.
    """
    if not isinstance(con, str):
        raise UsageError(
            "con= is an address, such as con='sqlite:///x.db': a connection cannot be sent to "
            f"the process that reads it, and this is {type(con).__name__}"
        )
    if _has_secret(con):
        raise UsageError(
            "the address of the database holds a password, and would be written down. Put it "
            "into an environment variable, and write ${NAME} in its place: "
            "con='postgresql://me:${DB_PASSWORD}@host/db'"
        )
    if con.startswith(_SQLITE) and not _VARIABLE.search(con):
        path, question, rest = con.removeprefix(_SQLITE).partition("?")
        return f"{_SQLITE}{os.path.normpath(folder / path)}{question}{rest}"
    if "://" not in con and not _VARIABLE.search(con):
        raise UsageError(f"con={con!r} is no address, such as con='sqlite:///x.db'")
    return con


def variables_of(con: str) -> tuple[str, ...]:
    """Return the environment variables that an address names."""
    return tuple(dict.fromkeys(found[1] or found[2] for found in _VARIABLE.finditer(con)))


def expanded(con: str) -> str:
    """Put the values of environment variables into an address.

    Raises
    ------
    InputError
        If one is not set.
    """

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if name not in os.environ:
            raise InputError(f"the database needs the environment variable {name}: it is not set")
        return os.environ[name]

    return _VARIABLE.sub(value, con)


def _has_secret(con: str) -> bool:
    try:
        parts = urlsplit(con)
        given = [parts.password, *(v for k, v in parse_qsl(parts.query) if _SECRET.search(k))]
    except ValueError:
        return False
    return any(value and not _VARIABLE.search(value) for value in given)


def _masked(text: str, con: str) -> str:
    password = urlsplit(con).password
    return text.replace(password, "***") if password else text


def _short(query: str) -> str:
    flat = " ".join(query.split())
    return flat if len(flat) <= 60 else flat[:57] + "..."
