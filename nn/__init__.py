"""Neural networks on `autograd`: a thin layer, with the names of the textbook.

>>> import nn
>>> model = nn.MLP(2, [4, 1], hidden="tanh", seed=0)
>>> history = nn.fit(model, [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0], lr=0.05, epochs=500, until=0.01)
>>> history.stopped
'target loss'

`python -m nn --help` trains from the command line; `nn.tabular.datasets` holds the built-in data sets.
"""

from importlib.util import find_spec as _find_spec
from typing import TYPE_CHECKING

from nn._engine import refuse_other_engine

refuse_other_engine()

import autograd as _engine
from autograd._lazy import lazy_attributes as _lazy_attributes
from nn import cluster, datasets
from nn.inspection.diagnosis import Diagnosis, LayerReport, diagnose
from nn.inspection.gradient_check import check_gradients
from nn.interop.exporting import export
from nn.interop.keras import from_keras, to_keras
from nn.interop.onnx import to_onnx
from nn.interop.sklearn import from_sklearn, to_sklearn
from nn.interop.torch import from_torch, to_torch
from nn.layers.activations import ACTIVATIONS, Activation, get_activation
from nn.layers.embedding import Embedding
from nn.layers.initializers import INITIALIZERS, constant, get_initializer, given, normal, uniform
from nn.layers.mlp import MLP, Layer, Neuron
from nn.layers.module import Module
from nn.models import load, predict
from nn.persistence.documents import StorageError
from nn.persistence.storage import load_document, save
from nn.sweeps import Sweep, Trial, sweep
from nn.tabular.cells import TableError
from nn.tabular.table import read_table
from nn.train.history import Epoch, History
from nn.train.losses import (
    LOSSES,
    binary_cross_entropy,
    binary_cross_entropy_with_logits,
    cross_entropy,
    get_loss,
    half_squared_error,
    hinge,
    l2_penalty,
    mae,
    mse,
)
from nn.train.optimizers import OPTIMIZERS, SGD, Adam, AdamW, Optimizer, cosine, get_optimizer, linear_decay, step_decay
from nn.train.until import Until
from nn.training import fit

if TYPE_CHECKING:
    from nn.estimators.classifier import MLPClassifier as MLPClassifier
    from nn.estimators.regressor import MLPRegressor as MLPRegressor
else:  # not in `__all__`: `from nn import *` works without scikit-learn
    _LAZY = {"nn.estimators.classifier": ("MLPClassifier",), "nn.estimators.regressor": ("MLPRegressor",)}
    __getattr__ = _lazy_attributes(globals(), _LAZY)

__version__ = _engine.__version__

__all__ = [
    "ACTIVATIONS",
    "INITIALIZERS",
    "LOSSES",
    "MLP",
    "OPTIMIZERS",
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "Diagnosis",
    "Embedding",
    "Epoch",
    "History",
    "Layer",
    "LayerReport",
    "Module",
    "Neuron",
    "Optimizer",
    "StorageError",
    "Sweep",
    "TableError",
    "Trial",
    "Until",
    "binary_cross_entropy",
    "binary_cross_entropy_with_logits",
    "check_gradients",
    "cluster",
    "constant",
    "cosine",
    "cross_entropy",
    "datasets",
    "diagnose",
    "export",
    "fit",
    "from_keras",
    "from_sklearn",
    "from_torch",
    "get_activation",
    "get_initializer",
    "get_loss",
    "get_optimizer",
    "given",
    "half_squared_error",
    "hinge",
    "l2_penalty",
    "linear_decay",
    "load",
    "load_document",
    "mae",
    "mse",
    "normal",
    "predict",
    "read_table",
    "save",
    "step_decay",
    "sweep",
    "to_keras",
    "to_onnx",
    "to_sklearn",
    "to_torch",
    "uniform",
]


def __dir__() -> list[str]:
    estimators = ("MLPClassifier", "MLPRegressor") if _find_spec("sklearn") else ()
    return sorted({*globals(), *__all__, *estimators})
