"""Every kind of thing that a compiled function may read from outside, changed between two calls: row A11.

Each row makes a thing, reads a number from it, and changes it in place.
"""

from __future__ import annotations

import collections
import contextvars
import ctypes
import dataclasses
import enum
import functools
import gc
import operator
import threading
import types
import weakref
from array import array
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd.compiler.captures import Outside

pytestmark = pytest.mark.slow


class Kind(NamedTuple):
    """How to make one, to read a number from it, and to change that number."""

    make: Callable[[], Any]
    read: Callable[[Any], Any]
    change: Callable[[Any], Any]


class Plain:
    rate: Any = 2.0

    def __init__(self, rate: Any = 2.0) -> None:
        self.rate = rate

    def method(self) -> Any:
        return self.rate


class Slot:
    __slots__ = ("__weakref__", "rate")


class SlotAndMore(Slot):
    pass


class Operators(Plain):
    def __mul__(self, x: Any) -> Any:
        return x * self.rate

    def __float__(self) -> float:
        return float(self.rate)

    def __bool__(self) -> bool:
        return bool(self.rate == 2.0)

    def __contains__(self, x: Any) -> bool:
        return bool(self.rate == x)

    def __enter__(self) -> Any:
        return self.rate

    def __exit__(self, *_error: object) -> None: ...

    def __getattr__(self, name: str) -> Any:
        return vars(self)["rate"]


class Descriptor:
    def __init__(self) -> None:
        self.held = 2.0

    def __get__(self, owner: Any, kind: Any = None) -> float:
        return self.held


class Described:
    rate = Descriptor()


class Indexable(type):
    def __getitem__(cls, key: str) -> Any:
        return cls.table[key]  # type: ignore[attr-defined]


class Color(enum.Enum):
    RED = [2.0]  # noqa: RUF012 (that is what is tested)


@dataclasses.dataclass
class Data:
    rate: float = 2.0


class Constructed:
    def __init__(self) -> None:
        self.rate = shared[0]


class OfList(list[float]):
    def __iter__(self) -> Any:
        return iter(())


class OfDict(dict[str, float]):
    rate = 2.0

    def __missing__(self, key: str) -> float:
        return self.rate

    def __iter__(self) -> Any:
        return iter(())


class OfUserDict(collections.UserDict[str, float]):
    pass


class OfArray(np.ndarray[Any, Any]):
    rate = 2.0


class OfTuple(tuple[float, ...]):
    rate = 2.0


class OfFloat(float):
    rate = 2.0


shared = [2.0]
RECORD = [("rate", float), ("name", int)]
OBJECTS = [("rate", object), ("names", object, (2,))]


def with_attribute(x: Any, rate: float = 2.0) -> Any:
    x.rate = rate
    return x


def function() -> Any:
    def scaled(x: float, rate: float = 2.0, *, more: float = 1.0) -> float:
        return x * rate * more

    return scaled


def with_code(f: Any) -> None:
    f.__code__ = (lambda x, rate, more: 5.0 * x).__code__
    f.__defaults__, f.__kwdefaults__ = (5.0, 1.0), None


def constant_array(dtype: Any, rate: Any = 2.0) -> Any:
    x = np.zeros(2, np.dtype(dtype))  # of its own: one row renames its fields
    x["rate"] = rate
    return x


def item(key: Any) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    return lambda x: x[key], lambda x: x.__setitem__(key, 5.0)


def assigned(x: Any) -> None:
    x.rate = 5.0


def user_dict(x: Any) -> None:
    x.data = {"a": 5.0}


def resized(x: Any) -> None:
    x.resize((2, 2), refcheck=False)  # NumPy 2.5 deprecates setting the shape


def with_other_fields(x: Any) -> None:
    x.dtype.names = ("name", "rate")


def kept(x: Any) -> Any:
    """x, which something else keeps alive."""
    alive.append(x)
    return x


def viewed() -> dict[str, float]:
    return {"a": 2.0}


def within(x: Any) -> Any:
    """What a view or a proxy is of."""
    return gc.get_referents(x)[0]


