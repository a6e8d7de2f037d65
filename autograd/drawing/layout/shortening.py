"""Shorten edges across the flow: move what is level together towards its neighbours, as far as there is room."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from autograd.drawing.layout.layers import Distance, Layers

SWEEPS = 8  # at most, so that it takes linear time
LEVEL = 1e-6  # pixels


def shortened(ranks: Layers, places: Sequence[float], distance: Distance) -> list[float]:
    """The places after a descent in the lengths of links across the flow; order and distances are kept.

    A block of items on level links moves as one to the median of what its other links want, so that no straight edge
    bends, and each move shortens the sum of the lengths.
    """
    search = _Descent(ranks, list(places), distance)
    blocks = sorted(_level_blocks(ranks, places), key=lambda block: places[block[0]])
    for _ in range(SWEEPS):
        moved = [search.move(block) for block in blocks]
        if not any(moved):
            break
        blocks.reverse()
    return search.places


def _level_blocks(ranks: Layers, places: Sequence[float]) -> list[list[int]]:
    """The items that are joined by level links."""
    block = list(range(len(places)))

    def found(item: int) -> int:
        while block[item] != item:
            block[item] = item = block[block[item]]
        return item

    for item, links in enumerate(ranks.down):
        for link in links:
            if abs(places[item] + link.port - places[link.item] - link.other) < LEVEL:
                block[found(item)] = found(link.item)
    blocks: dict[int, list[int]] = {}
    for item in range(len(places)):
        blocks.setdefault(found(item), []).append(item)
    return list(blocks.values())


class _Descent:
    """The places, and the neighbours of each item in its layer."""

    def __init__(self, ranks: Layers, places: list[float], distance: Distance) -> None:
        self.ranks, self.places, self.distance = ranks, places, distance
        self.above: dict[int, int] = {}
        self.below: dict[int, int] = {}
        for layer in ranks.layers:
            self.below.update(pairwise(layer))
            self.above.update(pairwise(layer[::-1]))

    def move(self, block: Sequence[int]) -> bool:
        """Move the block; False if it is where it should be, or has no room."""
        members = set(block)
        wishes = sorted(self._wishes(block, members))
        if not wishes:
            return False
        low, high = wishes[(len(wishes) - 1) // 2], wishes[len(wishes) // 2]
        if low > 0.0:
            by = min([low, *self._rooms(block, members, self.below, 1.0)])
        else:
            by = -min([-min(high, 0.0), *self._rooms(block, members, self.above, -1.0)])
        if abs(by) <= LEVEL:
            return False
        for item in block:
            self.places[item] += by
        return True

    def _wishes(self, block: Sequence[int], members: set[int]) -> list[float]:
        """How far each link to another block would have to move this one to be level."""
        places = self.places
        return [
            places[link.item] + link.other - places[item] - link.port
            for item in block
            for links in (self.ranks.up[item], self.ranks.down[item])
            for link in links
            if link.item not in members
        ]

    def _rooms(self, block: Sequence[int], members: set[int], beside: dict[int, int], way: float) -> list[float]:
        """How far each item could move, until it is at its least distance from the next one."""
        return [
            way * (self.places[other] - self.places[item])
            - (self.distance(item, other) if way > 0.0 else self.distance(other, item))
            for item in block
            if (other := beside.get(item)) is not None and other not in members
        ]
