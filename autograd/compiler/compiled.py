"""`autograd.compile`: a function recorded once for each structure of its arguments runs as a program from then on."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from autograd.compiler.arguments import as_array
from autograd.compiler.asked import Argnums
from autograd.compiler.cache.directory import CacheOption, as_option
from autograd.compiler.flat import Flat
from autograd.compiler.given import given
from autograd.compiler.inspected import Inspected
from autograd.compiler.lower import GRADIENT, SAMPLES, VALUE
from autograd.compiler.options import Backend, Dtype, OnBranch, Options
from autograd.compiler.results import Outputs, Samples, structured
from autograd.errors import CompileError
from autograd.per_sample import argument_names
from autograd.structure import NUMBER
from autograd.value import Value


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
    cache: CacheOption = None,
) -> Compiled:
    """A function of numbers that does what f does, without building a graph, as vector or machine code.

    f is recorded at its first call, and again for arguments of another structure, or when a comparison comes out
    differently. What it reads besides its arguments, such as globals, attributes, containers and small arrays, is
    compared at each call, and f is recorded again when it has changed; `explain()` lists it. It has to be pure: a
    recording calls it twice, and random numbers, a clock or an iterator are refused. It does not notice what changes in
    files or in the modules of libraries; `type(x) is float` is answered as for a Value.

    >>> area = compile(lambda x, y: x * y + x)
    >>> area(2.0, 3.0), area.value_and_grad(2.0, 3.0)
    (8.0, (8.0, (4.0, 2.0)))

    With `parameters` a call gives the value and the gradient, an array in parameter order. With `batch`, the arguments
    of these names hold many samples, f sees one, and the results are means over the samples:

    >>> w = Value(3.0)
    >>> loss = compile(lambda x, y: (w * x - y) ** 2, parameters=[w], batch=("x", "y"))
    >>> loss([1.0, 2.0], [3.0, 4.0])
    (2.0, array([4.]))

    - `f`: takes and returns numbers, lists, tuples, dicts and arrays of them (any library's; f sees lists), and is
      written with operators and functions of this package. Where arrays come in, NumPy arrays of float64 come out.
    - `parameters`: the leaf Values that it closes over; they are read at each call (`flat` takes numbers instead), and
      another Value is refused where it is used. `batch`: the names of the arguments that hold many samples.
    - `on_branch`: "raise" for a CompileError where f would be recorded again because a comparison comes out
      differently.
    - `backend`: "python" (straight-line code), "numpy" (recovered matrices, readable), "llvm" (machine code, needs the
      extra of that name), or "auto": the one that should be fastest; `explain()` says which and why.
    - `exact`: the same bits as eager Values, by python and llvm; one recording for each index of `pick`, and for the
      branches of each `where` that is differentiated, as eager adds up what a sample depends on only. Else sums may be
      added up in another order: as far apart as roundings do, which is verified when a program has been built; so may
      the last digits of `value` and `value_and_grad`, which are two programs.
    - `dtype`: "float64" or "float32", of the computation. `threads`: how many share the samples of a batch (llvm).
    - `cache`: True to keep what was built on disk, in the platform's cache folder, or a directory to keep it in: a
      later process then records the function, and builds nothing. None does as AUTOGRAD_CACHE says, False never.
      `explain()` says whether it was found. Entries hold machine code, and are trusted if the user owns them.

    With a batch no Python `if` can look at a number that differs from sample to sample; `where`, `maximum`, `relu` and
    `pick` can. An infinite derivative in a branch that `where` does not take is not multiplied by 0.

    CompileError for an option that is not supported, and at a call for what a program cannot repeat, with file and
    line. TypeError if f is not callable or a parameter is not a leaf Value; ValueError for one that is listed twice.
    """
    if not callable(f):
        raise TypeError(f"compile takes a function, got {f!r} ({type(f).__name__})")
    options = Options(
        backend=backend, exact=exact, dtype=dtype, threads=threads, on_branch=on_branch, cache=as_option(cache)
    )
    return Compiled(f, _checked_parameters(parameters), _checked_batch(f, batch), options)


def _checked_parameters(parameters: Iterable[Value] | None) -> tuple[Value, ...] | None:
    if parameters is None:
        return None
    found = tuple(parameters)
    seen: set[Value] = set()
    for i, parameter in enumerate(found):
        if type(parameter) is not Value:
            kind = type(parameter).__name__
            raise TypeError(f"parameters[{i}] must be a Value, got {parameter!r} ({kind}); see model.parameters()")
        if parameter.primitive is not None:
            raise TypeError(f"parameters[{i}] must be a leaf, but {parameter!r} was computed; use detach()")
        if parameter in seen:
            raise ValueError(f"parameters[{i}], {parameter!r}, is listed before; use dict.fromkeys(parameters)")
        seen.add(parameter)
    return found


def _checked_batch(f: Callable[..., Any], batch: Sequence[str]) -> frozenset[str]:
    if isinstance(batch, str):
        raise CompileError(f'batch={batch!r}: give the names of arguments, as in batch=("{batch}",)')
    names = argument_names(f)
    for name in batch:
        if name not in names:
            known = ", ".join(names) or "none that has a name"
            raise CompileError(f"batch names {name!r}, which is not an argument of the function; it has {known}")
    return frozenset(batch)


class Compiled(Inspected):
    """What `autograd.compile` returns. It may be called from several threads, and pickled.

    A pickled one knows its programs. It brings its function along if that can be pickled (a lambda cannot); without,
    it answers for the structures and branches that were recorded before.

    >>> compile(lambda x, y: x * y)
    <compiled <lambda>(x, y)>
    """

    # --- running ------------------------------------------------------------------------------------------------------

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function that was compiled, whose signature `help` and `inspect.signature` show."""
        if self.function is None:
            raise AttributeError("this compiled function was pickled without its Python function")
        return self.function

    def __call__(self, *args: Any, **named: Any) -> Any:
        """What f returns; with `parameters=`, the pair of that and its gradient. Arguments may be given by name."""
        return self.value(*args, **named) if self.parameters is None else self.value_and_grad(*args, **named)

    def value(self, *args: Any, **named: Any) -> Any:
        """What f returns, with floats as numbers; with a batch, their means over the samples.

        args, named  the arguments, by position and by name

        >>> compile(lambda x: {"twice": [2.0 * x]}).value(3)
        {'twice': [6.0]}

        An array that f returns is one here; so is a list of numbers, or of such lists of equal lengths, if an argument
        is an array or has one in it.

        >>> import numpy as np
        >>> compile(lambda x: [2.0 * each for each in x]).value(np.array([1.0, 3.0]))
        array([2., 6.])

        CompileError for what a program cannot repeat, with the line.
        """
        arguments = self._arguments(args, named)
        variant, outputs = self._run(VALUE, given(arguments, self._current()))
        key = variant.lowered.result
        return float(outputs[0]) if key is NUMBER else Outputs(outputs, arguments.hold_array).take(key)

    def value_and_grad(self, *args: Any, argnums: Argnums = None, **named: Any) -> tuple[float, Any]:
        """f and its gradient, an array in parameter order; without `parameters=` in the structure of the arguments.

        args, named  the arguments, by position and by name
        argnums      those that the gradient is by, if not all, or with `parameters=` instead of these

        >>> compile(lambda p: p["w"] * p["x"]).value_and_grad({"w": 2.0, "x": 3.0})
        (6.0, {'w': 3.0, 'x': 2.0})
        >>> import numpy as np
        >>> compile(lambda x: x[0] * x[1]).value_and_grad(np.array([2.0, 3.0]))
        (6.0, array([3., 2.]))

        The gradient by an array is a NumPy array of its shape, in float64, whatever the library and dtype of the
        argument. A function of one argument has its gradient in the structure of that argument, one of several a tuple
        of them; with a batch that is the derivative of the mean by a change of all samples alike. An index as `argnums`
        gives the gradient by that argument, a tuple of indices a tuple in their order:

        >>> f = compile(lambda x, y: x * y * y)
        >>> f.value_and_grad(2.0, 3.0, argnums=1), f.value_and_grad(2.0, 3.0, argnums=(1, 0))
        ((18.0, 12.0), (18.0, (12.0, 9.0)))

        CompileError when f does not return one number; TypeError for an argument that is not there.
        """
        arguments = self._arguments(args, named)
        if argnums is not None:
            return self._value_and_grad(arguments, *self._chosen(argnums, 0, len(arguments.keys)))
        _, outputs = self._run(GRADIENT, given(arguments, self._current()))
        if self.parameters is not None:
            return float(outputs[0]), as_array(outputs[1:])
        return float(outputs[0]), structured(outputs[1:], arguments.keys, len(arguments.keys) == 1)

    def map(self, *args: Any, **named: Any) -> Any:
        """What f returns for each sample of a batch: its numbers are arrays with an entry for each sample.

        args, named  the arguments, by position and by name

        An array that f returns has the samples as its first axis.

        >>> compile(lambda x: {"twice": 2.0 * x}, batch=("x",)).map([1.0, 3.0])
        {'twice': array([2., 6.])}

        CompileError without `batch=`.
        """
        if not self.batch:
            raise CompileError("map needs a batch; name the arguments that hold samples in batch=")
        variant, outputs = self._run(SAMPLES, given(self._arguments(args, named), self._current()))
        return Samples(outputs).take(variant.lowered.result)

    @property
    def flat(self) -> Flat:
        """The same on one flat vector, for SciPy's optimizers and for training: see `Flat`.

        >>> compile(lambda x: x[0] * x[1]).flat([2.0, 3.0])
        (6.0, array([3., 2.]))
        """
        return Flat(self.parameters, self._gradient)

    def _gradient(self, args: Sequence[Any], parameters: Any) -> Any:
        """The value and then the derivatives, with these numbers for the parameters."""
        return self._run(GRADIENT, given(self._arguments(args), parameters))[1]

    def __repr__(self) -> str:
        return f"<compiled {getattr(self.function, '__name__', 'function')}({', '.join(self._names)})>"
