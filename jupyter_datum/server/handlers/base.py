"""What all handlers share: errors in the protocol's form, arguments, bodies, the ledger."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, cast

from jupyter_server.base.handlers import APIHandler
from tornado import web
from tornado.http1connection import HTTP1Connection

from ..bodies import LIMIT, parse
from ..errors import SENTENCES, WORDS, ApiError, bad_request
from ..hall import Hall
from ..projects import Projects
from ..reader import Reader

#: What every method asks the authorizer for; each names its own action.
RESOURCE: Final = "jupyter_datum"
#: Bytes of a body after which the connection is cut instead of being read to its end.
_CUT: Final = 8 * LIMIT
_TEXT: Final = 2_000


class Api(APIHandler):
    """A handler of the extension."""

    @property
    def hall(self) -> Hall:
        """What the extension keeps for this server."""
        return cast(Hall, self.settings[RESOURCE])

    @property
    def projects(self) -> Projects:
        """The projects of this server."""
        return self.hall.projects

    @property
    def root(self) -> Path | None:
        """The folder that the server shows."""
        return self.projects.root

    async def ledger(self, project: str) -> Reader:
        """Return the ledger of a project."""
        return await self.projects.reader(project)

    def send(self, value: Any, status: int = 200) -> None:
        """Answer with JSON.

        Raises
        ------
        ApiError
            If the ledger holds what JSON cannot.
        """
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as exc:
            raise ApiError(503, "ledger", f"the ledger holds what JSON cannot: {exc}") from exc
        self.set_status(status)
        self.finish(text)

    def write_error(self, status_code: int, **kwargs: Any) -> None:
        """Tell an error as the protocol does; nothing of ours is shown of a surprise."""
        exc = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(exc, ApiError):
            code, message = exc.code, exc.message
        else:
            code = WORDS.get(status_code, "error")
            message = SENTENCES.get(status_code, "something went wrong in the server; see its log")
        self.finish(json.dumps({"code": code, "message": message}))

    # -- arguments -----------------------------------------------------------------------

    def text(self, name: str) -> str | None:
        """Return an argument of the query, or None if it is missing or empty."""
        value = self.get_query_argument(name, None, strip=False)
        if value is not None and len(value) > _TEXT:
            raise bad_request(f"{name!r} is too long")
        return value or None

    def needed(self, name: str) -> str:
        """Return an argument that must be there."""
        value = self.text(name)
        if value is None:
            raise bad_request(f"{name!r} is missing")
        return value

    def number(self, name: str, low: int, high: int = 2**63 - 1) -> int | None:
        """Return an argument that is a whole number."""
        value = self.text(name)
        if value is None:
            return None
        if not (value.isascii() and value.isdecimal() and len(value) < 20):
            raise bad_request(f"{name!r} takes a whole number")
        if not low <= int(value) <= high:
            raise bad_request(f"{name!r} lies between {low} and {high}")
        return int(value)


@web.stream_request_body
class Posting(Api):
    """A handler that takes a body: a small JSON object, of which no more is ever kept."""

    async def prepare(self) -> None:  # type: ignore[override]
        """Set the limit; what is over it is read and dropped, so that the answer is heard."""
        self._body = bytearray()
        self._too_large = False
        cast(HTTP1Connection, self.request.connection).set_max_body_size(_CUT)
        await super().prepare()

    def data_received(self, chunk: bytes) -> None:
        """Keep what comes, up to the limit."""
        if len(self._body) + len(chunk) > LIMIT:
            self._too_large = True
            self._body.clear()
        elif not self._too_large:
            self._body += chunk

    def body(self) -> dict[str, Any]:
        """Return the body.

        Raises
        ------
        ApiError
            ``too-large`` or ``bad-request``.
        """
        if self._too_large:
            raise ApiError(413, "too-large", f"a body has {LIMIT:,} bytes at most")
        kind = self.request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind != "application/json":
            raise bad_request("a body has the content type application/json")
        return parse(bytes(self._body))
