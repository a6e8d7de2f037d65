"""Who follows a run: takes down every epoch, keeps the best parameters, and says when to stop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Self

from autograd import Value
from nn.train.history import Epoch, History, Stop


class Monitor:
    """A context: at its end the parameters are those of the best epoch, however the end comes.

    `reason(history)` says why to stop now, or None; `on_epoch` is called with every row.

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
        self.loss = math.inf
        self.data = [parameter.data for parameter in parameters]

    def take(self, row: Epoch) -> Stop | None:
        """Take down an epoch; why to stop now, or None to go on."""
        self.history.rows.append(row)
        if row.watched < self.loss:
            self.loss, self.data = row.watched, [parameter.data for parameter in self.parameters]
        if self.on_epoch is not None:
            self.on_epoch(row)
        return self.reason(self.history)

    def follow(self, rows: Iterable[Epoch]) -> Stop:
        """Take epoch after epoch until there is a reason to stop; Ctrl-C is one."""
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
            self._restore()  # half of them would be parameters that no epoch had
            raise

    def _restore(self) -> None:
        for parameter, number in zip(self.parameters, self.data, strict=True):
            parameter.data = number
