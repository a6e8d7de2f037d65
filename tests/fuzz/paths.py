"""Which ways there are through the package, by what options, and what each promises."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.exporting.running import COMPILERS
from tests.fuzz import compiled_ways, eager_ways, kept_ways, larger_ways

Way = Callable[..., list[float]]
BOTH = ("value", "gradient")


@dataclass(frozen=True)
class Path:
    """`function(f, points, **options)` gives these parts for each point, or their mean with a batch.

    `same_as` is the path whose bits it promises; another promises the oracle's numbers, to `unit` roundings.
    A CompileError that has one of the texts in `refuses` is right.
    """

    name: str
    function: Way
    gives: tuple[str, ...]
    options: dict[str, Any] = field(default_factory=dict)
    same_as: str = ""
    refuses: tuple[str, ...] = ()

    @property
    def unit(self) -> float:
        """The relative error of a rounding."""
        return 2.0**-24 if self.options.get("dtype") == "float32" else 2.0**-53

    @property
    def is_batched(self) -> bool:
        """Whether it gives means over the points."""
        return self.function in BATCHED


EAGER = (
    Path("backward", eager_ways.backward, BOTH),
    Path("backward_steps", eager_ways.backward_steps, BOTH, same_as="backward"),
    Path("grad", eager_ways.grad, BOTH, same_as="backward"),
    Path("grad of grad", eager_ways.grad_of_grad, ("hessian",)),
    Path("functional.grad", eager_ways.functional_grad, ("gradient",)),
    Path("functional.value_and_grad", eager_ways.functional_value_and_grad, BOTH, same_as="backward"),
    Path("functional.jacobian", eager_ways.functional_jacobian, ("gradient",)),
    Path("functional.hessian", eager_ways.functional_hessian, ("hessian",)),
    Path("functional.jvp", eager_ways.functional_jvp, BOTH),
    Path("functional.hvp", eager_ways.functional_hvp, ("hessian",)),
    Path("grad of a grad that closes over", eager_ways.grad_of_closed_over_grad, ("hessian",)),
    Path("backward of a grad that closes over", eager_ways.backward_of_closed_over_grad, ("hessian",)),
)
WAYS: tuple[tuple[str, Way, tuple[str, ...], str], ...] = (
    ("gradient", compiled_ways.compiled, BOTH, "backward"),
    ("value", compiled_ways.compiled_value, ("value",), ""),  # if exact, that of the gradient's program
    ("hessian", compiled_ways.compiled_hessian, ("hessian",), "grad of grad"),
    ("batch", larger_ways.compiled_batch, BOTH, "mean of backward"),
    ("jvp", compiled_ways.compiled_jvp, BOTH, "functional.jvp"),
    ("vjp", compiled_ways.compiled_vjp, BOTH, "backward"),
    ("hvp", compiled_ways.compiled_hvp, ("hessian",), "functional.hvp"),
    ("jacobian", compiled_ways.compiled_jacobian, ("gradient",), "functional.jacobian"),
    ("rows of a Jacobian", compiled_ways.compiled_rows, ("gradient",), ""),
    ("columns of a Jacobian", compiled_ways.compiled_columns, ("gradient",), ""),
    ("rows of a Hessian", compiled_ways.compiled_hessian_rows, ("hessian",), ""),
    ("copies", larger_ways.compiled_copies, BOTH, "backward"),
    ("structures", compiled_ways.compiled_structures, BOTH, ""),
    ("taylor", compiled_ways.compiled_taylor, ("value", "gradient", "curvature"), ""),
    ("samples", larger_ways.compiled_samples, BOTH, ""),
    ("threads", larger_ways.compiled_threads, BOTH, ""),
    ("each sample", larger_ways.compiled_each, BOTH, ""),
    ("Jacobians of samples", larger_ways.compiled_jacobians, ("gradient",), ""),
    ("layer", larger_ways.compiled_layer, BOTH, ""),
    ("layer of a batch", larger_ways.compiled_layer_batch, BOTH, ""),
    ("recurrence", larger_ways.compiled_recurrence, ("gradient",), ""),
    ("sparse Jacobian", larger_ways.compiled_sparse, ("gradient",), ""),
    ("sparse Hessian", larger_ways.compiled_sparse_hessian, ("hessian",), ""),
    ("cache", kept_ways.cached, BOTH, "backward"),
    ("Python file", kept_ways.exported_to_python, BOTH, ""),
    ("C file", kept_ways.exported_to_c, ("gradient",), ""),
)
# Others are not exact, or the same as another way.
EXACT = frozenset(
    [
        *(
            compiled_ways.compiled,
            compiled_ways.compiled_hessian,
            compiled_ways.compiled_jvp,
            compiled_ways.compiled_vjp,
        ),
        *(compiled_ways.compiled_hvp, compiled_ways.compiled_jacobian, kept_ways.cached),
        *(larger_ways.compiled_batch, larger_ways.compiled_copies),
    ]
)
SAMPLES = frozenset([larger_ways.compiled_each, larger_ways.compiled_jacobians])
BATCHED = frozenset(
    [
        *(larger_ways.compiled_batch, larger_ways.compiled_samples, larger_ways.compiled_threads),
        larger_ways.compiled_layer_batch,
    ]
)
FILES = frozenset([kept_ways.exported_to_python, kept_ways.exported_to_c])
MISSING = frozenset([] if COMPILERS else [kept_ways.exported_to_c])  # ways whose programs this machine does not have
OPTIONS: tuple[dict[str, Any], ...] = tuple(
    {"backend": backend, **more}
    for backend in ("python", "numpy", "llvm")
    for more in ({}, {"exact": True}, {"dtype": "float32"})
    if (backend, *more) not in (("numpy", "exact"), ("python", "dtype"))  # which they do not offer
)


def _refused_by(function: Way) -> tuple[str, ...]:
    """A batch takes no `if` on its samples; another language has one branch, and no formula of some rows."""
    if function in FILES:
        return "one branch only", "in other languages", "other languages have no"
    return ("from sample to sample",) if function in BATCHED or function in SAMPLES else ()


def _compiled_paths() -> Iterator[Path]:
    for options in OPTIONS:
        for name, function, gives, same_as in WAYS:
            exact = "exact" in options
            if function in MISSING:
                continue
            if (exact and function not in EXACT) or (function in FILES and options != {"backend": "python"}):
                continue  # an export is the same by all back ends
            title = ", ".join(str(x) if key != "exact" else "exact" for key, x in options.items())
            refuses = _refused_by(function)
            yield Path(f"compile {name}: {title}", function, gives, options, same_as if exact else "", refuses)


COMPILED = tuple(_compiled_paths())
