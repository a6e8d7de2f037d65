"""Turn a Python function into a program: record it, write its nodes as equations, and apply the chain rule to them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

from autograd.compiler.advice import remedy
from autograd.compiler.arguments import flatten
from autograd.compiler.determinism import Recording, repeatable
from autograd.compiler.differentiate import differentiated
from autograd.compiler.passes import shared
from autograd.compiler.program import RESERVED, Guard, Program
from autograd.compiler.record import Recorder
from autograd.compiler.refusal import where_asked
from autograd.compiler.replay import Replay
from autograd.compiler.transcribe import Transcript
from autograd.derivative import grad
from autograd.errors import CompileError
from autograd.primitive import PRIMITIVES
from autograd.sparse.compression import Compression
from autograd.structure import NUMBER, Key, places, rebuild
from autograd.value import Value, as_float

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The outputs of a program: the numbers of the result; those and the derivatives of its one number; its numbers for each
# sample; those, the derivatives and the second derivatives, row by row.
VALUE, GRADIENT, SAMPLES, HESSIAN = "value", "gradient", "samples", "hessian"


@dataclass(frozen=True)
class Lowered:
    """What was recorded, the structure of the function's result, and its numbers then.

    recorded  the function's own program: an equation for each node, in order
    kind      which outputs are wanted; for second derivatives, `recorded` has the first ones as outputs too
    wanted    the inputs that derivatives are by
    at        the numbers of the inputs; with a batch, those of the sample that was recorded
    found     the numbers of the result there, and `slopes` its derivatives (not if exact), as the nodes have them
    indices   inputs that were integers; with `by_kind` the function has asked which are
    what      the derivative that was asked for by name, and its mode, in words: see kinds.py
    seeds     how many directions run as its batch: rows of the identity, or those of `plan`
    plan      how a sparse matrix is read off
    """

    recorded: Program
    result: Key
    kind: str
    wanted: tuple[int, ...]
    at: tuple[float, ...]
    found: tuple[float, ...]
    indices: frozenset[int] = frozenset()
    by_kind: bool = False
    slopes: tuple[float, ...] = ()
    what: str = ""
    mode: str = ""
    seeds: int = 0
    plan: Compression | None = None
    parts: tuple[Part, ...] = ()

    @cached_property
    def forward(self) -> Program:
        """What was recorded with equal equations as one: without derivatives, if they are to be taken later."""
        return shared(self.recorded, keeps_detached=self.kind == GRADIENT)

    @cached_property
    def program(self) -> Program:
        """All outputs in equations on numbers, derivatives in the order of eager code: the reference."""
        return self._differentiated[0] if self.kind in (GRADIENT, HESSIAN) else self.forward

    @cached_property
    def gated(self) -> Program:
        """The same for all numbers, whatever rules ask of them: `where` chooses, and no guard is needed.

        CompileError for a rule that asks for several numbers.
        """
        program, _ = self._differentiated_by(gated=True)
        return program

    @property
    def asks_samples(self) -> bool:
        """Whether derivatives depend on what samples may answer differently."""
        return self.kind in (GRADIENT, HESSIAN) and self._differentiated[1]

    @cached_property
    def _differentiated(self) -> tuple[Program, bool]:
        return self._differentiated_by(gated=False)

    def _differentiated_by(self, gated: bool) -> tuple[Program, bool]:
        rows = self.recorded.outputs[1:] if self.kind == HESSIAN else self.recorded.outputs[:1]
        program, asks = differentiated(self.recorded, rows, self.wanted, self.at, where_asked, gated)
        return replace(program, derivatives=self.wanted if self.kind == GRADIENT else ()), asks

    def guard(self, number: int) -> Guard:
        """A guard by the number that a back end answers with: those of derivatives come last."""
        known = self.forward.guards
        return known[number] if number < len(known) else self.program.guards[number]


@dataclass(frozen=True, eq=False)
class Part:
    """A program that computes some entries of a sparse matrix, for many samples: see bodies.py.

    inputs     for each sample the places of the inputs of the whole program that are its first inputs
    constants  for each sample its other inputs
    entries    for each sample the places of its outputs among the entries of the matrix; −1 for what is none
    """

    lowered: Lowered
    inputs: NDArray[np.intp]
    constants: NDArray[np.float64]
    entries: NDArray[np.intp]

    def samples(self, inputs: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """The inputs of all samples, from those of the whole program."""
        return [inputs[self.inputs], self.constants] if self.constants.size else [inputs[self.inputs]]


@dataclass(frozen=True)
class Call:
    """A call to record: a function, its arguments by key and name, the parameters, and the numbers of both.

    Without parameters (None), derivatives are by the arguments.
    With a batch, the arguments named in `batch` differ from sample to sample, and their numbers are those of one.
    `indices` are the places of numbers that were integers, `generators` those of random numbers that it might use.
    """

    function: Callable[..., Any]
    keys: tuple[Key, ...]
    names: tuple[str, ...]
    parameters: Sequence[Value] | None
    numbers: Sequence[float]
    batch: frozenset[str] = frozenset()
    indices: frozenset[int] = field(default=frozenset())
    generators: Sequence[Any] = ()


class PerSampleError(Exception):
    """No single program has the bits of eager code for all samples: they add other adjoints, or in another order."""


def lower(call: Call, outputs: str = VALUE, exact: bool = False) -> Lowered:
    """Record `call` and write it down; derivatives are by the parameters, else by all arguments.

    >>> from autograd import tanh
    >>> from autograd.structure import key_of
    >>> call = Call(lambda x, y: tanh(x) * y, (key_of(1.0),) * 2, ("x", "y"), None, [1.0, 2.0])
    >>> print(lower(call).program)
    program(x, y):
        t2 = tanh(x)
        t3 = mul(t2, y)
        return t3

    CompileError where the function does what a program cannot repeat, or gives no number to differentiate. If `exact`,
    PerSampleError for a batch in which each sample needs its own choice or index.
    """
    recorder, inputs, found, key = repeatable(partial(_record, call, exact), call.generators)
    numbers = tuple([recorder.number(each) if isinstance(each, Value) else each for each in found])
    check_kind(key, found, outputs)
    leaves = inputs if call.parameters is None else call.parameters
    asked = len(recorder.guards)
    if outputs == HESSIAN:
        found += recorder.run(grad, found[0], leaves) if isinstance(found[0], Value) else [0.0] * len(leaves)
    transcript = Transcript(recorder, [*inputs, *(call.parameters or ())], found)
    program = _program(call, transcript, outputs == SAMPLES)
    count = len(inputs)
    wanted = range(count) if call.parameters is None else range(count, len(call.numbers))
    if exact and call.batch and (recorder.gates or recorder.picked or len(recorder.guards) > asked):
        raise PerSampleError
    slopes = transcript.slopes(wanted) if outputs == GRADIENT and not exact else []
    recorder.release()
    made = Lowered(
        _without_samples(program), key, outputs, tuple(wanted), tuple(map(float, call.numbers)), numbers,
        call.indices, recorder.asked_kinds, tuple(slopes),
    )  # fmt: skip
    if exact and call.batch and made.asks_samples:
        raise PerSampleError
    return made


def _record(call: Call, exact: bool, earlier: Recording | None = None) -> Recording:
    """Call the function, on the nodes of an earlier recording if there is one."""
    if earlier is not None:
        replay = Replay(earlier.recorder)
        return Recording(replay, earlier.inputs, *replay.run(_called, call, earlier.inputs))
    count = len(call.numbers) - len(call.parameters or ())
    known = dict(zip(map(id, call.parameters or ()), call.numbers[count:], strict=True))
    recorder = Recorder(known, guards_indices=exact and not call.batch, gated=bool(call.batch))
    inputs = [recorder.argument(number, place in call.indices) for place, number in enumerate(call.numbers[:count])]
    return Recording(recorder, inputs, *recorder.run(_called, call, inputs))


def _called(call: Call, inputs: Sequence[Value]) -> tuple[list[Any], Key]:
    """The numbers that the function returns, and the key of their structure."""
    remaining = iter(inputs)
    result = call.function(*[rebuild(key, remaining) for key in call.keys])
    found: list[Any] = []
    try:
        return found, flatten(result, found, _output)
    except TypeError as error:
        raise CompileError(f"the function must return numbers, or lists, tuples and dicts of them: {error}") from error


def _output(x: Any) -> Any:
    return x if isinstance(x, Value) else as_float(x)


def check_kind(key: Key, found: Sequence[Any], outputs: str) -> None:
    """CompileError where derivatives are wanted of a function that does not return one number."""
    if outputs in (GRADIENT, HESSIAN) and key is not NUMBER:
        raise CompileError(
            f"the function must return one number to have a gradient, got {len(found)} in a structure; take its "
            "jacobian(...), or vjp(...) along cotangents, or return their total or mean"
        )


def _program(call: Call, transcript: Transcript, each_sample: bool) -> Program:
    """The program of a transcript, its inputs named."""
    names = [place for key, name in zip(call.keys, call.names, strict=True) for place in places(key, name)]
    owners = [name for key, name in zip(call.keys, call.names, strict=True) for _ in places(key, name)]
    names += [p.label or f"p{i}" for i, p in enumerate(call.parameters or ())]
    batched = [place for place, owner in enumerate(owners) if owner in call.batch]
    return transcript.program(identifiers(names), batched, each_sample)


def _without_samples(program: Program) -> Program:
    """The program, if no guard looks at a number that differs from sample to sample."""
    if not program.batched or not program.guards:
        return program
    differs = bytearray(len(program.names) + len(program.equations))
    for place in program.batched:
        differs[place] = 1
    for place, (_, operands) in enumerate(program.equations, len(program.names)):
        differs[place] = any(type(each) is int and differs[each] for each in operands)
    for guard in program.guards:
        if any(differs[place] for place in guard.places):
            raise CompileError(
                f"{guard.where}: the function asks for a number that differs from sample to sample"
                f"{_question(program, guard)}, but one program serves all samples; {remedy(guard)}, or compile without "
                "batch="
            )
    return program


def _question(program: Program, guard: Guard) -> str:
    """What is asked of an input, by its name; '' of a number that has none in the user's program."""
    if type(guard.left) is not int or guard.left >= len(program.names):
        return ""
    what = {"same": "the same number for all?", "truth": "is it 0?"}.get(guard.relation, f"{guard.relation} …")
    return f" ({program.name(guard.left)} {what})"


