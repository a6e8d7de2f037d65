"""`autograd.compile`: a function recorded once for each structure of its arguments runs as a program from then on."""

from __future__ import annotations

import inspect
import pickle
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from threading import Lock
from typing import Any

from autograd.compiler.flat import Flat, as_array
from autograd.compiler.lower import Call, Lowered, lower
from autograd.compiler.program import Program, same
from autograd.compiler.python import Function, function, source
from autograd.compiler.record import is_recording
from autograd.compiler.structure import Key, argument, rebuild
from autograd.errors import CompileError
from autograd.recording import paused_gc
from autograd.value import Value

# What each option may be; compiler.md has plans for the others.
SUPPORTED: dict[str, tuple[Any, ...]] = {
    "batch": ((),),
    "backend": ("auto", "python"),
    "exact": (False, True),
    "dtype": ("float64",),
    "threads": (None, 1),
    "on_branch": ("record", "raise"),
}
BRANCHES = 64  # recordings of one structure that are kept; a function that needs more is not worth compiling


def compile(
    f: Callable[..., Any],
    *,
    parameters: Iterable[Value] | None = None,
    batch: Sequence[str] = (),
    backend: str = "auto",
    exact: bool = False,
    dtype: str = "float64",
    threads: int | None = None,
    on_branch: str = "record",
) -> Compiled:
    """A function of numbers that does what f does, without building a graph: same numbers, to the bit.

    f takes and returns numbers, or lists, tuples, dicts and arrays of them (it sees arrays as lists), and is written
    with operators and functions of this package. It is recorded at its first call, and again for arguments of another
    structure, or when a comparison comes out differently (with `on_branch="raise"`: CompileError). It has to be pure:
    numbers that it closes over, random ones too, are read while it is recorded. `parameters` are the leaf Values that
    it closes over; they are read at each call. Another Value is refused where it enters the computation; that it is
    only compared with a number, or only read, cannot be noticed: such a Value counts as a number closed over.

    >>> area = compile(lambda x, y: x * y + x)
    >>> area(2.0, 3.0), area.value_and_grad(2.0, 3.0)
    (8.0, (8.0, (4.0, 2.0)))
    >>> print(area.source)
    def program(inputs):
        x, y = inputs
        t2 = x * y
        t3 = t2 + x
        t4 = 0.0 + 1.0 + y
        return [t3, t4, x]
    <BLANKLINE>

    With `parameters` a call gives the value and the gradient, an array in parameter order:

    >>> w = Value(3.0)
    >>> compile(lambda x: (w * x - 1.0) ** 2, parameters=[w])(2.0)
    (25.0, array([20.]))

    The only back end so far is `python`, which is always exact; CompileError for an option that is not supported, and
    at a call for what a program cannot repeat, with file and line. TypeError if f or `parameters` are no such thing.
    """
    options = {"backend": backend, "exact": exact, "dtype": dtype, "threads": threads, "on_branch": on_branch}
    for name, value in {"batch": tuple(batch), **options}.items():
        if value not in SUPPORTED[name]:
            supported = " or ".join(map(repr, SUPPORTED[name]))
            raise CompileError(f"{name}={value!r} is not supported yet; supported: {supported}")
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r} ({type(f).__name__})")
    return Compiled(f, _checked(parameters), on_branch)


def _checked(parameters: Iterable[Value] | None) -> tuple[Value, ...] | None:
    if parameters is None:
        return None
    found = tuple(parameters)
    for i, parameter in enumerate(found):
        if type(parameter) is not Value:
            kind = type(parameter).__name__
            raise TypeError(f"parameters are Values, got {parameter!r} ({kind}) in place {i}; see model.parameters()")
        if parameter.primitive is not None:
            raise TypeError(f"parameters are leaves, but {parameter!r} in place {i} was computed; use detach()")
        if found.index(parameter) != i:
            raise ValueError(f"parameters hold {parameter!r} twice, again in place {i}; see dict.fromkeys(parameters)")
    return found


