"""Stand-ins for the arrays of other libraries, with what the real classes have.

pandas' Series is indexed by labels, iterating over a DataFrame gives its columns, and a tensor has a dtype that is no
NumPy dtype.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np


class Series:
    """As pandas' and polars': labels in `index`, no `ravel`, no `reshape`."""

    def __init__(self, numbers: Any) -> None:
        self._numbers = np.asarray(numbers)
        self.index = [f"row {i}" for i in range(len(numbers))]

    shape = property(lambda self: self._numbers.shape)
    dtype = property(lambda self: self._numbers.dtype)
    ndim = property(lambda self: self._numbers.ndim)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return self._numbers if dtype is None else self._numbers.astype(dtype)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._numbers)

    def __getitem__(self, label: Any) -> Any:
        return self._numbers[self.index.index(label)]

    def tolist(self) -> Any:
        return self._numbers.tolist()


class DataFrame(Series):
    """As pandas': what it iterates over are its columns, and it has no `dtype` and no `tolist`."""

    columns = ("a", "b")

    def __getattribute__(self, name: str) -> Any:
        if name in ("dtype", "tolist"):
            raise AttributeError(f"'DataFrame' object has no attribute '{name}'")
        return object.__getattribute__(self, name)

    def __iter__(self) -> Iterator[Any]:
        return iter(self.columns)

    def __getitem__(self, column: Any) -> Any:
        return Series(self._numbers[:, self.columns.index(column)])


class Tensor:
    """As PyTorch's: a dtype of its own, elements that are tensors, no NumPy where a gradient is wanted."""

    dtype = "torch.float64"
    wrong = "Can't call numpy() on Tensor that requires grad. Use tensor.detach().numpy() instead."

    def __init__(self, numbers: Any, requires_grad: bool = False, device: str = "cpu") -> None:
        self._numbers, self.requires_grad, self.device = np.asarray(numbers), requires_grad, device

    shape = property(lambda self: self._numbers.shape)
    ndim = property(lambda self: self._numbers.ndim)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        if self.requires_grad:
            raise RuntimeError(self.wrong)
        if self.device != "cpu":
            raise TypeError(f"can't convert {self.device} device type tensor to numpy")
        return self._numbers if dtype is None else self._numbers.astype(dtype)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[Any]:
        return map(Tensor, self._numbers)

    def __getitem__(self, i: Any) -> Any:
        return Tensor(self._numbers[i], self.requires_grad)

    def __float__(self) -> float:
        return float(self._numbers)


class Exported:
    """Anything that has nothing but DLPack."""

    def __init__(self, numbers: Any) -> None:
        self._numbers = np.asarray(numbers)

    def __dlpack__(self, **options: Any) -> Any:
        return self._numbers.__dlpack__(**options)

    def __dlpack_device__(self) -> Any:
        return self._numbers.__dlpack_device__()
