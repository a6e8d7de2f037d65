"""The report of a check, as data and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from autograd.check.accuracy import digits_text
from autograd.check.oracle import OK, UNDECIDED, WRONG
from autograd.io.json_text import plain

NOT_USED = "not used"
HEADINGS = ("input", "analytic", "numerical", "relative difference", "digits", "verdict")


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison: a derivative as the engine has it and as the oracle found it.

    `numerical` and `difference` (relative) are None where nothing was compared for this row alone; `difference` is
    taken before both are rounded to floats. `digits` counts the correct decimal digits of `analytic`, of 15.95 that a
    float has; it is None where no replay with 60 digits tells.
    """

    input: str
    analytic: float
    numerical: float | None
    difference: float | None
    verdict: str
    reason: str = ""
    digits: float | None = None

    def cells(self) -> tuple[str, ...]:
        """The row as texts, one per heading.

        >>> Row("x", 2.0, 2.0, 0.0, "ok").cells()
        ('x', '2.0', '2.0', '0', '-', 'ok')
        """
        numerical = "-" if self.numerical is None else repr(self.numerical)
        difference = "-" if self.difference is None else f"{self.difference:.1e}" if self.difference else "0"
        verdict = f"{self.verdict}: {self.reason}" if self.reason else self.verdict
        return self.input, repr(self.analytic), numerical, difference, _digits(self.digits), verdict


@dataclass(frozen=True, slots=True)
class KinkFound:
    """A node exactly on a kink: the derivative that was chosen and, if asked for, the slopes on both sides."""

    expression: str
    operand: str
    chosen: float
    left: float | None = None
    right: float | None = None

    def __str__(self) -> str:
        slopes = f", slopes {self.left!r} and {self.right!r}" if self.left is not None else ""
        return f"{self.expression} is on a kink in {self.operand}: derivative {self.chosen!r}{slopes}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A derivative that is wrong: `facts` are (name, text) pairs, `snippet` a program that shows it again.

    `rule` names the primitive that is at fault, '' where it is the pass over the graph.
    """

    title: str
    rule: str
    expression: str
    facts: tuple[tuple[str, str], ...]
    snippet: str

    def __str__(self) -> str:
        width = max([len(name) for name, _ in self.facts], default=0)
        lines = [self.title, *[f"  {name:<{width}}  {text}" for name, text in self.facts if text]]
        if self.snippet:
            lines += ["  reproduce it with:", "", *[f"    {line}".rstrip() for line in self.snippet.splitlines()]]
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What `check_gradients` found.

    rows       one per input (per entry of the Hessian with order=2), and one per finding about a single node
    failures   what is wrong, smallest expression first; empty when all is well
    kinks      nodes exactly on a kink
    oracle     what the derivatives were compared with
    checked    what was looked at, in words
    value      the value of the recorded graph; None where only f itself was looked at
    value_digits   its correct decimal digits; None where no replay with 60 digits tells

    >>> from autograd import check_gradients
    >>> report = check_gradients(lambda x, y: x * y, 2.0, 3.0)
    >>> report.verdict, report.ok, report.counts, report.worst.verdict, report.checked
    ('ok', True, {'ok': 2, 'wrong': 0, 'undecided': 0}, 'ok', '1 node, 2 inputs')
    """

    rows: tuple[Row, ...]
    failures: tuple[Failure, ...]
    kinks: tuple[KinkFound, ...]
    oracle: str
    checked: str
    value: float | None = None
    value_digits: float | None = None

    @property
    def verdict(self) -> str:
        """'wrong' when something is; 'undecided' when no derivative in an input could be decided; else 'ok'.

        >>> from autograd import check_gradients, log
        >>> check_gradients(log, -1.0, raise_on_failure=False).verdict
        'undecided'
        """
        if self.failures:
            return WRONG
        decided = any(row.verdict == OK and row.reason != NOT_USED for row in self.rows)
        return UNDECIDED if self.undecided and not decided else OK

    @property
    def ok(self) -> bool:
        """Whether the verdict is 'ok': nothing is wrong, and something was decided."""
        return self.verdict == OK

    @property
    def counts(self) -> Mapping[str, int]:
        """How many rows are ok and undecided, and how many failures there are."""
        good = sum([row.verdict == OK for row in self.rows])
        return {OK: good, WRONG: len(self.failures), UNDECIDED: len(self.undecided)}

    def to_dict(self) -> dict[str, Any]:
        """Everything, for JSON: verdict, ok, counts and the fields above; nan and infinity as text.

        >>> from autograd import check_gradients
        >>> check_gradients(lambda x: x * x, 2.0).to_dict()["rows"][0]["analytic"]
        4.0
        """
        head = {"verdict": self.verdict, "ok": self.ok, "counts": self.counts}
        found: dict[str, Any] = plain(head | asdict(self))
        return found

    @property
    def worst(self) -> Row | None:
        """The row with the largest relative difference; None when nothing was compared."""
        compared = [row for row in self.rows if row.difference is not None]
        return max(compared, key=lambda row: (row.verdict == WRONG, row.difference or 0.0), default=None)

    @property
    def undecided(self) -> tuple[Row, ...]:
        """The rows that could not be decided.

        >>> from autograd import check_gradients, sqrt
        >>> [row.input for row in check_gradients(lambda x, y: sqrt(x) + y, 0.0, 2.0).undecided]
        ['∂(sqrt(0.0))/∂x', 'x']
        """
        return tuple([row for row in self.rows if row.verdict == UNDECIDED])

    @property
    def inconclusive(self) -> tuple[Row, ...]:
        """Another name for `undecided`.

        >>> from autograd import check_gradients
        >>> check_gradients(lambda x: x * x, 2.0).inconclusive
        ()
        """
        return self.undecided

    def table(self) -> str:
        """The rows in aligned plain text: input, analytic, numerical, relative difference, correct digits, verdict.

        The last row is the value's, where its digits are known.

        >>> from autograd import check_gradients
        >>> print(check_gradients(lambda x, y: x * y, 2.0, 3.0).table())
        input  analytic  numerical  relative difference  digits  verdict
        x      3.0       3.0        ...                  15.9    ok
        y      2.0       2.0        ...                  15.9    ok
        value  6.0       -          -                    15.9
        """
        lines = [HEADINGS, *[row.cells() for row in self.rows]]
        if self.value_digits is not None:
            lines.append(("value", repr(self.value), "-", "-", _digits(self.value_digits), ""))
        return aligned(lines)

    def __str__(self) -> str:
        counts = ", ".join([f"{count} {verdict}" for verdict, count in self.counts.items()])
        state = {
            OK: f"no derivative is wrong: {counts}" if self.undecided else "all derivatives agree",
            WRONG: f"wrong: {counts}",
            UNDECIDED: f"nothing was decided: {counts}",
        }
        parts = [f"{state[self.verdict]} ({self.checked}; oracle: {self.oracle})"]
        parts += ["", self.table()] if self.rows else []
        parts += ["", *map(str, self.kinks)] if self.kinks else []
        for failure in self.failures:
            parts += ["", str(failure)]
        return "\n".join(parts)


def _digits(count: float | None) -> str:
    return "-" if count is None else digits_text(count)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Cells in columns, two spaces apart.

    >>> print(aligned([("a", "b"), ("long", "c")]))
    a     b
    long  c
    """
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(["  ".join([c.ljust(w) for c, w in zip(line, widths, strict=True)]).rstrip() for line in lines])
