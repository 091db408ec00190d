"""Who may import whom (design, section 8), read from the sources; and proof that the reading notices what is wrong."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
WIRE = ("struct", "binascii", "hashlib", "cabinpay.wire")
# Pure modules of stock MicroPython: clock, files, streams and signatures are handed to the agent
AGENT = (*WIRE, "cabinpay.agent", "array", "collections", "gc", "json", "micropython")
INTERPRETER = {"sys": ("implementation", "platform", "version", "version_info"), "os": ("uname",), "platform": ()}


def nodes(tree: ast.AST) -> Iterator[ast.AST]:
    """Every node but those under `if MYPY:`, which no interpreter runs."""
    for child in ast.iter_child_nodes(tree):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "MYPY":
            for other in child.orelse:
                yield other
                yield from nodes(other)
        else:
            yield child
            yield from nodes(child)


def imported(source: str, package: str) -> set[str]:
    """Absolute names that a file of `package` imports; "?" where only a run could tell."""
    found = set()
    for node in nodes(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= from_import(node, package)
        elif isinstance(node, ast.Call) and called(node) in ("__import__", "import_module"):
            known = node.args and isinstance(node.args[0], ast.Constant)
            found.add(str(node.args[0].value) if known else "?")
    return found


def from_import(node: ast.ImportFrom, package: str) -> set[str]:
    base = node.module or ""
    if node.level:
        parents = package.split(".")[: len(package.split(".")) - node.level + 1]
        base = ".".join([*parents, base] if base else parents)
    # `from cabinpay import agent` imports a module, `from struct import pack` a name: both begin with what matters
    return {base + "." + alias.name for alias in node.names}


def called(node: ast.Call) -> str:
    return node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")


def within(name: str, *tops: str) -> bool:
    return any(name == top or name.startswith(top + ".") for top in tops)


def looks_at_interpreter(source: str) -> set[str]:
    """sys.implementation and its like, however they are named."""
    tree, found = ast.parse(source), set()
    aliases = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }  # fmt: skip
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module in INTERPRETER:
            found |= {f"{node.module}.{a.name}" for a in node.names if a.name in (*INTERPRETER[node.module], "*")}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module = aliases.get(node.value.id, "")
            found |= {f"{module}.{node.attr}"} if node.attr in INTERPRETER.get(module, ()) else set()
        elif isinstance(node, ast.Call) and called(node) in ("getattr", "hasattr") and len(node.args) > 1:
            name = ast.unparse(node.args[0]) + "." + str(getattr(node.args[1], "value", "?"))
            module = aliases.get(name.split(".")[0], "")
            found |= {name} if name.split(".")[-1] in INTERPRETER.get(module, ()) else set()
    return found | ({"platform"} if "platform" in aliases.values() else set())


def forbidden(source: str, package: str) -> set[str]:
    """What a file of `package` ("" for main.py) imports or looks at against the rules."""
    names = imported(source, package)
    if within(package, "cabinpay.wire"):
        wrong = {name for name in names if not within(name, *WIRE)}
    elif within(package, "cabinpay.agent"):
        wrong = {name for name in names if not within(name, *AGENT)}
    elif within(package, "cabinpay.io"):
        wrong = {name for name in names if within(name, "ed25519", "cabinpay_host", "main", "?")}
    elif within(package, "ed25519"):
        wrong = {name for name in names if within(name, "cabinpay", "cabinpay_host", "main", "?")}
    elif within(package, "cabinpay_host"):
        wrong = {name for name in names if within(name, "cabinpay") and not within(name, "cabinpay.wire")}
        wrong |= {name for name in names if within(name, "ed25519", "main", "?")}
    else:
        wrong = {name for name in names if within(name, "cabinpay_host", "?")}
    return wrong | (looks_at_interpreter(source) if within(package, "cabinpay") else set())


def files() -> Iterator[tuple[Path, str]]:
    for root in (ROOT / "firmware", ROOT / "host_tools"):
        for path in sorted(root.rglob("*.py")):
            yield path, ".".join(path.relative_to(root).parts[:-1])


def test_no_arrow_points_the_wrong_way() -> None:
    packages = {package for _, package in files()}
    assert {"cabinpay.wire", "cabinpay.agent", "cabinpay.io", "ed25519", "cabinpay_host"} <= packages
    wrong = {str(path.relative_to(ROOT)): forbidden(path.read_text(), package) for path, package in files()}
    assert {path: names for path, names in wrong.items() if names} == {}


@pytest.mark.parametrize(("package", "source", "names"), [
    ("cabinpay.wire", "import struct, binascii\nfrom hashlib import sha256\nfrom .x import y", ""),
    ("cabinpay.wire", "MYPY = False\nif MYPY:\n    from typing import Any", ""),
    ("cabinpay.wire", "if MYPY:\n    pass\nelse:\n    import typing", "typing"),
    ("cabinpay.wire", "if DEBUG:\n    from typing import Any", "typing.Any"),
    ("cabinpay.wire", "import json", "json"),
    ("cabinpay.wire", "def f():\n    import time", "time"),
    ("cabinpay.wire", "from ..agent import verdict", "cabinpay.agent.verdict"),
    ("cabinpay.wire", "from .. import io", "cabinpay.io"),
    ("cabinpay.wire", "from cabinpay import io", "cabinpay.io"),
    ("cabinpay.wire", "import structure", "structure"),
    ("cabinpay.wire", "import ed25519", "ed25519"),
    ("cabinpay.agent", "from ..wire import cbor\nfrom . import journal\nimport struct", ""),
    ("cabinpay.agent", "import machine", "machine"),
    ("cabinpay.agent", "from time import ticks_ms", "time.ticks_ms"),
    ("cabinpay.agent", "import os, asyncio, select, socket, vfs", "os asyncio select socket vfs"),
    ("cabinpay.agent", "try:\n    import ed25519\nexcept ImportError:\n    pass", "ed25519"),
    ("cabinpay.agent", "from ..io import display", "cabinpay.io.display"),
    ("cabinpay.agent", "import board", "board"),
    ("cabinpay.agent", "m = __import__('machine')", "machine"),
    ("cabinpay.agent", "m = __import__(name)", "?"),
    ("cabinpay.io", "import machine\nfrom ..agent import verdict\nfrom ..wire import frames", ""),
    ("cabinpay.io", "import ed25519", "ed25519"),
    ("cabinpay.io", "import sys\nif sys.platform == 'rp2':\n    pass", "sys.platform"),
    ("cabinpay.io", "import sys as s\nx = s.implementation.name", "sys.implementation"),
    ("cabinpay.io", "from sys import implementation", "sys.implementation"),
    ("cabinpay.io", "import sys\nx = hasattr(sys, 'implementation')", "sys.implementation"),
    ("cabinpay.io", "import sys\nsys.print_exception(e)", ""),
    ("cabinpay.io", "import os\nos.uname()", "os.uname"),
    ("cabinpay.io", "import platform", "platform"),
    ("ed25519", "from . import _plain", ""),
    ("ed25519", "from cabinpay.wire import keys", "cabinpay.wire.keys"),
    ("cabinpay_host", "from cabinpay.wire import cbor\nimport cbor2, nacl\nfrom . import codec", ""),
    ("cabinpay_host", "from cabinpay.agent import journal", "cabinpay.agent.journal"),
    ("cabinpay_host.ledger", "from cabinpay import io", "cabinpay.io"),
    ("cabinpay_host", "import ed25519", "ed25519"),
    ("cabinpay_host", "import importlib\nm = importlib.import_module('ed25519')", "ed25519"),
    ("", "import ed25519, machine\nfrom cabinpay.io import display", ""),
    ("", "import cabinpay_host.codec", "cabinpay_host.codec"),
])  # fmt: skip
def test_the_check_itself(package: str, source: str, names: str) -> None:
    assert forbidden(source, package) == set(names.split())
