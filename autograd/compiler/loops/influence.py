"""What depends on what in the body of a loop, from trip to trip."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from autograd.compiler.loops.flow import differentiable
from autograd.compiler.loops.loop import Loop
from autograd.compiler.program import Atom

Edges = Mapping[int, Iterable[int]]


class Influence:
    """Which places of a body depend on which, in the same or a later trip; a loop in it counts as its first place."""

    def __init__(self, loop: Loop) -> None:
        body = loop.body
        sources: dict[int, list[int]] = {}
        for place, item in body.placed():
            places: Iterable[Atom] = item.atoms() if type(item) is Loop else [x for x, _ in differentiable(item)]
            sources[place] = [self._place(loop, x) for x in places if type(x) is int]
        for i, atom in enumerate(body.outputs, len(loop.invariant)):
            if type(atom) is int:
                sources[i] = [self._place(loop, atom)]
        readers: dict[int, list[int]] = {}
        for place, found in sources.items():
            for source in found:
                readers.setdefault(source, []).append(place)
        self._loop, self._sources, self._readers = loop, sources, readers

    def of(self, places: Iterable[int]) -> set[int]:
        """These and all that depend on them."""
        return self._reached(places, self._readers)

    def on(self, places: Iterable[int]) -> set[int]:
        """These and all that they depend on."""
        return self._reached(places, self._sources)

    def _reached(self, places: Iterable[int], edges: Edges) -> set[int]:
        waiting = [self._place(self._loop, place) for place in places]
        found = set(waiting)
        while waiting:
            for other in edges.get(waiting.pop(), ()):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return found

    @staticmethod
    def _place(loop: Loop, place: int) -> int:
        start = loop.body.loop_at(place)
        return place if start is None else start
