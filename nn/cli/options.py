"""What `python -m nn train` may be told, and what it does when it is not told."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from nn.layers.activations import ACTIVATIONS
from nn.tabular.datasets import DATASETS
from nn.train.optimizers import OPTIMIZERS
from nn.train.tasks import LOSS_NAMES


@dataclass(frozen=True)
class Preset:
    """The options that suit a data set, used where the user says nothing."""

    hidden: tuple[int, ...]
    activation: str
    lr: float
    epochs: int
    batch_size: int
    until_loss: float | None = None
    patience: int | None = None


# Measured: xor is solved from each of 300 seeds, moons reach 98 % of the held-out samples from each of 20, digits 96 %
# from each of 3 (and 95 % from each of 20 in a NumPy twin of the run).
PRESETS: dict[str, Preset] = {
    "xor": Preset((8,), "tanh", lr=0.05, epochs=1000, batch_size=4, until_loss=0.01),
    "moons": Preset((16, 16), "relu", lr=0.01, epochs=60, batch_size=8, until_loss=0.01),
    "digits": Preset((24,), "leaky_relu", lr=0.005, epochs=8, batch_size=8),
}
TABLE_PRESET = Preset((16,), "tanh", lr=0.01, epochs=100, batch_size=16, patience=20)

EXAMPLES = """\
examples:
  python -m nn train digits
  python -m nn train xor --hidden 4 --activation tanh --until-loss 0.001
  python -m nn train flowers.csv --target species --out runs/flowers
  python -m nn train houses.csv --target price --task regression --hidden 32,16 --drop-missing
"""


def fill_in(args: argparse.Namespace, data: str) -> argparse.Namespace:
    """The options, with the preset's value for every one the user left open.

    >>> fill_in(argparse.Namespace(data="xor", hidden=(4,), lr=None, out=None), "xor").hidden
    (4,)
    """
    preset = PRESETS.get(args.data, TABLE_PRESET)
    given = {name: value for name, value in vars(args).items() if value is not None}
    return argparse.Namespace(
        **({"out": Path("runs", data), "cluster": None, "checkpoint": None} | asdict(preset) | given)
    )


def add_train_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `train`; numbers are checked here, what must go together is checked later."""
    parser.add_argument("data", metavar="DATA", help=f"{', '.join(DATASETS)}, or a CSV file with a header line")
    table = parser.add_argument_group("for a CSV file")
    table.add_argument("--target", metavar="COLUMN", help="the column to be learned from the others")
    table.add_argument("--ignore", metavar="COLUMNS", type=names, default=(), help="columns to leave out: id,name")
    table.add_argument("--task", choices=("classification", "regression"), help="default: told by the target column")
    table.add_argument("--drop-missing", action="store_true", help="leave out rows with a missing value")
    model = parser.add_argument_group("model")
    model.add_argument("--hidden", metavar="SIZES", type=sizes, help="hidden layers: 32,16; 'none' for a single layer")
    model.add_argument("--activation", choices=sorted(set(ACTIVATIONS) - {"softmax"}), help="of the hidden layers")
    model.add_argument(
        "--output", choices=["auto", *ACTIVATIONS], default="auto", help="activation of the output layer"
    )
    model.add_argument("--loss", choices=("auto", *LOSS_NAMES), default="auto")
    model.add_argument(
        "--bias", metavar="START", type=finite, default=0.0, help="of every neuron; 0.1 keeps ReLUs alive"
    )
    run = parser.add_argument_group("training")
    run.add_argument("--optimizer", choices=sorted(OPTIMIZERS), default="adam")
    run.add_argument("--lr", metavar="RATE", type=positive, help="learning rate")
    run.add_argument("--epochs", metavar="N", type=whole, help="at most so many passes over the samples")
    run.add_argument("--batch-size", metavar="N", type=whole, help="samples per update")
    run.add_argument(
        "--l2", metavar="STRENGTH", type=not_negative, default=0.0, help="adds STRENGTH times the sum of squares"
    )
    run.add_argument("--until-loss", metavar="LOSS", type=not_negative, help="stop when the training loss is this low")
    run.add_argument("--patience", metavar="N", type=whole, help="stop after N epochs without a better loss")
    run.add_argument(
        "--seed", metavar="N", type=int, default=0, help="start and order; the held-out samples stay the same"
    )
    run.add_argument(
        "--no-compile", dest="compile", action="store_false", help="train by graphs: slower, the same up to rounding"
    )
    run.add_argument(
        "--cluster",
        metavar="N|ADDRESS",
        type=cluster,
        help="train on N worker processes, or on a Dask scheduler's workers",
    )
    run.add_argument(
        "--checkpoint",
        metavar="FILE",
        type=Path,
        help="with --cluster: write it now and then; go on from it if it is there",
    )
    parser.add_argument("--out", metavar="DIR", type=Path, help="where to write (default: runs/NAME)")
    parser.add_argument("--quiet", action="store_true", help="no progress, only the result")


def names(text: str) -> tuple[str, ...]:
    """Names parted by commas.

    >>> names("id, name")
    ('id', 'name')
    """
    return tuple(part.strip() for part in text.split(",") if part.strip())


def sizes(text: str) -> tuple[int, ...]:
    """Layer sizes parted by commas; "none" or "0" is no hidden layer.

    >>> sizes("32,16"), sizes("none")
    ((32, 16), ())
    """
    if text.strip().lower() in ("none", "0"):
        return ()
    try:
        return tuple(whole(part) for part in text.split(","))
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; write sizes as 32,16 or none") from None


def whole(text: str) -> int:
    """A whole number of at least 1."""
    if text.strip().isdecimal() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")


def cluster(text: str) -> int | str:
    """A number of worker processes, or the address of a scheduler.

    >>> cluster("2"), cluster("tcp://host:8786")
    (2, 'tcp://host:8786')
    """
    return text if ":" in text else whole(text)


def _number(text: str, fits: Callable[[float], bool], wanted: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not fits(number) or math.isinf(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not {wanted}")
    return number


def finite(text: str) -> float:
    """A finite number."""
    return _number(text, math.isfinite, "a number")


def positive(text: str) -> float:
    """A finite number above 0."""
    return _number(text, lambda number: number > 0.0, "a number above 0")


def not_negative(text: str) -> float:
    """A finite number of at least 0."""
    return _number(text, lambda number: number >= 0.0, "a number of at least 0")
