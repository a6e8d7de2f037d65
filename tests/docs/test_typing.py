"""Types as users see them: mypy and pyright read `tests/typed`, which also runs: types must not promise too much."""

from __future__ import annotations

import ast
import importlib
import inspect
import pydoc
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

import numpy as np
import pytest

import autograd
from autograd import PRIMITIVES, Value, signatures
from autograd.check.gradients import Oracle
from autograd.check.oracle import ORACLES
from nn.inspection.gradient_check import CheckOptions
from nn.layers.mlp import Output

pytestmark = pytest.mark.slow

ROOT = Path(autograd.__file__).parent.parent
TYPED = ROOT / "tests" / "typed"
PROGRAMS = [importlib.import_module(f"tests.typed.{path.stem}") for path in sorted(TYPED.glob("[!_]*.py"))]
STUB = ast.parse((ROOT / "autograd" / "signatures.pyi").read_text(encoding="utf-8"))


def _python(*arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *map(str, arguments)]
    return subprocess.run(command, check=False, cwd=ROOT, capture_output=True, text=True, encoding="utf-8")


# --- what type checkers say -------------------------------------------------------------------------------------------


def test_mypy_sees_the_types_and_the_mistakes() -> None:
    run = _python("mypy", "--strict", TYPED)
    assert run.returncode == 0, run.stdout + run.stderr


def test_pyright_sees_the_types_and_the_mistakes() -> None:
    run = _python("pyright", "--project", TYPED / "pyrightconfig.json", "--pythonpath", sys.executable)
    assert run.returncode == 0, run.stdout + run.stderr


# --- what is there at run time ----------------------------------------------------------------------------------------


def holds(thing: Any, kind: Any) -> bool:
    """Whether a thing is what a type says, element by element."""
    origin, inner = get_origin(kind), get_args(kind)
    if kind is None or kind is Any:
        return thing is kind or kind is Any
    if hasattr(origin, "__value__"):  # an alias, as NDArray is in NumPy 2.5 on Python 3.12 and newer
        return holds(thing, origin.__value__[inner])
    if origin is UnionType or isinstance(kind, UnionType):
        return any(holds(thing, each) for each in inner)
    if origin is list:
        return isinstance(thing, list) and all(holds(each, inner[0]) for each in thing)
    if origin is dict:
        return isinstance(thing, dict) and all(holds(k, inner[0]) and holds(v, inner[1]) for k, v in thing.items())
    if origin is tuple:
        kinds = [inner[0]] * len(thing) if inner[-1] is Ellipsis else inner
        return isinstance(thing, tuple) and all(map(holds, thing, kinds)) and len(thing) == len(kinds)
    if origin is np.ndarray:
        return isinstance(thing, np.ndarray)
    return isinstance(thing, kind)


def _functions(module: ModuleType) -> Iterable[Callable[[], None]]:
    return [each for _, each in inspect.getmembers(module, inspect.isfunction) if each.__module__ == module.__name__]


STATED = [
    pytest.param(module, function, id=f"{module.__name__.split('.')[-1]}.{function.__name__}")
    for module in PROGRAMS
    for function in _functions(module)
    if not any(p.default is inspect.Parameter.empty for p in inspect.signature(function).parameters.values())
]


@pytest.mark.parametrize(("module", "function"), STATED)
def test_what_is_stated_is_what_is_there(
    module: ModuleType, function: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong: list[tuple[Any, Any]] = []

    def compare(thing: Any, kind: Any) -> Any:
        if not holds(thing, kind):
            wrong.append((thing, kind))
        return thing

    monkeypatch.setattr(module, "assert_type", compare)
    function()
    assert wrong == []


@pytest.mark.parametrize(
    ("thing", "kind", "expected"),
    [
        (1.0, float, True),
        (Value(1.0), float, False),
        ([1.0, Value(1.0)], list[float], False),
        ((1.0, [2.0]), tuple[float, list[float]], True),
        ((1.0,), tuple[float, float], False),
        ({"w": 1.0}, dict[str, Value], False),
        (Value(1.0), Output, True),
        (1.0, Output, False),
        (1.0, None, False),
    ],
)
def test_a_wrong_type_is_noticed(thing: Any, kind: Any, expected: bool) -> None:
    assert holds(thing, kind) is expected


# --- the stub and the code --------------------------------------------------------------------------------------------


def _stub_class(name: str) -> Mapping[str, ast.FunctionDef]:
    (found,) = [node for node in STUB.body if isinstance(node, ast.ClassDef) and node.name == name]
    return {node.name: node for node in found.body if isinstance(node, ast.FunctionDef)}


def _is_generated(function: Any) -> bool:
    return inspect.isfunction(function) and function.__code__.co_filename.startswith("<autograd ")


def test_the_stub_lists_the_operators_that_are_made_from_rows() -> None:
    made = {name: function for name, function in vars(Value).items() if _is_generated(function)}
    stated = _stub_class("Operators")
    assert made.keys() == stated.keys()
    for name, function in made.items():
        assert len(inspect.signature(function).parameters) == len(
            [*stated[name].args.posonlyargs, *stated[name].args.args]
        )


def test_the_stub_and_the_module_hold_the_same_decorators() -> None:
    stated = {node.name for node in STUB.body if isinstance(node, ast.FunctionDef)}
    assert {name for name, thing in vars(signatures).items() if thing is signatures._unchanged} - {
        "_unchanged"
    } == stated


@pytest.mark.parametrize("module", ["affine", "functions"])
def test_no_function_for_users_is_left_without_types(module: str) -> None:
    """What returns Any has a decorator that says more, or overloads."""
    body = ast.parse((ROOT / "autograd" / f"{module}.py").read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(body) if isinstance(node, ast.FunctionDef) and node.name in autograd.__all__]
    decorated = {node.name for node in functions if node.decorator_list}
    assert [node.name for node in functions if "Any" in ast.unparse(node.returns or node)] != []
    assert {node.name for node in functions if "Any" in ast.unparse(node.returns or node)} <= decorated


@pytest.mark.parametrize("name", ["__add__", "__rpow__", "__lt__", "__mod__"])
def test_an_operator_is_shown_by_its_name(name: str) -> None:
    shown = pydoc.render_doc(getattr(Value, name), renderer=pydoc.plaintext)
    assert f"{name}(self, other)" in shown


@pytest.mark.parametrize("name", [n for n in autograd.__all__ if isinstance(getattr(autograd, n), autograd.Primitive)])
def test_a_function_of_the_table_shows_its_operands(name: str) -> None:
    row = getattr(autograd, name)
    assert f"{name}{inspect.signature(row)}".replace(", /", "") == row.signature()


@pytest.mark.parametrize("row", PRIMITIVES.values(), ids=PRIMITIVES.keys())
def test_a_row_has_the_signature_of_its_call(row: autograd.Primitive) -> None:
    parameters = inspect.signature(row).parameters
    if row.arity is None:
        assert [p.kind for p in parameters.values()] == [inspect.Parameter.VAR_POSITIONAL]
    else:
        assert len(parameters) == row.arity


def test_the_options_that_are_stated_are_those_that_exist() -> None:
    assert get_args(Oracle) == ORACLES
    known = get_type_hints(autograd.check_gradients)
    stated = get_type_hints(CheckOptions)
    assert stated == {name: known[name] for name in known.keys() - {"f", "at", "loss", "gradient", "return"}}
