"""A program as text: what depends on shared inputs only on single numbers, the rest on vectors of samples.

The text defines `prologue`, which computes the former in the scalar frame and answers with the number of the first
guard that does not hold, or −1, and, for a batch, `tile`, which computes the rest in the vector frame, a sample in each
lane. Both frames begin with the shared inputs, then what the tile needs from the prologue.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from autograd import rules
from autograd.compiler.llvm.code import Atom, Code
from autograd.compiler.llvm.frame import Plan, plan
from autograd.compiler.llvm.guards import answer
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.spelling import spell
from autograd.compiler.llvm.writing import functions
from autograd.compiler.program import Program

MODULE = 64  # functions that are compiled in one go


@dataclass(frozen=True)
class Written:
    """A program's text, and where in the frames things are.

    broadcast  slots at the beginning of the scalar frame that are copied into all lanes of the vector frame
    inputs     the first slot of a sample's inputs in the vector frame
    outputs    the first slot of the outputs: in the vector frame, or in the scalar one of a program without a batch
    sizes      how many slots the scalar and the vector frame have
    constants  what slots of the vector frame hold from the beginning
    idle       whether the prologue computes and asks nothing
    """

    texts: tuple[str, ...]
    library: Library
    broadcast: int
    inputs: int
    outputs: int
    sizes: tuple[int, int]
    constants: dict[int, float]
    idle: bool


def written(program: Program, scalar: Kind, vector: Kind, sums: bool) -> Written:
    """The text of a program on numbers and vectors of those kinds; with `sums`, outputs are added up in their slots."""
    library = Library()
    prologue, tile = Code(scalar, library), Code(vector, library)
    in_tile = _in_tile(program)
    atoms: list[Atom] = [0] * (len(program.names) + len(program.equations))
    for slot, place in enumerate(program.shared):
        atoms[place] = -1 - slot
    _spell(program, prologue, atoms, in_tile, 0)
    shared = len(program.shared)
    if not program.batched:
        return _alone(program, prologue, atoms)
    exports = _exported(program, atoms, in_tile, shared)
    broadcast = shared + len(exports)
    asked = _asked(program, atoms, exports, broadcast)
    scalar_plan = plan(prologue, [*exports.items(), *asked.items()], (), broadcast + len(asked))
    answered = answer(program.guards, [*atoms], scalar_plan, scalar)
    for column, place in enumerate(program.batched):
        atoms[place] = -1 - broadcast - column
    _as_slots(atoms, in_tile, exports)
    _spell(program, tile, atoms, in_tile, 1)
    outputs = broadcast + len(program.batched)
    pairs = _output_pairs(program, tile, atoms, outputs)
    first_free = outputs + len(program.outputs)
    tile_plan = plan(tile, () if sums else pairs, pairs if sums else (), first_free)
    parts = [prologue_part(prologue, scalar_plan, answered), Part("t", tile, tile_plan, "")]
    tiles = calling("void @tile", parts[1].names, "ret void")
    texts = tuple(modules(library, parts[0], parts[1]._replace(callers=tiles)))
    return Written(
        texts,
        library,
        broadcast,
        broadcast,
        outputs,
        (scalar_plan.size, tile_plan.whole_size),
        tile_plan.numbers,
        not prologue.texts and not program.guards,
    )


def _alone(program: Program, code: Code, atoms: Sequence[Atom]) -> Written:
    outputs = len(program.shared)
    pairs = _output_pairs(program, code, atoms, outputs)
    asked = _asked(program, atoms, {}, outputs + len(pairs))
    made = plan(code, [*pairs, *asked.items()], (), outputs + len(pairs) + len(asked))
    texts = tuple(modules(code.library, prologue_part(code, made, answer(program.guards, atoms, made, code.kind))))
    return Written(texts, code.library, 0, 0, outputs, (made.size, 0), {}, False)


# --- prologue and tile ------------------------------------------------------------------------------------------------


def _in_tile(program: Program) -> bytearray:
    """For each place, whether it differs from sample to sample."""
    found = bytearray(len(program.names) + len(program.equations))
    for place in program.batched:
        found[place] = 1
    if program.batched:
        for place, (_, operands) in enumerate(program.equations, len(program.names)):
            for atom in operands:
                if type(atom) is int and found[atom]:
                    found[place] = 1
                    break
    return found


def _spell(program: Program, code: Code, atoms: list[Atom], in_tile: Sequence[int], side: int) -> None:
    """Spell the equations of one side, noting each place's value in `atoms`."""
    angles = _angles(program)
    for place, (primitive, operands) in enumerate(program.equations, len(program.names)):
        if in_tile[place] == side:
            words = [atom if type(atom) is float else atoms[int(atom)] for atom in operands]
            if primitive in TURNING and operands[0] in angles:
                code.angles.add(words[0])
            atoms[place] = spell(code, primitive, words)


