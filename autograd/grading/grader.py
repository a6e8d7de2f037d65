"""Grade an engine: run the programs, judge the answers, explain what is wrong, and find the smallest graph for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from autograd.errors import UsageError
from autograd.grading import corpus
from autograd.grading.corpus import ALONE, Task
from autograd.grading.diagnosis import Case, Explanation, explain, unknown_operations
from autograd.grading.engine import run
from autograd.grading.faults import FAULTS, Fault, written
from autograd.grading.program import BINARY, DEEP, Line, Program, Ref
from autograd.grading.report import Finding, Item, Report, Row
from autograd.grading.rubric import ITEMS, Rubric
from autograd.grading.sandbox import Limits
from autograd.grading.shrinking import shrunk
from autograd.grading.source import locate, locate_operation
from autograd.grading.submission import STOPPED, Engine, FileEngine, LiveEngine, LoadError
from autograd.grading.truth import arithmetic, truth
from autograd.io.suggestions import no_such_file


def grade(
    engine: Any, *, rubric: Rubric | None = None, seed: int = 0, adapter: Any = None, limits: Limits | None = None
) -> Report:
    """Grade a scalar engine: run it on random graphs, compare with 60 digits, and name the faults that explain it.

    engine   a class, made from a number, with operators, data, grad and backward() under any of their usual names; or
             the path of a file, which runs in a process with limits: "student.py", "student.py:Value", "engine.js"
    rubric   points and conventions; the built-in one has 100 points
    seed     of the random graphs; the same seed gives the same verdict
    adapter  for a class that is used differently: an object, or for a file the source text of a module, with some of
             start(module), before each graph, leaf(module, number), apply(module, operation, operands),
             backward(module, root), data(module, x), grad(module, x)
    limits   of memory and time, for a file

    >>> from autograd import Value
    >>> report = grade(Value)
    >>> report.ok, report.score
    (True, 100.0)

    UsageError for a file that does not exist; ImportError without mpmath.
    """
    arithmetic()
    rubric = rubric or Rubric()
    name = str(engine) if isinstance(engine, str | Path) else getattr(engine, "__name__", "engine")
    found: Engine
    try:
        if not isinstance(engine, str | Path):
            found = LiveEngine(engine, adapter)
            return _Grading(found, rubric, seed).report()
        file, made = split_target(str(engine))
        found = FileEngine(file, made, limits or Limits(), adapter or "")
        try:
            found.start()
            return _Grading(found, rubric, seed).report()
        finally:
            found.close()
    except LoadError as error:
        items = tuple([Item(item, ITEMS[item][1], 0.0, rubric.of(item)) for item in ITEMS if rubric.of(item)])
        return Report(name, items, (), (), seed, 0, str(error))


def split_target(target: str) -> tuple[Path, str]:
    """FILE or FILE:CLASS as a path and a name.

    >>> path, name = split_target(f"{__file__}:Value")
    >>> path.name, name
    ('grader.py', 'Value')

    UsageError where there is no such file.
    """
    path, name = Path(target), ""
    if not path.is_file() and ":" in target:
        text, _, name = target.rpartition(":")
        path = Path(text)
    if not path.is_file():
        raise UsageError(no_such_file(path))
    return path, name


class _Grading:
    def __init__(self, engine: Engine, rubric: Rubric, seed: int) -> None:
        self.engine, self.rubric, self.seed = engine, rubric, seed
        self.convention = "accumulate" if rubric.second_pass == "either" else rubric.second_pass
        self.notes: list[str] = []
        self.cases = self._run()

    def report(self) -> Report:
        """The whole of it."""
        name, notes = self.engine.name, (*self.engine.notes, *self.notes)
        findings = () if all(case.right for case in self.cases) else tuple(self._findings())
        items = tuple([item for name in ITEMS if (item := self._item(name)) is not None])
        return Report(name, items, findings, notes, self.seed, len(self.cases))

    # --- run and judge ------------------------------------------------------------------------------------------------

    def _run(self) -> list[Case]:
        functions = self.engine.functions
        operations = [*BINARY, "neg", *functions]
        cases = [self._case(task) for task in corpus.single(operations)]
        cases += self._optional()
        if self.rubric.relu_at_zero == "zero" and self.rubric.of("ties"):
            cases += map(self._case, corpus.ties(operations))
        wrong = {_key(case.program.lines[0]) for case in cases if not case.right and case.task.item in ALONE[:3]}
        usable = [name for name in (*operations, "sum") if name not in wrong]
        if not set(usable) & set(BINARY[:4]):
            usable = [*operations, "sum"]
        tasks = [*corpus.shapes(usable), *corpus.random_graphs(usable, self.rubric.graphs, self.seed)]
        if self.rubric.of("depth"):  # last: what an engine keeps of it makes the others slow
            tasks += corpus.deep(usable)
        kept = [
            task for task in tasks if wrong.isdisjoint(map(_key, task.program.lines)) or len(usable) > len(operations)
        ]
        cases += [self._case(task) for task in kept if task.item == "random" or self.rubric.of(task.item)]
        return self._with_convention(cases)

    def _optional(self) -> list[Case]:
        cases = [self._case(task) for task in corpus.optional()]
        parts = dict.fromkeys(case.task.part for case in cases)
        refused = [part for part in parts if all(case.answer.error for case in cases if case.task.part == part)]
        if refused:
            self.notes.append(f"Not supported, and not graded: {', '.join(map(_readable, refused))}.")
        return [case for case in cases if case.task.part not in refused]

    def _case(self, task: Task) -> Case:
        right, answer = truth(task.program), self.engine.answer(task.program)
        return Case(task, right, answer, right.right_values(answer), right.right_gradients(answer, self.convention))

    def _with_convention(self, cases: list[Case]) -> list[Case]:
        """The cases judged by the convention for a second pass that fits, where the rubric allows either.

        The smallest programs with two passes tell; if they fit none, the diagnosis tries both.
        """
        if self.rubric.second_pass != "either":
            self.searched = self.rubric.second_pass
            return cases
        passes = [case for case in cases if len(case.program.roots) > 1 and len(case.program.lines) == 1]
        # The gradient of x - x is 0 under either: such a program tells nothing.
        fits = [[case.truth.right_gradients(case.answer, each) for each in ("accumulate", "fresh")] for case in passes]
        accumulate, fresh = [True, False] in fits, [False, True] in fits
        # With accumulation, = for += looks fresh in its operation; nothing makes a fresh engine accumulate.
        self.searched = "accumulate" if accumulate else "fresh" if fresh else "either"
        return self._judged(cases, "fresh") if self.searched == "fresh" else cases

    def _judged(self, cases: list[Case], convention: str) -> list[Case]:
        self.convention = convention
        return [case._replace(right_gradients=case.truth.right_gradients(case.answer, convention)) for case in cases]

    def _explain(self, cases: list[Case]) -> Explanation | None:
        """The faults that explain these cases; the convention for a second pass becomes that of the explanation."""
        found = explain(cases, self.searched)
        if found and self.searched == "either":
            self.cases = self._judged(self.cases, "fresh" if found.base.resets == "all" else "accumulate")
        return found

    # --- points -------------------------------------------------------------------------------------------------------

    def _item(self, name: str) -> Item | None:
        most = self.rubric.of(name)
        parts = self._parts(name)
        if name == "functions":
            parts |= {each: False for each in self.rubric.functions if each not in self.engine.functions}
        if not most or (not parts and name in ("ties", "functions")):
            return None
        right = sum(parts.values())
        wrong = tuple([_readable(part) for part, ok in parts.items() if not ok])
        return Item(name, ITEMS[name][1], round(most * right / len(parts), 2) if parts else 0.0, most, wrong)

    def _parts(self, name: str) -> dict[str, bool]:
        """Whether each part of an item is right."""
        parts: dict[str, bool] = {}
        for case in self.cases:
            part, right = case.task.part, case.right_gradients and (case.right_values or name in ALONE[:2])
            if name == "values" and case.task.item in ALONE[:3]:
                part, right = case.program.lines[0].operation, case.right_values
            elif case.task.item != name:
                continue
            parts[part] = parts.get(part, True) and right
        return parts

    # --- what is wrong ------------------------------------------------------------------------------------------------

    def _findings(self) -> Iterable[Finding]:
        """The faults of the explanation; what it does not explain is shown by its smallest program, without a name."""
        stopped = [case for case in self.cases if case.answer.error.startswith(STOPPED)]
        cases = [case for case in self.cases if not case.answer.error.startswith(STOPPED)]
        if stopped:
            yield self._stopped(stopped[0])
        if all(case.answer.error for case in cases):
            yield from map(self._nameless, [_smallest(cases)] if cases else ())
            return
        unknown = unknown_operations(cases, self.searched)
        alone = [case for case in cases if case.task.item in ALONE and not case.right]
        unexplained = [
            _smallest(case for case in alone if case.program.operations() == {name}) for name in sorted(unknown)
        ]
        rest = [case for case in cases if unknown.isdisjoint(case.program.operations())]
        found = self._explain(rest)
        if found is None:
            found = self._explain([case for case in rest if case.task.item in ALONE])
            deep = {each.program: each for each in rest if len(each.program.lines) >= DEEP and not each.right}
            if found and any("RecursionError" in each.answer.error for each in deep.values()):
                found = found._replace(faults=(*found.faults, FAULTS["recursion"]))
            larger = [
                each for each in rest if each.task.item not in ALONE and not each.right and each.program not in deep
            ]
            unexplained += [_smallest(larger)] if larger else []
        for fault in found.faults if found else ():
            yield self._named(fault, found)  # type: ignore[arg-type]
        for case in unexplained:
            yield self._nameless(case)

    def _named(self, fault: Fault, found: Explanation) -> Finding:
        """The smallest program on which an engine with this fault alone is wrong, and the submission too."""
        settings = fault.planted(found.base)

        def shows(program: Program) -> bool:
            right = self._is_right(program, lambda each: run(each, found.base))
            return right and not self._is_right(program, lambda each: run(each, settings))

        wrong = [case for case in self.cases if not case.right]
        # One in which the operation is written, not one that is made of it, if there is one.
        wrong.sort(
            key=lambda case: (
                bool(fault.operation) and fault.operation not in case.program.operations(),
                case.program.size,
            )
        )
        first = next((case for case in wrong if shows(case.program)), wrong[0])  # wrong[0]: hidden by another fault
        program = shrunk(first.program, shows)
        if self._is_right(program, self.engine.answer):
            program = first.program
        return self._finding(program, fault.name, fault.sentence, locate(self.engine.source, fault))

    def _stopped(self, case: Case) -> Finding:
        """The process of the submission ended, or gave no answer."""
        sentence = f"The submission did not answer: {case.answer.error.partition(': ')[2]}."
        return Finding("stopped", sentence, 0, "", case.program, (), case.answer.error)

    def _nameless(self, case: Case) -> Finding:
        program = shrunk(case.program, lambda each: not self._is_right(each, self.engine.answer))
        what = written(program.lines[0].operation) if len(program.lines) == 1 else "this graph"
        kind = "raises an error" if case.answer.error else "has a wrong gradient" if case.right_values else "is wrong"
        line = locate_operation(self.engine.source, program.lines[0].operation) if len(program.lines) == 1 else 0
        return self._finding(program, "", f"{what} {kind}; it is none of the known faults.", line)

    def _is_right(self, program: Program, answer: Callable[[Program], Any]) -> bool:
        try:
            right, got = truth(program), answer(program)
        except (ArithmeticError, ValueError, TypeError):  # a smaller program may leave a domain
            return True
        return right.right_values(got) and right.right_gradients(got, self.convention)

    def _finding(self, program: Program, fault: str, sentence: str, line: int) -> Finding:
        right, got = truth(program), self.engine.answer(program)
        lines = self.engine.source.splitlines()
        line = line or (got.line - self.engine.first_line + 1 if got.line else 0)
        code = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        rows = tuple(_rows(program, right.values, got.values, right.expected(self.convention), got.gradients))
        at = line + self.engine.first_line - 1 if line else 0
        return Finding(fault, sentence, at, code, program, rows if not got.error else (), got.error)


def _rows(program: Program, *numbers: Sequence[float]) -> Iterable[Row]:
    """Values and gradients that differ."""
    right, got, right_grad, got_grad = numbers
    names = program.names
    for name, x, y in zip(names, got, right, strict=False):
        if not abs(x - y) <= 1e-7 * max(1.0, abs(y)):
            yield Row(f"{name}.data", x, y)
    for name, x, y in zip(names, got_grad, right_grad, strict=False):
        if not abs(x - y) <= 1e-7 * max(1.0, abs(y)):
            yield Row(f"{name}.grad", x, y)


def _key(line: Line) -> tuple[str, bool] | str:
    """What can be wrong by itself: an operation, or with a constant on the left."""
    left = line.operation in BINARY and not isinstance(line.operands[0], Ref)
    return (line.operation, True) if left else line.operation


def _readable(part: str) -> str:
    """A part as it is written: `2 - x` for "2 sub x"."""
    symbols = {"add": "+", "sub": "-", "mul": "*", "div": "/", "pow": "**", "neg": "-x"}
    return " ".join(symbols.get(word, word) for word in part.split())


def _smallest(cases: Iterable[Case]) -> Case:
    return min(cases, key=lambda case: case.program.size)
