"""The evals with CasADi: scalar symbols or vectors in, the gradient as one function, run by its virtual machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.benchmark.compiling.frameworks import loaded
from tests.benchmark.gradbench import ba as adjustment
from tests.benchmark.gradbench import det as minors
from tests.benchmark.gradbench import ode as equation

Side = Callable[[], Any]


def called(function: Any, *arguments: Any) -> Side:
    """A function through its buffers; all arrays are columns after each other, as CasADi stores them."""
    buffer, call = function.buffer()
    inputs = [np.ascontiguousarray(each, dtype=np.float64) for each in arguments]
    result = np.zeros(function.nnz_out(0))
    for place, each in enumerate(inputs):
        buffer.set_arg(place, each.data)
    buffer.set_res(0, result.data)
    held = buffer, inputs

    def run() -> Any:
        call()
        assert held
        return result

    return run


def gradient(f: Callable[[list[Any]], Any], x: Any) -> Side:
    """The gradient of f of a list of scalars."""
    casadi = loaded("casadi")
    z = casadi.SX.sym("z", len(x))
    y = f([z[i] for i in range(len(x))])
    return called(casadi.Function("f", [z], [casadi.densify(casadi.gradient(y, z))]), x)


def hello(x: float) -> Side:
    return gradient(lambda z: z[0] * z[0], [x])


def lse(given: Any) -> Side:
    casadi = loaded("casadi")
    z = casadi.MX.sym("z", len(given["x"]))
    largest = casadi.mmax(z)
    y = largest + casadi.log(casadi.sum1(casadi.exp(z - largest)))
    return called(casadi.Function("f", [z], [casadi.gradient(y, z)]), given["x"])


def llsq(given: Any) -> Side:
    casadi, n, m = loaded("casadi"), given["n"], len(given["x"])
    t = np.array([-1.0 + 2.0 * i / (n - 1.0) for i in range(n)])
    z = casadi.MX.sym("z", m)
    error = casadi.DM(np.sign(t)) - casadi.DM(np.vander(t, m, increasing=True)) @ z
    return called(casadi.Function("f", [z], [casadi.gradient(casadi.dot(error, error) / 2.0, z)]), given["x"])


def det(given: Any) -> Side:
    n = given["ell"]
    return gradient(lambda z: minors.determinant([z[i : i + n] for i in range(0, n * n, n)]), given["A"])


def ode(given: Any) -> Side:
    return gradient(lambda z: equation.solution(z, given["s"])[-1], given["x"])


def ba(given: Any) -> Side:
    """One observation as a function of its 15 numbers, mapped over all."""
    casadi, p = loaded("casadi"), given["p"]
    z = casadi.SX.sym("z", adjustment.COLUMNS)
    turned = turned_symbols(casadi, [z[i] for i in range(3)], [z[11 + i] - z[3 + i] for i in range(3)])
    u, v = turned[0] / turned[2], turned[1] / turned[2]
    square = u * u + v * v
    stretch = (1.0 + z[9] * square + z[10] * square * square) * z[6]
    seen = given["feat"]
    errors = casadi.vertcat(z[14] * (u * stretch + z[7] - seen[0]), z[14] * (v * stretch + z[8] - seen[1]))
    one = casadi.Function("one", [z], [casadi.densify(casadi.jacobian(errors, z)).T])
    rows, weights = called(one.map(p), [[*given["cam"], *given["x"], given["w"]]] * p), np.full(p, given["w"])
    return lambda: (rows(), -2.0 * weights)


def turned_symbols(casadi: Any, axis: list[Any], point: list[Any]) -> list[Any]:
    """`ba.rotated` with CasADi's square root, sine and cosine."""
    angle = casadi.sqrt(adjustment.dot(axis, axis))
    unit = [each / angle for each in axis]
    along = adjustment.dot(unit, point) * (1.0 - casadi.cos(angle))
    crossed = adjustment.cross(unit, point)
    return [
        p * casadi.cos(angle) + c * casadi.sin(angle) + u * along for p, c, u in zip(point, crossed, unit, strict=True)
    ]


SIDES: dict[str, Callable[[Any], Side]] = {
    "ba": ba,
    "det": det,
    "hello": hello,
    "llsq": llsq,
    "lse": lse,
    "ode": ode,
}
