"""How much each sample counts in the loss: by its class, or by a number of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypeAlias

from autograd._numpy import NDArray, np
from autograd.io.plural import counted
from nn.train.metrics import Prediction, predicted_class

ClassWeight: TypeAlias = Literal["balanced"] | Mapping[Any, float] | None
Weights: TypeAlias = NDArray[np.float64]


def class_of(target: Prediction) -> float:
    """The class that a target stands for: the target itself, or the place of the largest number of a one-hot row.

    >>> class_of(2), class_of([0.0, 1.0])
    (2, 1)
    """
    return predicted_class(target) if isinstance(target, Sequence) else target


def weights_by_class(class_weight: ClassWeight, targets: Sequence[Prediction]) -> dict[float, float]:
    """The weight of each class.

    "balanced" is n / (classes · samples of the class), so that each class counts the same in the loss and the mean
    weight is 1. A class that a mapping does not name has the weight 1.

    >>> weights_by_class("balanced", [0, 0, 0, 1])
    {0: 0.6666666666666666, 1: 2.0}

    ValueError for a name that is not "balanced", a class without samples, and a weight that is not positive.
    """
    counts = Counter(map(class_of, targets))
    if class_weight is None:
        return dict.fromkeys(counts, 1.0)
    if isinstance(class_weight, str):
        if class_weight != "balanced":
            raise ValueError(f"class_weight must be 'balanced' or a weight for each class, got {class_weight!r}")
        return {label: len(targets) / (len(counts) * count) for label, count in counts.items()}
    if unknown := [label for label in class_weight if label not in counts]:
        known = ", ".join(f"{label:g}" for label in sorted(counts)[:8])
        raise ValueError(f"class_weight: no target is {unknown[0]!r}; the classes are {known}")
    for label, weight in class_weight.items():
        _positive(f"class_weight[{label!r}]", weight)
    return {label: float(class_weight.get(label, 1.0)) for label in counts}


def sample_weights(sample_weight: Any, by_class: Mapping[float, float], targets: Sequence[Prediction]) -> Weights:
    """The weight of each sample: its own times that of its class.

    >>> sample_weights([1.0, 3.0], {0: 1.0, 1: 2.0}, [0, 1]).tolist()
    [1.0, 6.0]

    ValueError unless there is a finite weight >= 0 for each sample, and one above 0.
    """
    found = np.array([by_class.get(class_of(target), 1.0) for target in targets])
    if sample_weight is None:
        return found
    own = np.asarray(sample_weight, dtype=np.float64)
    if own.shape != found.shape:
        raise ValueError(f"sample_weight has the shape {own.shape}; there are {counted(len(found), 'sample')}")
    for i in np.flatnonzero(~(np.isfinite(own) & (own >= 0.0))):
        raise ValueError(f"sample_weight[{i}] is {own[i]}; weights are finite and >= 0")
    if not own.any():
        raise ValueError("every sample_weight is 0: there is nothing to train on")
    return found * own


def _positive(name: str, weight: float) -> None:
    if not 0.0 < weight < float("inf"):
        raise ValueError(f"{name} must be a positive number, got {weight!r}")
