"""The description of the routes is true, and no request that it allows ends in an error of ours."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

import jupyter_datum.server
from jupyter_datum.server.handlers.routes import ROUTES
from tests.story import Story

from .conftest import Call
from .test_context import save
from .test_restart import Server
from .test_security import METHODS

FILE = Path(jupyter_datum.server.__file__).with_name("openapi.yaml")


@pytest.fixture(scope="module")
def spec() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def test_each_route_is_described(spec: dict[str, Any]) -> None:
    described = {}
    for path, item in spec["paths"].items():
        pattern = re.sub(r"\{(project|run|request|upkeep)\}", "([0-9a-f]{32})", path[1:])
        pattern = re.sub(r"\{(datum|position)\}", "([0-9]{1,15})", pattern)
        described[pattern] = {m.upper() for m in item if m.upper() in METHODS}
    there = {
        pattern: {m for m in METHODS if m.lower() in vars(handler)} for pattern, handler in ROUTES
    }
    assert there.pop("stream") and there.pop(".*")
    assert described == there


async def test_answers_are_as_described(
    call: Call, ran: tuple[Story, str], spec: dict[str, Any]
) -> None:
    story, run = ran
    book = save(story.folder, "%%datum thumbs -i numbers\n1")
    told = await call(
        "projects", story.project.uuid, "runs", run, "retry", method="POST", body={"what": "failed"}
    )
    story.end(told.json["run"])
    planned = await call(
        "projects", story.project.uuid, "upkeep", method="POST",
        body={"verb": "plan", "transform": "thumbs"},
    )  # fmt: skip
    values = {
        "project": story.project.uuid, "run": run, "datum": "1", "position": "0",
        "request": told.json["run"], "upkeep": planned.json["upkeep"],
    }  # fmt: skip
    checked = 0
    for path, item in spec["paths"].items():
        if "get" not in item:
            continue
        answer = await call(path[1:].format(**values), params={"path": book, "limit": "3"})
        assert answer.status == 200, (path, answer)
        ((kind, content),) = item["get"]["responses"]["200"]["content"].items()
        assert answer.headers["Content-Type"].partition(";")[0] == kind, path
        if kind == "application/json":
            schema = {**content["schema"], "components": spec["components"]}
            Draft202012Validator(schema).validate(answer.json)
        checked += 1
    assert checked == 35


@pytest.mark.slow
@pytest.mark.timeout(300)
async def test_no_request_ends_in_a_server_error(
    story: Story, jp_environ: Any, jp_root_dir: Path, spec: dict[str, Any], tmp_path: Path
) -> None:
    """Schemathesis makes up requests, good ones and bad ones, over a real run."""
    story.namespace["numbers"] = list(range(6))
    run = story.run("thumbs -i numbers --tries 1", "1 / (datum.value % 3)")
    book = {"type": "string", "enum": [save(story.folder, "%%datum thumbs -i numbers\n1")]}
    for route in ("/context", "/transforms"):  # made-up paths alone would end in 404 each
        spec["paths"][route]["get"]["parameters"][0]["schema"] = book
    spec["components"]["schemas"]["StartRequest"]["properties"]["notebook"] = book
    parameters = spec["components"]["parameters"]
    for name, value in (("project", story.project.uuid), ("run", run.uuid), ("request", run.uuid)):
        parameters[name]["schema"] = {"type": "string", "enum": [value]}
    parameters["datum"]["schema"]["maximum"] = parameters["position"]["schema"]["maximum"] = 7
    (tmp_path / "openapi.yaml").write_text(yaml.safe_dump(spec))
    server = Server(jp_root_dir)
    server.start()
    try:
        page = await server.page()
        page._socket.close()
        done = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "run", str(tmp_path / "openapi.yaml"),
                "--url", f"http://127.0.0.1:{server.port}/user/x%40y/jupyter-datum",
                "--header", f"Authorization: token {server.token}", "--max-examples", "15",
                "--checks", "not_a_server_error,response_schema_conformance",
                "--phases", "examples,coverage,fuzzing", "--mode", "all", "--seed", "1",
                "--suppress-health-check", "all", "--no-color", "--request-timeout", "30",
                # Its folder is new each time: what it would keep, nobody reads.
                "--generation-database", "none",
            ],
            cwd=tmp_path, capture_output=True, text=True, timeout=240,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
        )  # fmt: skip
    finally:
        server.kill()
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert "passed" in done.stdout
    print(done.stdout[-3000:])
