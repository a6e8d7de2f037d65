"""The options of `python -m nn train`, and their defaults for each data set."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from autograd.cli.frame import JSON_HELP
from nn.cli.split_options import add_class_weight, add_split_options
from nn.cli.table_options import add_table_options
from nn.layers.activations import ACTIVATIONS
from nn.tabular.datasets import DATASETS
from nn.train.optimizers import OPTIMIZERS
from nn.train.tasks import LOSS_NAMES


@dataclass(frozen=True)
class Preset:
    """Defaults that suit a data set, used for options that are not given."""

    hidden: tuple[int, ...]
    activation: str
    lr: float
    epochs: int
    batch_size: int
    until_loss: float | None = None
    patience: int | None = None


TABLES = "a CSV or TSV file with a header line (also .gz, or - for stdin), JSON Lines, Parquet or Excel"
# Chosen by trying several seeds.
PRESETS: dict[str, Preset] = {
    "xor": Preset((8,), "tanh", lr=0.05, epochs=1000, batch_size=4, until_loss=0.01),
    "moons": Preset((16, 16), "relu", lr=0.01, epochs=60, batch_size=8, until_loss=0.01, patience=20),
    "digits": Preset((24,), "leaky_relu", lr=0.005, epochs=8, batch_size=8, patience=10),
}
TABLE_PRESET = Preset((16,), "tanh", lr=0.01, epochs=100, batch_size=16, patience=20)

UNSET = ("out", "cluster", "checkpoint", "groups", "time", "folds", "class_weight")  # None if they are not given

EXAMPLES = """\
examples:
  python -m nn train digits
  python -m nn train xor --hidden 4 --activation tanh --until-loss 0.001
  python -m nn train flowers.csv --target species --out runs/flowers
  python -m nn train houses.csv --target price --hidden 32,16 --drop-missing
