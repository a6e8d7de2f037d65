"""A backward pass that can be moved both ways, one product at a time, with exact undo. No user interface in here.

The stepper is one way to drive it; a recorder of all moments or a debug adapter are others. What holds at one moment
(what is done, what is pending, which breakpoint is met) is a function of the graph and of `Walk.index` alone, so it is
the same whether the moment was reached forwards or backwards.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from types import TracebackType
from typing import NamedTuple

from autograd import backward
from autograd.backward import Step
from autograd.errors import GraphError
from autograd.graph import topological
from autograd.value import Value


class Product(NamedTuple):
    """One edge of the graph: when its turn comes, `parent.grad += local * node.grad`.

    `slot` is the place of `parent` among `node.parents`; `x * x` has two products, with slots 0 and 1.
    """

    node: Value
    parent: Value
    local: float
    slot: int


class Walk:
    """The backward pass of `root`, standing between two of its products.

    root       what is differentiated
    nodes      every node in the order of the pass: each before its parents, `root` first
    products   every edge in the order of the pass; `len(walk)` is their number
    index      how many products are done: `products[index]` is next

    The gradients of the nodes are those of this moment, from the seed at index 0 to what `root.backward()` leaves at
    index `len(walk)`, bit for bit. Going back restores what was overwritten instead of subtracting it, so a moment seen
    again has the same bits.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> walk = Walk(a * b)
    >>> step = walk.step()
    >>> step.parent.label, step.contribution, walk.index, a.grad
    ('a', -3.0, 1, -3.0)
    >>> undone = walk.back()
    >>> walk.index, a.grad
    (0, 0.0)

    As a context manager it finishes the pass at the end of the block, or, left by an exception, takes all of it back:

    >>> with Walk(a * b) as walk:
    ...     step = walk.step()
    >>> a.grad, b.grad
    (-3.0, 2.0)

    TypeError for a root that is no Value. The gradients belong to the walk until `finish` or `abort`: nobody else may
    change them in between. Callbacks of `on_backward` are called once, when the pass first comes to their node, those
    of the last leaves by `finish`.
    """

    def __init__(self, root: Value) -> None:
        if not isinstance(root, Value):
            raise TypeError(f"a backward pass starts at a Value, got {root!r} ({type(root).__name__})")
        self.root = root
        self._found = [(node, node.grad) for node in topological(root)]
        self.nodes: Sequence[Value] = backward.start(root)[::-1]
        self.products: Sequence[Product] = list(_products(self.nodes))
        self._overwritten: list[float] = []  # the parent's gradient before each product that is done
        self._aborted = False
        self._ahead = deque(self.nodes)  # the nodes that it has never come to
        self._furthest = 0  # how far the pass has ever been
        self._reached: Value | None = None

    def __len__(self) -> int:
        return len(self.products)

    def __bool__(self) -> bool:
        return True  # also without products

    def __enter__(self) -> Walk:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, traceback: TracebackType | None) -> None:
        if kind is not None:
            self.abort()
        elif not self._aborted:
            self.finish()

    # --- moving -------------------------------------------------------------------------------------------------------

    @property
    def index(self) -> int:
        """How many products are done."""
        return len(self._overwritten)

    @property
    def at_end(self) -> bool:
        """Whether all products are done."""
        return len(self._overwritten) == len(self.products)

    def step(self) -> Step:
        """Do the next product; GraphError when none is left."""
        self._refuse_after_abort()
        if self.at_end:
            raise GraphError(f"all {len(self)} products of this backward pass are done; back() goes back")
        node, parent, local, _ = self.products[len(self._overwritten)]
        if self.index == self._furthest:
            self._reach(node)
            self._furthest += 1
        upstream, before = node.grad, parent.grad
        contribution = local * upstream
        after = parent.grad = before + contribution
        self._overwritten.append(before)
        return Step(self.index - 1, node, parent, local, upstream, contribution, before, after)

    def back(self) -> Step:
        """Undo the last product and say what it was; GraphError when none is done."""
        self._refuse_after_abort()
        undone = self.last
        if undone is None:
            raise GraphError("this is the beginning of the backward pass: there is no product to undo")
        undone.parent.grad = self._overwritten.pop()
        return undone

    def run(self, stop: Callable[[Walk], bool], *, backwards: bool = False) -> bool:
        """Move by one product, and on until `stop(walk)` holds; False when the pass ended (or began) before it did.

        >>> x = Value(3.0)
        >>> walk = Walk(x * x * x)
        >>> walk.run(lambda walk: x.grad != 0.0), walk.index, x.grad
        (True, 2, 9.0)
        >>> walk.run(lambda walk: x.grad == 0.0, backwards=True), walk.index
        (True, 1)
        """
        move, limit = (self.back, 0) if backwards else (self.step, len(self))
        while self.index != limit:
            move()
            if stop(self):
                return True
        return False

    def finish(self) -> None:
        """Do all that is left: the graph is as `root.backward()` leaves it."""
        while not self.at_end:
            self.step()
        self._reach(None)

    def abort(self) -> None:
        """Put back every gradient as it was before the walk; it cannot be moved any more."""
        for node, grad in self._found:
            node.grad = grad
        self._overwritten.clear()
        self._aborted = True

    def _reach(self, node: Value | None) -> None:
        """Tell the callbacks of `Value.on_backward` that the pass has come to `node`, or to the end; only once."""
        while self._ahead and (node is None or node is not self._reached):
            self._reached = self._ahead.popleft()
            if backward.callbacks:
                backward.reached(self._reached)

    def _refuse_after_abort(self) -> None:
        if self._aborted:
            raise GraphError("this backward pass was aborted and its gradients were put back; start a new Walk(root)")

    # --- looking ------------------------------------------------------------------------------------------------------

    @property
    def last(self) -> Step | None:
        """The product just done; None at the beginning."""
        if not self._overwritten:
            return None
        index = self.index - 1
        node, parent, local, _ = self.products[index]
        return Step(index, node, parent, local, node.grad, local * node.grad, self._overwritten[-1], parent.grad)

    @property
    def node(self) -> Value | None:
        """The node whose product is next; None at the end."""
        return None if self.at_end else self.products[self.index].node

    @property
    def arriving(self) -> Sequence[Value]:
        """The nodes that the pass has reached at exactly this moment: see `arrival`."""
        return self._arriving.get(self.index, ())

    def incoming(self, node: Value) -> Sequence[int]:
        """The indices of the products that make up the gradient of `node`, in order; none for the root."""
        return self._incoming[self._known(node)]

    def outgoing(self, node: Value) -> range:
        """The indices of the products that hand the gradient of `node` on; none for a leaf."""
        return self._outgoing[self._known(node)]

    def completion(self, node: Value) -> int:
        """The index from which on the gradient of `node` is complete; 0 for the root."""
        incoming = self.incoming(node)
        return incoming[-1] + 1 if incoming else 0

    def arrival(self, node: Value) -> int:
        """The index at which the pass reaches `node`: its gradient is complete and its own first product is next.

        A leaf, which has none, is reached when its gradient is complete.
        """
        outgoing = self.outgoing(node)
        return outgoing.start if outgoing else self.completion(node)

    def previous(self, node: Value) -> Value | None:
        """The node of the same kind, leaf or not, that the pass comes to before this one."""
        return self._previous[self._known(node)]

    def is_complete(self, node: Value) -> bool:
        """Whether nothing more will be added to the gradient of `node`."""
        return self.completion(node) <= self.index

    def contribution(self, index: int) -> float | None:
        """What product `index` has added to its parent's gradient; None while it is pending."""
        node, _, local, _ = self.products[index]
        return local * node.grad if index < self.index else None

    def _known(self, node: Value) -> Value:
        if node not in self._outgoing:
            raise GraphError(f"{node!r} takes no part in this backward pass: {self.root!r} does not depend on it")
        return node

    @cached_property
    def _incoming(self) -> dict[Value, list[int]]:
        found: dict[Value, list[int]] = {node: [] for node in self.nodes}
        for index, product in enumerate(self.products):
            found[product.parent].append(index)
        return found

    @cached_property
    def _outgoing(self) -> dict[Value, range]:
        found, start = {}, 0
        for node in self.nodes:
            found[node] = range(start, start + len(node.parents))
            start += len(node.parents)
        return found

    @cached_property
    def _previous(self) -> dict[Value, Value | None]:
        found: dict[Value, Value | None] = {}
        before: dict[bool, Value] = {}
        for node in self.nodes:
            is_leaf = not node.parents
            found[node] = before.get(is_leaf)
            before[is_leaf] = node
        return found

    @cached_property
    def _arriving(self) -> dict[int, list[Value]]:
        found: dict[int, list[Value]] = {}
        for node in self.nodes:
            found.setdefault(self.arrival(node), []).append(node)
        return found


def _products(nodes: Sequence[Value]) -> Iterator[Product]:
    for node in nodes:
        for slot, (parent, local) in enumerate(zip(node.parents, node.partials, strict=True)):
            yield Product(node, parent, local, slot)
