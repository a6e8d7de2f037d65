"""What NumPy programs compute with before they have computed anything."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from autograd.compiler.numpy_backend import runner


@pytest.fixture(autouse=True, scope="module")
def poisoned() -> Iterator[None]:
    """Work buffers begin as nan: a line that reads what no line before it has written cannot pass by luck."""
    names = runner.scope()

    def empty(shape: Any, dtype: Any = float) -> Any:
        return np.full(shape, math.nan, dtype)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "scope", lambda: names | {"empty": empty})
        yield
