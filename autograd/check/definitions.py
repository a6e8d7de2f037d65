"""Source code that defines users' primitives again, for the programs that reproduce a failure."""

from __future__ import annotations

import ast
import inspect
import linecache
import math
import sys
from collections.abc import Iterable, Iterator
from os.path import exists
from textwrap import indent
from types import CodeType, FunctionType, ModuleType
from typing import Any

from autograd.origin import is_library_file, is_ours_file
from autograd.primitive import PRIMITIVES, REALS, Primitive

LONGEST = 2_000  # characters of a constant


class NoSourceError(Exception):
    """A primitive that cannot be written as source code; the message says why."""


class UnwritableError(NoSourceError):
    """A value that cannot be."""


def defining(primitives: Iterable[Primitive]) -> list[str]:
    """Lines of a program that define users' primitives again.

    A primitive that is a global of its file is defined by running that file; one that is made in a function or a
    notebook by the source of its functions, with the constants they close over. Where neither is possible, a comment
    says what to fill in.
    """
    lines: list[str] = []
    for primitive in {each.name: each for each in primitives if PRIMITIVES.get(each.name) is each}.values():
        code = _code(primitive)
        if code is not None and not is_ours_file(code.co_filename):
            lines += _definition(primitive, code)
    imports = {"import runpy": "runpy.run_path(", "from autograd import define": "define("}
    return [*[line for line, use in imports.items() if any(use in each for each in lines)], *lines]


def _code(primitive: Primitive) -> CodeType | None:
    functions = (primitive.value, *primitive.partials, primitive.variadic)
    return next((each.__code__ for each in functions if isinstance(each, FunctionType)), None)


def _definition(primitive: Primitive, code: CodeType) -> list[str]:
    run = [f'"{primitive.name}" in PRIMITIVES or runpy.run_path({code.co_filename!r})']
    if exists(code.co_filename) and _is_global(primitive):
        return run
    try:
        return _Writer().definition(primitive)
    except NoSourceError as missing:
        if exists(code.co_filename) and "<locals>" not in code.co_qualname:
            return run
        place = f"{code.co_filename}:{code.co_firstlineno}"
        return [f"# fill in: define({primitive.name!r}, …) from {place}; {missing}"]


def _is_global(primitive: Primitive) -> bool:
    functions = (primitive.value, *primitive.partials, primitive.variadic)
    scopes = [each.__globals__ for each in functions if isinstance(each, FunctionType)]
    return any(x is primitive for scope in scopes for x in scope.values())


class _Writer:
    """Writes one primitive as a function that defines it, so that its names cannot meet those of the program."""

    def __init__(self) -> None:
        self.names: dict[str, Any] = {}  # what they stand for
        self.lines: list[str] = []

    def definition(self, primitive: Primitive) -> list[str]:
        """The lines. NoSourceError where a part has no source."""
        parts = [repr(primitive.name), *map(self.part, (primitive.value, *primitive.partials))]
        defaults = {"symbol": primitive.name, "kinks": (), "formula": "", "variadic": None}
        options = {name: getattr(primitive, name) for name in defaults}
        parts += [f"{name}={self.part(x)}" for name, x in options.items() if x != defaults[name]]
        if any(interval != REALS for interval in primitive.domain):
            parts.append(f"domain={self.part(primitive.domain)}")
        body = "\n".join([*self.lines, f"define({', '.join(parts)})"])
        name = f"define_{primitive.name}"
        return ["", f"def {name}():", *indent(body, "    ").splitlines(), "", f"{name}()"]

    def part(self, x: Any) -> str:
        """A value as an expression: a constant, a lambda, or a name that `lines` define before."""
        if isinstance(x, FunctionType) and not is_library_file(x.__code__.co_filename):
            return self.function(x)
        if (
            isinstance(x, Primitive)
            and PRIMITIVES.get(x.name) is x
            and (code := _code(x))
            and is_ours_file(code.co_filename)
        ):
            return f'PRIMITIVES["{x.name}"]'
        if (path := _import_path(x)) is not None:
            module, name = path
            self.name(name, x, f"from {module} import {name}")
            return name
        return _constant(x)

    def function(self, function: FunctionType) -> str:
        """A function of the user's, after whatever it refers to."""
        node = _node(function.__code__)
        name = None if isinstance(node, ast.Lambda) else node.name
        if name is not None and self.names.get(name) is function:
            return name
        if name is not None:
            self.name(name, function, "")
        for each, value in _references(function):
            if isinstance(value, ModuleType):
                self.name(each, value, f"import {value.__name__} as {each}".replace(f" {each} as {each}", f" {each}"))
            elif each not in self.names or self.names[each] is not value:
                text = self._written(each, value)
                self.name(each, value, "" if text == each else f"{each} = {text}")
        source = self._source(node, function)
        if name is None:
            return source
        self.lines += source.splitlines()
        return name

    def _written(self, name: str, x: Any) -> str:
        try:
            return self.part(x)
        except UnwritableError as error:
            raise NoSourceError(f"it uses {name} = {error}") from error

    def _source(self, node: ast.Lambda | ast.FunctionDef, function: FunctionType) -> str:
        arguments = node.args
        for each in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg):
            if each is not None:
                each.annotation = None  # its names may not be known there
        arguments.defaults = [_expression(self.part(x)) for x in function.__defaults__ or ()]
        keywords = function.__kwdefaults__ or {}
        arguments.kw_defaults = [
            _expression(self.part(keywords[each.arg])) if each.arg in keywords else None
            for each in arguments.kwonlyargs
        ]
        if isinstance(node, ast.FunctionDef):
            node.decorator_list, node.returns = [], None
        return ast.unparse(node)

    def name(self, name: str, value: Any, line: str) -> None:
        """Let a name stand for a value. NoSourceError where it stands for another one already."""
        if name in self.names and self.names[name] is not value:
            raise NoSourceError(f"it uses two values called {name}")
        if name not in self.names and line:
            self.lines.append(line)
        self.names[name] = value


