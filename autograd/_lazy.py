"""Lazy imports: `import autograd` loads the engine, and pictures or the debugger when they are first used.

The table of such names is in `__init__.py`. This is the one place where a module is imported by its name as text.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any


def lazy_attributes(package: dict[str, Any], table: Mapping[str, Sequence[str]]) -> Callable[[str], Any]:
    """The `__getattr__` of a package, given as its `globals()`: it imports a name when it is first asked for (PEP 562).

    `table` reads like the statements it stands for: `from <module> import <names>`, submodules from the package itself.

    >>> later = lazy_attributes({"__name__": "collections"}, {"collections": ["abc"], "math": ["tau"]})
    >>> later("tau"), later("abc").__name__
    (6.283185307179586, 'collections.abc')

    AttributeError for a name that is not in the table.
    """
    own_name = package["__name__"]
    module_of = {name: module for module, names in table.items() for name in names}

    def __getattr__(name: str) -> Any:  # noqa: N807 (this is what the package will call it)
        if name not in module_of:
            raise AttributeError(f"module {own_name!r} has no attribute {name!r}")
        module = module_of[name]
        is_submodule = module == own_name
        found = import_module(f"{own_name}.{name}") if is_submodule else getattr(import_module(module), name)
        package[name] = found  # from now on found without asking
        return found

    return __getattr__


def load(module: str) -> ModuleType:
    """The module of this name.

    >>> load("math").sqrt(9.0)
    3.0
    """
    return import_module(module)


def lazy_call(module: str, name: str) -> Callable[..., Any]:
    """A function, or method, that calls `name` of `module`, which is imported by the first call.

    >>> lazy_call("math", "sqrt")(9.0)
    3.0
    """

    def function(*args: Any, **options: Any) -> Any:
        return getattr(import_module(module), name)(*args, **options)

    function.__name__ = name
    return function
