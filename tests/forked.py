"""Runners that are forked from a process that has imported the runner already.

Most tests of a run need a runner, and do not care how it came to be: to import everything anew
was a third of what they cost. The process that is forked runs nothing else, and has no thread;
the runner gets what :func:`jupyter_datum.runner.client.start_runner` gives it: its variables,
its log, a session of its own, no parent that waits. Runners of kernels, commands and servers
that tests start, next runners of those, and the ones of tests marked ``started_anew`` are
started as users have them.
"""

from __future__ import annotations

import gc
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from jupyter_datum.project import Project
from jupyter_datum.runner import client
from jupyter_datum.runner.environment import runner_environment

#: What an interpreter reads once, when it starts.
_READ_ONCE = ("PYTHON", "LC_", "LANG", "LD_")


class Nursery:
    """The process that is forked, started when the first runner is asked for."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._once: dict[str, str] = {}

    def start_runner(self, project: Project, interpreter: str) -> None:
        """As :func:`jupyter_datum.runner.client.start_runner`."""
        environment = runner_environment()
        if self._process is None:
            self._once = _read_once(environment)
            self._process = subprocess.Popen(
                [sys.executable, __file__],
                env=environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        if interpreter != sys.executable or _read_once(environment) != self._once:
            return _STARTED_ANEW(project, interpreter)
        asked = {
            "environment": environment,
            "root": str(project.root),
            "log": str(project.log),
            "interpreter": interpreter,
        }
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None
        stdin.write(json.dumps(asked).encode() + b"\n")
        stdin.flush()
        assert stdout.readline() == b"started\n"

    def close(self) -> None:
        if self._process is not None:
            self._process.communicate(timeout=10)


_STARTED_ANEW = client.start_runner


def _read_once(environment: dict[str, str]) -> dict[str, str]:
    """Variables that a fork cannot follow; of the path of modules it can."""
    return {
        name: value
        for name, value in environment.items()
        if name.startswith(_READ_ONCE) and name != "PYTHONPATH"
    }


def _serve() -> None:
    import jupyter_datum.runner.__main__ as runner

    path = sys.path[1:]
    gc.freeze()
    for line in iter(sys.stdin.buffer.readline, b""):
        child = os.fork()
        if child == 0:
            if os.fork():
                os._exit(0)
            asked = json.loads(line)
            _become(asked, path)
            sys.modules["__main__"] = runner  # as with -m: workers of pools ask for it
            sys.exit(runner.main(asked["root"], asked["interpreter"]))
        os.waitpid(child, 0)
        os.write(1, b"started\n")
    os._exit(0)  # what it would take away at its exit, the runners have taken away with theirs


def _become(asked: dict[str, Any], path: list[str]) -> None:
    """Be a process that was started with ``python -m``: its session, streams, variables, path."""
    os.setsid()
    os.chdir(asked["root"])
    null = os.open(os.devnull, os.O_RDWR)
    log = os.open(asked["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    for number, opened in enumerate((null, log, log)):
        os.dup2(opened, number)
    os.close(null)
    os.close(log)
    os.environ.clear()
    os.environ.update(asked["environment"])
    time.tzset()
    given = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))
    more = [place for place in given if place not in path]
    sys.path[:] = [str(Path.cwd()), *more, *path]
    sys.argv[:] = ["-m", asked["root"], asked["interpreter"]]


if __name__ == "__main__":
    _serve()