TURNING = (rules.sin, rules.cos)


def _angles(program: Program) -> set[Atom]:
    """Places of which both the sine and the cosine are wanted."""
    of: dict[object, set[Atom]] = {row: set() for row in TURNING}
    for primitive, operands in program.equations:
        if primitive in of:
            of[primitive].add(operands[0])
    return of[rules.sin] & of[rules.cos]


def _exported(program: Program, atoms: Sequence[Atom], in_tile: Sequence[int], first: int) -> dict[int, int]:
    """Slots, from `first`, for operations of the prologue whose values the tile or an output needs."""
    found: dict[int, int] = {}
    needed = [operands for place, (_, operands) in enumerate(program.equations, len(program.names)) if in_tile[place]]
    for operands in [*needed, program.outputs]:
        for atom in operands:
            if type(atom) is int and not in_tile[atom] and type(operation := atoms[atom]) is int and operation >= 0:
                found.setdefault(operation, first + len(found))
    return found


def _as_slots(atoms: list[Atom], in_tile: Sequence[int], exports: dict[int, int]) -> None:
    """Values of the prologue as the tile sees them: slots of its own frame."""
    for place, atom in enumerate(atoms):
        if not in_tile[place] and type(atom) is int and atom in exports:
            atoms[place] = -1 - exports[atom]


def _asked(program: Program, atoms: Sequence[Atom], exports: dict[int, int], first: int) -> dict[int, int]:
    """Slots, from `first`, for operations that guards look at and that have none yet."""
    found: dict[int, int] = {}
    for guard in program.guards:
        for place in guard.places:
            operation = atoms[place]
            if type(operation) is int and operation >= 0 and operation not in exports:
                found.setdefault(operation, first + len(found))
    return found


def _output_pairs(program: Program, code: Code, atoms: Sequence[Atom], first: int) -> list[tuple[int, int]]:
    """(operation, slot) of each output; x + (−0), which is x, for one that is not computed here."""
    pairs = []
    for slot, output in enumerate(program.outputs, first):
        atom = output if type(output) is float else atoms[int(output)]
        if type(atom) is float or atom < 0:
            atom = code.two("fadd", atom, -0.0)
        pairs.append((int(atom), slot))
    return pairs


# --- text -------------------------------------------------------------------------------------------------------------


def prologue_part(code: Code, made: Plan, answered: str) -> Part:
    """What is computed of shared inputs; `answered` are the guards."""
    part = Part("s", code, made, "")
    return part._replace(callers=calling("i64 @prologue", part.names, answered))


class Part(NamedTuple):
    """A code cut into pieces, and the functions that call these: `callers` is their text."""

    prefix: str
    code: Code
    plan: Plan
    callers: str

    @property
    def names(self) -> list[str]:
        """The names of its pieces, in order."""
        return [f"{self.prefix}{chunk}" for chunk in range(len(self.plan.chunks) - 1)]


def calling(head: str, names: Sequence[str], end: str) -> str:
    """A function of a frame that calls others one after the other."""
    return "\n".join([f"define {head}(ptr %f) {{", *[f"call void @{name}(ptr %f)" for name in names], end, "}", ""])


def modules(library: Library, *parts: Part, extra: str = "") -> Iterator[str]:
    """Texts to be compiled one by one: all pieces, and last the functions that call them."""
    every = [text for part in parts for text in functions(part.prefix, part.code, part.plan)]
    declarations = "\n".join(library.declarations())
    last = max(len(every) - 1, 0) // MODULE * MODULE
    for begin in range(0, last, MODULE):
        yield "\n".join([declarations, *every[begin : begin + MODULE]])
    names = [name for part in parts for name in part.names]
    earlier = [f"declare void @{name}(ptr)" for name in names[:last]]
    yield "\n".join([declarations, extra, *earlier, *every[last:], *[part.callers for part in parts]])
