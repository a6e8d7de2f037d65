"""The options of a compiled function, and the interface of a back end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol, TypeAlias, get_args

from autograd.errors import CompileError

Backend: TypeAlias = Literal["auto", "python", "numpy", "llvm"]
Dtype: TypeAlias = Literal["float64", "float32"]
OnBranch: TypeAlias = Literal["record", "raise"]
# The values of each option. `threads` is None or a positive integer, `batch` names of arguments.
SUPPORTED: dict[str, tuple[Any, ...]] = {
    "backend": get_args(Backend),
    "exact": (False, True),
    "dtype": get_args(Dtype),
    "on_branch": get_args(OnBranch),
}


@dataclass(frozen=True)
class Options:
    """How a program is to be computed.

    exact    the bits of eager Values, hence no other order of additions; else sums and products may be reordered
    dtype    of the computation; arguments and results are float64
    threads  how many may share the samples of a batch; None: one
    cache    whether programs are kept on disk, or in which directory; None: as AUTOGRAD_CACHE says

    >>> Options(dtype="float32")
    Options(backend='auto', exact=False, dtype='float32', threads=None, on_branch='record')

    CompileError for a value that is not supported, with those that are.
    """

    backend: str = "auto"
    exact: bool = False
    dtype: str = "float64"
    threads: int | None = None
    on_branch: str = "record"
    cache: bool | str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name, allowed in SUPPORTED.items():
            value = getattr(self, name)
            if not any(value is each or (type(value) is type(each) and value == each) for each in allowed):
                raise CompileError(f"{name}={value!r} is not supported; supported: {' or '.join(map(repr, allowed))}")
        count = self.threads
        if count is not None and (not isinstance(count, int) or isinstance(count, bool) or count < 1):
            raise CompileError(f"threads={count!r} is not supported; use None or a positive integer")


class Runner(Protocol):
    """A program ready to run; it may be called from several threads."""

    @property
    def source(self) -> str:
        """What runs, as text to read."""
        raise NotImplementedError

    def run(self, shared: Any, samples: Sequence[Any]) -> Any:
        """The outputs as an array of floats, or the number of the first guard that does not hold.

        `shared` is the float64 vector of the program's shared inputs. `samples` are float64 arrays (B, kᵢ) whose
        columns, side by side, are its batched inputs; none without a batch. Outputs are a vector (means over the
        samples), or (B, outputs) for a program that is `per_sample`.
        """
