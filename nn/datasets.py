"""Data to train on: three sets that come with the package, and the split into training and held-out samples."""

from nn.tabular.datasets import DATASETS, Dataset, load, split, with_split

__all__ = ["DATASETS", "Dataset", "load", "split", "with_split"]
