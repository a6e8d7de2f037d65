"""What Hypothesis calls when it is imported, by the entry point group `hypothesis`: `st.from_type(Value)` is known.

The strategies themselves import Hypothesis and are not touched before somebody draws a Value, lest the two import each
other in a circle, and lest everybody who uses Hypothesis pays for them.
"""

from __future__ import annotations

from typing import Any

from autograd.value import Value


def register() -> None:
    """Let `st.from_type(Value)`, and so `@given(...)` with `x: Value`, draw leaves with finite numbers.

    >>> from hypothesis import strategies as st
    >>> register()
    >>> st.from_type(Value).validate()
    """
    import hypothesis.strategies as st

    st.register_type_strategy(Value, _leaves)


def _leaves(_: type) -> Any:
    from autograd.strategies import values  # needs Hypothesis, which is there by now

    return values()
