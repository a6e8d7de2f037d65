"""Follow a run: record every epoch, keep the best parameters, decide when to stop."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Self

from autograd import Value
from nn.train.best import Best
from nn.train.history import Epoch, History, Stop


class Monitor:
    """A context manager: however the block ends, the parameters are afterwards those of the best epoch.

    `reason(history)` returns why to stop now, or None; `on_epoch` is called with every row.

    >>> w = Value(1.0)
    >>> history = History()
    >>> with Monitor(history, [w], lambda history: None) as monitor:
    ...     for w.data, loss in (2.0, 0.5), (3.0, 0.9): _ = monitor.take(Epoch(1, loss))
    >>> w.data
    2.0
    """

    def __init__(
        self,
        history: History,
        parameters: list[Value],
        reason: Callable[[History], Stop | None],
        on_epoch: Callable[[Epoch], None] | None = None,
    ) -> None:
        self.history, self.parameters, self.reason, self.on_epoch = history, parameters, reason, on_epoch
        self.best = Best(self._numbers())

    def take(self, row: Epoch) -> Stop | None:
        """Record an epoch; return why to stop now, or None to continue."""
        self.history.rows.append(row)
        if self.best.is_beaten_by(row.watched):
            self.best = Best(self._numbers(), row.watched)
        if self.on_epoch is not None:
            self.on_epoch(row)
        return self.reason(self.history)

    def follow(self, rows: Iterable[Epoch]) -> Stop:
        """Record epoch after epoch until there is a reason to stop; Ctrl-C is one."""
        try:
            for row in rows:
                if reason := self.take(row):
                    return reason
        except KeyboardInterrupt:
            return "interrupted"
        return "epochs"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._restore()
        except KeyboardInterrupt:
            self._restore()  # half restored, they would be parameters that no epoch had
            raise

    def _numbers(self) -> list[float]:
        return [parameter.data for parameter in self.parameters]

    def _restore(self) -> None:
        for parameter, number in zip(self.parameters, self.best.parameters, strict=True):
            parameter.data = number
