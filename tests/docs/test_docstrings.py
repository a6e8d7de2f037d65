"""Documentation of every public name: a sentence, the formula, what its parameters mean, what it raises, an example.

What a function raises is read from its code, that of its private helpers included, and which parameters it has from its
signature, so that a docstring cannot go stale unnoticed. Examples are doctests: they run in the ordinary test command.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator
from doctest import SKIP, DocTestParser
from itertools import product
from math import isnan
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import pytest

import autograd
import nn
from autograd.primitive import PRIMITIVES, Primitive
from autograd.series import taylor

PACKAGES = (autograd, nn, autograd.functional, autograd.interop, taylor, nn.tabular.datasets)
# A function of numbers says what it computes, whichever module it is in.
OF_NUMBERS = ("autograd.functions", "autograd.affine", "nn.train.losses", "nn.layers.initializers")
FORMULA = re.compile(r"[=←√Σ·/²∈−+₁]|x where |min\(|values\[index\]")
TABLE_ROW = re.compile(r"^(\w+(?:, \w+)*)  +\S", re.MULTILINE)
LIST_ITEM = re.compile(r"((?:`\w+`(?:, )?)+):")
# Parameters that say themselves what they are, or are the x₁ … xₙ of the formula, or are said once for all losses.
SELF_EXPLANATORY = {"self", "args", "path", "title", "xs", "prediction", "target", "seed", "rng"}
# Nobody makes these but the function that returns them.
RETURNED = {
    "CheckReport",
    "Compiled",
    "Derivation",
    "Diagnosis",
    "Drawing",
    "Index",
    "LayerReport",
    "Primitive",
    "Propagated",
    "RootResult",
}


class Public(NamedTuple):
    """A public name, where its documentation is looked for, and the class that it is a method of."""

    name: str
    thing: Any
    owner: type | None = None

    @property
    def text(self) -> str:
        """Its own docstring; a method may leave it to the one that it overrides."""
        if inspect.isclass(self.thing):
            return inspect.cleandoc(self.thing.__doc__ or "") if vars(self.thing).get("__doc__") else ""
        overridden = (vars(base).get(self.name.split(".")[-1]) for base in getattr(self.owner, "__mro__", ()))
        texts = [self.thing.__doc__, *(each.__doc__ for each in overridden if each)]
        return inspect.cleandoc(next(filter(None, texts), ""))


def _members(owner: type, name: str) -> Iterator[Public]:
    for member, thing in vars(owner).items():
        inner = getattr(thing, "__func__", thing)
        if not member.startswith("_") and isinstance(inner, FunctionType | property | functools.cached_property):
            yield Public(f"{name}.{member}", inner, owner)


def _names(package: ModuleType) -> list[str]:
    functions = (name for name, each in vars(package).items() if getattr(each, "__module__", "") == package.__name__)
    return list(getattr(package, "__all__", None) or [name for name in functions if not name.startswith("_")])


def _public() -> Iterator[Public]:
    for package in PACKAGES:
        for name in _names(package):
            thing = getattr(package, name)
            if callable(thing):
                yield Public(f"{package.__name__}.{name}", thing)
            if inspect.isclass(thing):
                yield from _members(thing, f"{package.__name__}.{name}")


PUBLIC = {each.name: each for each in _public()}


def _row(public: Public) -> Primitive | None:
    """The row of the table that the docstring is made from."""
    thing = public.thing
    row = thing if isinstance(thing, Primitive) else PRIMITIVES.get(getattr(thing, "__name__", ""))
    return row if row is not None and row.__doc__ == thing.__doc__ else None


# --- what there is to say ---------------------------------------------------------------------------------------------


def _code(function: Any) -> ast.AST:
    return ast.parse(textwrap.dedent(inspect.getsource(function)))


def _functions(public: Public) -> Iterator[Any]:
    """The code behind a name: of a class, what makes an object."""
    thing = public.thing
    if inspect.isclass(thing):
        yield from (vars(thing)[name] for name in ("__init__", "__post_init__") if name in vars(thing))
    elif isinstance(thing, property):
        yield thing.fget
    elif isinstance(thing, functools.cached_property):
        yield thing.func
    elif not isinstance(thing, Primitive):
        yield inspect.unwrap(thing)


def _helper(name: str, function: Any, owner: type | None) -> Any:
    """The private function that a call by this name leads to; None for what is public or not ours."""
    found = function.__globals__.get(name) or getattr(owner, name, None)
    found = inspect.unwrap(found) if callable(found) else None
    return found if name.startswith("_") and isinstance(found, FunctionType) else None


def raised(public: Public) -> set[str]:
    """The names of the exceptions that the code raises, in private helpers too."""
    waiting, seen, names = list(_functions(public)), set(), set()
    owner = public.thing if inspect.isclass(public.thing) else public.owner
    while waiting:
        function = waiting.pop()
        if function in seen or not isinstance(function, FunctionType) or function.__code__.co_filename.startswith("<"):
            continue
        seen.add(function)
        for node in ast.walk(_code(function)):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
                names.add(ast.unparse(node.exc.func).split(".")[-1])
            elif isinstance(node, ast.Call):
                waiting.append(_helper(ast.unparse(node.func).split(".")[-1], function, owner))
    return {name for name in names if name[:1].isupper()}


def parameters(public: Public) -> set[str]:
    """The names of what a caller gives."""
    thing = public.thing
    if _row(public) or isinstance(thing, property | functools.cached_property):
        return set()
    if inspect.isclass(thing) and (issubclass(thing, Exception) or thing.__name__ in RETURNED):
        return set()
    return set(inspect.signature(thing).parameters) - SELF_EXPLANATORY


def prose(public: Public) -> str:
    """Its documentation without the examples."""
    return "".join(part for part in DocTestParser().parse(public.text) if isinstance(part, str))


def examples(public: Public) -> str:
    """The code in its doctests that are run, and of a method in all of its class and the classes above."""
    family = [base for base in getattr(public.owner, "__mro__", ()) if base.__module__ != "builtins"]
    texts = [public.text, *(text for base in family for text in map(_text, [base, *vars(base).values()]))]
    return "".join(
        example.source
        for text in texts
        for example in DocTestParser().get_examples(text)
        if SKIP not in example.options
    )


def _text(thing: Any) -> str:
    return thing.__doc__ or "" if isinstance(thing, type | FunctionType | property) else ""


# --- the rules --------------------------------------------------------------------------------------------------------


def _no_sentence(public: Public) -> bool:
    first = public.text.split("\n\n")[0].strip()
    row = _row(public)
    return not (first.endswith((".", ":")) or (row and first.startswith(f"{row.signature()} = ")))


def _no_formula(public: Public) -> bool:
    thing = public.thing
    if row := _row(public):
        return not row.formula
    of_numbers = inspect.isfunction(thing) and thing.__module__ in OF_NUMBERS and not public.name.startswith("nn.get_")
    return of_numbers and not FORMULA.search(prose(public))


def _no_example(public: Public) -> bool:
    """A class is shown at work, a function or method by its name, an error where it is raised, a row by itself."""
    if _row(public):
        return "For example, " not in public.text
    if inspect.isclass(public.thing):
        return not examples(public) and not issubclass(public.thing, Exception)
    return not re.search(rf"\b{public.name.split('.')[-1]}\b", examples(public))


def _no_table(public: Public) -> bool:
    """Of more than three parameters each has a row of its own in a table or list, as the reference shows them."""
    described = [*TABLE_ROW.findall(public.text), *LIST_ITEM.findall(public.text)]
    given = {name for name in parameters(public) if not name.startswith("_")}
    return len(given) > 3 and not given <= set(re.findall(r"\w+", " ".join(described)))


RULES: dict[str, Callable[[Public], object]] = {
    "no sentence": _no_sentence,
    "no formula": _no_formula,
    "no example": _no_example,
    "no table of its parameters": _no_table,
    "does not say that it raises": lambda public: {n for n in raised(public) if n not in prose(public)},
    "does not mention": lambda public: {
        name for name in parameters(public) if not re.search(rf"\b{name}\b", prose(public))
    },
}


def lacking(public: Public) -> list[str]:
    """What the documentation of a name lacks, in words."""
    found = {rule: lacks(public) for rule, lacks in RULES.items()}
    return [
        f"{rule} {', '.join(sorted(lack))}" if isinstance(lack, set) else rule for rule, lack in found.items() if lack
    ]


@pytest.mark.parametrize("name", PUBLIC)
def test_documentation_is_complete(name: str) -> None:
    assert lacking(PUBLIC[name]) == []


# --- the rules find what is missing -----------------------------------------------------------------------------------


def _complain(x: float) -> float:
    if x < 0:
        raise ValueError("negative")
    return x


def complete(number: float) -> float:
    """The square root: y = √number.

    >>> complete(4.0)
    2.0

    ValueError below 0.
    """
    return float(_complain(number) ** 0.5)


def _with_text(old: str, new: str) -> Public:
    """The function above with another docstring, as if it were one of the engine's."""
    assert old in (complete.__doc__ or "")
    copy = FunctionType(complete.__code__, complete.__globals__, "complete")
    copy.__doc__ = (complete.__doc__ or "").replace(old, new)
    copy.__annotations__, copy.__module__ = complete.__annotations__, OF_NUMBERS[0]
    return Public("autograd.complete", copy)


