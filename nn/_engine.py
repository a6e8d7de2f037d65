"""The traps of a common name: `import autograd` may find a file of the user's, or another distribution."""

from __future__ import annotations

from importlib.machinery import PathFinder
from importlib.util import find_spec


def refuse_other_engine() -> None:
    """Raise ImportError, with the place and the remedy, if `import autograd` finds another one than this package's.

    >>> refuse_other_engine()

    Nothing is imported to find out.
    """
    try:
        found = find_spec("autograd")
    except ValueError:  # a stand-in in sys.modules without a specification
        return
    places = found.submodule_search_locations if found else None
    if found is None or (places is not None and PathFinder.find_spec("_installation", places)):
        return
    if places is None:
        problem = (
            f"{found.origin} hides the package autograd of scalar-autograd: rename it, or run `python -P -m nn`, or"
            " `autograd`, which do not import from the current folder"
        )
    else:
        problem = (
            f"`import autograd` finds another distribution ({found.origin or next(iter(places), 'an empty folder')}): "
            "HIPS autograd has the same import name, and the two cannot share an environment. Either use a separate "
            "environment, or run `pip uninstall autograd` and then `pip install --force-reinstall scalar-autograd`."
        )
    raise ImportError(problem, name="nn")  # with this name, `python -m nn` shows one line
