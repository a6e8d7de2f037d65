"""The rows of the table as functions of NumPy arrays, from the same formulas."""

from __future__ import annotations

from collections.abc import Iterable

from autograd.compiler.llvm.body import Word
from autograd.compiler.llvm.rows import FUNCTIONS
from autograd.exporting.formulas import Formulas
from autograd.exporting.language import Language
from autograd.exporting.spelling import without_formula

_OTHER = {"fabs": "abs", "asin": "arcsin", "acos": "arccos", "atan": "arctan", "atan2": "arctan2"}
_OTHER |= {"asinh": "arcsinh", "acosh": "arccosh", "atanh": "arctanh", "pow": "power"}
_NAMES = {
    *("sqrt", "fabs", "copysign", "trunc", "floor", "ceil"),
    *(f"libm_{name}" for name in ("exp", "expm1", "exp2", "log", "log1p", "log2", "log10", "sin", "cos", "tan")),
    *(f"libm_{name}" for name in ("asin", "acos", "atan", "atan2", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh")),
    *(f"libm_{name}" for name in ("cbrt", "pow", "fmod", "erf", "erfc")),
}
_ERF = {f"_{name}": f"_{name} = np.vectorize(math.{name}, otypes=[float])" for name in ("erf", "erfc")}


def _numpy(symbol: str) -> str:
    name = symbol.removeprefix("libm_")
    return f"_{name}" if f"_{name}" in _ERF else f"np.{_OTHER.get(name, name)}"


NUMPY = Language("Python", "", "", "", "", "np.inf", "np.nan", {name: _numpy(name) for name in _NAMES}, _ERF)

FOLDS = {
    "logsumexp": (
        "def logsumexp(x):",
        "    m = np.max(x, axis=0)",
        "    shift = np.where(np.isfinite(m), m, 0.0)",
        "    return shift + np.log(np.sum(np.exp(x - shift), axis=0))",
    ),
    "hypot": ("def hypot(x):", "    return np.hypot.reduce(x, axis=0)"),
    "prod": ("def prod(x):", "    return np.prod(x, axis=0)"),
    "pivot": ("def pivot(x):", "    return np.max(x, axis=0)"),
    "largest": ("def largest(x):", "    return np.max(x, axis=0)"),
    "pick": (
        "def pick(index, x):",
        "    places = np.arange(len(x)).reshape(-1, *[1] * (np.ndim(x) - 1))",
        "    return np.sum(np.where(places == index, x, 0.0), axis=0)",
    ),
}


class _OnArrays(Formulas):
    """Statements on arrays: flags are arrays too."""

    def _declared(self, kind: str, text: str) -> str:
        self._count += 1
        name = f"v{self._count}"
        self.lines.append(f"{name} = {text}")
        return name

    def compare(self, relation: str, x: Word, y: Word) -> str:
        """A flag for each element."""
        found = super().compare(relation, x, y)
        text = self.lines[-1].partition(" = ")[2]
        for sign, other in ((" || ", "|"), (" && ", "&")):
            if sign in text:
                text = other.join([f"({each})" for each in text.split(sign)])
        self.lines[-1] = f"{found} = {text.replace('!(', '~(')}"
        return found

    def either(self, x: str, y: str) -> str:
        """Both flags' disjunction."""
        return self._declared("", f"{x} | {y}")

    def both(self, x: str, y: str) -> str:
        """Both flags' conjunction."""
        return self._declared("", f"{x} & {y}")

    def select(self, flag: str, x: Word, y: Word) -> str:
        """x where the flag is set, else y."""
        return self._declared("", f"np.where({flag}, {self.word(x)}, {self.word(y)})")


def functions(names: Iterable[str]) -> list[str]:
    """The functions of these names as lines.

    >>> print("\\n".join(functions(["relu"])))
    def relu(x0):
        v1 = x0 <= 0.0
        return np.where(v1, 0.0, x0)
    """
    lines: list[str] = []
    used: dict[str, None] = {}
    for name in names:
        lines += ["", ""] if lines else []
        if name in FOLDS:
            lines += FOLDS[name]
            continue
        if name not in FUNCTIONS:
            raise without_formula(name)
        count, builder = FUNCTIONS[name]
        body = _OnArrays(NUMPY)
        operands = [f"x{i}" for i in range(count)]
        result = builder(body, *operands)
        last = body.lines.pop().partition(" = ")[2] if body.lines[-1].startswith(f"{result} = ") else result
        lines += [f"def {name}({', '.join(operands)}):", *[f"    {line}" for line in body.lines], f"    return {last}"]
        used |= body.used
    helpers = [_ERF[name] for name in used]
    return [*(["import math", ""] if helpers else []), *helpers, *(["", ""] if helpers else []), *lines]
