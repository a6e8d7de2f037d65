"""The layout of a function's arrays in words, for the comment at the beginning of a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType

from autograd.exporting.language import comment
from autograd.exporting.request import Exported, Request, Slot, total

SHOWN = 8  # single numbers that are listed by name


def inputs(exported: Exported) -> list[tuple[str, str, Sequence[Slot]]]:
    """What all samples share: the name of the array, what it is, and what is in it."""
    parts = (
        ("x", "arguments", exported.arguments),
        ("p", "parameters", exported.parameters),
        ("v", "direction", exported.directions),
    )
    return [part for part in parts if part[2] and not (part[0] == "p" and exported.frozen)]


def layout(exported: Exported, names: Mapping[str, str] = MappingProxyType({})) -> Iterator[str]:
    """Lines that say what is where; `names` are those of arrays that are not called x, p, v."""
    for letter, what, slots in inputs(exported):
        pointer = names.get(letter, letter)
        yield f"{pointer}[{total(slots)}], {what}"
        yield from _listed(slots, pointer)
    if exported.samples:
        yield f"samples[n][{total(exported.samples)}], a row for each sample"
        yield from _listed(exported.samples, "row")
    yield f"y[{total(exported.results)}], results{', means over the samples' if exported.samples else ''}"
    yield from _listed(exported.results, "y")


def text_lines(request: Request, prefix: str = "") -> Iterator[str]:
    """Lines that say which arrays of text a file has; `prefix` is that of their names."""
    for key, texts in request.texts:
        yield f"{prefix}{key}[{len(texts)}], texts"
        yield from _shortened([f"  [{i}]  {comment(text)}" for i, text in enumerate(texts)])


def _shortened(lines: list[str]) -> list[str]:
    return lines if len(lines) <= SHOWN else [*lines[: SHOWN - 1], "  ...", lines[-1]]


def _listed(slots: Sequence[Slot], pointer: str) -> Iterator[str]:
    lines = [_line(slot, pointer) for slot in slots]
    yield from _shortened(lines) if all(slot.count == 1 for slot in slots) else lines


def _line(slot: Slot, pointer: str) -> str:
    place = str(slot.first) if slot.count == 1 else f"{slot.first}..{slot.first + slot.count - 1}"
    return f"  {pointer}[{place}]  {comment(slot.name)}"