@pytest.mark.parametrize(
    ("old", "new", "gap"),
    [
        ("", "", []),
        ("y = √number.", "y = √number", ["no sentence"]),
        ("y = √number.", "it belongs to a number.", ["no formula"]),
        (">>> complete(4.0)", ">>> 2.0", ["no example"]),
        (">>> complete(4.0)", ">>> complete(4.0)  # doctest: +SKIP", ["no example"]),
        ("ValueError below 0.", "", ["does not say that it raises ValueError"]),
        ("y = √number.", "y² = x.\n\n    >>> number = 1.0", ["does not mention number"]),
    ],
)
def test_what_is_missing_is_found(old: str, new: str, gap: list[str]) -> None:
    assert lacking(_with_text(old, new)) == gap


@pytest.mark.parametrize(
    ("text", "is_listed"),
    [
        ("a     one\nb, c  two\nd     three", True),
        ("- `a`, `b`: one. `c`: two.\n- `d`: three.", True),
        ("a     one\nb, c  two\n\n`d` is three.", False),
        ("`a`, `b`, `c` and `d` are numbers.", False),
    ],
)
def test_more_than_three_parameters_are_listed(text: str, is_listed: bool) -> None:
    def many(a: float, b: float, c: float, d: float) -> None: ...

    many.__doc__ = text
    assert ("no table of its parameters" in lacking(Public("autograd.many", many))) != is_listed


