"""Topological order of a graph that may have cycles."""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush


def sources_first(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """The numbers below `count`, with the source of each pair (source, target) before its target.

    Of several that could be next, the lowest number is; a cycle is cut at its lowest number. Algorithm: Kahn 1962.

    >>> sources_first(4, [(3, 0), (0, 2), (2, 0)])
    [1, 3, 0, 2]
    """
    sources: list[set[int]] = [set() for _ in range(count)]
    targets: list[list[int]] = [[] for _ in range(count)]
    for source, target in sorted(pairs):
        sources[target].add(source)
        targets[source].append(target)
    waiting = dict.fromkeys(range(count))
    ready = [i for i in waiting if not sources[i]]
    order = []
    while waiting:
        i = heappop(ready) if ready else next(iter(waiting))
        del waiting[i]
        order.append(i)
        for target in targets[i]:
            sources[target].discard(i)
            if not sources[target] and target in waiting:
                heappush(ready, target)
    return order
