"""Commands of packages that build on `autograd`, by the entry point group `autograd.commands`.

Each entry is a mapping from headings to commands (`frame.Groups`), as `nn.cli.main.GROUPS`: what is below need not know
what is above.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib.machinery import PathFinder
from importlib.metadata import entry_points

from autograd.cli.frame import Command, Groups
from autograd.io.files import file_name

GROUP = "autograd.commands"


def plugged_in() -> tuple[Groups, list[str]]:
    """The commands of other packages, and what is wrong with those that cannot be loaded."""
    groups: dict[str, Mapping[str, Command]] = {}
    problems = []
    for entry in entry_points(group=GROUP):
        problem = hidden(entry.module)
        if problem:
            problems.append(problem)
            continue
        try:
            groups.update(entry.load())
        except (ImportError, AttributeError) as error:
            problems.append(f"the commands of {entry.value} cannot be loaded: {error}")
    return groups, problems


def hidden(module: str) -> str:
    """What stands in the way of a module: a file of the user's that has the name of its package; "" if nothing does.

    Nothing is imported to find out.

    >>> hidden("autograd.cli.frame"), hidden("csv.rows").partition("csv.py")[2][:27]
    ('', " hides the package 'csv' of")
    """
    first, *rest = module.split(".")
    name, found = first, PathFinder.find_spec(first)
    top = found
    for part in rest:
        places = found.submodule_search_locations if found else None
        name = f"{name}.{part}"
        found = PathFinder.find_spec(name, places) if places else None
    if found is not None or top is None:
        return "" if found else f"the package {first!r} is not installed"
    place = file_name(top.origin or next(iter(top.submodule_search_locations or ()), first))
    return (
        f"{place} hides the package {first!r} of scalar-autograd: rename it, or use the command `autograd`, or `python"
        " -P -m autograd`, which do not import from the current folder"
    )