def test_a_class_and_its_methods_are_looked_at_one_by_one() -> None:
    names = [name for name in PUBLIC if name.startswith("nn.Layer.")]
    assert {"nn.Layer.W", "nn.Layer.delta", "nn.Layer.parameters"} <= set(names)
    assert raised(PUBLIC["nn.MLP"]) == {"ValueError"}
    assert raised(PUBLIC["autograd.draw"]) == {"TypeError", "ValueError"}


@pytest.mark.parametrize("row", [row for row in PRIMITIVES.values() if "nan outside" in row.__doc__], ids=repr)
def test_b11_where_help_says_nan_there_is_nan(row: Primitive) -> None:
    """Row B11: help(pow) said "nan outside [0, inf]", but (-2)² is 4, and xlogy(0, -1) is 0."""
    for place, (low, high) in enumerate(row.domain):
        others = [-3.0, -1.0, 0.0, 1.0, 2.5]
        outside = [x for x in (low - 3.0, low - 1.0, low - 0.25, high + 0.25, high + 1.0) if not low <= x <= high]
        operands = [outside if i == place and outside else others for i in range(len(row.domain))]
        if outside:
            assert all(isnan(row.value(*each)) for each in product(*operands)), place


def test_b11_help_does_not_claim_what_is_not_so() -> None:
    assert "nan outside" in (PRIMITIVES["sqrt"].__doc__ or "")
    assert "nan outside" not in (PRIMITIVES["pow"].__doc__ or "") + (PRIMITIVES["xlogy"].__doc__ or "")
