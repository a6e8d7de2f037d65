"""`autograd.compile`: a function recorded once for each structure of its arguments runs as a program from then on."""

from __future__ import annotations

import inspect
import os
import pickle
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from threading import Lock, RLock
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn
from weakref import WeakSet

from autograd.compiler.captures import Outside
from autograd.compiler.explain import explanation
from autograd.compiler.flat import Flat
from autograd.compiler.lower import GRADIENT, HESSIAN, SAMPLES, VALUE, Call, Lowered, PerSampleError, lower
from autograd.compiler.options import Backend, Dtype, OnBranch, Options
from autograd.compiler.program import Program
from autograd.compiler.python import means
from autograd.compiler.record import is_recording
from autograd.compiler.specialization import Variant, verified
from autograd.compiler.structure import Argument, Key, argument, as_array, plain, rebuild, samples, whole
from autograd.errors import CompileError
from autograd.recording import alone, paused_gc
from autograd.value import Value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

BRANCHES = 64  # recordings of one structure that are kept; a function that needs more is not worth compiling
MANY = 3  # recordings because something outside has changed, before a warning says what it costs
_AS_ARGUMENT = "pass it as an argument, and one program serves all its values"


def compile(
    f: Callable[..., Any],
    *,
    parameters: Iterable[Value] | None = None,
    batch: Sequence[str] = (),
    backend: Backend = "auto",
    exact: bool = False,
    dtype: Dtype = "float64",
    threads: int | None = None,
    on_branch: OnBranch = "record",
) -> Compiled:
    """A function of numbers that does what f does, without building a graph, as vector or machine code.

    f takes and returns numbers, lists, tuples, dicts and arrays of them (any library's; f sees lists), and is written
    with operators and functions of this package. It is recorded at its first call, and again for arguments of another
    structure, or when a comparison comes out differently (with `on_branch="raise"`: CompileError). `parameters` are the
    leaf Values that it closes over; they are read at each call, and another Value is refused where it is used. Other
    things that f reads, such as globals, attributes, containers and small arrays, are compared at each call, and f is
    recorded again when they have changed; `explain()` lists them. It has to be pure: a recording calls it twice, and
    random numbers, a clock or an iterator are refused. What cannot be noticed is `type(x) is float`, which f answers as
    for a Value, and what changes in files or inside libraries.

    >>> area = compile(lambda x, y: x * y + x)
    >>> area(2.0, 3.0), area.value_and_grad(2.0, 3.0)
    (8.0, (8.0, (4.0, 2.0)))

    With `parameters` a call gives the value and the gradient, an array in parameter order. With `batch`, the arguments
    of these names hold many samples, f sees one, and the results are means over the samples:

    >>> w = Value(3.0)
    >>> loss = compile(lambda x, y: (w * x - y) ** 2, parameters=[w], batch=("x", "y"))
    >>> loss([1.0, 2.0], [3.0, 4.0])
    (2.0, array([4.]))

    - `backend`: "python" (straight-line code), "numpy" (recovered matrices, readable), "llvm" (machine code, needs the
      extra of that name), or "auto": the one that should be fastest; `explain()` says which and why.
    - `exact`: the same bits as eager Values, by python and llvm; one recording for each index of `pick`, and for the
      branches of each `where` that is differentiated, as eager adds up what a sample depends on only. Else sums may be
      added up in another order, within the running-error bound, which is verified when a program has been built; so
      may the last digits of `value` and `value_and_grad`, which are two programs.
    - `dtype`: "float64" or "float32", of the computation. `threads`: how many share the samples of a batch (llvm).

    With a batch no Python `if` can look at a number that differs from sample to sample; `where`, `maximum`, `relu` and
    `pick` can. An adjoint that is exactly 0 behind a `where` does not meet an infinite derivative there.

    CompileError for an option that is not supported, and at a call for what a program cannot repeat, with file and
    line. TypeError if f or `parameters` are no such thing; ValueError for a parameter that is listed twice.
    """
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r} ({type(f).__name__})")
    options = Options(backend=backend, exact=exact, dtype=dtype, threads=threads, on_branch=on_branch)
    return Compiled(f, _checked(parameters), _batch(f, batch), options)