alive: list[Any] = []
context = contextvars.ContextVar("context", default=2.0)
KINDS = {
    # arrays
    "array": Kind(lambda: np.array([1.0, 2.0]), *item(1)),
    "array without dimensions": Kind(lambda: np.array(2.0), float, lambda x: x.fill(5.0)),
    "view": Kind(lambda: np.arange(6.0)[::2], lambda x: float(x[1]), lambda x: x.base.fill(5.0)),
    "array of objects": Kind(lambda: np.array([1.0, 2.0], object), *item(1)),
    "array of objects, a row": Kind(
        lambda: np.full((2, 3), 2.0, object)[:, 1], lambda x: x[1], lambda x: x.base.fill(5)
    ),
    "array of objects, no dimensions": Kind(lambda: np.array(2.0, object), *item(())),
    "array of objects that gets a shape": Kind(lambda: np.ones(4, object), len, resized),
    "array of None": Kind(lambda: np.array([None]), lambda x: 2.0 if x[0] is None else x[0], item(0)[1]),
    "lists in an array": Kind(lambda: np.array([[2.0], None], object), lambda x: x[0][0], lambda x: item(0)[1](x[0])),
    "records": Kind(lambda: constant_array(RECORD), lambda x: float(x["rate"][0]), lambda x: item(0)[1](x["rate"])),
    "record": Kind(lambda: constant_array(RECORD)[0], lambda x: float(x["rate"]), item("rate")[1]),
    "names of fields": Kind(lambda: constant_array(RECORD), lambda x: float(x["rate"][0]), with_other_fields),
    "objects in records": Kind(lambda: constant_array(OBJECTS), lambda x: x["rate"][0], lambda x: x["rate"].fill(5.0)),
    "objects in a record": Kind(lambda: constant_array(OBJECTS)[0], *item("rate")),
    "arrays in records": Kind(
        lambda: constant_array(OBJECTS), lambda x: x["names"][0, 1] or 2.0, lambda x: x["names"].fill(5.0)
    ),
    "lists in records": Kind(
        lambda: constant_array(OBJECTS, [2.0]), lambda x: x["rate"][0], lambda x: x["rate"].__setitem__(0, 5.0)
    ),
    "masked array": Kind(lambda: np.ma.array([2.0]), lambda x: float(x[0]), item(0)[1]),
    "mask": Kind(lambda: np.ma.array([2.0, 1.0]), lambda x: float(x.sum()), lambda x: x.__setitem__(1, np.ma.masked)),
    "array's attribute": Kind(lambda: with_attribute(np.zeros(2).view(OfArray)), lambda x: x.rate, assigned),
    "array's new attribute": Kind(lambda: np.zeros(2).view(OfArray), lambda x: x.rate, assigned),
    "flat iterator": Kind(lambda: np.array([1.0, 2.0]).flat, lambda x: float(x[1]), item(1)[1]),
    "polynomial": Kind(lambda: np.polynomial.Polynomial([2.0]), lambda x: x(1.0), lambda x: x.coef.fill(5.0)),
    # buffers
    "array.array": Kind(lambda: array("d", [1.0, 2.0]), *item(1)),
    "longer array.array": Kind(lambda: array("d", [1.0]), len, lambda x: x.append(1.0)),
    "bytearray": Kind(lambda: bytearray(2), lambda x: x[1] + 2.0, lambda x: x.__setitem__(1, 3)),
    "longer bytearray": Kind(lambda: bytearray(2), len, lambda x: x.extend(b"12")),
    "memoryview": Kind(lambda: memoryview(array("d", [2.0])), *item(0)),
    "memoryview, strided": Kind(lambda: memoryview(np.full(6, 2.0))[::2], lambda x: x[1], lambda x: x.obj.fill(5.0)),
    "ctypes": Kind(lambda: (ctypes.c_double * 2)(1.0, 2.0), *item(1)),
    # containers
    "longer empty list": Kind(list, lambda x: len(x) + 2.0, lambda x: x.append(1.0)),
    "deque": Kind(lambda: collections.deque([1.0, 2.0]), *item(1)),
    "turned deque": Kind(lambda: collections.deque([2.0, 5.0]), lambda x: x[0], lambda x: x.rotate()),
    "defaultdict": Kind(lambda: collections.defaultdict(float, a=2.0), *item("a")),
    "default factory": Kind(
        lambda: collections.defaultdict(lambda: 2.0),
        lambda x: (x["a"], x.clear())[0],
        lambda x: setattr(x, "default_factory", lambda: 5.0),
    ),
    "Counter": Kind(lambda: collections.Counter(a=2), lambda x: x["a"], lambda x: x.update("a")),
    "OrderedDict": Kind(lambda: collections.OrderedDict(a=2.0), *item("a")),
    "order": Kind(
        lambda: collections.OrderedDict(a=2.0, b=5.0), lambda x: next(iter(x.values())), lambda x: x.move_to_end("a")
    ),
    "UserDict": Kind(lambda: collections.UserDict(a=2.0), *item("a")),
    "UserDict, replaced": Kind(lambda: collections.UserDict(a=2.0), lambda x: x["a"], user_dict),
    "subclass of UserDict": Kind(lambda: OfUserDict(a=2.0), *item("a")),
    "UserList": Kind(lambda: collections.UserList([2.0]), *item(0)),
    "longer UserList": Kind(lambda: collections.UserList([2.0]), len, lambda x: x.append(1.0)),
    "ChainMap": Kind(lambda: collections.ChainMap({}, {"a": 2.0}), *item("a")),
    "ChainMap, outer": Kind(
        lambda: collections.ChainMap({}, {"a": 2.0}), lambda x: x["a"], lambda x: item("a")[1](x.maps[1])
    ),
    "mapping proxy": Kind(
        lambda: (types.MappingProxyType(OfUserDict(a=2.0)),), lambda x: x[0]["a"], lambda x: item("a")[1](within(x[0]))
    ),
    "values": Kind(lambda: viewed().values(), sum, lambda x: item("a")[1](within(x))),
    "items": Kind(lambda: viewed().items(), lambda x: dict(x)["a"], lambda x: item("a")[1](within(x))),
    "keys": Kind(lambda: viewed().keys(), len, lambda x: item("b")[1](within(x))),
    "values of UserDict": Kind(lambda: collections.UserDict(a=2.0).values(), sum, lambda x: item("a")[1](x._mapping)),
    "list past its __iter__": Kind(lambda: OfList([2.0]), *item(0)),
    "dict past its __iter__": Kind(lambda: OfDict(a=2.0), *item("a")),
    "__missing__": Kind(OfDict, lambda x: x["a"], assigned),
    "tuple's attribute": Kind(lambda: OfTuple((1.0,)), lambda x: x.rate, assigned),
    "float's attribute": Kind(lambda: OfFloat(1.0), lambda x: x.rate, assigned),
    "nested": Kind(
        lambda: {"a": (np.array([{"b": collections.deque([2.0])}]),)},
        lambda x: x["a"][0][0]["b"][0],
        lambda x: item(0)[1](x["a"][0][0]["b"]),
    ),
    # weak references
    "reference": Kind(lambda: weakref.ref(kept(Plain())), lambda x: x().rate, lambda x: assigned(x())),
    "dead reference": Kind(
        lambda: weakref.ref(kept(Plain())), lambda x: 5.0 if x() is None else 2.0, lambda x: alive.clear()
    ),
    "proxy": Kind(lambda: weakref.proxy(kept(Plain())), lambda x: x.rate, assigned),
    "proxy of slots": Kind(lambda: weakref.proxy(kept(with_attribute(Slot()))), lambda x: x.rate, assigned),
    "WeakMethod": Kind(
        lambda: weakref.WeakMethod(kept(Plain()).method), lambda x: x()(), lambda x: assigned(x().__self__)
    ),
    "WeakKeyDictionary": Kind(
        lambda: weakref.WeakKeyDictionary({kept(Slot()): 2.0}),
        lambda x: sum(x.values()),
        lambda x: x.__setitem__(alive[-1], 5.0),
    ),
    "WeakValueDictionary": Kind(
        lambda: weakref.WeakValueDictionary(a=kept(Plain())),
        lambda x: x["a"].rate,
        lambda x: x.__setitem__("a", kept(Plain(5.0))),
    ),
    "WeakSet": Kind(
        lambda: weakref.WeakSet([kept(Plain())]),
        lambda x: sum(each.rate for each in x),
        lambda x: assigned(alive[-1]),
    ),
    # attributes
    "slot beside a dictionary": Kind(lambda: with_attribute(SlotAndMore()), lambda x: x.rate, assigned),
    "new attribute": Kind(types.SimpleNamespace, lambda x: getattr(x, "rate", 2.0), assigned),
    "name from elsewhere": Kind(
        lambda: (Plain(), "".join(["ra", "te"])), lambda x: getattr(*x), lambda x: assigned(x[0])
    ),
    "attrgetter": Kind(lambda: (operator.attrgetter("rate"), Plain()), lambda x: x[0](x[1]), lambda x: assigned(x[1])),
    "methodcaller": Kind(
        lambda: (operator.methodcaller("method"), Plain()), lambda x: x[0](x[1]), lambda x: assigned(x[1])
    ),
    "vars": Kind(Plain, lambda x: sum(vars(x).values()), assigned),
    "astuple": Kind(Data, lambda x: sum(dataclasses.astuple(x)), assigned),
    "asdict": Kind(Data, lambda x: sum(dataclasses.asdict(x).values()), assigned),
    "operator": Kind(Operators, lambda x: x * 1.0, assigned),
    "float": Kind(Operators, float, assigned),
    "truth": Kind(Operators, lambda x: 2.0 if x else 5.0, assigned),
    "in": Kind(Operators, lambda x: 2.0 if 2.0 in x else 5.0, assigned),
    "any attribute": Kind(Operators, lambda x: x.other, assigned),
    "descriptor": Kind(Described, lambda x: x.rate, lambda x: setattr(vars(Described)["rate"], "held", 5.0)),
    "construction": Kind(lambda: shared, lambda x: Constructed().rate, item(0)[1]),
    "metaclass": Kind(
        lambda: Indexable("Any", (), {"table": {"a": 2.0}}), lambda x: x["a"], lambda x: x.table.update(a=5.0)
    ),
    "enum": Kind(lambda: Color, lambda x: x.RED.value[0], lambda x: item(0)[1](x.RED.value)),
    "thread's own": Kind(lambda: with_attribute(threading.local()), lambda x: x.rate, assigned),
    "context variable": Kind(lambda: context, lambda x: x.get(), lambda x: x.set(5.0)),
    "function's attribute": Kind(lambda: with_attribute(function()), lambda x: x.rate, assigned),
    "function's code": Kind(function, lambda x: x(1.0), with_code),
    "function's defaults": Kind(function, lambda x: x(1.0), lambda x: setattr(x, "__defaults__", (5.0,))),
    "function's keyword default": Kind(function, lambda x: x(1.0), lambda x: x.__kwdefaults__.update(more=5.0)),
    "vectorized": Kind(
        lambda: (np.vectorize(functools.partial(operator.mul, shared[0])), Plain()),
        lambda x: float(x[0](1.0)) * x[1].rate,
        lambda x: assigned(x[1]),
    ),
}


