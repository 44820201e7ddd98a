"""A real S3 server on loopback (moto's), behind which requests are counted and fail on demand."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from moto.server import DomainDispatcherApplication, create_backend_app
from werkzeug.serving import make_server

ERROR = b"<Error><Code>InternalError</Code><Message>injected</Message></Error>"


class S3:
    """The server, and a client of its own that is not counted."""

    def __init__(self) -> None:
        import logging

        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._app = DomainDispatcherApplication(create_backend_app)
        self._server = make_server("127.0.0.1", 0, self._serve, threaded=True)
        self.endpoint = f"http://127.0.0.1:{self._server.server_port}"
        #: (method, path) of each request, but for those of :meth:`put` and its like.
        self.requests: list[tuple[str, str]] = []
        #: Bytes asked for by range, or None for all, of each GET of an object.
        self.ranges: list[int | None] = []
        #: Asked for each request; returns a status to answer with, or None.
        self.fault: Callable[[str, str], int | None] = lambda method, path: None
        self._lock = threading.Lock()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _serve(self, environ: dict[str, Any], start: Any) -> Any:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        path = path.encode("latin-1").decode("utf-8", "replace")
        if "boto3-of-the-test" not in environ.get("HTTP_USER_AGENT", ""):
            with self._lock:
                self.requests.append((method, path))
                if method == "GET" and path.count("/") > 1:
                    self.ranges.append(_length(environ.get("HTTP_RANGE")))
                status = self.fault(method, path)
            if status is not None:
                length = int(environ.get("CONTENT_LENGTH") or 0)
                environ["wsgi.input"].read(length)
                headers = [("Content-Type", "application/xml"), ("Connection", "close")]
                start(f"{status} Injected", headers)
                return (
                    []
                    if method == "HEAD"
                    else [b"<Error><Code>InternalError</Code><Message>injected</Message></Error>"]
                )
        return self._app(environ, start)

    def client(self) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",
            region_name="us-east-1",
            config=Config(user_agent_extra="boto3-of-the-test"),
        )

    def put(self, key: str, body: bytes = b"", bucket: str = "data") -> None:
        self.client().put_object(Bucket=bucket, Key=key, Body=body)

    def get(self, key: str, bucket: str = "data") -> bytes:
        return bytes(self.client().get_object(Bucket=bucket, Key=key)["Body"].read())

    def head(self, key: str, bucket: str = "data") -> dict[str, Any]:
        return dict(self.client().head_object(Bucket=bucket, Key=key))

    def delete(self, key: str, bucket: str = "data") -> None:
        self.client().delete_object(Bucket=bucket, Key=key)

    def keys(self, prefix: str = "", bucket: str = "data") -> list[str]:
        answer = self.client().list_objects_v2(Bucket=bucket, Prefix=prefix)
        return [row["Key"] for row in answer.get("Contents", ())]

    def methods(self) -> Counter[str]:
        """How often each method was used for an object (and not for a listing)."""
        with self._lock:
            return Counter(method for method, path in self.requests if path.count("/") > 1)

    def forget(self) -> None:
        with self._lock:
            self.requests.clear()
            self.ranges.clear()

    def close(self) -> None:
        self._server.shutdown()


def _length(asked: str | None) -> int | None:
    first, _, last = (asked or "").removeprefix("bytes=").partition("-")
    return int(last) - int(first) + 1 if first and last else None


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    from moto.core.base_backend import BackendDict

    for backends in BackendDict._instances:
        backends.reset()
    server = S3()
    for name, value in {
        "AWS_ENDPOINT_URL": server.endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "a-canary-that-is-written-nowhere",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "JUPYTER_DATUM_CACHE": str(tmp_path_factory.mktemp("cache")),
    }.items():
        monkeypatch.setenv(name, value)
    server.client().create_bucket(Bucket="data")
    yield server
    server.close()
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
