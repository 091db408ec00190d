"""The table of attacks names tests that are there."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]


def test_every_attack_of_the_table_has_its_tests() -> None:
    rows = [line for line in (TESTS / "ATTACKS.md").read_text().splitlines() if line.startswith("| ")][2:]
    named = [re.findall(r"`([\w/]+\.py)::(\w+)`", row.split(" | ")[-1]) for row in rows]
    assert len(rows) >= 19 and all(named)
    missing = [place for row in named for place in row if place[1] not in functions(place[0])]
    assert missing == []


def functions(path: str) -> set[str]:
    tree = ast.parse((TESTS / path).read_text())
    return {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
