"""`Walk`: a backward pass that moves one product at a time, forwards and back, with exact undo; without user interface.

The stepper, the debug adapter and the replay drive it. What holds at one moment (what is done, what is pending, which
breakpoint is met) depends on the graph and `Walk.index` alone, so it is the same whether the moment was reached
forwards or backwards.
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
    """One edge of the graph, along which the pass does `parent.grad += local * node.grad`.

    `slot` is the position of `parent` in `node.parents`; `x * x` has two products, with slots 0 and 1.
    """

    node: Value
    parent: Value
    local: float
    slot: int


class Walk:
    """The backward pass of `root`, stopped between two of its products.

    root       the node that is differentiated
    nodes      every node in the order of the pass: `root` first, each before its parents
    products   every edge in the order of the pass; `len(walk)` is their number
    index      how many products are done: `products[index]` is next

    The gradients of the nodes are those of this moment: at index 0 the seed, at index `len(walk)` those of
    `root.backward()`, bit for bit. Going back restores what was overwritten instead of subtracting, so that a moment
    has the same bits each time.

    >>> a, b = Value(2.0, label="a"), Value(-3.0, label="b")
    >>> walk = Walk(a * b)
    >>> step = walk.step()
    >>> step.parent.label, step.contribution, walk.index, a.grad
    ('a', -3.0, 1, -3.0)
    >>> undone = walk.back()
    >>> walk.index, a.grad
    (0, 0.0)

    As a context manager it finishes the pass at the end of the block, or undoes all of it after an exception:

    >>> with Walk(a * b) as walk:
    ...     step = walk.step()
    >>> a.grad, b.grad
    (-3.0, 2.0)

    TypeError for a root that is not a Value. The gradients belong to the walk until `finish` or `abort`: nothing else
    may change them in between. Callbacks of `on_backward` are called once, when the pass first reaches their node;
    `finish` calls those of the last leaves.
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
        self._ahead = deque(self.nodes)  # the nodes that it has never reached
        self._furthest = 0  # the largest index so far
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
        """Do the next product; GraphError if none is left."""
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
        """Undo the last product and return it; GraphError if none is done."""
        self._refuse_after_abort()
        undone = self.last
        if undone is None:
            raise GraphError("this is the beginning of the backward pass: there is no product to undo")
        undone.parent.grad = self._overwritten.pop()
        return undone

    def run(self, stop: Callable[[Walk], bool], *, backwards: bool = False) -> bool:
        """Move by at least one product until `stop(walk)` holds; False if the pass ended (or began) before it did.

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
        """Do all products that are left: the gradients are those of `root.backward()`."""
        while not self.at_end:
            self.step()
        self._reach(None)

    def abort(self) -> None:
        """Restore every gradient to what it was before the walk, which cannot be moved any more."""
        for node, grad in self._found:
            node.grad = grad
        self._overwritten.clear()
        self._aborted = True

    def _reach(self, node: Value | None) -> None:
        """Call the callbacks of `Value.on_backward`, once, for the nodes up to `node`; None: for all that are left."""
        while self._ahead and (node is None or node is not self._reached):
            self._reached = self._ahead.popleft()
            if backward.callbacks:
                backward.reached(self._reached)

    def _refuse_after_abort(self) -> None:
        if self._aborted:
            raise GraphError("this backward pass was aborted and its gradients restored; start a new Walk(root)")

    # --- inspecting ---------------------------------------------------------------------------------------------------

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
        """The nodes that the pass reaches at exactly this moment: see `arrival`."""
        return self._arriving.get(self.index, ())

    def incoming(self, node: Value) -> Sequence[int]:
        """The indices of the products that make up the gradient of `node`, in order; none for the root."""
        return self._incoming[self._known(node)]

    def outgoing(self, node: Value) -> range:
        """The indices of the products that propagate the gradient of `node`; none for a leaf."""
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
        """The node that the pass reaches before this one, among leaves for a leaf, among the others for any other."""
        return self._previous[self._known(node)]

    def pending(self, node: Value) -> int:
        """How many products of the gradient of `node` are not done yet."""
        return sum(index >= self.index for index in self.incoming(node))

    def is_complete(self, node: Value) -> bool:
        """Whether all products of the gradient of `node` are done."""
        return self.completion(node) <= self.index

    def contribution(self, index: int) -> float | None:
        """What product `index` has added to its parent's gradient; None while it is pending."""
        node, _, local, _ = self.products[index]
        return local * node.grad if index < self.index else None

    def _known(self, node: Value) -> Value:
        if node not in self._outgoing:
            raise GraphError(f"{node!r} is not part of this backward pass: {self.root!r} does not depend on it")
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
