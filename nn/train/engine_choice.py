"""Choose the engine of a run: compile if possible, and check the samples, since programs check nothing."""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Sequence
from typing import Any

from autograd import Value, no_graph
from autograd._numpy import np
from nn.train.engines import Compiled, Eager, Engine, Measured, Table, not_a_number
from nn.train.metrics import Prediction

# Programs and graphs differ by rounding, 1e-16 times what the model makes of it; a difference of 1e-6 has another
# cause, such as a forward pass that draws random numbers.
COMPARED = 3  # samples that are computed both ways
AGREEMENT = 1e-6


def choose_engine(eager: Eager, tables: Sequence[Table], batch_size: int, stacklevel: int) -> Engine:
    """Compile model and loss; if that is impossible, return `eager` with a RuntimeWarning that says why.

    `tables` are all samples that the run will see. Wrong targets, or indices out of range, raise the same errors as in
    eager mode. `stacklevel` is that of `warnings.warn`, so that the warning points at the user's line.
    """
    for table in tables:
        eager.measure(Table(table.pairs[:1]))
    start = time.monotonic()
    try:
        engine = Compiled(eager)
        engine.gradient(np.arange(min(batch_size, len(eager.samples))))
        measured = [engine.evaluate(table) for table in tables]
    except Exception as error:  # recording the user's model and loss may raise anything
        return _eagerly(eager, f"{type(error).__name__}: {error}", stacklevel + 1)
    engine.describe(time.monotonic() - start)
    for table, found in zip(tables, measured, strict=True):
        _check_targets(eager, table, found[0])
        if not _agree(eager, table, found):
            reason = "compiled and eager results differ; does the forward pass draw random numbers?"
            return _eagerly(eager, reason, stacklevel + 1)
    return engine


def _eagerly(eager: Eager, reason: str, stacklevel: int) -> Eager:
    eager.description = f"eager ({reason})"
    warnings.warn(
        f"nn.fit runs eagerly: {reason} (pass compile=False to do so without a warning)",
        RuntimeWarning,
        stacklevel=stacklevel,
    )
    return eager


def _check_targets(eager: Eager, table: Table, outputs: list[Prediction]) -> None:
    """Compute the loss of each distinct target once on plain Values, for the errors that it raises."""
    different = {repr(y): row for row, (_, y) in enumerate(table.pairs)}  # 1, 1.0 and True are not the same target
    with no_graph():
        for row in different.values():
            eager.loss(_values(outputs[row]), table.pairs[row][1])


def _values(output: Any) -> Any:
    return [Value(number) for number in output] if isinstance(output, list) else Value(output)


def _agree(eager: Eager, table: Table, found: Measured) -> bool:
    """Whether eager mode agrees on the first samples, and on some whose loss is nan."""
    rows = [*range(min(COMPARED, len(table))), *not_a_number(found[1])[:COMPARED]]
    expected = eager.measure(Table([table.pairs[row] for row in rows]))
    outputs, losses = [found[0][row] for row in rows], [found[1][row] for row in rows]
    return _close(outputs, expected[0]) and _close(losses, expected[1])


def _close(numbers: Sequence[Any], wanted: Sequence[Any]) -> bool:
    """Whether all numbers, in lists or not, differ by no more than roundings; those that are not finite, not at all."""
    pairs = list(zip(_numbers(numbers), _numbers(wanted), strict=True))
    size = max((abs(y) for _, y in pairs if math.isfinite(y)), default=0.0)
    return all(
        x == y or (x != x and y != y) or (math.isfinite(y) and abs(x - y) <= AGREEMENT * (size + abs(y)))
        for x, y in pairs
    )


def _numbers(outputs: Sequence[Any]) -> list[float]:
    """Outputs, each a number or a list of numbers, one after the other."""
    return [x for output in outputs for x in (output if isinstance(output, list) else [output])]
