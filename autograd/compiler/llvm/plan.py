"""The kernels of a program, collected: their texts, their descriptors, and where everything is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from autograd._numpy import np
from autograd.compiler.llvm.descriptors import Descriptors
from autograd.compiler.llvm.direct_text import STATE
from autograd.compiler.llvm.engine import KERNELS
from autograd.compiler.llvm.grouping import AFTER, BEFORE, MEANS, SAMPLES, Item
from autograd.compiler.llvm.library import Kind, Library
from autograd.compiler.llvm.loop_text import Text
from autograd.compiler.llvm.prepare import Prepared
from autograd.compiler.vector.program import Lanes

TIMES = {BEFORE: "once", SAMPLES: "samples", MEANS: "means", AFTER: "after the means"}


@dataclass
class Plan:
    """The kernels of a program and their arguments.

    texts      all kernels, without repetitions, and how well to compile each
    entries    for each time of BEFORE … AFTER, (number of the text, place of the descriptor)
    guards     (relation, left, right, outcome), places in the shared frame
    runs       (first lane, lanes) of inputs that are read as they come
    room       samples in a block: lane l of sample t is number room · l + t of its frame
    sums       how many sums over samples there are; the last one is never read
    means      pairs (places in the shared frame, sums whose means go there)
    cleared    lanes of which sums are taken
    listing    a line for each entry
    has_state  whether a kernel asks for the state, which then lies behind the frame of samples
    """

    made: Prepared
    room: int
    unit: int
    runs: list[tuple[int, int]]
    library: Library = field(default_factory=Library)
    texts: dict[tuple[str, int], int] = field(default_factory=dict)
    entries: tuple[list[tuple[int, int]], ...] = field(default_factory=lambda: ([], [], [], []))
    descriptors: Descriptors = field(default_factory=Descriptors)
    guards: list[tuple[int, int, int, int]] = field(default_factory=list)
    sums: int = 0
    means: tuple[Lanes, Lanes] = field(default_factory=lambda: (np.zeros(0, np.intp), np.zeros(0, np.intp)))
    cleared: Lanes = field(default_factory=lambda: np.zeros(0, np.intp))
    listing: list[str] = field(default_factory=list)
    has_state: bool = False

    @property
    def all_means(self) -> bool:
        """Whether the outputs are the first sums, divided by the number of samples."""
        count = len(self.made.vectors.outputs)
        places, slots = self.means
        return len(places) == count and np.array_equal(np.sort(slots), np.arange(count)) and np.array_equal(
            places - self.made.outputs, slots
        )  # fmt: skip

    @property
    def state(self) -> int:
        """Where the frame of samples ends, and what kernels have to know of them begins; see `direct_text.STATE`."""
        return self.made.sizes[1] * self.room

    def live_state(self, kind: Kind) -> int:
        """The state for a kernel that asks for the number of samples in a block, counted in doubles."""
        self.has_state = True
        return self.state // 2 if kind.single else self.state

    def run(self, lane: int) -> int | None:
        """Where the address of the run that begins with this lane stands, if there is one."""
        firsts = [first for first, _ in self.runs]
        return self.state + len(STATE) + 2 * firsts.index(lane) if lane in firsts else None

    def add(self, items: Sequence[Item], text: Text, fields: Sequence[int | Lanes], level: int = KERNELS) -> None:
        """One more kernel, that computes some items."""
        self.enter(items[0].when, "; ".join(map(_described, items)), text, fields, level)

    def enter(self, when: int, what: str, text: Text, fields: Sequence[int | Lanes], level: int = KERNELS) -> None:
        """One more kernel at a time, in words."""
        self.library.include(text.library)
        number = self.texts.setdefault((text.text, level), len(self.texts))
        self.entries[when].append((number, self.descriptors.add(fields)))
        self.listing.append(f"; {TIMES[when]}: {what}: kernel {number}")


def _described(item: Item) -> str:
    step = item.step
    row = f" {step.row.name}" if step.row is not None and step.form in ("map", "reduce") else ""
    return f"{step.form}{row} {step.shape}"
