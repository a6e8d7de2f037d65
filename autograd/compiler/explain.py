"""A recording in words."""

from __future__ import annotations

from collections import Counter

from autograd.compiler.columns import arities
from autograd.compiler.lower import GRADIENT
from autograd.compiler.program import Program
from autograd.compiler.specialization import Variant

SHOWN = 10  # constants, and lines with guards, that are listed


def explanation(variant: Variant, recordings: int, dropped: int = 0) -> str:
    """The lines of `Compiled.explain`; `dropped` programs had to go."""
    program, derivatives = _counted(variant)
    counts = Counter[str]()
    for (row, _), times in arities(program.equations).items():
        counts[row.name] += times
    rows = counts.most_common()
    parts = [_count(len(program.names), "input"), _count(len(program.equations), "equation")]
    parts[-1] += f" ({', '.join(f'{count} {name}' for name, count in rows)})" if rows else ""
    parts[-1] += " before derivatives" if derivatives else ""
    parts += [_count(len(program.guards), "guard"), _count(len(program.outputs) + derivatives, "output")]
    lines = [f"back end: {variant.name} ({variant.instead_of or variant.reason})", f"recordings: {recordings}"]
    lines[-1] += f", and {dropped} that {'was' if dropped == 1 else 'were'} dropped" if dropped else ""
    lines.append(f"program that ran last: {', '.join(parts)}")
    lines += _derivative(variant)
    lines += getattr(variant.runner, "explained", [])
    if variant.cache:
        lines.append(f"cache: {variant.cache}")
    if program.batched and not variant.lowered.seeds:
        lines.append(f"batch: {_count(len(program.batched), 'input')} of each sample")
    return "\n".join(lines + _guards(variant) + _outside(variant))


def _derivative(variant: Variant) -> list[str]:
    """Which derivative it computes, if not the gradient, and how."""
    lowered = variant.lowered
    if not lowered.what:
        return []
    seeds = f", {_count(lowered.seeds, 'seed')} as a batch" if lowered.seeds else ""
    sparse = [] if lowered.plan is None else [f"sparse: {lowered.plan}"]
    bodies = [
        f"body: {_count(len(part.lowered.recorded.equations), 'equation')} for {_count(len(part.entries), 'sample')}"
        for part in lowered.parts
    ]
    return [f"derivative: {lowered.what}, {lowered.mode}{seeds}", *sparse, *bodies]


def _counted(variant: Variant) -> tuple[Program, int]:
    """The program that is described, and how many derivatives are not in it.

    Those of steps and loops were never taken in equations on numbers, which nobody makes to count them.
    """
    lowered = variant.lowered
    if lowered.kind != GRADIENT or not hasattr(variant.runner, "explained"):
        return lowered.program, 0
    return lowered.forward, len(lowered.wanted)


def _guards(variant: Variant) -> list[str]:
    """The lines that ask about a number, each once."""
    asked = Counter(guard.where for guard in _counted(variant)[0].guards)
    lines = [f"guard: {where}{f', {count} times' if count > 1 else ''}" for where, count in asked.items()]
    more = len(lines) - SHOWN
    return [*lines[:SHOWN], f"guard: {_count(more, 'more line')}"] if more > 0 else lines


def _outside(variant: Variant) -> list[str]:
    """What the function read besides its arguments: numbers that are compared at each call, and what is not."""
    numbers = [f"{name} = {number!r}" for name, number in variant.outside.numbers.items()]
    lines = [f"constant from outside: {text}" for text in numbers[:SHOWN]]
    if len(numbers) > SHOWN:
        lines.append(f"constant from outside: {len(numbers) - SHOWN} more")
    return lines + [
        f"constant from outside: {name}, {_count(size, 'entry', 'entries')}; not compared at each call"
        for name, size in variant.outside.too_large.items()
    ]


def _count(count: int, what: str, plural: str = "") -> str:
    return f"{count} {what if count == 1 else plural or what + 's'}"
