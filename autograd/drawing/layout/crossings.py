"""The order of items within ranks: few crossings, otherwise the order in which the items are given.

Median sweeps and exchanges of neighbours, after Gansner, Koutsofios, North & Vo 1993, section 3.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise

from autograd.drawing.layout.layers import Layers, Link

SWEEPS, PATIENCE = 16, 4  # at most; and without success
EXCHANGES = 2  # passes over all layers after a sweep
WORK, FEWEST = 16_000, 3  # links that are looked at, so that large graphs take linear time; the fewest sweeps
CROWD = 40  # links of an item; exchanging those with more takes too long


def reduce_crossings(ranks: Layers, thickness: Sequence[float]) -> None:
    """Sort each layer; of several orders with equally few crossings, the first that was found is kept."""
    links = sum(map(len, ranks.down))
    sweeps = min(SWEEPS, max(FEWEST, WORK // max(links, 1)))
    given = [layer[:] for layer in ranks.layers]
    found = _swept(ranks, thickness, sweeps, downwards=True)
    if found and 2 * SWEEPS * links <= WORK:
        best = [layer[:] for layer in ranks.layers]
        ranks.layers = given
        if _swept(ranks, thickness, sweeps, downwards=False) >= found:
            ranks.layers = best


def _swept(ranks: Layers, thickness: Sequence[float], sweeps: int, *, downwards: bool) -> int:
    """Sweep up and down, keep the best order, and return its crossings."""
    place = [0.0] * len(ranks.rank)
    for layer in ranks.layers:
        _number(layer, place)
    best, fewest, idle = [layer[:] for layer in ranks.layers], _count(ranks, place, thickness), 0
    for _ in range(sweeps):
        if not fewest or idle == PATIENCE:
            break
        _sweep(ranks, place, thickness, downwards=downwards)
        downwards = not downwards
        for repeat in range(EXCHANGES if sweeps == SWEEPS else 1):
            if not _exchange(ranks, place, thickness, ties=not repeat and idle % 2 == 1):
                break
        crossings = _count(ranks, place, thickness)
        idle += 1
        if crossings < fewest:
            best, fewest, idle = [layer[:] for layer in ranks.layers], crossings, 0
    ranks.layers = best
    return fewest


def _number(layer: Sequence[int], place: list[float]) -> None:
    for i, item in enumerate(layer):
        place[item] = float(i)


def _ends(links: Sequence[Link], place: Sequence[float], thickness: Sequence[float]) -> list[float]:
    """Where links end, in order: the place of the item, and where on it: less than half a place apart."""
    return sorted(place[item] + other / (2.0 * thickness[item] + 1.0) for item, _, other in links)


def _sweep(ranks: Layers, place: list[float], thickness: Sequence[float], *, downwards: bool) -> None:
    layers, links = (ranks.layers, ranks.up) if downwards else (ranks.layers[::-1], ranks.down)
    for layer in layers[1:]:
        medians = {item: _median(_ends(links[item], place, thickness), place[item]) for item in layer}
        layer.sort(key=medians.__getitem__)
        _number(layer, place)


def _median(ends: list[float], otherwise: float) -> float:
    """The weighted median: of an even number, nearer to the side where the ends are closer together."""
    if not ends:
        return otherwise
    half = len(ends) // 2
    if len(ends) % 2:
        return ends[half]
    if len(ends) == 2:
        return (ends[0] + ends[1]) / 2.0
    left, right = ends[half - 1] - ends[0], ends[-1] - ends[half]
    return (ends[half - 1] * right + ends[half] * left) / (left + right) if left + right else ends[half]


def _exchange(ranks: Layers, place: list[float], thickness: Sequence[float], *, ties: bool) -> bool:
    """Exchange neighbours whose links cross less the other way round, or as often; whether there were any."""
    changed = False
    for layer in ranks.layers:
        ups = [_ends(ranks.up[item], place, thickness) for item in layer]
        downs = [_ends(ranks.down[item], place, thickness) for item in layer]
        for i in range(len(layer) - 1):
            if not (_may_cross(ups[i], ups[i + 1]) or _may_cross(downs[i], downs[i + 1])):
                continue
            if len(ups[i]) + len(downs[i]) + len(ups[i + 1]) + len(downs[i + 1]) > CROWD:
                continue
            now = _inversions(ups[i], ups[i + 1]) + _inversions(downs[i], downs[i + 1])
            if now and _inversions(ups[i + 1], ups[i]) + _inversions(downs[i + 1], downs[i]) < now + ties:
                layer[i : i + 2] = layer[i + 1], layer[i]
                ups[i : i + 2] = ups[i + 1], ups[i]
                downs[i : i + 2] = downs[i + 1], downs[i]
                changed = True
        _number(layer, place)
    return changed


def _may_cross(first: Sequence[float], second: Sequence[float]) -> bool:
    return bool(first and second) and first[-1] > second[0]


def _inversions(first: Sequence[float], second: Sequence[float]) -> int:
    """Pairs of links that cross, if `first` are the ends of the upper item."""
    return sum(bisect_left(second, end) for end in first)


def _count(ranks: Layers, place: Sequence[float], thickness: Sequence[float]) -> int:
    """Pairs of links that cross, as inversions in a binary indexed tree (Barth, Mutzel & Jünger 2002)."""
    crossings = 0
    for above, _ in pairwise(ranks.layers):
        pairs = []
        for item in above:
            for link in ranks.down[item]:
                start = place[item] + link.port / (2.0 * thickness[item] + 1.0)
                pairs.append((start, place[link.item] + link.other / (2.0 * thickness[link.item] + 1.0)))
        pairs.sort()
        number = {end: i for i, end in enumerate(sorted({end for _, end in pairs}), start=1)}
        crossings += _tree_inversions([number[end] for _, end in pairs], len(number))
    return crossings


def _tree_inversions(ends: Sequence[int], largest: int) -> int:
    """How often a number comes after a larger one.

    >>> _tree_inversions([2, 1, 3, 1], 3)
    3
    """
    inversions, tree = 0, [0] * (largest + 1)
    for seen, end in enumerate(ends):
        i, smaller = end, 0
        while i:
            smaller += tree[i]
            i &= i - 1
        inversions += seen - smaller
        i = end
        while i <= largest:
            tree[i] += 1
            i += i & -i
    return inversions
