"""A recording in words."""

from __future__ import annotations

from collections import Counter

from autograd.compiler.variant import Variant


def explanation(variant: Variant, recordings: int) -> str:
    """The lines of `Compiled.explain`."""
    program = variant.lowered.program
    rows = Counter(equation.primitive.name for equation in program.equations).most_common()
    parts = [_count(len(program.names), "input"), _count(len(program.equations), "equation")]
    parts[-1] += f" ({', '.join(f'{count} {name}' for name, count in rows)})" if rows else ""
    parts += [_count(len(program.guards), "guard"), _count(len(program.outputs), "output")]
    lines = [f"back end: {variant.name} ({variant.reason})", f"recordings: {recordings}"]
    lines.append(f"program that ran last: {', '.join(parts)}")
    if program.batched:
        lines.append(f"batch: {_count(len(program.batched), 'input')} of each sample")
    return "\n".join(lines + [f"guard: {guard.where}" for guard in program.guards])


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
