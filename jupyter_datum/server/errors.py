"""What a request is answered with when it cannot be had: a status, a word, a sentence."""

from __future__ import annotations

import sqlite3
from typing import Final

from tornado import web

from ..errors import DatumError, LedgerError, LedgerVersionError, SignatureError

#: Words of statuses that no handler of ours chose.
WORDS: Final = {
    400: "bad-request",
    403: "forbidden",
    404: "not-found",
    405: "bad-request",
    413: "too-large",
    422: "narrow-the-filter",
    503: "ledger",
}
#: Sentences for them.
SENTENCES: Final = {
    400: "the request cannot be understood",
    403: "this is not allowed",
    404: "there is no such thing here",
    405: "this cannot be done here",
    413: "the request is too large",
}
#: Why nothing is done to a ledger that is only read.
FOREIGN: Final = "this ledger is another user's: nothing is run"


class ApiError(web.HTTPError):
    """An answer that is an error; its sentence goes to the browser, not into the log's format.

    Parameters
    ----------
    status : int
    code : str
        One of the words of the protocol.
    message : str
        One sentence.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(status)
        self.code = code
        self.message = message


def bad_request(message: str) -> ApiError:
    """Return the error for what cannot be understood."""
    return ApiError(400, "bad-request", message)


def not_found(what: str = "this") -> ApiError:
    """Return the one error for what is missing, not the caller's or elsewhere."""
    return ApiError(404, "not-found", f"there is no {what} here")


def put_away() -> ApiError:
    """Return the error for what is asked of an old run's datums, place by place."""
    return ApiError(
        410,
        "folded",
        "the map of this old run was put away to save room; its counts stay, and each datum's "
        "history",
    )


def refused(message: str) -> ApiError:
    """Return the error for what is understood and not done."""
    return ApiError(409, "refused", message)


def api_error(exc: BaseException) -> ApiError | None:
    """Return the answer that an error of ours or of SQLite stands for, or None."""
    if isinstance(exc, ApiError):
        return exc
    if isinstance(exc, SignatureError):
        return ApiError(409, "foreign", str(exc))
    if isinstance(exc, LedgerVersionError | LedgerError):
        return ApiError(503, "ledger", str(exc))
    if isinstance(exc, DatumError):
        return refused(str(exc))
    if isinstance(exc, sqlite3.Error):
        return _of_sqlite(exc)
    return None


def _of_sqlite(exc: sqlite3.Error) -> ApiError:
    code = getattr(exc, "sqlite_errorcode", 0) & 0xFF
    if code == sqlite3.SQLITE_INTERRUPT:
        message = "this takes too long to look for: narrow the filter"
        return ApiError(422, "narrow-the-filter", message)
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return ApiError(503, "ledger", "the ledger is kept busy by another process: try again")
    if code in (sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT):
        advice = "move .datum/ledger.sqlite away: outputs stay, the history of runs goes with it"
        return ApiError(503, "ledger", f"the ledger is damaged ({exc}); {advice}")
    return ApiError(503, "ledger", f"the ledger cannot be read ({exc})")
