"""Value: a number that remembers how it was computed."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NoReturn

from autograd import rules
from autograd.arrays import apply_ufunc
from autograd.backward import backward
from autograd.callbacks import Callback, attach
from autograd.errors import GraphError, shown
from autograd.graph import slots
from autograd.pickling import reduce_node
from autograd.primitive import Primitive, opaque
from autograd.scopes import PLAIN, active, answering, hooks, open_blocks
from autograd.signatures import Operators

if TYPE_CHECKING:
    from autograd.signatures import Number, Real

_new = object.__new__


def as_float(x: Any) -> float:
    """A plain number as a float; TypeError, with a remedy, for everything else.

    >>> as_float(2)
    2.0
    >>> as_float("2")
    Traceback (most recent call last):
        ...
    TypeError: a Value holds a real number, got '2' (str); convert it with float(...)
    """
    if type(x) is float:
        return x
    # NumPy's bool is not a numbers.Real; its other scalars are, except 0-d arrays, which have a dtype.
    if (isinstance(x, numbers.Real) and not isinstance(x, bool)) or _is_real_array_scalar(x):
        return float(x)
    raise TypeError(f"a Value holds a real number, got {shown(x)} ({type(x).__name__}); {_remedy(x)}")


def _is_real_array_scalar(x: Any) -> bool:
    return getattr(x, "shape", None) == () and getattr(getattr(x, "dtype", None), "kind", "") in ("i", "u", "f")


def _remedy(x: Any) -> str:
    if isinstance(x, bool) or type(x).__name__ in ("bool_", "bool"):
        return "write 1.0 or 0.0, or use where(condition, x, y)"
    if isinstance(x, Value):
        return "use it as it is, or x.detach() for a leaf with the same number"
    if isinstance(x, complex):
        return "take its .real or .imag part"
    if hasattr(x, "__primitive__"):
        return "inside a Taylor expansion, take derivatives by functional.derivatives or taylor, not by grad"
    if hasattr(x, "__len__") and not isinstance(x, str | bytes):
        return "make one Value per element: [Value(each) for each in x]"
    return "give it a number" if x is None else "convert it with float(...)"


_NO_CLOSURES = (
    "a Value keeps the local derivatives in `partials` and has no `_backward` closure; an operation of your own is "
    "autograd.define(name, value, *partials), or Value(data, parents, partials) for a single node"
)


def _entered(x: Any) -> float:
    """The number of a new Value, which may be made from one that is being recorded."""
    if isinstance(x, Value) and (recorder := answering()) is not None:
        return recorder.wrap(x)  # type: ignore[no-any-return]
    return as_float(x)


def numbers_of(values: Sequence[Value]) -> list[float]:
    """The `data` of plain Values, read without a call for each.

    >>> numbers_of([Value(1.0), Value(2.0)])
    [1.0, 2.0]
    """
    if open_blocks and answering() is not None:
        return [each.data for each in values]
    return [each._data for each in values]


def node(primitive: Primitive, data: float, x: Any, y: Any, dx: Any, dy: Any) -> Value:
    """A new node; graph.py says what its slots hold."""
    out: Value = _new(Value)
    out._data = data
    out._grad = 0.0
    out.primitive = primitive
    out._x = x
    out._y = y
    out._dx = dx
    out._dy = dy
    if open_blocks and active() is not None:
        for watch in hooks().watchers:
            watch(out)
    return out


class Value(Operators):
    """A node of the graph: `data`, and for the chain rule its parents and the local derivative for each.

    data      the number, a float
    grad      ∂root/∂self after `root.backward()`; adds up over calls in leaves, is this pass's value elsewhere
    parents   the Values it was computed from, in operand order, once per use: `x * x` has two
    partials  ∂self/∂parent for each parent, computed when the node was made
    operands  all operands of the primitive, plain numbers included: `x * 3` has one parent and two operands
    op        the name of the primitive, '' for a leaf
    label     a name of your own

    >>> x = Value(3.0, label="x")
    >>> y = x * x + 1
    >>> y.backward()
    >>> y.data, x.grad, y.parents[0].partials
    (10.0, 6.0, (3.0, 3.0))
    >>> y.op, y.operands[1], y.detach().parents
    ('add', 1.0, ())

    Operators and functions record; `==` and `hash` are identity, `<` and the like compare data. An opaque node,
    `Value(data, parents, partials)`, takes part in `backward()`. `_children` and `_op` are what micrograd calls parents
    and op; a node with `_children` and without partials is refused by `backward()`.

    TypeError for data that is not a real number, and for parents and partials that do not match.
    """

    __slots__ = ("__dict__", "_data", "_dx", "_dy", "_grad", "_origin", "_x", "_y", "primitive")

    _data: float
    _grad: float
    primitive: Primitive | None
    # One or two operands and their partials; a partial of None: that operand is not a parent. Otherwise the parents,
    # their partials and the operands as tuples in _x, _dx and _y. See graph.py.
    _x: Any
    _y: Any
    _dx: Any
    _dy: Any
    _origin: Any  # unset, unless a watcher says where the node was made: see origin.py

    def __init__(
        self,
        data: Real,
        parents: Sequence[Value] | None = None,
        partials: Sequence[float] | None = None,
        op: str | None = None,
        label: str | None = None,
        _children: Sequence[Value] | None = None,
        _op: str | None = None,
    ) -> None:
        # Leaves are made as often as anything: the usual cases need no call, and None is cheapest to compare with.
        kind = type(data)
        if kind is float:
            self._data = data  # type: ignore[assignment]
        else:
            self._data = 1.0 * data if kind is int else _entered(data)  # type: ignore[assignment]
        self._grad = 0.0
        self.primitive = self._dx = self._dy = None  # and _x and _y unset
        if op is not None or label is not None or _children is not None or _op is not None:
            self._record_opaque(parents, partials, op or _op or "", _children)
            if label:
                self.label = label
        elif parents is not None or partials is not None:
            try:  # one or two plain Values and as many floats are checked without a loop
                if len(parents) == 1:  # type: ignore[arg-type]
                    [x], [dx] = parents, partials  # type: ignore[misc]
                    if type(x) is Value and type(dx) is float:
                        self.primitive = _OPAQUE
                        self._x = x
                        self._y = None
                        self._dx = dx
                else:
                    [x, y], [dx, dy] = parents, partials  # type: ignore[misc]
                    if type(x) is Value and type(y) is Value and type(dx) is float and type(dy) is float:
                        self.primitive = _OPAQUE
                        self._x = x
                        self._y = y
                        self._dx = dx
                        self._dy = dy
            except (TypeError, ValueError):
                pass
            if self.primitive is None:
                self._record_opaque(parents, partials)
        if open_blocks and active() is not None:
            now = hooks()
            for watch in now.watchers if self.primitive else (*now.leaf_watchers, *now.watchers):
                watch(self)

    def _record_opaque(self, parents: Any, partials: Any, op: str = "", children: Any = None) -> None:
        """Take parents and partials that the caller computed; with `children`, partials may be missing."""
        if not (parents or children or op or (partials is not None and len(partials))):
            return
        if isinstance(partials, str):
            raise TypeError(
                f"Value(data, parents, {partials!r}): the third argument holds the local derivatives, one per parent; "
                "an operation with a rule of its own is made by autograd.define(name, value, *partials)"
            )
        parents = tuple(parents or children or ())
        if partials is None or (children and not partials):
            partials = (_UNKNOWN,) * len(parents) if children else ()
        if not all(isinstance(parent, Value) for parent in parents):
            raise TypeError(f"parents must be Values, got {parents!r}")
        if len(parents) != len(partials):
            raise TypeError(f"{len(parents)} parents need as many partials, got {len(partials)}: {partials!r}")
        self._x = self._y = parents
        self._dx = tuple([x if x is _UNKNOWN else as_float(x) for x in partials])
        self.primitive = opaque(op)

    # --- reading a node -----------------------------------------------------------------------------------------------

    label: str = ""  # until one is set

    @property
    def data(self) -> float:
        """The number; in leaves it can be set, to a float or to what converts to one."""
        if open_blocks and (recorder := answering()) is not None:
            return recorder.read(self, "data")  # type: ignore[no-any-return]
        return self._data

    @data.setter
    def data(self, x: float) -> None:
        if open_blocks and (recorder := answering()) is not None:
            recorder.write(self, "data")
        self._data = x if type(x) is float else as_float(x)

    @property
    def grad(self) -> float:
        """∂root/∂self after `root.backward()`; accumulates over calls in leaves, so set it to 0 in between."""
        if open_blocks and (recorder := answering()) is not None:
            return recorder.read(self, "grad")  # type: ignore[no-any-return]
        return self._grad

    @grad.setter
    def grad(self, x: float) -> None:
        if open_blocks and (recorder := answering()) is not None:
            recorder.write(self, "grad")
        self._grad = x if type(x) is float else as_float(x)

    def zero_grad(self) -> None:
        """Set `grad` to 0.

        >>> x = Value(2.0)
        >>> (x * x).backward(); x.zero_grad(); x.grad
        0.0
        """
        self.grad = 0.0

    @property
    def op(self) -> str:
        """The name of the primitive that made this node; '' for a leaf."""
        return self.primitive.name if self.primitive else ""

    @property
    def operands(self) -> tuple[Any, ...]:
        """The operands in order: Values and plain floats; () for a leaf."""
        if self.primitive is None:
            return ()
        if type(self._dx) is tuple:
            return self._y  # type: ignore[no-any-return]
        return (self._x,) if self._y is None else (self._x, self._y)

    @property
    def parents(self) -> tuple[Value, ...]:
        """The operands that gradients flow to, in order and with multiplicity."""
        if self.primitive is None:
            return ()
        if type(self._dx) is tuple:
            return self._x  # type: ignore[no-any-return]
        return tuple([x for x, dx in ((self._x, self._dx), (self._y, self._dy)) if dx is not None])

    @property
    def partials(self) -> tuple[float, ...]:
        """∂self/∂parent for each of `parents`."""
        if type(self._dx) is tuple:
            return self._dx
        return tuple([dx for dx in (self._dx, self._dy) if dx is not None])

    def __repr__(self) -> str:
        if open_blocks and (recorder := answering()) is not None:
            return recorder.text(self, "")  # type: ignore[no-any-return]
        return self._described()

    def _described(self) -> str:
        extras = [f"{name}={text!r}" for name, text in (("op", self.op), ("label", self.label)) if text]
        return f"{type(self).__name__}({', '.join([f'data={self._data!r}', f'grad={self._grad!r}', *extras])})"

    def _repr_pretty_(self, printer: Any, cycle: bool) -> None:
        """IPython: the node, then one line per parent with its local derivative."""
        lines = [
            f"  ∂/∂{p.label or 'parent'} = {d!r}   {p!r}" for p, d in zip(self.parents, self.partials, strict=True)
        ]
        printer.text("\n".join([repr(self), *lines[:8], *(["  …"] if len(lines) > 8 else [])]))

    # --- what a node can do -------------------------------------------------------------------------------------------

    def backward(self, *gradient: object, debug: bool = False) -> None:
        """Add ∂self/∂leaf to the `grad` of every leaf, and set `grad` to ∂self/∂node on every other node.

        One pass in reverse topological order: `parent.grad += partial * node.grad` for each edge. A second call on the
        same graph doubles the leaves; set their `grad` to 0 in between (`zero_grad` of a module). An unrelated node
        keeps its `grad`. Source: Rumelhart, Hinton & Williams, Nature 323 (1986); order: decision 4 in DESIGN.md.

        >>> x = Value(2.0)
        >>> y = (x * x) * 1.0
        >>> y.backward(); y.backward(); x.grad
        8.0

        With `debug` a debugger steps through the pass on the lines of the forward program, and stops at its
        breakpoints, if the graph was built inside `autograd.debug()`: see debugging/mirror.py. The gradients are equal.

        TypeError for a gradient as in PyTorch: multiply the root by it instead.
        """
        if gradient:
            raise TypeError(f"backward takes no gradient; write ({gradient[0]!r} * y).backward()")
        if open_blocks and (recorder := answering()) is not None:
            recorder.refuse_backward()
        backward(self, debug)

    def on_backward(self, callback: Callable[[Value], object]) -> Callback:
        """Call `callback(self)` in each backward pass when `grad` is complete, before it is passed on to the parents.

        A `grad` that the callback sets is what is passed on. The returned handle removes it. While a callback exists
        anywhere, passes are several times slower.

        >>> x = Value(3.0)
        >>> h = x * x
        >>> printing = h.on_backward(lambda node: print(node.grad))
        >>> (2 * h).backward()
        2.0
        >>> printing.remove()

        TypeError for what cannot be called.
        """
        if open_blocks and (recorder := answering()) is not None:
            recorder.refuse_callback()
        return attach(self, callback)

    def detach(self) -> Value:
        """A leaf with the same number: the gradient stops there."""
        if open_blocks and (recorder := answering()) is not None:
            return recorder.detach(self)  # type: ignore[no-any-return]
        return Value(self._data)

    def __copy__(self) -> Value:
        if open_blocks and (recorder := answering()) is not None:
            recorder.refuse_copy()
        out: Value = _new(type(self))
        out._data, out._grad, out.primitive = self._data, self._grad, self.primitive
        out._dx, out._dy = self._dx, self._dy
        if self.primitive is not None:
            out._x, out._y = self._x, self._y
        vars(out).update(vars(self))
        return out

    def __reduce__(self) -> tuple[Any, ...]:
        if open_blocks and (recorder := answering()) is not None:
            recorder.refuse_copy()
        return reduce_node(self)

    # --- as a number --------------------------------------------------------------------------------------------------

    def __float__(self) -> float:
        if open_blocks and (recorder := answering()) is not None:
            return recorder.as_float(self)  # type: ignore[no-any-return]
        return self._data

    def __int__(self) -> int:
        if open_blocks and (recorder := answering()) is not None:
            return int(recorder.as_integer(self))
        return int(self._data)

    def __bool__(self) -> bool:
        if open_blocks and (recorder := answering()) is not None:
            recorder.refuse_truth()
        raise TypeError(
            f"the truth value of {self!r} is not defined; compare it, as in `v > 0`, or test the number, as in `v.data`"
        )

    def __format__(self, spec: str) -> str:
        if open_blocks and (recorder := answering()) is not None:
            return recorder.text(self, spec)  # type: ignore[no-any-return]
        return format(self._data, spec) if spec else repr(self)

    def __eq__(self, other: object) -> bool:
        """Identity, as for any node of a graph; a function that `compile` records is asked for the same answer."""
        if self is not other and (recorder := answering()) is not None:
            return recorder.equal(self, other)  # type: ignore[no-any-return]
        return NotImplemented if self is not other else True

    if TYPE_CHECKING:

        def __hash__(self) -> int: ...

    else:
        __hash__ = object.__hash__

    # --- operators, and functions as methods: those of rows are installed by operators.py -----------------------------

    def __pos__(self) -> Value:
        return self

    def __round__(self, digits: int | None = None) -> Value:
        return rules.round_(self, float(digits or 0))

    def clip(self, low: Number, high: Number, out: None = None) -> Value:
        """min(max(self, low), high): see `autograd.clip`. `np.clip` passes `out`, which must be None.

        >>> Value(5.0).clip(-1.0, 1.0).data
        1.0
        """
        return rules.clip(self, low, high)

    def fmod(self, other: Number) -> Value:
        """The rest of self / other, of the sign of self: see `autograd.fmod`. NumPy calls it in object arrays.

        >>> Value(-7.0).fmod(3.0).data
        -1.0
        """
        return rules.fmod(self, other)

    # --- recording ----------------------------------------------------------------------------------------------------

    @staticmethod
    def __primitive__(primitive: Primitive, operands: tuple[Any, ...]) -> Any:
        """Record `primitive` as a node, or leave it to an operand of another type that intercepts primitives."""
        kinds = set(map(type, operands))
        if not kinds <= _PLAIN:
            if any(hasattr(kind, "__primitive__") and not issubclass(kind, Value) for kind in kinds):
                return NotImplemented
            operands = tuple([x if isinstance(x, Value) else as_float(x) for x in operands])
        primitive.check_arity(operands)
        now = PLAIN if not open_blocks or active() is None else hooks()
        if now.recorder is not None:
            return now.recorder.apply(primitive, operands)
        return _apply(primitive, operands, now.off)

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **options: Any) -> Any:
        """NumPy's functions on Values, and on arrays with Values, elementwise: see arrays.py."""
        return apply_ufunc(ufunc, method, inputs, options)

    # --- other names for the same things: micrograd and microgpt programs run if their import changes ----------------

    @property
    def _prev(self) -> set[Value]:
        return set(self.parents)

    @property
    def _op(self) -> str:
        return self.primitive.symbol if self.primitive else ""

    @property
    def _children(self) -> tuple[Value, ...]:
        return self.parents

    @property
    def _local_grads(self) -> tuple[float, ...]:
        return self.partials

    @property
    def _backward(self) -> None:
        raise AttributeError(_NO_CLOSURES)

    @_backward.setter
    def _backward(self, closure: Callable[[], None]) -> None:
        raise AttributeError(_NO_CLOSURES)


def _apply(primitive: Primitive, operands: tuple[Any, ...], off: bool) -> Value:
    """The node of `primitive`, or with `off` a leaf with its value."""
    all_values = set(map(type, operands)) == _ONLY_VALUES
    data = [x if type(x) is float else x._data for x in operands]
    result = float(primitive.value(*data))
    if off:
        return Value(result)
    partials = primitive.partials_at(result, data)
    if all_values and primitive.variadic and None not in partials:
        return node(primitive, result, operands, operands, tuple(partials), None)
    return node(primitive, result, *slots(primitive.arity, operands, partials))


_OPAQUE = opaque("")


class _Unknown:
    """The partial of a node that was given `_children` without local derivatives: its use is refused."""

    def __refuse(self, *_: object) -> NoReturn:
        raise GraphError(
            "a Value made with _children has no local derivatives, so no gradient can pass it; write "
            "Value(data, parents, partials), or give the operation a rule with autograd.define"
        )

    __mul__ = __rmul__ = __add__ = __radd__ = __float__ = __refuse


_UNKNOWN: Any = _Unknown()
_ONLY_VALUES = {Value}
_PLAIN = {Value, float}
