"""What other libraries ask of a compiled function: values and derivatives up to the second, on arrays."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from math import prod
from typing import Any, Literal, NamedTuple, TypeAlias

from autograd._numpy import NDArray, np
from autograd.compiler.compiled import Compiled
from autograd.compiler.given import given
from autograd.compiler.lower import SAMPLES, VALUE
from autograd.errors import CompileError
from autograd.interop.family import Family
from autograd.structure import NUMBER, Key, Structure, key_of, rebuild

Arrays: TypeAlias = list[NDArray[Any]]
Kind: TypeAlias = Literal["value", "push", "pull", "hess", "second"]


class Result(NamedTuple):
    """The structure of a result with a leaf for each array, and the shapes of these."""

    key: Key
    shapes: list[tuple[int, ...]]

    @classmethod
    def of(cls, key: Key, arrays: bool) -> Result:
        """That of a compiled function's result; with `arrays`, lists of numbers are arrays.

        >>> Result.of(key_of({"w": [[0.0, 0.0]], "b": 0.0}), True).shapes
        [(1, 2), ()]
        """
        shapes: list[tuple[int, ...]] = []
        return cls(_outline(key, arrays, shapes), shapes)

    def split(self, outputs: NDArray[np.float64]) -> Arrays:
        """The leaves, of a vector or of a row for each sample."""
        ends = np.cumsum([prod(shape) for shape in self.shapes])
        parts = np.split(outputs, ends[:-1], axis=-1)
        return [part.reshape((*part.shape[:-1], *shape)) for part, shape in zip(parts, self.shapes, strict=True)]


def _outline(key: Key, arrays: bool, shapes: list[tuple[int, ...]]) -> Key:
    shape = () if key is NUMBER else key.list_shape if arrays and key.shape is None else key.shape
    if key is NUMBER or shape is not None:
        shapes.append(shape or ())
        return NUMBER
    kind, names, parts = key
    return Structure((kind, names, tuple([_outline(part, arrays, shapes) for part in parts])))


class Calls:
    """A compiled function at arguments of one structure.

    key      the structure of the arguments, with a leaf for each array
    wanted   the leaves that derivatives are by, in order
    samples  the leaves that hold a sample in each entry of their first axis

    By the leaves x of the arguments and y of the result, the kinds of calls are:

    value   (x)        y
    push    (x, v)     J v
    pull    (x, ȳ)     Jᵀ ȳ
    hess    (x, ȳ, v)  ∇²(ȳ·y) v, a Hessian product
    second  (x, v, w)  the second derivative along v and w

    v, w and the results of `pull` and `hess` have an entry for each wanted leaf.

    >>> from autograd import compile
    >>> calls = Calls(compile(lambda x: x[0] * x[1]), key_of((0.0,)), [0], [])
    >>> calls("pull", 0, [np.array([2.0, 3.0]), np.array(1.0)])
    [array([3., 2.])]
    """

    def __init__(self, compiled: Compiled, key: Key, wanted: Sequence[int], samples: Sequence[int]) -> None:
        self.compiled, self.key = compiled, key
        self.wanted, self.samples = tuple(wanted), tuple(samples)
        self.result: Result | None = None  # known after a call
        self._functions = Family(compiled, key, self.wanted, self.samples)
        self._runs_one_by_one = False

    @property
    def count(self) -> int:
        """How many leaves the arguments have."""
        return len(self._functions.names)

    def __call__(self, kind: Kind, lead: int, operands: Arrays) -> Arrays:
        """The answer at operands that have `lead` more axes in front, as the answer has then."""
        return self._over(kind, lead, operands) if lead else self._answer(kind, operands)

    # --- one call -----------------------------------------------------------------------------------------------------

    def _answer(self, kind: Kind, operands: Arrays) -> Arrays:
        x, others, functions = operands[: self.count], operands[self.count :], self._functions
        if kind == "value":
            return self._outputs(self.compiled, rebuild(self.key, iter(x)), x)
        if kind in ("push", "second"):
            return self._outputs(functions.push if kind == "push" else functions.second, operands, x)
        y = self._row(others[: self._results(x)])
        v = others[self._results(x) :]
        if kind == "pull":
            return self._gradients(functions.pull, [*x, y])
        if self.samples:
            return self._gradients(functions.hess, [*x, y, *v])
        along = dict(zip(self.wanted, v, strict=True))
        tangents = [along.get(i, np.zeros(np.shape(each))) for i, each in enumerate([*x, y])]
        return _arrays(functions.pull.hvp([*x, y], tangents, argnums=self.wanted)[1])

    def _results(self, x: Arrays) -> int:
        """How many leaves the result has."""
        if self.result is None:
            self._answer("value", x)
        assert self.result is not None
        return len(self.result.shapes)

    def _outputs(self, f: Compiled, args: Sequence[Any], x: Arrays) -> Arrays:
        """The leaves of the result."""
        variant, outputs = f._run(SAMPLES if self.samples else VALUE, given(f._arguments(args), f._current()))
        holds_array = any(np.ndim(each) > (i in self.samples) for i, each in enumerate(x))
        self.result = Result.of(variant.lowered.result, holds_array)
        return self.result.split(np.asarray(outputs, np.float64))

    def _row(self, y: Arrays) -> NDArray[Any]:
        """The leaves of the result as one vector, of each sample."""
        if not self.samples:
            return np.concatenate([each.ravel() for each in y])
        return np.concatenate([each.reshape(len(each), -1) for each in y], axis=1)

    def _gradients(self, f: Compiled, args: Arrays) -> Arrays:
        """The gradient by each wanted leaf: of each sample, or where samples share the leaf, the sum over them."""
        if not self.samples:
            return _arrays(f.value_and_grad(*args, argnums=self.wanted)[1])
        own = tuple(i for i in self.wanted if i in self.samples)
        shared = tuple(i for i in self.wanted if i not in self.samples)
        found = dict(zip(own, f.map_grad(*args, argnums=own) if own else (), strict=True))
        if shared:
            means = _arrays(f.value_and_grad(*args, argnums=shared)[1])
            found |= zip(shared, [len(args[self.samples[0]]) * mean for mean in means], strict=True)
        return [found[i] for i in self.wanted]

    # --- many calls at once -------------------------------------------------------------------------------------------

    def _over(self, kind: Kind, lead: int, operands: Arrays) -> Arrays:
        """The calls along the axes in front as one batch; one by one where Python code looks at the numbers."""
        front = operands[0].shape[:lead]
        flat = [np.reshape(each, (prod(front), *each.shape[lead:])) for each in operands]
        if not self._runs_one_by_one:
            try:
                found = self._as_batch(kind, front, flat)
                self.result = self._batch.result
                return found
            except CompileError:
                self._runs_one_by_one = True
        each_one = [self._answer(kind, [each[i] for each in flat]) for i in range(prod(front))]
        return [np.reshape(parts, (*front, *parts[0].shape)) for parts in zip(*each_one, strict=True)]

    @cached_property
    def _batch(self) -> Calls:
        """The same with samples in each leaf."""
        names = self._functions.names
        return Calls(self._functions.for_samples, key_of((0.0,) * len(names)), self.wanted, range(len(names)))

    def _as_batch(self, kind: Kind, front: tuple[int, ...], operands: Arrays) -> Arrays:
        if not self.samples:
            return [part.reshape((*front, *part.shape[1:])) for part in self._batch(kind, 0, operands)]
        count = operands[self.samples[0]].shape[1]
        flat = [
            each.reshape((-1, *each.shape[2:])) if own else np.repeat(each, count, axis=0)
            for each, own in zip(operands, self._hold_samples(kind, len(operands)), strict=True)
        ]
        found = [part.reshape((*front, count, *part.shape[1:])) for part in self._batch(kind, 0, flat)]
        if kind not in ("pull", "hess"):
            return found
        return [
            part if i in self.samples else part.sum(axis=len(front)) for part, i in zip(found, self.wanted, strict=True)
        ]

    def _hold_samples(self, kind: Kind, total: int) -> Iterator[bool]:
        """For each operand, whether it holds samples."""
        directions = {"push": 1, "hess": 1, "second": 2}.get(kind, 0) * len(self.wanted)
        yield from [i in self.samples for i in range(self.count)]
        yield from [True] * (total - self.count - directions)
        for _ in range(directions // max(1, len(self.wanted))):
            yield from [i in self.samples for i in self.wanted]


def _arrays(numbers: Sequence[Any]) -> Arrays:
    return [np.asarray(each, np.float64) for each in numbers]