def _checked(parameters: Iterable[Value] | None) -> tuple[Value, ...] | None:
    if parameters is None:
        return None
    found = tuple(parameters)
    seen: set[Value] = set()
    for i, parameter in enumerate(found):
        if type(parameter) is not Value:
            kind = type(parameter).__name__
            raise TypeError(f"parameters are Values, got {parameter!r} ({kind}) in place {i}; see model.parameters()")
        if parameter.primitive is not None:
            raise TypeError(f"parameters are leaves, but {parameter!r} in place {i} was computed; use detach()")
        if parameter in seen:
            raise ValueError(f"parameters hold {parameter!r} twice, again in place {i}; see dict.fromkeys(parameters)")
        seen.add(parameter)
    return found


def _batch(f: Callable[..., Any], batch: Sequence[str]) -> frozenset[str]:
    if isinstance(batch, str):
        raise CompileError(f'batch={batch!r}: give the names of arguments, as in batch=("{batch}",)')
    names = _argument_names(f)
    for name in batch:
        if name not in names:
            known = ", ".join(names) or "none that has a name"
            raise CompileError(f"batch names the argument {name!r}; the function has {known}")
    return frozenset(batch)


class Arguments(NamedTuple):
    """The arguments of a call; `keys` say which recording is theirs."""

    keys: tuple[Key, ...]
    parts: tuple[Argument, ...]
    given: tuple[Any, ...]

    @property
    def samples(self) -> tuple[Any, ...]:
        """The arrays of the batched arguments, as far as their samples hold any number."""
        return tuple([part.numbers for part in self.parts if part.is_batched and part.numbers.shape[1]])

    @property
    def shared(self) -> list[Any]:
        """The numbers of the others."""
        return [part.numbers for part in self.parts if not part.is_batched]

    @property
    def example(self) -> list[float]:
        """The numbers of one sample, to record with."""
        return [x for part in self.parts for x in part.example]

    @property
    def indices(self) -> frozenset[int]:
        """The places of numbers that were given as integers."""
        flags: list[bool] = []
        for part, given in zip(self.parts, self.given, strict=True):
            flags += whole(given[0] if part.is_batched else given)
        return frozenset([place for place, flag in enumerate(flags) if flag])

    def each(self) -> Iterator[Arguments]:
        """Those of one sample after the other."""
        for i in range(len(self.samples[0])):
            parts = [Argument(part.key, part.numbers[i].tolist()) if part.is_batched else part for part in self.parts]
            given = [x[i] if part.is_batched else x for part, x in zip(self.parts, self.given, strict=True)]
            yield Arguments(self.keys, tuple(parts), tuple(given))


class Known(NamedTuple):
    """What ran and its outputs, if a program fits; else how many do not, where a guard failed, and what has changed."""

    found: tuple[Variant, Any] | None
    programs: int
    failed: str = ""
    changed: str = ""