@pytest.fixture(autouse=True)
def as_it_was() -> Any:
    """Whatever a test changes is put back."""
    token = context.set(2.0)
    yield
    context.reset(token)
    alive.clear()
    shared[0] = Color.RED.value[0] = vars(Described)["rate"].held = 2.0


@pytest.mark.parametrize("name", KINDS)
def test_what_is_changed_in_place_is_seen(name: str) -> None:
    kind = KINDS[name]
    thing, read = kind.make(), kind.read
    f = lambda x: x * read(thing)  # noqa: E731
    fast = autograd.compile(f)
    before = fast(3.0)
    assert before == fast(3.0) == f(3.0)
    assert "recordings: 1" in fast.explain()
    kind.change(thing)
    assert fast(3.0) == f(3.0) != before
    assert "recordings: 2" in fast.explain()


@pytest.mark.parametrize("name", KINDS)
def test_what_stays_costs_no_recording(name: str) -> None:
    """However it is read: some give new objects at each reading."""
    thing, read = KINDS[name].make(), KINDS[name].read
    outside = Outside(lambda x: x * read(thing))
    gc.collect(0)  # all that this test has made
    assert outside.change() is None
    outside.settle()
    KINDS[name].change(thing)
    assert "then" in (outside.change() or "")


@given(st.lists(st.sampled_from([1.0, -0.0, 0.0, 2, 2.0, "a", None]), min_size=1, max_size=5), st.data())
def test_every_entry_of_an_array_of_objects_counts(entries: list[Any], data: st.DataObject) -> None:
    """As the entries of a list, of which it is a copy otherwise."""
    array_of, list_of = np.array([*entries, None], object), [*entries, None]
    of_array, of_list = Outside(lambda x: array_of[0]), Outside(lambda x: list_of[0])
    place = data.draw(st.integers(0, len(entries)))
    array_of[place] = list_of[place] = data.draw(st.sampled_from([1.0, -0.0, 0.0, 2, 2.0, "a", None]))
    now = (of_array.change() or "").replace("array_of", "list_of")
    assert now == (of_list.change() or "")


def test_a_weak_reference_stays_weak() -> None:
    thing = Plain()
    reference = weakref.ref(thing)
    fast = autograd.compile(lambda x: x * (5.0 if reference() is None else reference().rate))
    assert fast(1.0) == 2.0
    del thing
    gc.collect()
    assert reference() is None
    assert fast(1.0) == 5.0


def test_one_large_thing_leaves_the_others_watched() -> None:
    large, small = [0.0] * 20_000, [2.0]
    fast = autograd.compile(lambda x: x * small[0] + large[0])
    assert fast(1.0) == 2.0
    small[0] = 5.0
    assert fast(1.0) == 5.0
