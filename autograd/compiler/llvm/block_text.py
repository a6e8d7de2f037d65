"""Write the text of a program in blocks: its pieces, the products between them, and the means at the end."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from autograd.compiler.llvm.blocks import Blocks, Call
from autograd.compiler.llvm.emit import Part, calling, modules, prologue_part
from autograd.compiler.llvm.frame import Plan, plan
from autograd.compiler.llvm.guards import answer
from autograd.compiler.llvm.kernels import SIGNATURES
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.program import Guard
from autograd.compiler.vector.program import Lanes, VectorProgram


@dataclass(frozen=True)
class BlockText:
    """A program's text, and where in the frames things are.

    stride     tiles in a block: slot l of tile t is vector stride l + t of the vector frame
    sizes      numbers in the scalar frame, slots in the vector frame
    exports    pairs (lane of the scalar frame, slot that gets it for all samples)
    sums       the scalar lanes that get the means, in the order in which they are added up
    constants  what places of the scalar frame, and slots of the vector frame, hold from the beginning
    outputs    the place in the scalar frame where each output ends
    idle       whether the prologue, and whether the epilogue, have nothing to do
    """

    texts: tuple[str, ...]
    library: Library
    stride: int
    sizes: tuple[int, int]
    exports: tuple[tuple[int, int], ...]
    sums: Lanes
    constants: tuple[dict[int, float], dict[int, float]]
    outputs: Lanes
    idle: tuple[bool, bool]


def block_text(blocks: Blocks, vector: Kind) -> BlockText:
    """The text of spelled blocks."""
    vectors = blocks.vectors
    constants, outputs = _places(vectors, blocks.zero + 1)
    before = plan(blocks.prologue, blocks.stored[blocks.prologue], (), blocks.zero + 1 + len(outputs))
    after = plan(blocks.epilogue, blocks.stored[blocks.epilogue], (), before.size)
    cuts = [position for position, _ in blocks.products]
    made = plan(blocks.tile, blocks.stored[blocks.tile], (), blocks.slots, cuts, blocks.stride)
    guards = [Guard(relation, left, right, outcome, "") for relation, left, right, outcome in vectors.guards]
    parts = (
        prologue_part(blocks.prologue, before, _answered(blocks, guards, before)),
        _epilogue(Part("e", blocks.epilogue, after, "")),
        _tile(Part("t", blocks.tile, made, ""), blocks, vector),
    )
    texts = tuple(modules(blocks.library, *parts, extra=_declarations(vector)))
    return BlockText(
        texts,
        blocks.library,
        blocks.stride,
        (after.size, made.whole_size),
        tuple(blocks.exports),
        np.array(blocks.sums, np.intp),
        (constants[0], {**constants[1], **blocks.fixed, **made.numbers}),
        outputs,
        (not blocks.prologue.texts and not guards, not blocks.epilogue.texts),
    )


def _places(vectors: VectorProgram, first: int) -> tuple[tuple[dict[int, float], dict[int, float]], Lanes]:
    """The constants of both frames, and where each output ends; outputs that are constants get places from `first`."""
    constants: tuple[dict[int, float], dict[int, float]] = ({}, {})
    for kind, lane, number in vectors.constants:
        constants[kind == "batched"][lane] = number
    direct: dict[int, int] = {}
    for step in vectors.steps:
        if step.results is not None:
            direct.update({int(out): step.start + i for i, out in enumerate(step.results.ravel())})
    found = []
    for number, (kind, value) in enumerate(vectors.outputs, first):
        if kind == "constant":
            constants[0][number] = value
            found.append(number)
        else:
            found.append(direct[int(value)] if kind == "result" else int(value))
    return constants, np.array(found, np.intp)


def _answered(blocks: Blocks, guards: Sequence[Guard], before: Plan) -> str:
    return answer(guards, [-1 - lane for lane in range(blocks.vectors.sizes[0])], before, blocks.prologue.kind)


def _epilogue(part: Part) -> Part:
    return part._replace(callers=calling("void @epilogue", part.names, "ret void"))


def _declarations(vector: Kind) -> str:
    kernels = [f"declare void @{vector.symbol(name)}({words})" for name, words in SIGNATURES.items()]
    helpers = (("repeat", "ptr, ptr, i64"), ("clear", "ptr, i64, i64, i64"))
    return "\n".join([*kernels, *[f"declare void @{vector.symbol(name)}({words})" for name, words in helpers]])


def _tile(part: Part, blocks: Blocks, vector: Kind) -> Part:
    """The functions that run a stretch of pieces for one tile, and `block`, which runs everything for all its tiles."""
    starts = {begin: chunk for chunk, begin in enumerate(part.plan.chunks)}
    stretches: list[str] = []
    calls: list[str] = []
    done = 0
    for position, call in [*blocks.products, (len(blocks.tile.texts), None)]:
        chunk = starts[position]
        if chunk > done:
            name = f"stretch{len(stretches)}"
            stretches.append(calling(f"internal void @{name}", part.names[done:chunk], "ret void"))
            calls.append(f"call void @{vector.symbol('repeat')}(ptr @{name}, ptr %f, i64 %n)")
            done = chunk
        calls += [] if call is None else _kernel(call, len(calls), blocks.stride, vector)
    calls += _cleared(blocks, vector)
    for call in blocks.means:
        calls += _kernel(call, len(calls), blocks.stride, vector)
    head = "define void @block(ptr %f, ptr %s, ptr %g, i64 %n, i64 %live) {"
    return part._replace(callers="\n".join([*stretches, head, *calls, "ret void", "}", ""]))


def _kernel(call: Call, number: int, stride: int, vector: Kind) -> Iterator[str]:
    """The lines of a kernel's call."""
    single = vector.number
    of = {"f": (vector.type, stride), "s": (single, 1), "g": ("double", 1)}
    words = []
    for i, (frame, place) in enumerate(call.pointers):
        kind, step = of[frame]
        yield f"%k{number}.{i} = getelementptr {kind}, ptr %{frame}, i64 {place * step}"
        words.append(f"ptr %k{number}.{i}")
    words += [f"i64 {count}" for count in call.counts]
    yield f"call void @{call.kernel}({', '.join(words)})"


def _cleared(blocks: Blocks, vector: Kind) -> Iterator[str]:
    """Set lanes without a sample to 0 in the last tile, so that they add nothing to the means."""
    yield "%before = sub i64 %n, 1"
    yield f"%last = getelementptr {vector.type}, ptr %f, i64 %before"
    fixed = sorted(lane for kind, lane, _ in blocks.vectors.constants if kind == "batched")
    fixed += [slot for _, slot in blocks.exports] + list(blocks.fixed)
    begin = 0
    for end in [*sorted(fixed), blocks.slots]:
        if end > begin:
            yield f"%c{begin} = getelementptr {vector.type}, ptr %last, i64 {begin * blocks.stride}"
            words = f"ptr %c{begin}, i64 {end - begin}, i64 {blocks.stride}, i64 %live"
            yield f"call void @{vector.symbol('clear')}({words})"
        begin = end + 1