def _expression(text: str) -> ast.expr:
    return ast.parse(text, mode="eval").body


def _node(code: CodeType) -> ast.Lambda | ast.FunctionDef:
    """The syntax of a function. NoSourceError where its file is gone, or several functions could be meant."""
    source = "".join(linecache.getlines(code.co_filename))
    try:
        tree = ast.parse(source)
    except SyntaxError as error:
        raise NoSourceError(f"the source of {code.co_qualname} is not valid Python") from error
    found = [each for each in ast.walk(tree) if isinstance(each, ast.Lambda | ast.FunctionDef) and _matches(each, code)]
    if len(found) != 1:
        raise NoSourceError(f"the source of {code.co_qualname} is not known")
    return found[0]


def _matches(node: ast.Lambda | ast.FunctionDef, code: CodeType) -> bool:
    """Whether the code was compiled from the syntax: by its first line, and by the place of what a lambda returns."""
    if isinstance(node, ast.FunctionDef):
        first = min([node.lineno, *[each.lineno for each in node.decorator_list]])
        return node.name == code.co_name and first == code.co_firstlineno
    if code.co_name != "<lambda>" or node.lineno != code.co_firstlineno:
        return False
    places = [(line, column) for line, _, column, _ in code.co_positions() if line is not None and column is not None]
    body = node.body
    start, end = (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)
    return start in places and all(start <= place <= end for place in places if place[1] or place[0] != node.lineno)


def _references(function: FunctionType) -> Iterator[tuple[str, Any]]:
    """The names from outside that a function uses, and what they stand for."""
    found = inspect.getclosurevars(function)
    yield from found.nonlocals.items()
    for name in dict.fromkeys(_global_names(function.__code__)):
        if name in function.__globals__:
            yield name, function.__globals__[name]


def _global_names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _global_names(each)


def _import_path(x: Any) -> tuple[str, str] | None:
    """The library module, or its package, and the name by which a function or class can be imported from there."""
    module, name = getattr(x, "__module__", None), getattr(x, "__name__", None)
    if isinstance(x, Primitive) or not (callable(x) and isinstance(module, str) and isinstance(name, str)):
        return None
    for path in (module, module.partition(".")[0]):
        home = sys.modules.get(path)
        is_library = home is not None and is_library_file(getattr(home, "__file__", None) or "<frozen ")
        if is_library and getattr(home, name, None) is x:
            return path, name
    return None


def _constant(x: Any) -> str:
    """A constant as an expression that gives the same again. UnwritableError for anything else."""
    text = _text(x)
    if len(text) > LONGEST:
        raise UnwritableError(f"{text[:57]}…, which is too long to be written here")
    return text


def _text(x: Any) -> str:
    if type(x) is float and not math.isfinite(x):
        return f"float('{x}')"
    if x is None or type(x) in (bool, int, float, str):
        return repr(x)
    if type(x) is list:
        return f"[{', '.join(map(_text, x))}]"
    if type(x) is tuple:
        return f"({', '.join(map(_text, x))}{',' * (len(x) == 1)})"
    if type(x) is dict:
        return f"{{{', '.join([f'{_text(key)}: {_text(value)}' for key, value in x.items()])}}}"
    text = repr(x)
    raise UnwritableError(f"{text if len(text) <= 60 else f'{text[:57]}…'}, which cannot be written here")
