"""Which steps are one loop: neighbours of one size that need of each other only the lane at which they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd._numpy import np
from autograd.compiler.llvm.loop_rows import FOLDS, PLAIN, fold_of, is_native
from autograd.compiler.llvm.prepare import Prepared, term_lanes
from autograd.compiler.llvm.views import CONSTANT, CONTIGUOUS, SHORTEST, TABLE, View, viewed
from autograd.compiler.vector.program import Lanes, Operand, Step
from autograd.primitive import Primitive

MOST_NODES, MOST_STREAMS = 24, 16  # of a loop: beyond, registers are written to memory anyway
BEFORE, SAMPLES, MEANS, AFTER = range(4)  # when: of shared inputs, of each sample, over the samples, of means


@dataclass(eq=False)
class Item:
    """A step with its operands as lanes (terms, lanes), and whether each has several terms.

    `views` are the walks along the operands, and that of the result, of steps on shared numbers that are loops. A fold
    that is "joined" to a loop has its terms there: its operands are lanes of the loop.
    """

    step: Step
    when: int
    form: str  # "loop", "fold", "joined", "product", "mean" or "mean_product"
    operands: list[tuple[Operand, bool]] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    length: int = 0  # of rows; 0: as the samples
    inside: list[Item | None] = field(default_factory=list)  # for each operand, the item of the same loop that it is
    is_stored: bool = False

    @property
    def folded(self) -> Primitive | None:
        """The row of a fold; None for sums of products."""
        return self.step.row if self.step.form == "reduce" else None

    @property
    def lanes(self) -> int:
        """How many lanes a loop over it has."""
        return self.operands[0][0].lanes.size if self.form == "joined" else self.step.size


@dataclass(eq=False)
class Group:
    """Items that are one kernel."""

    items: list[Item]
    length: int
    streams: int


class Grouping:
    """The kernels of prepared steps, in order: `groups`; for each item the number of its group: `place`."""

    def __init__(self, made: Prepared, width: int) -> None:
        self.made, self.width = made, width
        self.groups: list[Group] = []
        self._owner = {
            kind: np.full(size, -1, np.intp) for kind, size in zip(("shared", "batched"), made.sizes, strict=True)
        }
        self.items: list[Item] = []
        self.place: dict[Item, int] = {}
        self._late = np.zeros(made.sizes[0], bool)
        self._open: dict[tuple[int, bool, int], int] = {}
        for step in made.steps:
            self._add(self._item(step))

    @property
    def steps(self) -> list[Step]:
        """The steps in the order in which they are computed."""
        ordered = sorted(self.groups, key=lambda group: group.items[0].when)
        return [item.step for group in ordered for item in group.items]

    # --- items --------------------------------------------------------------------------------------------------------

    def _item(self, step: Step) -> Item:
        item = Item(step, self._when(step), step.form)
        if step.form in ("product", "mean_product"):
            item.operands = [(each, False) for each in step.operands]
            return item
        item.operands = term_lanes(step, self.made.sides.get(step, PLAIN))
        if step.form.startswith("mean"):
            item.form = "mean"
        else:
            item.form = "fold" if self._is_fold(step, item.operands) else "loop"
        if item.form == "loop" and not step.batched:
            item.views = [viewed(operand.lanes) for operand, _ in item.operands] + [viewed(_result(step, self.made))]
            item.length = int(np.gcd.reduce([each.length for each in item.views]))
        return item

    def _when(self, step: Step) -> int:
        if step.batched:
            return SAMPLES
        if step.form.startswith("mean"):
            self._late[step.start : step.start + step.size] = True
            return MEANS
        late = any(bool(self._late[each.lanes].any()) for each in step.operands)
        self._late[step.start : step.start + step.size] = late
        return AFTER if late else BEFORE

    def _is_fold(self, step: Step, operands: Sequence[tuple[Operand, bool]]) -> bool:
        """Whether few rows of many terms: then lanes of vectors are terms."""
        fold = None if step.row is None else FOLDS.get(step.row)
        if step.batched or not (step.form == "pairs" or (fold is not None and fold.splits)):
            return False
        deep = [operand.lanes for operand, is_deep in operands if is_deep]
        terms, size = deep[0].shape
        if size >= 4 * self.width and terms < 4 * size:
            return False
        across = sum(_cost(viewed(lanes), self.width) for lanes in deep) * terms * -(-size // self.width)
        along = sum(_cost(viewed(lanes.T), self.width) for lanes in deep) * size * -(-terms // self.width)
        return bool(along + size * 2 * self.width < across)

    # --- groups -------------------------------------------------------------------------------------------------------

    def _add(self, item: Item) -> None:
        if (joined := self._as_joined(item)) is not None and self._enter(joined):
            return
        self._enter(item)

    def _enter(self, item: Item) -> bool:
        """Give an item a group; False if a fold finds no loop that it may join."""
        owners = [self._owners(operand) for operand, _ in item.operands]
        matched = [self._match(item, *pair, found) for pair, found in zip(item.operands, owners, strict=True)]
        first = max([self.place[each] for found in owners for each in found], default=-1)
        place = self._open_group(item, owners, matched, first) if item.form in ("loop", "joined") else None
        if item.form == "joined" and (place is None or place not in [self.place[each] for each in matched if each]):
            return False
        self.items.append(item)
        if place is None:
            place = len(self.groups)
            self.groups.append(Group([], item.length, 0))
        group = self.groups[place]
        group.items.append(item)
        item.inside = [each if each is not None and self.place[each] == place else None for each in matched]
        group.length = math.gcd(group.length, self._needed(item, place, matched))
        group.streams += item.inside.count(None)
        self.place[item] = place
        if item.form == "loop":
            self._open[item.when, is_called(item.step), item.step.size] = place
        if item.step.results is None or item.step.batched:
            start = item.step.start
            self._owner[item.step.kind][start : start + item.step.size] = len(self.items) - 1
        return True

    def _as_joined(self, item: Item) -> Item | None:
        """A fold as what a loop over its terms may do besides; None if it has several rows or walks, or a bias."""
        step = item.step
        if item.form != "fold" or step.size > 1 or len(fold_of(item.folded).passes) > 1:
            return None
        if not all(is_deep for _, is_deep in item.operands) or step in self.made.sides:
            return None
        operands = [(Operand(each.kind, each.lanes.reshape(1, -1)), False) for each, _ in item.operands]
        views = [viewed(operand.lanes) for operand, _ in operands]
        length = int(np.gcd.reduce([each.length for each in views]))
        return Item(step, item.when, "joined", operands, views, length)

    def _owners(self, operand: Operand) -> list[Item]:
        numbers = np.unique(self._owner[operand.kind][operand.lanes])
        return [self.items[i] for i in numbers.tolist() if i >= 0]

    def _match(self, item: Item, operand: Operand, is_deep: bool, owners: Sequence[Item]) -> Item | None:
        """The item whose result an operand is, lane by lane."""
        if is_deep or item.form not in ("loop", "joined") or len(owners) != 1 or owners[0].form != "loop":
            return None
        step, lanes = owners[0].step, operand.lanes
        is_same = step.size == lanes.size and step.batched == item.step.batched and operand.kind == step.kind
        return owners[0] if is_same and (lanes[0] == np.arange(step.start, step.start + step.size)).all() else None

    def _open_group(
        self, item: Item, owners: Sequence[Sequence[Item]], matched: Sequence[Item | None], first: int
    ) -> int | None:
        """The loop of this size that was begun last, if the item may join it."""
        place = self._open.get((item.when, is_called(item.step), item.lanes))
        if place is None or place < first:
            return None
        group = self.groups[place]
        inside = [each for each in matched if each is not None and self.place[each] == place]
        needs = [each for found in owners for each in found if self.place[each] == place]
        if any(each not in inside for each in needs) or len(group.items) >= MOST_NODES:
            return None
        for found, match in zip(owners, matched, strict=True):
            if match is None and any(self.place[each] == place for each in found):
                return None
        if group.streams + len(item.operands) - len(inside) > MOST_STREAMS:
            return None
        needed = self._needed(item, place, matched)
        length = math.gcd(group.length, needed)
        return place if length in (group.length, needed) and length >= min(SHORTEST, item.lanes, item.length) else None

    def _needed(self, item: Item, place: int, matched: Sequence[Item | None]) -> int:
        """How long rows may be for an item in a group."""
        if not item.views:
            return item.length
        outside = [
            view.length
            for view, match in zip(item.views, [*matched, None], strict=item.form == "loop")
            if match is None or self.place.get(match) != place
        ]
        return math.gcd(*outside)

    # --- readers ------------------------------------------------------------------------------------------------------

    def readers(self) -> dict[Item, list[tuple[Item, int]]]:
        """The items that read each item, and as which operand."""
        found: dict[Item, list[tuple[Item, int]]] = {item: [] for item in self.items}
        for item in self.items:
            for number, (operand, _) in enumerate(item.operands):
                for owner in self._owners(operand):
                    found[owner].append((item, number))
        return found

    def asked(self) -> set[Item]:
        """The items whose results are outputs, or sides of guards."""
        found = {item for item in self.items if item.step.results is not None and not item.step.batched}
        asked = [atom for _, *atoms, _ in self.made.vectors.guards for atom in atoms if type(atom) is int]
        for kind, lanes in (("shared", np.array(asked, np.intp)), ("batched", self.made.sample_outputs)):
            found.update(self._owners(Operand(kind, lanes)))
        return found

    def is_inside(self, item: Item, reader: Item, number: int) -> bool:
        """Whether an operand of a reader, in the same loop, would be the item's result, lane by lane."""
        return self._match(reader, *reader.operands[number], self._owners(reader.operands[number][0])) is item

    def mark_stored(self) -> None:
        """Note which results are read by anything but their own loop."""
        asked = self.asked()
        for item, readers in self.readers().items():
            item.is_stored = item in asked or any(reader.inside[number] is not item for reader, number in readers)


def is_called(step: Step) -> bool:
    """Whether Python computes the row."""
    return step.row is not None and step.form in ("map", "reduce") and not is_native(step.row)


def _result(step: Step, made: Prepared) -> Lanes:
    """The lanes where a shared step's result goes, as (1, lanes)."""
    lanes = step.lanes if step.results is None else step.results + made.outputs
    return lanes.reshape(1, -1)


def result_lanes(step: Step, made: Prepared) -> Lanes:
    """The lanes where a step's result goes."""
    return step.lanes.reshape(1, -1) if step.batched else _result(step, made)


def _cost(view: View, width: int) -> float:
    """Roughly what a vector of an operand costs to read."""
    if view.walk == TABLE:
        return float(width)
    return {CONTIGUOUS: 1.0, CONSTANT: 1.0}[view.walk] + width / view.length
