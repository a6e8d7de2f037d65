r"""Programs as formulas in LaTeX: equations on arrays, z = W x + b, and loops over time as recurrences.

It reads what `explain()` and `source` print; spelling is that of `autograd.notation`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import count

from autograd.compiler.forms import Forms
from autograd.compiler.loops.loop import Loop, Looped
from autograd.compiler.program import Atom, Equation
from autograd.compiler.vector.printing import Texts
from autograd.compiler.vector.program import VectorProgram
from autograd.compiler.vector.steps import Operand, Step
from autograd.notation.boxes import Box, Fenced, Fraction, Mark, Name, Number, Script, joined, line, shortened
from autograd.notation.latex import latex
from autograd.notation.names import distinct, named
from autograd.notation.spelling import PRODUCT, Spelling
from autograd.notation.terms import Operand as Formula
from autograd.notation.terms import Term

_LAYER = re.compile(r"(d?)(W|b|z|a|delta|slope)(\d+)")  # how `names.py` calls the arrays of a layer
_PART = re.compile(r"(\w+)(\.T|\[([^\]]*)\])?")
_SHOWN = 5  # numbers of a sequence
Row = tuple[Box, Box, Box | None]  # left side, right side, and what is said beside them


def latex_of(forms: Forms, environment: str = "aligned") -> str:
    """The formulas of a program: with loops as recurrences if it has any, else on arrays.

    environment  that of the equations: "align*" may be broken across pages, and stands outside of \\[ \\]

    >>> from autograd.compiler.program import Program
    >>> from autograd.rules import add
    >>> print(latex_of(Forms(Program(("x",), (Equation(add, (0, 1.0)), Equation(add, (1, 0))), (), (2,)))))
    \\begin{aligned}
    \\mathit{loss} & = \\operatorname{sum} ( x ) + 1
    \\end{aligned}
    """
    looped = forms.looped
    if looped is not None and not any(loop.body.loops for loop in looped.loops.values()):
        rows = list(_Recurrences(looped).rows())
    else:
        rows = _Arrays(forms.vectors).rows()
    lines = [f"{latex(left)} & = {latex(right)}{f' && {latex(note)}' if note else ''}" for left, right, note in rows]
    return f"\\begin{{{environment}}}\n" + " \\\\\n".join(lines) + f"\n\\end{{{environment}}}"


# --- on arrays --------------------------------------------------------------------------------------------------------


class _Arrays:
    """The steps of a vector program."""

    def __init__(self, vectors: VectorProgram) -> None:
        self.vectors, self.texts = vectors, vectors.texts
        steps = {step.name for step in vectors.steps}
        names = [array.name for array in self.texts.arrays] + sorted(steps)
        self.boxes: dict[str, Box] = distinct({name: name for name in names})
        for name in self.boxes:
            if match := _LAYER.fullmatch(name):
                self.boxes[name] = _of_layer(match, name in steps)

    def rows(self) -> list[Row]:
        """An equation for each step."""
        return [
            (self.boxes[step.name], self.formula(step), Name(f"({step.note})", "upright") if step.note else None)
            for step in self.vectors.steps
        ]

    def formula(self, step: Step) -> Box:
        """What a step computes."""
        parts = [self.box(each) for each in step.operands]
        if step.form == "map":
            assert step.row is not None
            alone = step.size == 1 or any(each.kind == "constant" for each in step.operands)
            term = Term(row=step.row, operands=[self.formula_of(each) for each in step.operands])
            return Spelling(times="·" if alone else "⊙")(term)
        if step.form == "product":
            w, x, *bias = parts
            rows = [_is_row(each, self.texts) for each in step.operands[:2]]
            if all(each.table.size == 1 for each in step.operands[:2]):
                return joined([joined([w, x], "·"), *bias], "+")
            product = line(_transposed(w) if rows[0] else w, _transposed(x) if rows[1] else x)
            return joined([product, *bias], "+")
        if step.form == "pairs":
            return joined([self.sum_of(step, parts), *parts[2:]], "+")
        if step.form == "reduce":
            return _call(step.row.name if step.row else "", *parts)
        if step.form == "lift":
            return parts[0]
        inner = {"mean": parts[0], "mean_product": line(parts[0], _transposed(parts[-1]))}.get(step.form)
        return _call("mean", self.sum_of(step, parts) if inner is None else inner)

    def sum_of(self, step: Step, parts: Sequence[Box]) -> Box:
        """Σ w x over the first axis."""
        is_one = self.texts.operand(step.operands[0]) == "1.0"
        return _call("sum", parts[1] if is_one else joined(parts[:2], "⊙"))

    def formula_of(self, operand: Operand) -> Formula:
        """An operand as a term."""
        text = self.texts.operand(operand)
        return float(text) if operand.kind == "constant" and not text.startswith("[") else Term(self.box(operand))

    def box(self, operand: Operand) -> Box:
        """An operand: the name of an array, or of a part of one."""
        return self.of_text(self.texts.operand(operand))

    def of_text(self, text: str) -> Box:
        """What `Texts` writes for an operand."""
        if text.startswith("["):
            return Fenced(joined([self.of_text(each) for each in text[1:-1].split(", ")], ","), "[")
        if text == "…":
            return Mark("⋯")
        match = _PART.fullmatch(text)
        if match is None or match[1] not in self.boxes:
            try:
                return Spelling()(float(text), PRODUCT)
            except ValueError:
                return Name(text)
        whole, part, index = self.boxes[match[1]], match[2], match[3]
        if part is None:
            return whole
        if part == ".T":
            return _transposed(whole)
        below: Box = Mark("⋯") if index == "…" else Number(index) if index.isdigit() else Name(index, "upright")
        if isinstance(whole, Script) and whole.lower is None:
            return Script(whole.base, whole.upper, below)
        return Script(whole if isinstance(whole, Name) else Fenced(whole), lower=below)


def _of_layer(match: re.Match[str], is_computed: bool) -> Box:
    """`W1` is W with the number of its layer as an upper index, and `dW1`, if it is computed, ∂loss/∂W of it."""
    box = Script(named(match[2]), Fenced(Number(match[3])))
    return Fraction(line("∂", Name("loss")), line("∂", box)) if match[1] and is_computed else box


def _is_row(operand: Operand, texts: Texts) -> bool:
    """Whether a vector stands as a row."""
    name = texts.operand(operand)
    is_matrix = any(
        array.name == name and array.lanes.ndim == 2 and 1 not in array.lanes.shape for array in texts.arrays
    )
    return len(operand.shape) == 2 and operand.shape[0] == 1 < operand.shape[1] and not is_matrix


def _transposed(box: Box) -> Box:
    return Script(box if isinstance(box, Name) else Fenced(box), Name("T", "upright"))


def _call(name: str, *parts: Box) -> Box:
    return line(Name(name, "function"), Fenced(joined(parts, ",")))


# --- with loops -------------------------------------------------------------------------------------------------------


class _Recurrences:
    """A program with loops, each as a recurrence in an index t."""

    def __init__(self, looped: Looped) -> None:
        self.looped = looped
        self.first = len(looped.names)
        self.inputs = [named(name) for name in looped.names]
        self.known: dict[int, list[Box]] = {}  # by the first place of a loop, the names of its equations, without t
        self.single: dict[int, Box] = {}  # by their places, the names of equations outside loops
        taken = set(looped.names)
        self.letters = (name for i in count(1) if (name := f"u{i}") not in taken)
        self.others = (name for i in count(1) if (name := f"v{i}") not in taken)
        self.result = "y" if not any(re.fullmatch(r"y_?\d*", name) for name in taken) else "result"
        self.asked: dict[int, set[int]] = {start: set() for start in looped.loops}
        for atom in self._all_atoms():
            start = looped.loop_at(atom) if type(atom) is int else None
            if start is not None and type(atom) is int:
                self.asked[start].add((atom - start) % looped.loops[start].body.size)

    def rows(self) -> Iterator[Row]:
        """An equation for each item, and the results."""
        for place, item in self.looped.placed():
            if type(item) is Loop:
                yield from self._loop(place, item)
            else:
                self.single[place] = named(next(self.others))
                term = Term(row=item.primitive, operands=list(map(self.term, item.operands)))
                yield self.single[place], Spelling()(term), None
        name = Name(self.result)
        for i, atom in enumerate(self.looped.outputs, 1):
            yield Script(name, lower=Number(str(i))) if len(self.looped.outputs) > 1 else name, self._shown(atom), None

    def _all_atoms(self) -> Iterator[Atom]:
        for _, item in self.looped.placed():
            yield from item.atoms() if type(item) is Loop else item.operands
        yield from self.looped.outputs

    def name(self, place: int) -> Box:
        """A number of the program: an input, an equation, or one of a trip of a loop, counted from 1."""
        if place < self.first:
            return self.inputs[place]
        start = self.looped.loop_at(place)
        if start is None:
            return self.single[place]
        trip, column = divmod(place - start, self.looped.loops[start].body.size)
        return _at(self.known[start][column], Number(str(trip + 1)))

    def term(self, atom: Atom) -> Formula:
        """An atom as a term."""
        return Term(self.name(int(atom))) if type(atom) is int else float(atom)

    def _shown(self, atom: Atom) -> Box:
        return Spelling()(self.term(atom))

    def _loop(self, start: int, loop: Loop) -> Iterator[Row]:
        """The numbers that it begins with, those that come from outside in each trip, and its equations."""
        body, t = loop.body, Name("t")
        names = [named(next(self.letters)) for _ in body.names]
        fixed, carried = len(loop.invariant), len(loop.carried)
        given: list[Formula] = [self.term(atom) for atom in loop.invariant]
        states = names[fixed : fixed + carried]
        given += [Term(_at(name, line(t, "−", Number("1")))) for name in states]
        given += [Term(_at(name, t)) for name in names[fixed + carried :]]
        columns, outputs = self._columns(start, loop, states)
        for name, atom in zip(states, loop.carried, strict=True):
            yield _at(name, Number("0")), self._shown(atom), None
        for name, atoms in zip(names[fixed + carried :], loop.moving, strict=True):
            first = [self._shown(atom) for atom in [*atoms[: _SHOWN - 1], *atoms[-1:]]] if len(atoms) > _SHOWN else []
            parts = [*first[:-1], Mark("⋯"), *first[-1:]] if first else [self._shown(atom) for atom in atoms]
            yield _at(name, t), Fenced(joined(parts, ",")), _trips(loop.count)
        terms = list(given)
        for column, (_, item) in enumerate(body.placed()):
            assert isinstance(item, Equation)
            term = Term(row=item.primitive, operands=[terms[x] if type(x) is int else x for x in item.operands])
            chosen = columns[column]
            if chosen is None:
                terms.append(term)
                continue
            box = _at(chosen, t)
            yield box, Spelling()(term), _trips(loop.count)
            terms.append(Term(box))
        for state, atom in outputs:  # what the body gives back unchanged
            yield _at(state, t), Spelling()(terms[atom] if type(atom) is int else float(atom)), _trips(loop.count)

    def _columns(
        self, start: int, loop: Loop, states: Sequence[Box]
    ) -> tuple[list[Box | None], list[tuple[Box, Atom]]]:
        """A name for each equation of a body that is a state, or used more than once or outside; None: written where
        it is used. And the states that are no equations of it."""
        body = loop.body
        inner = len(body.names)
        uses = Counter(x for _, item in body.placed() for x in item.operands if type(x) is int)  # type: ignore[union-attr]
        columns: list[Box | None] = [None] * body.size
        rest: list[tuple[Box, Atom]] = []
        for name, atom in zip(states, body.outputs, strict=True):
            if type(atom) is int and atom >= inner and columns[atom - inner] is None:
                columns[atom - inner] = name
            else:
                rest.append((name, atom))
        for column in range(body.size):
            if columns[column] is None and (uses[column + inner] > 1 or column in self.asked[start]):
                columns[column] = named(next(self.letters))
        self.known[start] = [box or Name("?") for box in columns]
        return columns, rest


def _trips(trips: int) -> Box:
    return line(Name("t"), "=", joined(shortened([Number(str(i)) for i in range(1, trips + 1)], 3), ","))


def _at(name: Box, t: Box) -> Box:
    """A name with an index of time behind those that it has."""
    if isinstance(name, Script) and name.lower is not None:
        return Script(name.base, name.upper, line(name.lower, ",", t))
    return Script(name, lower=t)
