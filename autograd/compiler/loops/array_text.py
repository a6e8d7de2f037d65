"""The source of a program with loops on arrays: a function that calls others, for each part and in each trip.

What is the same for all samples is in the vector s, all else in the matrix v, with a row for each number and a column
for each sample: the inputs, constants that moving operands look at, what the parts hand on, and for each loop the
numbers of its body that something outside looks at, trip by trip.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from autograd._numpy import np
from autograd.compiler.loops.array_calls import Run, Straight
from autograd.compiler.loops.array_memory import Lanes, Memory, slice_in_trips, slice_of
from autograd.compiler.loops.divide import divided
from autograd.compiler.loops.emitted import emitted
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.loops.parts import Part, parts
from autograd.compiler.loops.printing import INDENT
from autograd.compiler.numpy_backend.guards import Guards
from autograd.compiler.program import Atom, Equation, Program

OVERHEAD = 6  # calls in each trip, besides those of its steps

Called: TypeAlias = "Function | Straight"
"""What is called for a part, or in each trip."""


class Function:
    """`run(shared, samples)` of a program: `text` is its own, `made` what makes it, `source` all that it calls too."""

    takes_lists = False

    def __init__(self, looped: Looped, dtype: str) -> None:
        made = divided(looped)
        self.dtype, self.made_of, self.looped = dtype, made, made.looped
        self.shared, self.varying = Memory(self.looped), Memory(self.looped)
        self.called: list[tuple[str, int, Called]] = []  # by name, how many times in a run
        self.tables: dict[str, Any] = {}
        self._kept = emitted(self.looped)
        self._buffers: list[str] = []
        self._means: set[int] = set()  # places of which s has the means over the samples
        self._read = _read(self.looped, made.boundary)
        self._lines = self._begin()
        for place, item in parts(self.looped, made.boundary):
            if isinstance(item, Loop):
                self._loop(place, item)
            else:
                self._part(item)
        self._end()
        self.text = "\n".join(["def run(shared, samples):", *[INDENT + line for line in self._lines], ""])

    @property
    def source(self) -> str:
        """Its own text, and those of the functions that it calls."""
        return "\n\n".join([self.text, *[f"# {name}\n{each.source}" for name, _, each in self.called]])

    def made(self, count: int) -> Run:
        """The function for so many samples, with buffers of its own."""
        names: dict[str, Any] = {name: getattr(np, name) for name in ("add", "concatenate", "empty")} | self.tables
        names |= {"float64": np.float64, "dtype": self.dtype, "B": count}
        for letter, memory in (("s", self.shared), ("v", self.varying)):
            names[letter] = np.full((memory.size, count) if letter == "v" else memory.size, np.nan)
            for number, row in memory.constants.values():
                names[letter][row] = number
        names |= {name: each.made(count) for name, _, each in self.called}
        exec(compile("\n".join([*self._buffers, self.text]), "<program with loops>", "exec"), names)
        run: Run = names["run"]
        return run

    def costs(self, samples: int) -> tuple[float, float, float]:
        """Calls of NumPy in a run, operations of its matrix products, and others."""
        calls = products = elements = 0.0
        for _, times, each in self.called:
            found = each.costs(samples)
            calls += times * (OVERHEAD + found[0])
            products, elements = products + times * found[1], elements + times * found[2]
        return calls, products, elements

    # --- the program --------------------------------------------------------------------------------------------------

    def _begin(self) -> list[str]:
        head = self.looped.head
        lines = []
        for places, memory, line in (
            (head.shared, self.shared, "s[{}] = shared"),
            (head.batched, self.varying, "v[{}] = concatenate(samples, axis=1).T"),
        ):
            rows = memory.place(places)
            lines += [line.format(slice_of(rows))] * bool(rows)
        return lines

    def _part(self, part: Part) -> None:
        varies = any(not self.made_of.is_shared(place) for place in part.outputs)
        inputs = [not self.made_of.is_shared(place) for place in part.inputs]
        is_mean = varies and self._is_last(part)
        name, called = self._call("part", part.program, inputs, varies and not is_mean)
        shared = [place for place, flag in zip(part.inputs, inputs, strict=True) if not flag]
        memory = self.varying if varies and not is_mean else self.shared
        self._means.update(part.outputs if is_mean else ())
        given = f"s[{self._index(self._rows(shared, False))}]"
        if varies:
            batched = [place for place, flag in zip(part.inputs, inputs, strict=True) if flag]
            call = f"{name}({given}, (v[{self._index(self._rows(batched, True))}].T,)){'' if is_mean else '.T'}"
        else:
            call = f"{name}({given}.tolist())" if called.takes_lists else f"{name}({given}, ())"
        of = "s" if memory is self.shared else "v"
        self._lines.append(f"{of}[{self._index(memory.place(part.outputs))}] = {call}")

    def _is_last(self, part: Part) -> bool:
        """Whether only means of it are looked at."""
        head = self.looped.head
        return not head.per_sample and bool(head.batched) and self._read.isdisjoint(part.outputs)

    def _end(self) -> None:
        head = self.looped.head
        if head.guards:
            asked = [
                (each.relation, self._side(each.left), self._side(each.right), each.outcome) for each in head.guards
            ]
            self.tables["guards"] = Guards(asked, len(head.shared), self.dtype)
            self._lines += ["failed = guards(shared, s)", "if failed >= 0:", f"{INDENT}return failed"]
        varies = [
            type(each) is int and each not in self._means and not self.made_of.is_shared(each) for each in head.outputs
        ]
        if not head.batched:
            self._lines.append(f"return s[{self._index(self._rows(head.outputs, False))}].copy()")
            return
        shape = f"({len(varies)}, B)" if head.per_sample else str(len(varies))
        self._lines.append(f"result = empty({shape})")
        for flag in (False, True):
            chosen = [i for i, each in enumerate(varies) if each == flag]
            if chosen:
                rows = self._rows([head.outputs[i] for i in chosen], flag)
                text = f"{'v' if flag else 's'}[{self._index(rows)}]"
                if head.per_sample:
                    text += "" if flag else "[:, None]"
                elif flag:
                    text = f'add.reduce({text}, axis=-1, dtype="{self.dtype}") / B'
                self._lines.append(f"result[{self._index(chosen)}] = {text}")
        self._lines.append("return result.T" if head.per_sample else "return result")

    def _side(self, atom: Atom) -> Atom:
        return self.shared.row(atom) if type(atom) is int else atom

    # --- loops --------------------------------------------------------------------------------------------------------

    def _loop(self, start: int, loop: Loop) -> None:
        varies = start >= self.made_of.boundary
        columns, names, carried = sorted(self._kept[start]), len(loop.body.names), len(loop.carried)
        fixed = [[atom] for atom in loop.invariant]
        flags = [self._varies(atoms) for atoms in fixed] + [varies] * carried + list(map(self._varies, loop.moving))
        outputs = (*loop.body.outputs, *[column + names for column in columns])
        body = replace(loop.body, head=replace(loop.body.head, outputs=outputs))
        name, called = self._call("trip", body, flags, varies, loop.count)
        groups = []
        for side in (False, True):
            still = [atom for atom, flag in zip(loop.invariant, flags, strict=False) if flag == side]
            still += loop.carried if varies == side else ()
            moving = [each for each, flag in zip(loop.moving, flags[len(flags) - len(loop.moving) :], strict=True)]
            moving = [
                each for each, flag in zip(moving, flags[names - len(loop.moving) :], strict=True) if flag == side
            ]
            rows = np.array([self._rows(each, side) for each in moving], np.intp).reshape(-1, loop.count).T
            groups.append((self._rows(still, side), rows))
        memory = self.varying if varies else self.shared
        first = memory.keep(start, columns)
        if called.takes_lists:
            self._numbers(name, loop, *groups[0], first, len(columns))
        else:
            self._arrays(name, loop, groups, varies, np.arange(first, memory.size).reshape(loop.count, -1))

    def _varies(self, atoms: Sequence[Atom]) -> bool:
        return any(type(atom) is int and not self.made_of.is_shared(atom) for atom in atoms)

    def _numbers(self, name: str, loop: Loop, still: list[int], moving: Lanes, first: int, kept: int) -> None:
        """A loop of Python on lists."""
        fixed, carried = len(loop.invariant), len(loop.carried)
        lines = [f"w = s[{self._index(still[:fixed])}].tolist()", f"c = s[{self._index(still[fixed:])}].tolist()"]
        lines += [f"m = s[{self._index(moving)}].tolist()"] * bool(moving.size)
        lines += ["kept = []"] * bool(kept)
        lines += [f"for i in range({loop.count}):", f"    r = {name}(w + c{' + m[i]' * bool(moving.size)})"]
        lines += [f"    c = r[:{carried}]"] * bool(carried)
        lines += [f"    kept += r[{carried}:]"] * bool(kept)
        lines += [f"s[{first}:{first + kept * loop.count}] = kept"] * bool(kept)
        self._lines += lines

    def _arrays(
        self, name: str, loop: Loop, groups: Sequence[tuple[list[int], Lanes]], varies: bool, kept: Lanes
    ) -> None:
        """A loop of NumPy calls: q and y are what a trip takes."""
        number, carried = name.partition("_")[2], len(loop.carried)
        before, inside = [], []
        taken = []
        for letter, of, (still, moving) in zip("qy", "sv", groups, strict=True):
            own, begin = f"{letter}_{number}", len(still)
            shape = f"({begin + moving.shape[1]}, B)" if letter == "y" else str(begin + moving.shape[1])
            self._buffers.append(f"{own} = empty({shape})")
            taken.append(own)
            before += [f"{own}[:{begin}] = {of}[{self._index(still)}]"] * bool(still)
            if moving.size:
                index = slice_in_trips(moving, "i") or f"{self._index(moving)}[i]"
                inside.append(f"{own}[{begin}:] = {of}[{index}]")
        call = f"{name}({taken[0]}, ({taken[1]}.T,)).T" if varies else f"{name}({taken[0]}, ())"
        end = len(groups[varies][0])
        inside.append(f"r = {call}")
        inside += [f"{taken[varies]}[{end - carried}:{end}] = r[:{carried}]"] * bool(carried)
        if kept.size:
            index = slice_in_trips(kept, "i") or f"{self._index(kept)}[i]"
            inside.append(f"{'v' if varies else 's'}[{index}] = r[{carried}:]")
        self._lines += [*before, f"for i in range({loop.count}):", *[INDENT + line for line in inside]]

    # --- common -------------------------------------------------------------------------------------------------------

    def _call(
        self, what: str, of: Program | Looped, flags: Sequence[bool], varies: bool, times: int = 1
    ) -> tuple[str, Called]:
        """A function by its name, of inputs that vary or not."""
        name = f"{what}_{len(self.called) + 1}"
        head = of if isinstance(of, Program) else of.head
        batched = tuple([i for i, flag in enumerate(flags) if flag])
        head = replace(head, batched=batched, per_sample=varies, guards=())
        if isinstance(of, Looped) and of.loops:
            called: Called = Function(replace(of, head=head), self.dtype)
        else:
            equations = (
                of.equations
                if isinstance(of, Program)
                else tuple([each for each in of.items if type(each) is Equation])
            )
            called = Straight(replace(head, equations=equations), self.dtype)
        self.called.append((name, times, called))
        return name, called

    def _rows(self, atoms: Sequence[Atom], varies: bool) -> list[int]:
        """The rows of some atoms; what all samples share is copied to rows of v where these are wanted."""
        memory = self.varying if varies else self.shared
        new = [atom for atom in atoms if varies and type(atom) is int and self.made_of.is_shared(atom)]
        new = [atom for atom in dict.fromkeys(new) if atom not in memory.places]
        if new:
            rows = self._rows(new, False)
            self._lines.append(f"v[{self._index(memory.place(new))}] = s[{self._index(rows)}][:, None]")
        return [memory.constant(atom) if type(atom) is float else memory.row(int(atom)) for atom in atoms]

    def _index(self, rows: Sequence[int] | Lanes) -> str:
        if isinstance(rows, list):
            if text := slice_of(rows):
                return text
            rows = np.array(rows, np.intp)
        name = f"lanes_{len(self.tables) + 1}"
        self.tables[name] = rows
        return name


def _read(looped: Looped, cut: int) -> set[int]:
    """The places that a part or a loop takes from another one."""
    found: set[int] = set()
    for _, part in parts(looped, cut):
        atoms = part.inputs if isinstance(part, Part) else part.atoms()
        found.update([atom for atom in atoms if type(atom) is int])
    return found
