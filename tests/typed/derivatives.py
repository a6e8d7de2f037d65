"""Derivatives of functions, compiled functions, checks, pictures and debuggers."""

from typing import Any, assert_type

import numpy as np
import pytest
from numpy.typing import NDArray

import autograd as ag
from autograd import CheckReport, Compiled, DigitsReport, Drawing, Primitive, Value
from autograd.functional import grad, hessian, hvp, jacobian, jvp, value_and_grad, vjp

x, y = Value(0.5, label="x"), Value(0.25)


def cube(x: Value) -> Value:
    return x**3


def product(x: list[Value]) -> Value:
    return x[0] * x[1]


def of_values() -> None:
    assert_type(ag.grad(x * y, x), Value)
    assert_type(ag.grad(x * y, [x, y]), list[Value])
    assert_type(ag.grad(ag.grad(x**3, x), x), Value)


def of_functions() -> None:
    assert_type(grad(cube)(2.0), float)
    assert_type(grad(cube)(2), float)
    assert_type(grad(lambda x: x**3)(2.0), float)
    assert_type(grad(cube)(x), Value)
    assert_type(grad(grad(ag.sin))(0.5), float)
    assert_type(grad(product)([2.0, 3.0]), list[float])
    assert_type(grad(product)([2, 3]), list[float])
    assert_type(grad(product)([x, y]), list[Value])
    assert_type(grad(lambda p: p["w"] * 3.0)({"w": 2.0}), dict[str, float])


def with_their_values() -> None:
    assert_type(value_and_grad(cube)(2.0), tuple[float, float])
    assert_type(value_and_grad(product)([2.0, 3.0]), tuple[float, list[float]])
    assert_type(value_and_grad(cube)(x), tuple[Value, Value])
    assert_type(value_and_grad(product)([x, y]), tuple[Value, list[Value]])


def of_second_order() -> None:
    assert_type(hessian(cube)(2.0), float)
    assert_type(hessian(product)([2.0, 3.0]), list[list[float]])
    assert_type(hessian(cube)(x), Value)
    assert_type(hvp(product, ([2.0, 3.0],), ([1.0, 0.0],)), tuple[list[float], list[float]])
    assert_type(hvp(cube, (2.0,), (1.0,)), tuple[float, float])


def along_directions() -> None:
    assert_type(jvp(cube, (2.0,), (1.0,)), tuple[float, float])
    assert_type(vjp(cube, (2.0,), 1.0), tuple[Any, tuple[Any, ...]])
    both: tuple[list[float], list[float]] = grad(lambda x, y: x[0] * y[0], (0, 1))([2.0], [3.0])
    assert_type(both, tuple[list[float], list[float]])
    rows: list[list[float]] = jacobian(lambda x: [x[0] * x[1], x[0]])([2.0, 3.0])
    assert_type(rows, list[list[float]])


def compiled() -> None:
    fast = ag.compile(product, backend="python")
    assert_type(fast, Compiled)
    assert_type(fast.value_and_grad([2.0, 3.0])[0], float)
    assert_type(fast.hessian([2.0, 3.0]), NDArray[np.float64])
    assert_type(fast.jvp(([2.0, 3.0],), ([1.0, 0.0],)), tuple[Any, Any])
    assert_type(fast.flat([2.0, 3.0]), tuple[float, NDArray[np.float64]])
    assert_type(fast.flat.start, NDArray[np.float64])
    assert_type(fast.explain(), str)

    @ag.compile
    def area(width: Value, height: Value) -> Value:
        return width * height

    assert_type(area, Compiled)


def checked() -> None:
    report = ag.check_gradients(cube, 2.0, order=2, kinks="onesided")
    assert_type(report, CheckReport)
    assert_type(report.ok, bool)
    assert_type(report.table(), str)
    assert_type(ag.digits(cube, 2.0), DigitsReport)


def drawn() -> None:
    picture = ag.draw(x * y, title="a product")
    assert_type(picture, Drawing)
    assert_type(picture.svg, str)


def debugged() -> None:
    with ag.debug():
        z = x * y
    assert_type(z, Value)


def mistakes(option: Any = None) -> None:
    with pytest.raises(TypeError):
        grad("f")(2.0)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        jacobian("f")(2.0)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        ag.grad(cube, x)  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]
    with pytest.raises(TypeError):
        ag.compile("f")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ag.CompileError):
        ag.compile(cube, backend="lvm")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(ValueError, match="order"):
        ag.check_gradients(cube, 2.0, order=3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    with pytest.raises(TypeError):
        ag.check_gradients(cube, 2.0, ordr=2)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    with pytest.raises(AttributeError):
        grad(cube)(x).bakward()  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownMemberType]
    with pytest.raises(TypeError):
        Primitive("half")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
