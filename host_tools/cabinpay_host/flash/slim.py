"""What no board needs in RAM: names of numbers, which go where they are used, and functions that nothing there calls.

A name costs about 15 bytes, and 8 more in each module that asks for it; the agent has a hundred of them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
# (dotted module, name)
_Key = tuple[str, str]


def slimmed(trees: dict[str, ast.Module]) -> None:
    """Changes modules, by path, in place."""
    modules = {_dotted(path): tree for path, tree in trees.items()}
    _put_in_place(modules)
    _drop_unused(modules)


def _dotted(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _put_in_place(modules: dict[str, ast.Module]) -> None:
    scopes: dict[str, _Scope] = {}
    for name, tree in modules.items():
        scopes[name] = _Scope(name, tree, modules, scopes)
    numbers: dict[_Key, int] = {}
    for name, tree in modules.items():
        numbers |= {(name, known): value for known, value in _numbers(tree).items()}
    for scope in scopes.values():
        for key in set(scope.doubtful(numbers)):
            del numbers[key]
    for name, tree in modules.items():
        _Putter(scopes[name], numbers).visit(tree)
        tree.body = [node for node in tree.body if not _defines(node, name, numbers)]


def _numbers(tree: ast.Module) -> dict[str, int]:
    """NAMES that a module gives a number to, once and at its top."""
    found: dict[str, int] = {}
    for node in tree.body:
        for name, value in _assigned(node):
            try:
                number = eval(compile(ast.Expression(value), "", "eval"), {"__builtins__": {}}, dict(found))
            except (NameError, TypeError, ValueError):
                continue
            if type(number) is int and name.isupper():
                found[name] = number
    return found


def _assigned(node: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    match node:
        case ast.Assign([ast.Name(name)], value):
            yield name, value
        case ast.Assign([ast.Tuple(names)], ast.Tuple(values)):
            yield from ((n.id, v) for n, v in zip(names, values, strict=False) if isinstance(n, ast.Name))


def _defines(node: ast.stmt, module: str, numbers: dict[_Key, int]) -> bool:
    """Is this an assignment of nothing but numbers that are in place now?"""
    found = [name for name, _ in _assigned(node)]
    return bool(found) and all((module, name) in numbers for name in found)


class _Scope:
    """What a module's names mean. names: from elsewhere, (module, name); aliases: modules; others: all scopes."""

    def __init__(
        self, module: str, tree: ast.Module, modules: dict[str, ast.Module], others: dict[str, _Scope]
    ) -> None:
        self.module, self.tree, self.others = module, tree, others
        self.names: dict[str, _Key] = {}
        self.aliases: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                self.aliases |= {a.asname or a.name: a.name for a in node.names if a.name in modules}
            elif isinstance(node, ast.ImportFrom):
                self._take(node, modules)

    def _take(self, node: ast.ImportFrom, modules: dict[str, ast.Module]) -> None:
        package = source(self.module, node)
        for alias in node.names:
            if f"{package}.{alias.name}" in modules:
                self.aliases[alias.asname or alias.name] = f"{package}.{alias.name}"
            else:
                self.names[alias.asname or alias.name] = (package, alias.name)

    def key(self, node: ast.AST) -> _Key | None:
        """What a name or MODULE.NAME stands for."""
        match node:
            case ast.Name(name):
                return self.origin((self.module, name))
            case ast.Attribute(ast.Name(alias), name) if alias in self.aliases:
                return self.origin((self.aliases[alias], name))
        return None

    def origin(self, key: _Key) -> _Key:
        """Where a name was given that modules may hand on."""
        while key[0] in self.others and key[1] in self.others[key[0]].names:
            key = self.others[key[0]].names[key[1]]
        return key

    def doubtful(self, numbers: dict[_Key, int]) -> Iterator[_Key]:
        """Numbers that may change, or that something here may mean by another name: they stay as they are."""
        stored = [node for node in ast.walk(self.tree) if isinstance(getattr(node, "ctx", None), ast.Store)]
        names = [node.id for node in stored if isinstance(node, ast.Name)]
        attributes = {self.key(node) for node in stored if isinstance(node, ast.Attribute)}
        taken = {node.arg for node in ast.walk(self.tree) if isinstance(node, ast.arg)} | set(names)
        for module, name in numbers:
            own = module == self.module
            imported = name in self.names and self.origin((self.module, name)) == (module, name)
            renamed = (own and names.count(name) > 1) or (imported and name in taken)
            if renamed or (module, name) in attributes:
                yield module, name
        shadowed = {module for alias, module in self.aliases.items() if alias in taken}
        yield from (key for key in numbers if key[0] in shadowed)


def source(module: str, node: ast.ImportFrom) -> str:
    """The module that an import in `module` takes names from."""
    if not node.level:
        return node.module or ""
    package = module.rsplit(".", node.level)[0]
    return f"{package}.{node.module}" if node.module else package


class _Putter(ast.NodeTransformer):
    def __init__(self, scope: _Scope, numbers: dict[_Key, int]) -> None:
        self._scope, self._numbers = scope, numbers

    def _put(self, node: ast.Name | ast.Attribute) -> ast.AST:
        key = self._scope.key(node)
        if isinstance(node.ctx, ast.Load) and key in self._numbers:
            return ast.Constant(self._numbers[key])
        return self.generic_visit(node)

    visit_Name = visit_Attribute = _put

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        package = source(self._scope.module, node)
        node.names = [a for a in node.names if self._scope.origin((package, a.name)) not in self._numbers]
        return node if node.names else None


def _drop_unused(modules: dict[str, ast.Module]) -> None:
    """Functions and classes that nothing names, and what only they name; imports of what nothing names."""
    before = -1
    while before != (before := sum(len(tree.body) for tree in modules.values())):
        used = {name for tree in modules.values() for node in ast.walk(tree) for name in _uses(node)}
        for tree in modules.values():
            tree.body = [n for n in tree.body if not isinstance(n, _Definition) or n.name in used]
            _Importer(used).visit(tree)


def _uses(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Name(name, ast.Load()) | ast.Attribute(_, name) | ast.keyword(str(name)):
            yield name
        case ast.Constant(str(text)):
            yield from text.split(".")
        case ast.alias(name, str()):
            yield name


class _Importer(ast.NodeTransformer):
    def __init__(self, used: set[str]) -> None:
        self._used = used

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.AST | None:
        node.names = [alias for alias in node.names if (alias.asname or alias.name) in self._used]
        return node if node.names else None
