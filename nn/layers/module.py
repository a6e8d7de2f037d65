"""Anything with parameters."""

from collections.abc import Iterator
from typing import Any

from autograd import Drawing, Value
from nn.plotting.network import draw_model


class Module:
    """The base of everything with parameters: a subclass says what they are, as in micrograd.

    Override `parameters()`; override `named_parameters()` too when the names should say more than the labels do.

    >>> class Line(Module):
    ...     def __init__(self): self.slope = Value(2.0, label="slope")
    ...     def __call__(self, x): return self.slope * x
    ...     def parameters(self): return [self.slope]
    >>> line = Line()
    >>> line(3.0).backward()
    >>> dict(line.named_parameters())["slope"].grad
    3.0
    """

    def __call__(self, x: Any) -> Any:
        """The output for one sample x."""
        raise NotImplementedError(
            f"{type(self).__name__} defines no __call__: say there what it computes from one sample"
        )

    def parameters(self) -> list[Value]:
        """Every parameter, always in the same order."""
        return []

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Every parameter with a name of its own: its label, or its place when the label is empty or taken.

        >>> class Pair(Module):
        ...     def parameters(self): return [Value(1.0, label="w"), Value(2.0)]
        >>> [name for name, parameter in Pair().named_parameters()]
        ['w', 'parameter[1]']
        """
        seen: set[str] = set()
        for i, parameter in enumerate(self.parameters()):
            name = parameter.label
            if not name or name in seen:
                name = f"parameter[{i}]"
            seen.add(name)
            yield name, parameter

    def zero_grad(self) -> None:
        """Set every parameter's gradient to 0; without it the next `backward()` adds to what is there.

        >>> class One(Module):
        ...     def __init__(self): self.w = Value(3.0)
        ...     def parameters(self): return [self.w]
        >>> one = One()
        >>> one.w.grad = 7.0
        >>> one.zero_grad(); one.w.grad
        0.0
        """
        for parameter in self.parameters():
            parameter.grad = 0.0

    def draw(self, *, title: str | None = None) -> Drawing:
        """The architecture as a picture: neurons in columns, weights as lines, δ after `backward()`.

        A line is as wide as |w| is large, and dashed where w < 0. `autograd.draw(loss)` draws a computation instead.

        >>> Module().draw().save("model.gif")
        Traceback (most recent call last):
            ...
        ValueError: cannot draw 'model.gif': the name must end in .svg, .png, .dot or .html
        """
        return draw_model(self, title)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Notebooks show the architecture."""
        bundle = self.draw()._repr_mimebundle_()
        return bundle | {"text/plain": repr(self)}
