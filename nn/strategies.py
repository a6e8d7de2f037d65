"""A Hypothesis strategy for networks; `autograd.strategies.mlps` finds it by its entry point.

Needs the optional dependency `hypothesis`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from hypothesis import strategies as st
from hypothesis.errors import InvalidArgument
from hypothesis.strategies import DrawFn, SearchStrategy

from nn.layers.activations import ACTIVATIONS
from nn.layers.mlp import MLP

HIDDEN = tuple(name for name, activation in ACTIVATIONS.items() if not activation.vector)


def mlps(
    *,
    min_inputs: int = 1,
    max_inputs: int = 3,
    min_layers: int = 1,
    max_layers: int = 3,
    max_width: int = 4,
    hidden: Iterable[str] = HIDDEN,
    output: Iterable[str] = HIDDEN,
) -> SearchStrategy[MLP]:
    """Networks of `min_layers` to `max_layers` layers with 1 to `max_width` neurons each and random initial weights.

    `hidden` and `output` are the activations to choose from. Failures shrink to one layer of one linear neuron.

    >>> from hypothesis import given
    >>> @given(mlps(max_layers=2, hidden=["tanh"]))
    ... def test(model):
    ...     assert len(model.layers) <= 2 and model.hidden.name == "tanh"
    >>> test()

    InvalidArgument for impossible sizes, and for activations that are unknown or apply to whole layers.
    """
    for what, low, high in (("inputs", min_inputs, max_inputs), ("layers", min_layers, max_layers)):
        if low < 1:
            raise InvalidArgument(f"Invalid size min_{what}={low!r} < 1")
        if high < low:
            raise InvalidArgument(f"Cannot have max_{what}={high!r} < min_{what}={low!r}")
    if max_width < 1:
        raise InvalidArgument(f"Invalid size max_width={max_width!r} < 1")
    inputs = st.integers(min_inputs, max_inputs)
    widths = st.lists(st.integers(1, max_width), min_size=min_layers, max_size=max_layers)
    return _mlps(inputs, widths, _choice("hidden", hidden), _choice("output", output))


def _choice(argument: str, names: Iterable[str]) -> SearchStrategy[str]:
    chosen = [names] if isinstance(names, str) else list(names)
    for name in chosen:
        if name not in HIDDEN:
            raise InvalidArgument(f"Cannot have {argument}={chosen!r}: {name!r} is not one of {', '.join(HIDDEN)}")
    if not chosen:
        raise InvalidArgument(f"Cannot have {argument}={chosen!r}: name at least one activation")
    return st.sampled_from(chosen)


@st.composite
def _mlps(
    draw: DrawFn,
    inputs: SearchStrategy[int],
    widths: SearchStrategy[list[int]],
    hidden: SearchStrategy[str],
    output: SearchStrategy[str],
) -> Any:
    seed = draw(st.integers(0, 2**16))
    return MLP(draw(inputs), draw(widths), hidden=draw(hidden), output=draw(output), seed=seed)
