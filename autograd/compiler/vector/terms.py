"""Add up terms w · x by the lane that they belong to: as few dots as possible, and of these, matrix products."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from autograd import rules
from autograd._numpy import NDArray, np
from autograd.compiler.vector.groups import PADDED_AT_MOST
from autograd.compiler.vector.lanes import KINDS, Files
from autograd.compiler.vector.program import Lanes, Operand, Step
from autograd.compiler.vector.steps import Mask
from autograd.compiler.vector.ways import LaneWay
from autograd.compiler.vector.writer import Places, StepWriter, Target
from autograd.primitive import Primitive

RANK = {"constant": 0, "shared": 1, "batched": 2}


@dataclass(frozen=True, eq=False)
class Terms:
    """Terms w · x of sums: w[i] · x[i] belongs to the sum at[i]. Of the two factors, x differs in more samples.

    `behind` says which of them come through a gate, and `way` how, for flows.py.
    """

    at: Places
    w: Operand
    x: Operand
    behind: Mask
    way: LaneWay | None = None


class Sums(StepWriter):
    """A writer that adds up terms."""

    def __init__(self, files: Files, means: bool) -> None:
        super().__init__(files, means)
        self._known: dict[str, dict[int, int]] = {}  # lanes of the other file by what `mean` and `lift` made them of
        self._lane = np.zeros(0, np.intp)  # of each of the dots that are being written

    def give(self, places: Places, batched: bool) -> int:
        start = self.files.take(places.size, batched)
        self._lane[places.ravel()] = np.arange(start, start + places.size)
        return start

    def new(
        self,
        form: str,
        operands: Sequence[Operand],
        shape: tuple[int, ...],
        batched: bool,
        row: Primitive | None = None,
    ) -> Operand:
        """The result of a new step."""
        step = Step(form, batched, self.files.take(int(np.prod(shape)), batched), shape, tuple(operands), row)
        self.append(step)
        return Operand(step.kind, step.lanes)

    # --- between the two files ----------------------------------------------------------------------------------------

    def lifted(self, x: Operand) -> Operand:
        """Shared lanes as batched ones."""
        return Operand("batched", self._through("lift", x.lanes, True))

    def mean(self, x: Operand) -> Operand:
        """The means of batched lanes, which are shared."""
        return Operand("shared", self._through("mean", x.lanes, False))

    def _through(self, form: str, lanes: Lanes, batched: bool) -> Lanes:
        """What a step makes of each of these lanes of the other file; known ones are not computed again."""
        known = self._known.setdefault(form, {})
        distinct, where = np.unique(lanes, return_inverse=True)
        fresh = np.array([lane for lane in distinct.tolist() if lane not in known], np.intp)
        if fresh.size:
            for part in self.by_source(fresh, not batched):
                made = self.new(form, [Operand(KINDS[not batched], fresh[part])], (part.size,), batched)
                known.update(zip(fresh[part].tolist(), made.lanes.tolist(), strict=True))
        return np.array([known[lane] for lane in distinct.tolist()], np.intp)[where].reshape(lanes.shape)

    # --- sums ---------------------------------------------------------------------------------------------------------

    def total(self, terms: Sequence[Terms], size: int, batched: bool) -> Operand:
        """The sums of these terms, a table (size,); where there are none, 0.

        Without `batched`, the sums are shared by all samples, and terms that are not are replaced by their mean.
        """
        numbers = np.zeros(size)
        singles: list[tuple[Places, Operand, Operand]] = []
        products: dict[tuple[str, str, bool], list[Terms]] = {}
        for each in terms:
            w, x, means = each.w, each.x, False
            if x.kind == "batched" and not batched:
                if w.kind == "batched":
                    means = True
                else:
                    x = self.mean(x)
            if x.kind == "constant":
                numbers += np.bincount(each.at, w.numbers * x.numbers, size)
            elif w.kind == "constant":
                singles.append((each.at, w, x))
            else:
                products.setdefault((w.kind, x.kind, means), []).append(replace_x(each, x))
        for (left, right, means), some in products.items():
            singles += self._products(some, size, left, right, means)
        return self._sum_of_singles(singles, numbers)

    def _products(
        self, terms: Sequence[Terms], size: int, left: str, right: str, means: bool
    ) -> Iterator[tuple[Places, Operand, Operand]]:
        """Products of two lanes, added up: each sum a term with the factor 1."""
        at = np.concatenate([each.at for each in terms])
        w = np.concatenate([each.w.lanes for each in terms])
        x = np.concatenate([each.x.lanes for each in terms])
        batched = right == "batched" and not means
        for chosen, index, missing in _tables(at, size):
            sides = [w[index], x[index]]
            for lanes, kind in zip(sides, (left, right), strict=True):
                if missing.any():
                    lanes[missing] = self.files.constant(0.0, kind == "batched")
            found = self._dots(batched, means, Operand(left, sides[0]), Operand(right, sides[1]))
            yield chosen, Operand("constant", numbers=np.ones(chosen.size)), Operand(KINDS[batched], found)

    def _dots(
        self, batched: bool, means: bool, left: Operand, right: Operand, bias: NDArray[np.float64] | None = None
    ) -> Lanes:
        """The lanes of left[i] · right[i] + bias[i]."""
        count = len(right.lanes)
        self._lane = np.full(count, -1, np.intp)

        def of(rows: Places) -> Operand | None:
            return None if bias is None or not bias.any() else Operand("constant", numbers=bias[rows][:, None])

        self.dots(Target(np.arange(count), batched, means), left, right, of)
        return self._lane

    def _scaled(self, batched: bool, factors: NDArray[np.float64], x: Operand) -> Lanes:
        """Numbers times lanes."""
        same = (factors == factors[0]).all()
        self._lane = np.full(len(factors), -1, np.intp)
        to = Target(np.arange(len(factors)), batched)
        if same and factors[0] == -1.0:
            self.emit(to, "map", [x], rules.neg)
        else:
            left = Operand("constant", numbers=factors[:1].reshape(()) if same else factors)
            self.emit(to, "map", [left, x], rules.mul)
        return self._lane

    def _sum_of_singles(
        self, singles: Sequence[tuple[Places, Operand, Operand]], numbers: NDArray[np.float64]
    ) -> Operand:
        """Numbers times lanes, and numbers."""
        size = len(numbers)
        if not singles:
            return Operand("constant", numbers=numbers)
        if len({x.kind for _, _, x in singles}) > 1:
            singles = [(at, w, self.lifted(x) if x.kind == "shared" else x) for at, w, x in singles]
        kind = singles[0][2].kind
        batched = kind == "batched"
        at = np.concatenate([at for at, _, _ in singles])
        w = np.concatenate([w.numbers for _, w, _ in singles])
        x = np.concatenate([x.lanes for _, _, x in singles])
        at, w, x = _with_equal_added(at, w, x)
        lanes = np.full(size, -1, np.intp)
        count = np.bincount(at, minlength=size)
        plain = (count[at] == 1) & (w == 1.0) & (numbers[at] == 0.0)
        lanes[at[plain]] = x[plain]
        at, w, x = at[~plain], w[~plain], x[~plain]
        for chosen, index, missing in _tables(at, size):
            factors, operands = w[index], x[index]
            if missing.any():
                factors[missing] = 0.0
                operands[missing] = self.files.constant(0.0, batched)
            if operands.shape[1] == 1 and not numbers[chosen].any():
                lanes[chosen] = self._scaled(batched, factors[:, 0], Operand(kind, operands[:, 0]))
            else:
                left = Operand("constant", numbers=factors)
                lanes[chosen] = self._dots(batched, False, left, Operand(kind, operands), numbers[chosen])
        for number in np.unique(numbers[lanes < 0]).tolist():
            lanes[(lanes < 0) & (numbers == number)] = self.files.constant(number, batched)
        return Operand(kind, lanes)


def _with_equal_added(at: Places, w: NDArray[np.float64], x: Lanes) -> tuple[Places, NDArray[np.float64], Lanes]:
    """The factors of a lane that comes several times in a sum added up."""
    key = at * (int(x.max(initial=0)) + 1) + x
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    if first.size == at.size:
        return at, w, x
    order = np.argsort(first, kind="stable")
    numbers = np.bincount(inverse.ravel(), weights=w).astype(np.float64)[order]
    return at[first[order]], numbers, x[first[order]]


def replace_x(terms: Terms, x: Operand) -> Terms:
    """The same with another factor, which may differ in fewer samples than w."""
    w, x = sorted((terms.w, x), key=lambda each: RANK[each.kind])
    return replace(terms, w=w, x=x)


def _tables(at: Places, size: int) -> Iterator[tuple[Places, Places, Mask]]:
    """(sums, which terms they have, which of these are padding), for sums of one length, or of almost one."""
    count = np.bincount(at, minlength=size)
    order = np.argsort(at, kind="stable")
    start = np.cumsum(count) - count
    for length, chosen in _families(count):
        offset = np.arange(length)
        missing = offset >= count[chosen][:, None]
        index = np.where(missing, 0, start[chosen][:, None] + offset)
        yield chosen, order[index], missing


def _families(count: Places) -> Iterator[tuple[int, Places]]:
    """(terms, sums with that many, or a few less); see `groups.merged`."""
    lengths = np.unique(count[count > 0])[::-1].tolist()
    families: list[list[int]] = []
    actual = members = 0
    for length in lengths:
        some = int((count == length).sum())
        wide = families[-1][0] if families else 0
        if families and len(lengths) > 2 and wide * (members + some) <= PADDED_AT_MOST * (actual + length * some):
            families[-1].append(length)
            actual, members = actual + length * some, members + some
        else:
            families.append([length])
            actual, members = length * some, some
    for family in families:
        yield family[0], np.flatnonzero((count <= family[0]) & (count >= family[-1]))