class _Variant:
    """One recording, ready to run: it answers with the outputs, or with the number of a guard that does not hold."""

    def __init__(self, lowered: Lowered) -> None:
        self.lowered = lowered
        self.source = source(lowered.program)
        self.run: Function = function(self.source)

    def __reduce__(self) -> tuple[type[_Variant], tuple[Lowered]]:
        return _Variant, (self.lowered,)


class Compiled:
    """What `autograd.compile` returns. It may be called from several threads, and pickled.

    A pickled one knows its programs. It brings its function along if that can be pickled (a lambda cannot); without,
    it answers for the structures and branches that were recorded before.
    """

    def __init__(self, f: Callable[..., Any] | None, parameters: tuple[Value, ...] | None, on_branch: str) -> None:
        self.function = f
        self.parameters = parameters
        self.on_branch = on_branch
        self._names = _argument_names(f)
        self._variants: dict[tuple[bool, tuple[Key, ...]], tuple[_Variant, ...]] = {}
        self._last: _Variant | None = None
        self._lock = Lock()

    # --- running ------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any) -> Any:
        """What f returns; with `parameters=`, the pair of that and its gradient."""
        return self.value(*args) if self.parameters is None else self.value_and_grad(*args)

    def value(self, *args: Any) -> Any:
        """What f returns, with floats as numbers.

        >>> compile(lambda x: {"twice": [2.0 * x]}).value(3)
        {'twice': [6.0]}
        """
        keys, numbers = self._flat_arguments(args)
        lowered, outputs = self.run(False, keys, numbers + self.current())
        return rebuild(lowered.result, iter(outputs))

    def value_and_grad(self, *args: Any) -> tuple[float, Any]:
        """f and its gradient, an array in parameter order; without `parameters=` in the structure of the arguments.

        >>> compile(lambda p: p["w"] * p["x"]).value_and_grad({"w": 2.0, "x": 3.0})
        (6.0, {'w': 3.0, 'x': 2.0})

        A function of one argument has its gradient in the structure of that argument, one of several a tuple of them.
        CompileError when f does not return one number.
        """
        keys, numbers = self._flat_arguments(args)
        _, (value, *gradient) = self.run(True, keys, numbers + self.current())
        if self.parameters is not None:
            return value, as_array(gradient)
        remaining = iter(gradient)
        parts = tuple([rebuild(key, remaining) for key in keys])
        return value, parts[0] if len(parts) == 1 else parts

    @property
    def flat(self) -> Flat:
        """The same on one flat vector, for `scipy.optimize.minimize(compiled.flat, …, jac=True)`: see `Flat`."""
        return Flat(self)

    def current(self) -> list[float]:
        """The numbers of the parameters, now."""
        return [parameter.data for parameter in self.parameters or ()]

    def _flat_arguments(self, args: Sequence[Any]) -> tuple[tuple[Key, ...], list[float]]:
        numbers: list[float] = []
        names = self.names_of(len(args))
        return tuple([argument(each, name, numbers) for each, name in zip(args, names, strict=True)]), numbers

    def names_of(self, count: int) -> tuple[str, ...]:
        """The names of `count` arguments."""
        return (*self._names[:count], *(f"argument_{i}" for i in range(len(self._names), count)))

    def run(
        self, differentiate: bool, keys: tuple[Key, ...], inputs: Sequence[float]
    ) -> tuple[Lowered, Sequence[float]]:
        """What is known about the program for these arguments, and its outputs; records if there is none yet.

        `inputs` are the numbers of the arguments and then those of the parameters.
        """
        if is_recording():
            raise CompileError(
                "a compiled function was called by a function that is being recorded, where its results would be baked "
                "in; call the function itself there"
            )
        known = self._variants.get((differentiate, keys), ())
        failed = ""
        for variant in known:
            outputs = variant.run(inputs)
            if type(outputs) is list:
                self._last = variant
                return variant.lowered, outputs
            failed = variant.lowered.program.guards[outputs].where
        if known and (self.on_branch == "raise" or len(known) == BRANCHES):
            raise CompileError(self._branched(failed, len(known)))
        variant = self._record(differentiate, keys, inputs)
        return variant.lowered, variant.run(inputs)

    def _branched(self, where: str, count: int) -> str:
        advice = "use maximum, minimum, clip or relu, which stay in the program"
        if self.on_branch == "raise":
            return (
                f'{where}: a comparison came out differently than when it was recorded; {advice}, or on_branch="record"'
            )
        return f"{where}: a comparison or number came out differently than in all {count} recordings; {advice}"

    # --- recording ----------------------------------------------------------------------------------------------------

    def _record(self, differentiate: bool, keys: tuple[Key, ...], inputs: Sequence[float]) -> _Variant:
        if self.function is None:
            raise CompileError(
                "this compiled function was pickled without its Python function, which could not be pickled, and has "
                "no program for these arguments; call it with such arguments before pickling, or use a function that "
                "can be imported"
            )
        call = Call(self.function, keys, self.names_of(len(keys)), self.parameters or (), inputs)
        with paused_gc():  # nothing here has cycles, and the collector would double the time
            variant = _Variant(lower(call, differentiate))
        _verify(variant, inputs)
        with self._lock:
            place = (differentiate, keys)
            self._variants[place] = (variant, *self._variants.get(place, ()))
            self._last = variant
        return variant

    # --- looking at it ------------------------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The program that ran last; CompileError before the first call."""
        return self._ran().lowered.program

    @property
    def source(self) -> str:
        """The Python source of the program that ran last; CompileError before the first call."""
        return self._ran().source

    def _ran(self) -> _Variant:
        if self._last is None:
            raise CompileError("nothing is recorded yet: a compiled function is recorded when it is first called")
        return self._last

    def explain(self) -> str:
        """What was recorded and how it runs, in words.

        >>> area = compile(lambda x, y: x * y)
        >>> area(2.0, 3.0)
        6.0
        >>> print(area.explain())
        back end: python, exact to the bit (the only one so far)
        recordings: 1
        program that ran last: 2 inputs, 1 equation (1 mul), 0 guards, 1 output
        """
        program, recordings = self.program, sum(map(len, self._variants.values()))
        rows = Counter(equation.primitive.name for equation in program.equations).most_common()
        parts = [_count(len(program.names), "input"), _count(len(program.equations), "equation")]
        parts[-1] += f" ({', '.join(f'{count} {name}' for name, count in rows)})" if rows else ""
        parts += [_count(len(program.guards), "guard"), _count(len(program.outputs), "output")]
        lines = ["back end: python, exact to the bit (the only one so far)", f"recordings: {recordings}"]
        lines.append(f"program that ran last: {', '.join(parts)}")
        return "\n".join(lines + [f"guard: {guard.where}" for guard in program.guards])

    def __repr__(self) -> str:
        return f"<compiled {getattr(self.function, '__name__', 'function')}({', '.join(self._names)})>"

    # --- pickling -----------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            state = {**vars(self), "_variants": dict(self._variants)}
        del state["_lock"]
        try:
            pickle.dumps(self.function)
        except (pickle.PicklingError, AttributeError, TypeError):  # each of them means: it cannot be pickled
            state["function"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._lock = Lock()


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"


def _argument_names(f: Callable[..., Any] | None) -> tuple[str, ...]:
    try:
        found = inspect.signature(f).parameters.values() if f else ()
    except ValueError:  # a function written in C may have no signature
        return ()
    return tuple([each.name for each in found if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)])


def _verify(variant: _Variant, inputs: Sequence[float]) -> None:
    """CompileError unless the program gives what was recorded: a function or a primitive may not be pure."""
    outputs = variant.run(inputs)
    recorded = variant.lowered.recorded
    if type(outputs) is not list:
        where = variant.lowered.program.guards[outputs].where
        raise CompileError(f"{where}: a comparison came out differently when the program ran on the same numbers")
    for expected, found in zip(recorded, outputs, strict=True):
        if not (same(expected, found) or (expected != expected and found != found)):
            raise CompileError(
                f"the program gives {found!r} where the recorded graph has {expected!r}: is a primitive of yours "
                "random, or not a function of its operands only?"
            )
