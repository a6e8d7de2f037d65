"""Before a run: can it be compiled, and are the samples what the loss wants? Programs check nothing."""

from __future__ import annotations

import time
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np

from autograd import Value, no_graph
from nn.train.engines import Compiled, Eager, Engine, Measured, Table, not_a_number
from nn.train.metrics import Prediction

# So many samples are computed both ways. Programs and graphs differ by rounding, 1e-16 times what the model makes of
# it; a difference of 1e-6 is something else, such as a forward pass that draws random numbers.
COMPARED = 3
AGREEMENT = 1e-6


def choose_engine(eager: Eager, tables: Sequence[Table], batch_size: int, stacklevel: int) -> Engine:
    """Programs for the run if they can be had, else graphs, and then a RuntimeWarning says why.

    `tables` are all samples that the run will see. What graphs refuse, a wrong target or an index that does not exist,
    raises here what it raises there. `stacklevel` is that of `warnings.warn`: the warning is to name the user's line.
    """
    for table in tables:
        eager.measure(Table(table.pairs[:1]))
    start = time.monotonic()
    try:
        engine = Compiled(eager)
        engine.gradient(np.arange(min(batch_size, len(eager.samples))))
        judged = [engine.judged(table) for table in tables]
    except Exception as error:  # the model and the loss are the user's, and recording them may stumble over anything
        return _eagerly(eager, f"{type(error).__name__}: {error}", stacklevel + 1)
    engine.describe(time.monotonic() - start)
    for table, found in zip(tables, judged, strict=True):
        _check_targets(eager, table, found[0])
        if not _agree(eager, table, found):
            reason = "programs and graphs give different numbers; does the forward pass draw random ones?"
            return _eagerly(eager, reason, stacklevel + 1)
    return engine


def _eagerly(eager: Eager, reason: str, stacklevel: int) -> Eager:
    eager.description = f"eager ({reason})"
    warnings.warn(
        f"nn.fit runs eagerly: {reason} (compile=False asks for that, without a warning)",
        RuntimeWarning,
        stacklevel=stacklevel,
    )
    return eager


def _check_targets(eager: Eager, table: Table, outputs: list[Prediction]) -> None:
    """Compute the loss of each target once on plain Values, for the errors that it raises."""
    different = {repr(y): row for row, (_, y) in enumerate(table.pairs)}  # 1, 1.0 and True are not the same target
    with no_graph():
        for row in different.values():
            eager.loss(_values(outputs[row]), table.pairs[row][1])


def _values(output: Any) -> Any:
    return [Value(number) for number in output] if isinstance(output, list) else Value(output)


def _agree(eager: Eager, table: Table, found: Measured) -> bool:
    """Whether graphs say the same of the first samples, and of some whose loss is nan."""
    rows = [*range(min(COMPARED, len(table))), *not_a_number(found[1])[:COMPARED]]
    expected = eager.measure(Table([table.pairs[row] for row in rows]))
    outputs, losses = [found[0][row] for row in rows], [found[1][row] for row in rows]
    return _close(outputs, expected[0]) and _close(losses, expected[1])


def _close(numbers: Sequence[Any], wanted: Sequence[Any]) -> bool:
    size = np.max(np.nan_to_num(np.abs(wanted), posinf=0.0))
    return np.allclose(numbers, wanted, rtol=AGREEMENT, atol=AGREEMENT * size, equal_nan=True)
