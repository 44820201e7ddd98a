"""The sheets of the JupyterLab half: rooms that grow side by side must not take the same names."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path

STYLE = Path(__file__).parent.parent / "style"


def test_a_class_has_its_own_rule_in_one_sheet_only() -> None:
    found = defaultdict(set)
    for sheet in STYLE.glob("*.css"):
        for name in re.findall(r"^(\.jp-datum-[a-z-]+) \{$", sheet.read_text(), re.MULTILINE):
            found[name].add(sheet.name)
    assert len(found) > 100
    assert {name: sheets for name, sheets in found.items() if len(sheets) > 1} == {}