"""


def fill_in(args: argparse.Namespace) -> argparse.Namespace:
    """The options, with the preset's value for each that was not given.

    >>> fill_in(argparse.Namespace(data="xor", hidden=(4,), lr=None)).hidden
    (4,)
    """
    preset = PRESETS.get(args.data, TABLE_PRESET)
    given = {name: value for name, value in vars(args).items() if value is not None}
    unset: dict[str, object] = dict.fromkeys(UNSET)
    return argparse.Namespace(**(unset | asdict(preset) | given))


def add_options(parser: argparse.ArgumentParser) -> None:
    """The arguments of `train`. Numbers are checked here; combinations are checked once the data is known."""
    known = ", ".join(DATASETS)
    parser.add_argument(
        "data",
        metavar="DATA",
        help=f"a built-in data set ({known}) or a table: {TABLES}",
    )
    help_of_out = "output folder (default: runs/NAME, or runs/NAME-2, … if that exists)"
    parser.add_argument("--out", metavar="DIR", type=Path, help=help_of_out)
    parser.add_argument("--quiet", action="store_true", help="print the result only, no progress")
    parser.add_argument("--json", action="store_true", help=JSON_HELP)
    add_table_options(parser.add_argument_group("tables", "What is not given is found out; --dry-run says what."))
    add_split_options(parser.add_argument_group("held-out samples", "The score is measured on samples not trained on."))
    _add_model_options(parser.add_argument_group("model"))
    _add_training_options(parser.add_argument_group("training"))
    _add_engine_options(parser.add_argument_group("where to compute"))


def by_data(option: str) -> str:
    """The defaults of an option for the help: for tables, and for the built-in data sets.

    >>> by_data("lr")
    '(default 0.01; xor 0.05, moons 0.01, digits 0.005)'
    """
    of = {name: _written(getattr(preset, option)) for name, preset in {"": TABLE_PRESET, **PRESETS}.items()}
    return f"(default {of.pop('')}; {', '.join(f'{name} {text}' for name, text in of.items())})"


def _written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else "none" if value is None else str(value)


def _add_model_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    hidden = sorted(set(ACTIVATIONS) - {"softmax"})
    add(
        "--hidden",
        metavar="SIZES",
        type=sizes,
        help=f"sizes of the hidden layers, such as 32,16 or none {by_data('hidden')}",
    )
    help_of_activation = f"activation of the hidden layers: %(choices)s {by_data('activation')}"
    add("--activation", metavar="NAME", choices=hidden, help=help_of_activation)
    add(
        "--output",
        metavar="NAME",
        choices=["auto", *ACTIVATIONS],
        default="auto",
        help="activation of the output layer: %(choices)s (default: auto, which suits the loss)",
    )
    add(
        "--loss",
        metavar="NAME",
        choices=("auto", *LOSS_NAMES),
        default="auto",
        help="%(choices)s (default: auto, which suits the task)",
    )
    help_of_bias = "initial bias of every neuron (default 0); 0.1 helps to keep ReLUs active"
    add("--bias", metavar="START", type=finite, default=0.0, help=help_of_bias)


def _add_training_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    optimizers = sorted(OPTIMIZERS)
    add("--optimizer", metavar="NAME", choices=optimizers, default="adam", help="%(choices)s (default: adam)")
    add("--lr", metavar="RATE", type=positive, help=f"learning rate {by_data('lr')}")
    help_of_epochs = f"maximum number of passes over the training data {by_data('epochs')}"
    add("--epochs", metavar="N", type=positive_integer, help=help_of_epochs)
    add("--batch-size", metavar="N", type=positive_integer, help=f"samples per update {by_data('batch_size')}")
    help_of_l2 = "add STRENGTH times the sum of squared parameters to the loss (default 0)"
    add("--l2", metavar="STRENGTH", type=not_negative, default=0.0, help=help_of_l2)
    help_of_until = f"stop when the training loss is at most LOSS {by_data('until_loss')}"
    add("--until-loss", metavar="LOSS", type=not_negative, help=help_of_until)
    help_of_patience = "stop early, after N epochs without a lower loss of a tenth of the training samples"
    add("--patience", metavar="N", type=positive_integer, help=f"{help_of_patience} {by_data('patience')}")
    help_of_no = "train for all epochs, and on all training samples"
    add("--no-early-stopping", dest="early_stopping", action="store_false", help=help_of_no)
    add_class_weight(group)
    add("--seed", metavar="N", type=int, default=0, help="seed of initial weights and sample order (default 0)")


def _add_engine_options(group: argparse._ArgumentGroup) -> None:
    add = group.add_argument
    help_of_eager = "train eagerly: slower, the same results up to rounding"
    add("--no-compile", dest="compile", action="store_false", help=help_of_eager)
    help_of_cluster = "train on N worker processes, or on the workers of the Dask scheduler at ADDRESS"
    add("--cluster", metavar="N|ADDRESS", type=cluster, help=help_of_cluster)
    help_of_checkpoint = "with --cluster: save the state of the training here, and resume from it if it exists"
    add("--checkpoint", metavar="FILE", type=Path, help=help_of_checkpoint)


def sizes(text: str) -> tuple[int, ...]:
    """Layer sizes separated by commas; "none" or "0" for no hidden layer.

    >>> sizes("32,16"), sizes("none")
    ((32, 16), ())
    """
    if text.strip().lower() in ("none", "0"):
        return ()
    try:
        return tuple(positive_integer(part) for part in text.split(","))
    except argparse.ArgumentTypeError as error:
        raise argparse.ArgumentTypeError(f"{error}; write sizes as 32,16 or none") from None


def positive_integer(text: str) -> int:
    """A positive integer."""
    if text.strip().isdecimal() and int(text) >= 1:
        return int(text)
    raise argparse.ArgumentTypeError(f"{text!r} is not a positive integer")


def cluster(text: str) -> int | str:
    """A number of worker processes, or the address of a scheduler.

    >>> cluster("2"), cluster("tcp://host:8786")
    (2, 'tcp://host:8786')
    """
    return text if ":" in text else positive_integer(text)


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
    """A positive finite number."""
    return _number(text, lambda number: number > 0.0, "a positive number")


def not_negative(text: str) -> float:
    """A finite number >= 0."""
    return _number(text, lambda number: number >= 0.0, "a number >= 0")
