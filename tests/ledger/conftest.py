from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from jupyter_datum.ledger.db import connect
from jupyter_datum.project import Project, create


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return create(tmp_path)


@pytest.fixture
def conn(project: Project) -> Iterator[sqlite3.Connection]:
    conn = connect(project)
    yield conn
    conn.close()
