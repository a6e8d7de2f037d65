"""Functions that programs call: rows of the table on vectors, compiled when the first program asks for them.

A symbol says what a function works on: `tanh_4d` takes and gives vectors of 4 doubles, `tanh_8s` of 8 singles, which
it computes as doubles; `tanh_4d_exact` gives the bits of the C library. A row that has no function here, such as a
user's, is called back in Python, a lane at a time.
"""

from __future__ import annotations

import ctypes
import math
import os
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from threading import RLock, local
from typing import Any, NamedTuple

from autograd.compiler.llvm.body import Body, vector
from autograd.compiler.llvm.engine import LOOPS, Machine, add_symbols, c_address, has_scaling
from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.compiler.llvm.vector_math import LARGEST_ANGLE, elementary, sin_cos
from autograd.primitive import Primitive
from autograd.recording import alone

_lock = RLock()
_one_at_a_time = alone(_lock)
if hasattr(os, "register_at_fork"):  # as in engine.py; taken before that one, as everywhere
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
_machines: list[Machine] = []  # never dropped: compiled programs call into them
_known: set[str] = set()
_callbacks: dict[tuple[Primitive, int], tuple[str, Any]] = {}
_raised = local()


@dataclass(frozen=True)
class Kind:
    """The type that functions work on: vectors of `lanes` numbers, doubles or singles."""

    lanes: int
    single: bool = False
    exact: bool = False

    @property
    def number(self) -> str:
        """The type of a lane in LLVM's words."""
        return "float" if self.single else "double"

    @property
    def type(self) -> str:
        """The type in LLVM's words."""
        return vector(self.number, self.lanes)

    @property
    def bytes(self) -> int:
        """How many bytes a number has."""
        return 4 if self.single else 8

    @property
    def suffix(self) -> str:
        """The type as intrinsics spell it: llvm.fmuladd.v4f64."""
        return f"v{self.lanes}f{32 if self.single else 64}"

    def symbol(self, name: str) -> str:
        """The symbol of a function."""
        return f"{name}_{self.lanes}{'s' if self.single else 'd'}{'_exact' * self.exact}"


class Wanted(NamedTuple):
    """A function that is needed: by its name, or of a row that Python computes."""

    kind: Kind
    name: str
    row: Primitive | None
    operands: int


class Library:
    """The functions that a program calls, collected while it is written."""

    def __init__(self) -> None:
        self._wanted: dict[str, Wanted] = {}

    def function(self, kind: Kind, name: str) -> str:
        """The symbol of a function of `rows.py`, or of `sin_cos`."""
        symbol = kind.symbol(name)
        self._wanted[symbol] = Wanted(kind, name, None, FUNCTIONS[name][0] if name in FUNCTIONS else 1)
        return symbol

    def row(self, kind: Kind, row: Primitive, count: int) -> str:
        """The symbol of a function that asks Python for a row's value, with `count` operands."""
        symbol = kind.symbol(_callback(row, count))
        self._wanted[symbol] = Wanted(kind, row.name, row, count)
        return symbol

    def call(self, kind: Kind, name: str) -> str:
        """A call of a function of `rows.py`, or of `sin_cos`, with a gap for each operand.

        >>> Library().call(Kind(4), "atan2")
        'call <4 x double> @atan2_4d(<4 x double> %s, <4 x double> %s)'
        """
        symbol = self.function(kind, name)
        return _call(symbol, self._wanted[symbol])

    def row_call(self, kind: Kind, row: Primitive, count: int) -> str:
        """The same of a row that Python computes."""
        symbol = self.row(kind, row, count)
        return _call(symbol, self._wanted[symbol])

    def gather(self, kind: Kind) -> str:
        """The symbol of a function of a frame and a table of places, which gives a vector of what is there."""
        symbol = kind.symbol("gather")
        self._wanted[symbol] = Wanted(kind, "gather", None, 2)
        return symbol

    def include(self, other: Library) -> None:
        """Ask for what another one asks for."""
        self._wanted |= other._wanted

    def declarations(self) -> list[str]:
        """The declarations of a text that calls them."""
        return [f"declare {_signature(symbol, each)}" for symbol, each in self._wanted.items()]

    @property
    def calls_python(self) -> bool:
        """Whether a row is called back, which may raise."""
        return bool(self.python_rows)

    @property
    def python_rows(self) -> list[str]:
        """The names of the rows that are called back."""
        return sorted({each.name for each in self._wanted.values() if each.row is not None})

    def compile(self) -> None:
        """Compile what no program asked for before."""
        with _one_at_a_time:
            missing = {symbol: each for symbol, each in self._wanted.items() if symbol not in _known}
            if missing:
                texts = [_text(symbol, each) for symbol, each in missing.items()]
                define(missing, "\n".join(texts))


def define(symbols: Iterable[str], text: str) -> None:
    """Compile functions once and for all; other texts can call them by their symbols."""
    lines = dict.fromkeys(line for line in text.splitlines() if line.startswith("declare "))
    rest = [line for line in text.splitlines() if not line.startswith("declare ")]
    add_symbols(dict(map(_needed, filter(_is_ours, lines))))
    made = Machine(["\n".join([*lines, *rest])], LOOPS)
    add_symbols({symbol: made.address(symbol) for symbol in symbols})
    _machines.append(made)
    _known.update(symbols)