_NO_LETTERS, _EQUATION = re.compile(r"\W+"), re.compile(r"t\d+")
_PLAIN = re.compile(r"[a-zA-Z](?:[a-zA-Z0-9_]*[a-zA-Z0-9])?")
_RESERVED = frozenset(RESERVED)


def identifiers(texts: Iterable[str]) -> list[str]:
    """Distinct names that Python and the source of a program accept, as close to `texts` as possible.

    >>> identifiers(["x[0]", "w2[1,0]", "x 0", "if", "exp", "t3", ""])
    ['x_0', 'w2_1_0', 'x_0_', 'if_', 'exp_', 't3_', 'v']
    >>> identifiers(["w", "w", "w", "w"])
    ['w', 'w_', 'w_2', 'w_3']
    """
    found: dict[str, None] = {}
    clashes: dict[str, int] = {}
    for text in texts:
        name = stem = text if _PLAIN.fullmatch(text) else _identifier(text)
        while name in found or name in _RESERVED or name in PRIMITIVES or _EQUATION.fullmatch(name):
            clashes[stem] = number = clashes.get(stem, 0) + 1
            name = f"{stem}_{number if number > 1 else ''}"
        found[name] = None
    return list(found)


def _identifier(text: str) -> str:
    """What Python accepts as a name, as close to a text as possible."""
    stem = _NO_LETTERS.sub("_", unicodedata.normalize("NFKC", text)).strip("_") or "v"
    return stem if stem.isidentifier() else f"v_{stem}"