class Compiled:
    """What `autograd.compile` returns. It may be called from several threads, and pickled.

    A pickled one knows its programs. It brings its function along if that can be pickled (a lambda cannot); without,
    it answers for the structures and branches that were recorded before.

    >>> compile(lambda x, y: x * y)
    <compiled <lambda>(x, y)>
    """

    def __init__(
        self,
        f: Callable[..., Any] | None,
        parameters: tuple[Value, ...] | None,
        batch: frozenset[str] = frozenset(),
        options: Options = Options(),  # noqa: B008 (it cannot change)
    ) -> None:
        self.function = f
        self.parameters = parameters
        self.batch = batch
        self.options = options
        self._names = _argument_names(f)
        self._variants: dict[tuple[str, tuple[Key, ...]], tuple[Variant, ...]] = {}
        self._last: Variant | None = None
        self._single: Compiled | None = None  # where exact samples need a program each: the function without a batch
        self._by_sample: frozenset[tuple[str, tuple[Key, ...]]] = frozenset()
        self._warned = False
        self._make_locks()
        _all.add(self)

    def _make_locks(self) -> None:
        self._lock = Lock()
        self._recording = RLock()  # one recording at a time, which others then find

    # --- running ------------------------------------------------------------------------------------------------------

    def __call__(self, *args: Any) -> Any:
        """What f returns; with `parameters=`, the pair of that and its gradient."""
        return self.value(*args) if self.parameters is None else self.value_and_grad(*args)

    def value(self, *args: Any) -> Any:
        """What f returns, with floats as numbers; with a batch, their means over the samples.

        >>> compile(lambda x: {"twice": [2.0 * x]}).value(3)
        {'twice': [6.0]}

        CompileError for what a program cannot repeat, with the line.
        """
        variant, outputs = self._run(VALUE, self._arguments(args), self._current())
        return rebuild(variant.lowered.result, iter(_plain(outputs)))

    def value_and_grad(self, *args: Any) -> tuple[float, Any]:
        """f and its gradient, an array in parameter order; without `parameters=` in the structure of the arguments.

        >>> compile(lambda p: p["w"] * p["x"]).value_and_grad({"w": 2.0, "x": 3.0})
        (6.0, {'w': 3.0, 'x': 2.0})

        A function of one argument has its gradient in the structure of that argument, one of several a tuple of them;
        with a batch that is the derivative of the mean by a change of all samples alike. CompileError when f does not
        return one number.
        """
        arguments = self._arguments(args)
        _, outputs = self._run(GRADIENT, arguments, self._current())
        if self.parameters is not None:
            return float(outputs[0]), as_array(outputs[1:])
        value, *gradient = _plain(outputs)
        remaining = iter(gradient)
        parts = tuple([rebuild(key, remaining) for key in arguments.keys])
        return value, parts[0] if len(parts) == 1 else parts

    def map(self, *args: Any) -> Any:
        """What f returns for each sample of a batch: its numbers are arrays with an entry for each sample.

        >>> compile(lambda x: {"twice": 2.0 * x}, batch=("x",)).map([1.0, 3.0])
        {'twice': array([2., 6.])}

        CompileError without `batch=`.
        """
        if not self.batch:
            raise CompileError("map is for functions with a batch; name the arguments that hold samples in batch=")
        variant, outputs = self._run(SAMPLES, self._arguments(args), self._current())
        return rebuild(variant.lowered.result, iter(outputs.T))

    def hessian(self, *args: Any) -> NDArray[np.float64]:
        """The matrix of second derivatives by the parameters; without `parameters=`, by all numbers of the arguments.

        An array (n, n); its program has n times the equations of the gradient's, so n should be small.

        >>> compile(lambda x, y: x * x * y).hessian(3.0, 5.0)
        array([[10.,  6.],
               [ 6.,  0.]])

        CompileError when f does not return one number.
        """
        arguments = self._arguments(args)
        _, outputs = self._run(HESSIAN, arguments, self._current())
        n = len(arguments.example) if self.parameters is None else len(self.parameters)
        return as_array(outputs[1 + n :]).reshape(n, n)

    @property
    def flat(self) -> Flat:
        """The same on one flat vector, for `scipy.optimize.minimize(compiled.flat, …, jac=True)`: see `Flat`.

        >>> compile(lambda x: x[0] * x[1]).flat([2.0, 3.0])
        (6.0, array([3., 2.]))
        """
        return Flat(self.parameters, self._gradient)

    def _gradient(self, args: Sequence[Any], parameters: Any) -> Any:
        """The value and then the derivatives, with these numbers for the parameters."""
        return self._run(GRADIENT, self._arguments(args), parameters)[1]

    def _current(self) -> list[float]:
        """The numbers of the parameters, now."""
        return [parameter.data for parameter in self.parameters or ()]

    def _arguments(self, args: Sequence[Any]) -> Arguments:
        """The arguments of a call, flat; CompileError names the one that does not fit."""
        names, batch = self._names_of(len(args)), self.batch
        args = [plain(each, name) for each, name in zip(args, names, strict=True)]
        parts = [
            samples(each, name) if name in batch else argument(each, name)
            for each, name in zip(args, names, strict=True)
        ]
        if batch:
            counts = [len(part.numbers) for part in parts if part.is_batched]
            if len(counts) != len(batch) or counts.count(counts[0]) != len(counts):
                self._refuse_counts(names, counts)
        found = Arguments(tuple([part.key for part in parts]), tuple(parts), tuple(args))
        if batch and not found.samples:
            raise CompileError(
                f"the samples of {' and '.join(sorted(batch))} hold no numbers, so all are the same; "
                "call the function without batch="
            )
        return found

    def _refuse_counts(self, names: Sequence[str], counts: Sequence[int]) -> NoReturn:
        given = [name for name in names if name in self.batch]
        if missing := ", ".join(sorted(self.batch.difference(given))):
            raise CompileError(f"the batched argument(s) {missing} are missing")
        listed = ", ".join(f"{name} has {count}" for name, count in zip(given, counts, strict=True))
        raise CompileError(f"the batched arguments need as many samples each; {listed}")

    def _names_of(self, count: int) -> tuple[str, ...]:
        """The names of `count` arguments."""
        if count <= len(self._names):
            return self._names[:count]
        return (*self._names, *(f"argument_{i}" for i in range(len(self._names), count)))

    def _run(self, kind: str, arguments: Arguments, parameters: Any) -> tuple[Variant, Any]:
        """What ran and its outputs, a list or an array; records if there is no program for these arguments yet.

        `parameters` are the numbers of the parameters, as a list or a float64 vector.
        """
        if is_recording():
            raise CompileError(
                "a compiled function was called by a function that is being recorded, where its results would be baked "
                "in; call the function itself there"
            )
        if self._single is not None and (kind, arguments.keys) in self._by_sample:
            return self._sampled(self._single, kind, arguments, parameters)
        pieces = [*arguments.shared, parameters]
        known = self._known(kind, arguments, pieces)
        if known.found is None:
            with alone(self._recording):  # another thread may have recorded what this one needs meanwhile
                known = self._known(kind, arguments, pieces)
                if known.found is None:
                    self._check_branches(known)
                    try:
                        variant = self._record(kind, arguments, pieces)
                    except PerSampleError:
                        return self._sampled(self._without_batch(kind, arguments), kind, arguments, parameters)
                    return variant, variant.run(pieces, arguments.samples)
        return known.found

    def _without_batch(self, kind: str, arguments: Arguments) -> Compiled:
        """The function of one sample, which from now on runs for such arguments. Its branches are those of `where`."""
        if self._single is None:
            options = replace(self.options, on_branch="record", threads=None)
            self._single = Compiled(self.function, self.parameters, options=options)
        self._by_sample |= {(kind, arguments.keys)}
        return self._single

    def _sampled(self, single: Compiled, kind: str, arguments: Arguments, parameters: Any) -> tuple[Variant, Any]:
        """As `_run`, one sample after the other, each by the program of the branches that it takes."""
        rows = []
        for sample in arguments.each():
            variant, outputs = single._run(VALUE if kind == SAMPLES else kind, sample, parameters)
            rows.append(_plain(outputs))
        self._last = variant
        return variant, as_array(rows) if kind == SAMPLES else means(rows)

    def _known(self, kind: str, arguments: Arguments, pieces: Sequence[Any]) -> Known:
        """What the programs so far say of these arguments."""
        known = self._variants.get((kind, arguments.keys), ())
        failed, changed = "", ""
        for variant in known:
            if variant.lowered.by_kind and variant.lowered.indices != arguments.indices:
                continue  # the function asked for the type of an argument, and an int is another one than a float
            if change := variant.outside.change(self.function):
                changed = changed or change
                continue
            outputs = variant.run(pieces, arguments.samples)
            if type(outputs) is not int:
                self._last = variant
                return Known((variant, outputs), len(known))
            failed = variant.lowered.program.guards[outputs].where
        return Known(None, len(known), failed, changed)

    def _check_branches(self, known: Known) -> None:
        """CompileError if nothing more is to be recorded."""
        if known.changed and not known.failed:
            if known.programs and self.options.on_branch == "raise":
                raise CompileError(f"{known.changed} has changed since the function was recorded; {_AS_ARGUMENT}")
            if known.programs >= MANY - 1 and not self._warned:
                self._warned = True
                warnings.warn(
                    f"the function is recorded for the {MANY}rd time since what it reads has changed: {known.changed}; "
                    f"{_AS_ARGUMENT}",
                    RuntimeWarning,
                    stacklevel=5,
                )
        elif known.programs and (self.options.on_branch == "raise" or known.programs == BRANCHES):
            raise CompileError(self._branched(known.failed, known.programs))

    def _branched(self, where: str, count: int) -> str:
        advice = "use maximum, minimum, clip or relu, which stay in the program"
        if self.options.on_branch == "raise":
            return (
                f'{where}: a comparison came out differently than when it was recorded; {advice}, or on_branch="record"'
            )
        if self.options.exact:
            advice += ", or compile without exact=True, where one program serves all choices of where and pick"
        return f"{where}: a comparison or number came out differently than in all {count} recordings; {advice}"

    # --- recording ----------------------------------------------------------------------------------------------------

    def _record(self, kind: str, arguments: Arguments, pieces: Sequence[Any]) -> Variant:
        if self.function is None:
            raise CompileError(
                "this compiled function was pickled without its Python function, which could not be pickled, and has "
                "no program for these arguments; call it with such arguments before pickling, or use a function that "
                "can be imported"
            )
        outside = Outside(self.function)
        call = Call(
            self.function,
            arguments.keys,
            self._names_of(len(arguments.keys)),
            self.parameters,
            [*arguments.example, *map(float, pieces[-1])],
            self.batch,
            arguments.indices,
            outside.generators,
        )
        place = (kind, arguments.keys)
        with paused_gc():  # nothing here has cycles, and the collector would double the time
            lowered = lower(call, kind, self.options.exact)
            outside.settle()
            variant = self._like(place, lowered) or verified(lowered, self.options, pieces, arguments.samples)
        variant.outside = outside
        with alone(self._lock):
            others = [each for each in self._variants.get(place, ()) if each is not variant]
            self._variants[place] = (variant, *others[: BRANCHES - 1])
            self._last = variant
        return variant

    def _like(self, place: tuple[str, tuple[Key, ...]], lowered: Lowered) -> Variant | None:
        """The variant with the same program: what has changed outside does not matter to it."""
        same = (each for each in self._variants.get(place, ()) if each.lowered == lowered and each.outside.change())
        # Equal numbers may be 0 and −0, and one text has all of their signs.
        return next((each for each in same if str(each.lowered.program) == str(lowered.program)), None)

    # --- looking at it ------------------------------------------------------------------------------------------------

    @property
    def program(self) -> Program:
        """The program that ran last; CompileError before the first call.

        >>> area = compile(lambda x, y: x * y)
        >>> area(2.0, 3.0)
        6.0
        >>> print(area.program)
        program(x, y):
            t2 = mul(x, y)
            return t2
        """
        return self._ran().lowered.program

    @property
    def source(self) -> str:
        """The source of what ran last: Python, or with llvm its assembly language; CompileError before the first call.

        >>> area = compile(lambda x, y: x * y + x)
        >>> area(2.0, 3.0)
        8.0
        >>> print(area.source)
        def program(inputs):
            x, y = inputs
            t2 = x * y
            t3 = t2 + x
            return [t3]
        <BLANKLINE>
        """
        return self._ran().source

    @property
    def backend(self) -> Backend:
        """The name of the back end of what ran last; CompileError before the first call.

        >>> area = compile(lambda x, y: x * y)
        >>> area(2.0, 3.0), area.backend
        (6.0, 'python')
        """
        return self._ran().name  # type: ignore[return-value]

    def _ran(self) -> Variant:
        if self._last is None:
            raise CompileError("nothing is recorded yet: a compiled function is recorded when it is first called")
        return self._last

    def explain(self) -> str:
        """What was recorded and how it runs, in words; CompileError before the first call.

        >>> area = compile(lambda x, y: x * y)
        >>> area(2.0, 3.0)
        6.0
        >>> print(area.explain())
        back end: python (...)
        recordings: 1
        program that ran last: 2 inputs, 1 equation (1 mul), 0 guards, 1 output
        """
        single = self._single._variants if self._single else {}
        return explanation(self._ran(), sum(map(len, [*self._variants.values(), *single.values()])))

    def __repr__(self) -> str:
        return f"<compiled {getattr(self.function, '__name__', 'function')}({', '.join(self._names)})>"

    # --- pickling -----------------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        with alone(self._lock):
            state = {**vars(self), "_variants": dict(self._variants)}
        del state["_lock"], state["_recording"]
        try:
            pickle.dumps(self.function)
        except (pickle.PicklingError, AttributeError, TypeError):  # each of them means: it cannot be pickled
            state["function"] = None
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._make_locks()
        _all.add(self)


_all: WeakSet[Compiled] = WeakSet()


def _unlock() -> None:
    """In a fork: whoever was recording when it was made does not do so here, and would never be done."""
    for compiled in _all:
        compiled._make_locks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_unlock)


def _plain(outputs: Any) -> list[float]:
    return outputs if type(outputs) is list else outputs.tolist()


def _argument_names(f: Callable[..., Any] | None) -> tuple[str, ...]:
    try:
        found = inspect.signature(f).parameters.values() if f else ()
    except ValueError:  # a function written in C may have no signature
        return ()
    return tuple([each.name for each in found if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)])
