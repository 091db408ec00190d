"""Short names for what no other file uses: MicroPython keeps every name of a program in RAM, about 15 bytes each.

Renamed are private attributes and variables (_like_this), which each family of classes may then share with the others,
and arguments that nobody passes by name. Functions keep theirs, so that a traceback can be read.
"""

from __future__ import annotations

import ast
import itertools
import keyword
import string
from collections.abc import Iterator

from . import slim

_Functions = (ast.FunctionDef, ast.AsyncFunctionDef)
_FIELDS = ("id", "attr", "arg", "name")


def shortened(sources: dict[str, str]) -> dict[str, str]:
    """The same program, by path; comments and layout are lost. ValueError for a private name that no file defines."""
    trees = {path: ast.parse(source) for path, source in sources.items()}
    for tree in trees.values():
        tree.body = [node for node in tree.body if "MYPY" not in _names_of(node)]
    slim.slimmed(trees)
    nodes = [node for tree in trees.values() for node in ast.walk(tree)]
    by_name = {node.arg for node in nodes if isinstance(node, ast.keyword) and node.arg}
    in_text = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    for family in _families(trees):
        _rename(family, by_name | in_text)
    for tree in trees.values():
        for function in _outermost(tree):
            _rename_arguments(function, by_name)
    return {path: ast.unparse(ast.fix_missing_locations(tree)) for path, tree in trees.items()}


def _families(trees: dict[str, ast.Module]) -> list[list[ast.Module]]:
    """Files whose classes inherit from each other's, together: `self` of one is that of the others."""
    family = {path: [tree] for path, tree in trees.items()}
    for path, tree in trees.items():
        bases = {
            b.id for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for b in c.bases if isinstance(b, ast.Name)
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and bases & {alias.asname or alias.name for alias in node.names}:
                _join(
                    family,
                    path,
                    [p for p in trees if p.rsplit("/", 1)[-1] == f"{(node.module or '').split('.')[-1]}.py"],
                )
    return list({id(members): members for members in family.values()}.values())


def _join(family: dict[str, list[ast.Module]], path: str, others: list[str]) -> None:
    for other in others:
        joined = family[path]
        joined += [tree for tree in family[other] if tree not in joined]
        for name, members in family.items():
            if any(tree in joined for tree in members):
                family[name] = joined


def _rename(family: list[ast.Module], kept: set[str]) -> None:
    names = {name for tree in family for node in ast.walk(tree) for name in _names(node)}
    kept = kept | {node.name for tree in family for node in ast.walk(tree) if isinstance(node, _Functions)}
    private = sorted(
        name for name in names - kept if name.startswith("_") and not name.startswith("__") and name != "_"
    )
    new = dict(zip(private, _short("_", names), strict=False))
    for tree in family:
        for node in ast.walk(tree):
            _apply(node, new)


def _names_of(node: ast.stmt) -> set[str]:
    """What a statement assigns to or asks: what is for type checkers alone is about MYPY."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.test] if isinstance(node, ast.If) else []
    return {ast.unparse(target) for target in targets}


def _names(node: ast.AST) -> Iterator[str]:
    for field in _FIELDS:
        if isinstance(name := getattr(node, field, None), str):
            yield name
    if isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names


def _apply(node: ast.AST, new: dict[str, str]) -> None:
    if isinstance(node, ast.Global | ast.Nonlocal):
        node.names = [new.get(name, name) for name in node.names]
    for field in _FIELDS:
        if isinstance(name := getattr(node, field, None), str) and not isinstance(node, ast.alias | ast.keyword):
            setattr(node, field, new.get(name, name))


def _outermost(tree: ast.Module) -> Iterator[ast.AST]:
    for node in tree.body:
        for function in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(function, _Functions):
                yield function


def _rename_arguments(function: ast.AST, kept: set[str]) -> None:
    """In a function and those inside it; new names are none that anything in it uses."""
    taken = {name for node in ast.walk(function) for name in _names(node)} | set(keyword.kwlist)
    arguments = {node.arg for node in ast.walk(function) if isinstance(node, ast.arg)} - kept - {"self", "cls"}
    new = dict(zip(sorted(arguments), _short("", taken), strict=False))
    for node in ast.walk(function):
        if isinstance(node, ast.Name | ast.arg):
            _apply(node, new)


def _short(prefix: str, taken: set[str]) -> Iterator[str]:
    for size in (1, 2):
        for letters in itertools.product(string.ascii_lowercase, repeat=size):
            if (name := prefix + "".join(letters)) not in taken:
                yield name