def _is_ours(declaration: str) -> bool:
    return "@libm_" in declaration


def _needed(declaration: str) -> tuple[str, int]:
    symbol = declaration[declaration.index("@") + 1 : declaration.index("(")]
    return symbol, c_address(symbol.removeprefix("libm_"))


# --- text -------------------------------------------------------------------------------------------------------------


def _text(symbol: str, wanted: Wanted) -> str:
    kind, name, row, count = wanted
    if name == "gather" and row is None:
        return _gather(symbol, kind)
    body = Body(kind.lanes, kind.exact, scales=has_scaling())
    operands = [_opened(body, kind, f"%x{i}") for i in range(count)]
    if row is not None:
        results = [body.each(_callback(row, count), *operands)]
    elif name in TRIGONOMETRIC:
        results = _trigonometric(body, name, operands[0])
    else:
        results = [FUNCTIONS[name][1](body, *operands)]
    _close(body, kind, results)
    return "\n".join([*body.declared, f"define {_signature(symbol, wanted)} {{", str(body), "}", ""])


def _gather(symbol: str, kind: Kind) -> str:
    lines, result = [], "poison"
    for i in range(kind.lanes):
        lines += [
            f"%t{i} = getelementptr i64, ptr %places, i64 {i}",
            f"%p{i} = load i64, ptr %t{i}",
            f"%a{i} = getelementptr {kind.number}, ptr %frame, i64 %p{i}",
            f"%x{i} = load {kind.number}, ptr %a{i}",
            f"%r{i} = insertelement {kind.type} {result}, {kind.number} %x{i}, i32 {i}",
        ]
        result = f"%r{i}"
    head = f"define {kind.type} @{symbol}(ptr %frame, ptr %places) {{"
    return "\n".join([head, *lines, f"ret {kind.type} {result}", "}", ""])


def _signature(symbol: str, wanted: Wanted) -> str:
    kind, count = wanted.kind, wanted.operands
    return f"{_result(wanted)} @{symbol}({', '.join([f'{kind.type} %x{i}' for i in range(count)])})"


def _call(symbol: str, wanted: Wanted) -> str:
    return f"call {_result(wanted)} @{symbol}({', '.join([f'{wanted.kind.type} %s'] * wanted.operands)})"


def _result(wanted: Wanted) -> str:
    of = wanted.kind.type
    return f"{{{of}, {of}}}" if wanted.name == "sin_cos" and wanted.row is None else of


def _opened(body: Body, kind: Kind, operand: str) -> str:
    return body.do(f"fpext {kind.type} {operand} to {body.number}") if kind.single else operand


def _close(body: Body, kind: Kind, results: list[str]) -> None:
    """The instructions that return one or two results."""
    if kind.single:
        results = [body.do(f"fptrunc {body.number} {result} to {kind.type}") for result in results]
    whole, of = results[0], kind.type
    if len(results) > 1:
        of = f"{{{kind.type}, {kind.type}}}"
        whole = "poison"
        for i, result in enumerate(results):
            whole = body.do(f"insertvalue {of} {whole}, {kind.type} {result}, {i}")
    body.lines.append(f"ret {of} {whole}")


TRIGONOMETRIC = {"sin": ("sin",), "cos": ("cos",), "sin_cos": ("sin", "cos")}


def _trigonometric(body: Body, name: str, x: str) -> list[str]:
    """Fast where an angle is moderate, else by the C library; what a lane gets does not depend on the others."""
    wanted = TRIGONOMETRIC[name]
    if body.exact:
        return [elementary(body, each, x) for each in wanted]
    moderate = body.compare("ole", body.call("fabs", x), LARGEST_ANGLE)
    body.lines += ["br label %fast", "fast:"]
    found = dict(zip(("sin", "cos"), sin_cos(body, x), strict=True))
    body.lines += [f"br i1 {body.all(moderate)}, label %done, label %slow", "slow:"]
    slow = {each: body.select(moderate, found[each], elementary(body, each, x)) for each in wanted}
    body.lines += ["br label %done", "done:"]
    return [body.do(f"phi {body.number} [{found[each]}, %fast], [{slow[each]}, %slow]") for each in wanted]


# --- rows in Python ---------------------------------------------------------------------------------------------------


def _callback(row: Primitive, count: int) -> str:
    """The symbol under which machine code finds a row's value, of `count` operands."""
    with _one_at_a_time:
        if (row, count) not in _callbacks:
            symbol = f"row{len(_callbacks)}_{re.sub('[^A-Za-z0-9_]', '_', row.name)}"
            function = ctypes.CFUNCTYPE(*[ctypes.c_double] * (count + 1))(partial(_called, row.value))
            add_symbols({symbol: ctypes.cast(function, ctypes.c_void_p).value or 0})
            _callbacks[row, count] = symbol, function  # only now: an interrupt must not leave it without an address
        return _callbacks[row, count][0]


def _called(value: Callable[..., float], *operands: float) -> float:
    """A row's value; what it raises is kept for `failed`, since machine code cannot pass it on."""
    try:
        return float(value(*operands))
    except BaseException as error:  # Ctrl-C too
        _raised.error = error
        return math.nan


def failed() -> BaseException | None:
    """What a row called back in this thread raised since the last time this was asked."""
    error: BaseException | None = getattr(_raised, "error", None)
    _raised.error = None
    return error
