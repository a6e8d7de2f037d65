"""Equal expressions of a large program as one, in arrays: what `passes.Builder` finds equation by equation.

What each place has become is a place before it or a number. A round replaces the operands of all equations by that,
folds what `passes` folds, and finds equal equations by a hash, which are then compared. Where nothing changes any more,
each equation that is left differs from all others, as if they had been looked at one by one. What is computed again in
each of many trips takes a round for each operation of it, and not one for each trip.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from autograd import rules
from autograd._numpy import np
from autograd.compiler.columns import CONSTANT, Columns, Flags, Floats, Ints
from autograd.compiler.hashes import Hashes, mixed
from autograd.compiler.program import Atom
from autograd.primitive import Primitive

Identity = tuple[Primitive, int, float]
ROUNDS = 8  # at most: a round takes a twentieth of the time that it takes to look at equations one by one


class Sharing:
    """What each place of a program has become.

    identities      (row, which of two operands it is equal to, the number that the other one has to be)
    keeps_detached  whether a detached number is not that number
    """

    def __init__(self, columns: Columns, identities: Collection[Identity], keeps_detached: bool) -> None:
        self.columns, self.identities = columns, identities
        self.place: Ints = np.arange(columns.first + len(columns))
        self.number: Floats = np.zeros(len(self.place))
        self._is_place: Flags = columns.places != CONSTANT
        self._identity = columns.has_row([row for row, _, _ in identities])
        self._negation = columns.has_row([rules.neg])
        self._pivot = columns.has_row([] if keeps_detached else [rules.pivot]) & (columns.arity == 1)

    def settle(self) -> bool:
        """Go on until nothing changes; False where that takes too many rounds."""
        return any(not self._round() for _ in range(ROUNDS))

    @property
    def live(self) -> Flags:
        """For each equation whether it is equal to nothing before it."""
        own = np.arange(self.columns.first, len(self.place))
        found: Flags = self.place[self.columns.first :] == own
        return found

    def operands(self) -> tuple[Ints, Floats]:
        """Places and numbers of all operands, as they are now."""
        columns = self.columns
        at = np.where(self._is_place, columns.places, 0)
        places = np.where(self._is_place, self.place[at], CONSTANT)
        return places, np.where(self._is_place, self.number[at], columns.numbers)

    def atoms(self, new: Ints, kept: Flags, gone: float) -> list[Atom]:
        """What each place has become, where places have moved again; `gone` where it is not kept."""
        constant = self.place == CONSTANT
        at = np.where(constant, 0, self.place)
        dead = ~constant & ~np.append(np.ones(self.columns.first, np.bool_), kept)[at]
        found: list[Atom] = new[at].tolist() if len(new) else []
        for i in np.flatnonzero(constant).tolist():
            found[i] = float(self.number[i])
        for i in np.flatnonzero(dead).tolist():
            found[i] = gone
        return found

    def _round(self) -> bool:
        """Whether something changes."""
        places, numbers = self.operands()
        before = np.count_nonzero(self.live)
        self._fold(places, numbers)
        self._share(places, numbers)
        self._follow()
        return bool(np.count_nonzero(self.live) < before)

    def _fold(self, places: Ints, numbers: Floats) -> None:
        columns, live = self.columns, self.live
        constants = np.bincount(columns.owners[places == CONSTANT], minlength=len(columns))
        for i in np.flatnonzero(live & (columns.arity > 0) & (constants == columns.arity)).tolist():
            row, operands = columns.primitives[int(columns.rows[i])], numbers[columns.starts[i] : columns.starts[i + 1]]
            self.place[columns.first + i] = CONSTANT
            self.number[columns.first + i] = float(row.value(*operands.tolist()))
        self._drop_neutral(np.flatnonzero(live & self._identity & (constants == 1)), places, numbers)
        single = np.flatnonzero(live & (constants == 0) & (self._negation | self._pivot))
        of = places[columns.starts[single]]
        whole = self._pivot[single]
        self.place[columns.first + single[whole]] = of[whole]
        outer, inner = single[~whole], of[~whole] - columns.first
        outer, inner = outer[inner >= 0], inner[inner >= 0]
        inside = places[columns.starts[inner]]
        twice = self._negation[inner] & (inside != CONSTANT)  # of a number: in the next round
        self.place[columns.first + outer[twice]] = inside[twice]

    def _drop_neutral(self, equations: Ints, places: Ints, numbers: Floats) -> None:
        """x for x + −0, x·1 and so on: equations with two operands, of which one is a number."""
        columns = self.columns
        rows, starts = columns.rows[equations], columns.starts[equations]
        kept = (places[starts] == CONSTANT).astype(np.int64)
        bits = numbers.view(np.int64)[starts + 1 - kept]
        for row, operand, number in self.identities:
            same = (rows == id(row)) & (kept == operand) & (bits == np.float64(number).view(np.int64))
            self.place[columns.first + equations[same]] = places[(starts + operand)[same]]

    def _share(self, places: Ints, numbers: Floats) -> None:
        columns = self.columns
        left = np.flatnonzero(self.live)
        hashes = self._hashes(places, numbers.view(np.int64))[left]
        order = np.argsort(hashes, kind="stable")
        begins = np.append(True, hashes[order[1:]] != hashes[order[:-1]])[: len(order)]
        first = np.maximum.accumulate(np.where(begins, np.arange(len(order)), 0))
        later, earlier = left[order[~begins]], left[order[first[~begins]]]
        same = self._are_equal(later, earlier, places, numbers.view(np.int64))
        self.place[columns.first + later[same]] = columns.first + earlier[same]

    def _hashes(self, places: Ints, bits: Ints) -> Hashes:
        columns = self.columns
        position = np.arange(len(places)) - np.repeat(columns.starts[:-1], columns.arity)
        each = mixed(mixed(places.astype(np.uint64), bits), position)
        sums = np.append(np.uint64(0), np.cumsum(each, dtype=np.uint64))
        total = sums[columns.starts[1:]] - sums[columns.starts[:-1]]
        return mixed(mixed(total, columns.rows), columns.arity)

    def _are_equal(self, later: Ints, earlier: Ints, places: Ints, bits: Ints) -> Flags:
        """For each pair whether both are the same, which hashes alone do not tell."""
        columns = self.columns
        same: Flags = (columns.rows[later] == columns.rows[earlier]) & (columns.arity[later] == columns.arity[earlier])
        pairs = np.flatnonzero(same)
        one, other = columns.lanes(later[pairs]), columns.lanes(earlier[pairs])
        wrong = (places[one] != places[other]) | (bits[one] != bits[other])
        same[pairs[np.repeat(np.arange(len(pairs)), columns.arity[later[pairs]])[wrong]]] = False
        return same

    def _follow(self) -> None:
        """Each place to what the place that it has become has become in the same round."""
        while True:
            at = np.where(self.place == CONSTANT, 0, self.place)
            further = np.where(self.place == CONSTANT, CONSTANT, self.place[at])
            if np.array_equal(further, self.place):
                return
            self.number = np.where(self.place == CONSTANT, self.number, self.number[at])
            self.place = further


def selected(columns: Columns, places: Ints, numbers: Floats, kept: Flags, moved: Ints) -> Columns:
    """Those equations that are kept, with other operands, each place of which has moved."""
    lanes = np.repeat(kept, columns.arity)
    places, numbers = places[lanes], numbers[lanes]
    new = np.where(places == CONSTANT, CONSTANT, moved[np.where(places == CONSTANT, 0, places)])
    return Columns(columns.first, columns.rows[kept], columns.arity[kept], new, numbers, columns.primitives)


def needed(columns: Columns, places: Ints, kept: Flags, wanted: Sequence[int]) -> Flags | None:
    """Of the equations that are kept, those that the wanted places need; None where that takes too many rounds."""
    first = columns.first
    for _ in range(ROUNDS):
        used: Flags = np.zeros(first + len(columns), np.bool_)
        used[list(wanted)] = True
        lanes = np.repeat(kept, columns.arity) & (places != CONSTANT)
        used[places[lanes]] = True
        found = kept & used[first:]
        if np.array_equal(found, kept):
            return found
        kept = found
    return None


def after(first: int, kept: Flags) -> Ints:
    """The new place of each place: as many before it as are kept."""
    return np.append(np.arange(first), first + np.cumsum(kept) - kept)
