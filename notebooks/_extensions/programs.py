"""The programs of the documentation for the playground: complete blocks of the guide, cells of the notebooks."""

from __future__ import annotations

import ast
import builtins
import doctest
import json
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator, Sequence
from pathlib import Path

OURS = {"autograd", "nn"}
# What needs NumPy, matplotlib, mpmath, Hypothesis, a process, a thread or a socket: modules and names in them, and
# attributes, among them the matrices of a layer. A test runs what is left, without all these.
ELSEWHERE = {
    *("asyncio", "concurrent", "ctypes", "multiprocessing", "pdb", "socket", "subprocess", "threading"),
    *("autograd.digits", "autograd.interop", "autograd.strategies", "autograd.testing"),
    *("nn.cluster", "nn.datasets", "nn.plotting"),
}
NEEDS_NUMPY = {"T", "W", "datasets", "diagnose", "explain", "reshape", "source", "sweep"}
TOO_LONG = {"9-a-gpt-from-scalars"}  # trains for half a minute, and in WebAssembly for several
HERE = sys.stdlib_module_names | OURS
SCOPES = (ast.FunctionDef, ast.ClassDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
LONGEST = 20_000  # characters of a program, as in link.js


def link_of(program: str, root: str = "") -> str:
    """The address of the playground with the program; `root` leads to the root of the site."""
    text = urlsafe_b64encode(program.encode()).decode().rstrip("=")
    return f"{root}playground/index.html#program={text}"


def of_block(block: str) -> str | None:
    """The program of a block, which may be a session with `>>>`.

    None if it is not complete, is to fail, or uses what is not there.
    """
    if "Traceback (most recent call last)" in block:
        return None
    program = _session(block) if block.lstrip().startswith(">>>") else block
    tree = ast.parse(program)
    fits = _can_run(tree.body, set()) and len(program) <= LONGEST
    return program if fits and OURS & {name.partition(".")[0] for name in _imports(tree)} else None


def of_notebook(path: Path) -> str | None:
    """The statements of a notebook that need neither NumPy nor matplotlib, nor a name of one that does."""
    if path.stem in TOO_LONG:
        return None
    cells = [each for each in json.loads(path.read_text("utf-8"))["cells"] if each["cell_type"] == "code"]
    known: set[str] = set()
    sources = ["".join(cell["source"]) for cell in cells]
    kept = ["\n".join(_kept(source, known)) for source in sources if "get_ipython" not in source]  # which installs us
    return of_block("\n\n".join(filter(None, kept)) + "\n")


def _kept(cell: str, known: set[str]) -> Iterator[str]:
    """The statements of a cell that can run after those that have defined `known`, to which they add."""
    for statement in ast.parse(cell).body:
        if _can_run([statement], known):
            known |= _bound(statement, inside=False)
            yield ast.get_source_segment(cell, statement) or ""
        else:
            known -= _bound(statement, inside=False)


def _session(block: str) -> str:
    """A session as a script: a value that the prompt would show is printed."""
    lines = []
    for example in doctest.DocTestParser().get_examples(block):
        last = ast.parse(example.source).body[-1]
        value = ast.get_source_segment(example.source, last) or ""
        shown = example.want and isinstance(last, ast.Expr) and not value.startswith("print(")
        lines.append(example.source.replace(value, f"print({value})", 1) if shown else example.source)
    return "".join(lines)


def _can_run(statements: Sequence[ast.stmt], known: set[str]) -> bool:
    """Whether everything that they import is there, and every name is known, builtin or bound by them."""
    tree = ast.Module([*statements], [])
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    attributes = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    there = all(_is_here(name) for name in _imports(tree))
    return there and names <= known | _bound(tree) | set(dir(builtins)) and attributes.isdisjoint(NEEDS_NUMPY)


def _is_here(module: str) -> bool:
    return module.partition(".")[0] in HERE and not {module, module.partition(".")[0]} & ELSEWHERE


def _imports(tree: ast.AST) -> Iterator[str]:
    """The modules, and what is taken from them with their names: `from nn import plotting` gives nn, nn.plotting."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (str(node.module), *(f"{node.module}.{each.name}" for each in node.names))


def _bound(tree: ast.AST, *, inside: bool = True) -> set[str]:
    """The names that are assigned, defined or imported in it; `inside` functions and comprehensions, too."""
    found, todo = set(), [tree]
    while todo:
        node = todo.pop()
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.add(node.name)
        elif isinstance(node, ast.arg):
            found.add(node.arg)
        elif isinstance(node, ast.alias):
            found.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            found.add(node.name)
        if inside or not isinstance(node, SCOPES):
            todo += ast.iter_child_nodes(node)
    return found
