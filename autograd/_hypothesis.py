"""`st.from_type(Value)` draws leaves, whichever is imported first, `autograd` or Hypothesis.

`autograd` calls `register` when it is imported, and so does Hypothesis, by way of `scalar_autograd_hypothesis`. The
strategies themselves import Hypothesis and wait until a Value is drawn.
"""

from __future__ import annotations

import sys
from typing import Any

from autograd._lazy import lazy_call
from autograd.value import Value

_values = lazy_call("autograd.strategies", "values")


def register() -> None:
    """Let `st.from_type(Value)`, and so `@given(...)` with `x: Value`, draw leaves with finite numbers.

    >>> from hypothesis import strategies as st
    >>> register()
    >>> st.from_type(Value).validate()

    Nothing happens while Hypothesis is not imported.
    """
    tell = getattr(sys.modules.get("hypothesis.strategies"), "register_type_strategy", None)
    if tell is not None:
        tell(Value, _leaves)


def _leaves(_: type) -> Any:
    return _values()
