"""What a GradBench function is to the tool and to the benchmark: something to run, and its result as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Input = Mapping[str, Any]
"""What a GradBench `evaluate` message holds: a JSON object, or for `hello` a number."""


@dataclass(frozen=True, slots=True)
class Task:
    """A function at one input: `run` is what is timed, `output` turns its result into what JSON can hold."""

    run: Callable[[], Any]
    output: Callable[[Any], Any] = float

    def answer(self) -> Any:
        """The output of one run."""
        return self.output(self.run())


def listed(array: Any) -> Any:
    """An array as nested lists.

    >>> import numpy as np
    >>> listed(np.array([[1.0, 2.0]]))
    [[1.0, 2.0]]
    """
    return array.tolist()


Functions = Mapping[str, Callable[[Any], Task]]
"""The functions of a module by their names: each takes the input, prepares, and gives what is to be run."""
