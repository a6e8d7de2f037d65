"""The one trap of installing this package: HIPS/autograd imports under the same name."""

from os import PathLike
from os.path import exists, join

TRACES = ("tracer.py", "numpy", "wrap_util.py")  # what HIPS/autograd has in its folder and this package has not


def refuse_mixture(folder: str | PathLike[str]) -> None:
    """Raise ImportError if another distribution has put its files among ours, before something stranger happens.

    >>> refuse_mixture("autograd")
    """
    found = [name for name in TRACES if exists(join(folder, name))]
    if found:
        raise ImportError(
            f"{folder} holds files of another distribution that imports as 'autograd' (HIPS/autograd: "
            f"{', '.join(found)}); the two cannot share an environment. Either `pip uninstall -y autograd "
            "scalar-autograd` and then `pip install scalar-autograd`, or give one its own virtual environment"
        )
