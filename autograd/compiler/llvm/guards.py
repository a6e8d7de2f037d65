"""Guards as text: the number of the first that does not hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from autograd.compiler.llvm.code import Atom, constant
from autograd.compiler.llvm.frame import Plan
from autograd.compiler.llvm.library import Kind
from autograd.compiler.program import Guard

# Comparisons as LLVM has them: "o" is false, "u" true with a nan.
COMPARISONS = {"<": "olt", "<=": "ole", ">": "ogt", ">=": "oge", "==": "oeq", "same": "oeq", "truth": "une"}


def answer(guards: Sequence[Guard], atoms: Sequence[Atom], plan: Plan, kind: Kind) -> str:
    """The end of a function that asks all guards: it returns the number of the first that does not hold, or −1.

    `atoms` are the values of the program's places, which have to be in slots of the frame.
    """
    return "\n".join([line for i, guard in enumerate(guards) for line in _asked(i, guard, atoms, plan, kind)] + [_END])


_END = "ret i64 -1"


def _asked(number: int, guard: Guard, atoms: Sequence[Atom], plan: Plan, kind: Kind) -> Iterator[str]:
    words = []
    for side, atom in (("l", guard.left), ("r", 0.0 if guard.relation == "truth" else guard.right)):
        value = atom if type(atom) is float else atoms[int(atom)]
        if type(value) is float:
            words.append(constant(value, kind))
            continue
        slot = plan.homes[int(value)][0] if value >= 0 else -1 - int(value)
        yield f"%{side}a{number} = getelementptr {kind.type}, ptr %f, i64 {slot}"
        yield f"%{side}{number} = load {kind.type}, ptr %{side}a{number}"
        words.append(f"%{side}{number}")
    yield f"%q{number} = fcmp {COMPARISONS[guard.relation]} {kind.type} {', '.join(words)}"
    if guard.relation == "same":
        yield from _same_bits(number, words, kind)
    holds, fails = (f"%holds{number}", f"%fails{number}")[:: 1 if guard.outcome else -1]
    flag = f"%s{number}" if guard.relation == "same" else f"%q{number}"
    yield f"br i1 {flag}, label {holds}, label {fails}"
    yield f"fails{number}:\nret i64 {number}\nholds{number}:"


def _same_bits(number: int, words: Sequence[str], kind: Kind) -> Iterator[str]:
    """Equal and of one sign: −0 is not 0."""
    whole = "i32" if kind.single else "i64"
    for side, word in zip("xy", words, strict=True):
        yield f"%{side}{number} = bitcast {kind.type} {word} to {whole}"
    yield f"%b{number} = icmp eq {whole} %x{number}, %y{number}"
    yield f"%s{number} = and i1 %q{number}, %b{number}"
