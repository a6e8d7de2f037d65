"""What `export` is asked for, as programs: each function of the file is recorded for the structure of the arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate, chain, repeat
from types import MappingProxyType
from typing import Any

from autograd import rules
from autograd.compiler.advice import remedy
from autograd.compiler.asked import Asked
from autograd.compiler.captures import Outside
from autograd.compiler.derived import lowered
from autograd.compiler.kinds import Derivative, Kind
from autograd.compiler.lower import GRADIENT, SAMPLES, VALUE, Call, Lowered, PerSampleError
from autograd.compiler.program import Program
from autograd.compiler.specialization import unguarded_forms_of
from autograd.errors import CompileError
from autograd.exporting.request import Exported, Request, Slot
from autograd.exporting.spelling import has_formula, without_formula
from autograd.recording import paused_gc
from autograd.structure import NUMBER, Key, key_of_shape, size_of

FUNCTIONS = ("value", "gradient", "jvp", "vjp", "hvp")
_FLAGS = (rules.greater, rules.at_least, rules.equal)


class Recorder:
    """Records the functions of a file."""

    def __init__(self, compiled: Asked, args: Sequence[Any] | None, exact: bool, frozen: bool = False) -> None:
        self.compiled, self.exact, self.frozen = compiled, exact, frozen
        self.keys, self.numbers, self.indices = _known(compiled) if args is None else _given(compiled, args)
        self.names = compiled._names_of(len(self.keys))
        self.parameters = [float(x) for x in compiled._current()]

    def exported(self, name: str) -> Exported:
        """A function by its name in `FUNCTIONS`, or "map", the value of each sample."""
        kind, along = self._kind(name)
        lowered = self._lowered(kind, along)
        self._refuse(name, lowered.program if self.exact else lowered.forward)
        is_sample = [each in self.compiled.batch for each in self.names]
        parts = list(zip(self.names, map(size_of, self.keys), is_sample, strict=True))
        arguments = _slots([(each, count) for each, count, sample in parts if not sample])
        samples = _slots([(each, count) for each, count, sample in parts if sample])
        parameters = _slots([(p.label or f"parameter {i}", 1) for i, p in enumerate(self.compiled.parameters or ())])
        results = _slots(self._results(name, lowered))
        directions = _slots([(f"d{each}" if name != "vjp" else "ybar", n) for each, n in self._along(name, along)])
        forms = unguarded_forms_of(lowered, self.exact)
        return Exported(name, lowered, forms, arguments, parameters, directions, samples, results, self.frozen)

    def _refuse(self, name: str, program: Program) -> None:
        """CompileError for what no other language holds as Python does."""
        if program.guards and name != "value" and not self._lowered(VALUE, []).forward.guards:
            raise CompileError(
                f"{name}: a rule of an exact derivative asks for a number, and an export has one branch only; export "
                "without exact=True"
            )
        _refuse(program)

    def _along(self, name: str, along: Sequence[float]) -> list[tuple[str, int]]:
        if not along:
            return []
        if name == "vjp":
            return [("", len(along))]
        return self._wanted(range(len(self.names)))

    def _wanted(self, chosen: Sequence[int]) -> list[tuple[str, int]]:
        """What derivatives are by: the parameters, or arguments."""
        if self.compiled.parameters is not None:
            return [("parameters", len(self.parameters))]
        return [(self.names[i], size_of(self.keys[i])) for i in chosen]

    def _results(self, name: str, lowered: Lowered) -> list[tuple[str, int]]:
        value = ("the value" if lowered.result is NUMBER else "the result", size_of(lowered.result))
        all_ = self._wanted(range(len(self.names)))
        slopes = [(f"the derivative by {each}", count) for each, count in all_]
        if name in ("value", "map"):
            return [value]
        if name == "gradient":
            return [value, *slopes]
        if name == "vjp":
            return [("ybar times the result", 1), value, *slopes]
        if name == "jvp":
            return [value, ("its derivative along v", size_of(lowered.result))]
        products = [(f"Hessian times v, by {each}", count) for each, count in all_]
        return [("the derivative along v", 1), value, *products, *slopes]

    def _kind(self, name: str) -> tuple[Kind, list[float]]:
        """What is recorded, and numbers for its directions, none of them 0."""
        if name in ("value", "gradient", "map"):
            return {"value": VALUE, "gradient": GRADIENT, "map": SAMPLES}[name], []
        if self.compiled.batch:
            raise CompileError(f"{name} of a function with a batch has no export; compile it without batch=")
        chosen = None if self.compiled.parameters is not None else tuple(range(len(self.keys)))
        if name == "vjp":
            result = self._lowered(VALUE, []).result
            return Derivative(name, chosen, (result,)), _dense(size_of(result))
        if chosen is None:
            count = len(self.parameters)
            return Derivative(name, None, (key_of_shape((count,)),)), _dense(count)
        return Derivative(name, chosen, self.keys), _dense(sum(map(size_of, self.keys)))

    def _lowered(self, kind: Kind, along: Sequence[float]) -> Lowered:
        compiled = self.compiled
        if compiled.function is None:
            raise CompileError(
                "this compiled function was pickled without its Python function, and an export records it again; "
                "export before pickling, or use a function that can be imported"
            )
        outside = Outside(compiled.function)
        call = Call(
            compiled.function, self.keys, self.names, compiled.parameters, [*self.numbers, *self.parameters],
            compiled.batch, self.indices, outside.generators,
        )  # fmt: skip
        with paused_gc():
            try:
                found = lowered(call, kind, along, self.exact)
            except PerSampleError:
                raise CompileError(
                    "an exact function whose samples take branches of their own has a program for each; export without "
                    "exact=True"
                ) from None
            outside.settle()
        return found


def collect(
    compiled: Asked,
    name: str,
    args: Sequence[Any] | None,
    functions: Sequence[str],
    exact: bool,
    frozen: bool = False,
    texts: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> Request:
    """The request for a file with these functions; CompileError for what another language cannot hold."""
    recorder = Recorder(compiled, args, exact, frozen)
    made = tuple([recorder.exported(each) for each in functions])
    single = compiled.options.dtype == "float32"
    found = tuple([(key, tuple(each)) for key, each in texts.items()])
    return Request(name, made, tuple(recorder.parameters), exact, single, frozen, found)


def default_functions(compiled: Asked, args: Sequence[Any] | None) -> tuple[str, ...]:
    """The value, and the gradient of a function that returns one number."""
    result = Recorder(compiled, args, False)._lowered(VALUE, []).result
    return ("value", "gradient") if result is NUMBER else ("value",)


def _known(compiled: Asked) -> tuple[tuple[Key, ...], list[float], frozenset[int]]:
    """The structure of the arguments of the last call, and numbers at which the function was recorded."""
    last = compiled._ran()
    single = compiled._single._variants if compiled._single else {}
    for (_, keys), variants in chain(compiled._variants.items(), single.items()):
        if last in variants:
            count = sum(map(size_of, keys))
            return keys, list(last.lowered.at[:count]), last.lowered.indices
    raise CompileError("the program that ran last is no longer kept; call the function again")


def _given(compiled: Asked, args: Sequence[Any]) -> tuple[tuple[Key, ...], list[float], frozenset[int]]:
    found = compiled._arguments(args)
    return found.keys, list(map(float, found.example)), found.indices


def _slots(parts: Sequence[tuple[str, int]]) -> tuple[Slot, ...]:
    ends = [0, *accumulate(count for _, count in parts)]
    return tuple([Slot(name, first, count) for (name, count), first in zip(parts, ends, strict=False) if count])


def _dense(count: int) -> list[float]:
    return [1.0 + 0.5 / (2.0 + i) for i, _ in enumerate(repeat(0, count))]


# --- refusals ---------------------------------------------------------------------------------------------------------


def _refuse(program: Program) -> None:
    """CompileError for what no other language holds as Python does."""
    for guard in program.guards:
        raise CompileError(
            f"{guard.where}: the function asks for a number, and an export has one branch only; {remedy(guard)}"
        )
    for name in _without_formula(program):
        raise without_formula(name)
    first = len(program.names)
    for row, operands in program.equations:
        index = operands[0] if row is rules.pick else 0.0
        if type(index) is int and not _is_flag(program, index - first):
            raise CompileError(
                f"pick by {program.name(index)}: an index may be any number there, and other languages have no "
                "IndexError; pick by a comparison, or give the index as a constant of the function"
            )


def _is_flag(program: Program, equation: int) -> bool:
    return equation >= 0 and program.equations[equation].primitive in _FLAGS


def _without_formula(program: Program) -> Iterator[str]:
    for row in dict.fromkeys(row for row, _ in program.equations):
        if not has_formula(row):
            yield row.name
