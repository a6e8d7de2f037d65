"""Class weights: the factor by which the weights of the samples of a class are multiplied."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import Any, Literal

from autograd._numpy import NDArray, np
from nn.estimators.samples import Samples, Vector

ByClass = Mapping[Any, float]
ClassWeight = ByClass | Sequence[ByClass] | Literal["balanced"] | None  # a sequence: one mapping for each label


def weighted(samples: Samples, class_weight: ClassWeight, classes: NDArray[Any], multilabel: bool) -> Samples:
    """The samples with their weights multiplied by those of their classes, without those of weight 0.

    samples     their `y` holds indices into `classes`, or with `multilabel` columns of zeros and ones
    """
    if class_weight is None:
        return samples
    indices = samples.y.astype(np.intp)
    if multilabel:
        factor = _of_labels(class_weight, indices.T, samples.weight)
    else:
        factor = factors(class_weight, classes, indices, samples.weight)[indices]
    return Samples(samples.x, samples.y, samples.weight * factor).without_zero_weights()


def factors(class_weight: Any, classes: NDArray[Any], indices: NDArray[np.intp], weight: Vector) -> Vector:
    """The factor of each of these `classes`, for samples with these class indices and weights.

    "balanced" is Σ weights / (classes that occur · Σ weights of the class), so that all classes count the same.

    >>> classes, indices = np.array(["no", "yes"]), np.array([0, 0, 0, 1])
    >>> factors("balanced", classes, indices, np.ones(4)).tolist()
    [0.6666666666666666, 2.0]
    >>> factors({"yes": 5.0}, classes, indices, np.ones(4)).tolist()
    [1.0, 5.0]

    ValueError for what is neither, for a weight that is not a finite number >= 0, and for a name that is not a class
    while another class has no weight: that is a misspelling.
    """
    if class_weight == "balanced":
        total = np.bincount(indices, weights=weight, minlength=len(classes))
        occurring = np.count_nonzero(total)
        balanced: Vector = np.divide(weight.sum(), occurring * total, out=np.ones(len(classes)), where=total > 0.0)
        return balanced
    if not isinstance(class_weight, Mapping):
        raise ValueError(f'class_weight must be None, "balanced" or a dict of weights by class, got {class_weight!r}')
    for label, each in class_weight.items():
        if not (isinstance(each, Real) and 0.0 <= float(each) < math.inf):
            raise ValueError(f"class_weight[{label!r}] must be a finite number >= 0, got {each!r}")
    names = classes.tolist()
    unknown = [label for label in class_weight if label not in names]
    if unknown and any(name not in class_weight for name in names):
        raise ValueError(f"class_weight has the class {unknown[0]!r}, which is not among the classes {names}")
    return np.array([float(class_weight.get(name, 1.0)) for name in names])


def _of_labels(class_weight: Any, labels: NDArray[np.intp], weight: Vector) -> Vector:
    """The product of the factors of each label's column, as scikit-learn's `compute_sample_weight` has it."""
    by_label = [class_weight] * len(labels) if isinstance(class_weight, str) else class_weight
    if not isinstance(by_label, Sequence) or len(by_label) != len(labels):
        raise ValueError(
            f'class_weight must be None, "balanced" or a list of {len(labels)} dicts such as {{0: 1, 1: 5}}, one for '
            f"each label, got {class_weight!r}"
        )
    both = np.arange(2)
    found = [factors(each, both, column, weight)[column] for each, column in zip(by_label, labels, strict=True)]
    product: Vector = np.prod(found, axis=0)
    return product
