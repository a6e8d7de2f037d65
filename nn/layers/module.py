"""The base class of everything with parameters."""

from collections.abc import Iterator
from typing import Any

from autograd import Drawing, Value
from nn.plotting.network import draw_model


class Module:
    """The base class of everything with parameters, as in micrograd.

    Override `parameters()`; override `named_parameters()` too for names other than the labels.

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
            f"{type(self).__name__} defines no __call__: define it to compute the output for one sample"
        )

    def parameters(self) -> list[Value]:
        """Every parameter, always in the same order."""
        return []

    def named_parameters(self) -> Iterator[tuple[str, Value]]:
        """Every parameter with a unique name: its label, or its index if the label is empty or taken.

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
        """Set every parameter's gradient to 0; otherwise the next `backward()` adds to it.

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
        """A picture of the architecture: neurons in columns, weights as lines, δ after `backward()`.

        A line is wider for a larger |w| and dashed if w < 0. `autograd.draw(loss)` draws a computation instead.

        >>> Module().draw().save("model.gif")
        Traceback (most recent call last):
            ...
        ValueError: cannot draw 'model.gif': the name must end in .svg, .png, .dot or .html
        """
        return draw_model(self, title)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show the architecture in notebooks."""
        bundle = self.draw()._repr_mimebundle_()
        return bundle | {"text/plain": repr(self)}
