"""Pickles and deep copies of graphs: any depth, sharing kept, attributes and subclasses too."""

from __future__ import annotations

import copy
import itertools
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autograd
from autograd import GraphError, Value, define, pickling
from autograd.graph import topological
from tests.support.graphs import Graph, graphs

pytestmark = pytest.mark.slow

ROOT = Path(autograd.__file__).parent.parent


def _dump_and_load(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


COPIES: list[Callable[[Any], Any]] = [_dump_and_load, copy.deepcopy]
both_ways = pytest.mark.parametrize("copied", COPIES, ids=["pickle", "deepcopy"])

cube_of_tests = define("cube_of_tests", lambda x: x * x * x, lambda out, x: 3.0 * x * x)


class Weight(Value):
    """A subclass with attributes of its own, as a program may have."""

    def __init__(self, data: float, decay: float) -> None:
        super().__init__(data)
        self.decay = decay


def _as_data(root: Value) -> list[Any]:
    """Everything about a graph that a copy has to keep, without the nodes' identities."""
    order = topological(root)
    for node in order:  # and operands that are no parents: conditions, branches not taken
        order += [x for x in node.operands if isinstance(x, Value) and x not in order]
    index = {node: i for i, node in enumerate(order)}
    return [
        (
            type(n),
            n.data,
            n.grad,
            n.op,
            [index.get(x, x) for x in n.operands],
            [index[p] for p in n.parents],
            n.partials,
        )
        for n in order
    ]


@both_ways
@given(graph=graphs(max_lines=15))
def test_a_copy_has_everything(copied: Callable[[Any], Any], graph: Graph) -> None:
    leaves, root = graph.record()
    root.backward()
    twin = copied(root)
    assert _as_data(twin) == _as_data(root)
    assert not set(topological(twin)) & set(topological(root))
    twin.backward()
    assert _as_data(root) != _as_data(twin) or not any(leaf.grad for leaf in leaves)


@both_ways
@given(graph=graphs(), data=st.data())
def test_nodes_and_leaves_shared_by_roots_stay_shared_in_any_order(
    copied: Callable[[Any], Any], graph: Graph, data: st.DataObject
) -> None:
    nodes = graph.nodes([Value(x) for x in graph.inputs])
    shuffled = data.draw(st.permutations(nodes))
    twins = dict(zip(shuffled, copied(shuffled), strict=True))
    for node, twin in twins.items():
        assert twin.parents == tuple(twins[parent] for parent in node.parents)
        assert twin.operands == tuple(twins.get(x, x) if isinstance(x, Value) else x for x in node.operands)


@both_ways
def test_deep_chains(copied: Callable[[Any], Any]) -> None:
    x = y = Value(1.0)
    for _ in range(20_000):  # twenty times as deep as Python calls functions
        y = y + 1.0
    new_y, new_x = copied([y, x])
    new_y.backward()
    assert (new_y.data, new_x.grad, x.grad) == (20_001.0, 1.0, 0.0)


@both_ways
def test_deep_branches_that_were_not_taken(copied: Callable[[Any], Any]) -> None:
    x = y = Value(1.0)
    for _ in range(3000):
        y = autograd.where(y > 0, y + 1.0, y - 1.0)
    twin = copied(y)
    _, taken, other = twin.operands
    assert (twin.parents, other.parents) == ((taken,), taken.parents)
    twin.backward()
    assert x.grad == 0.0


@both_ways
def test_every_node_of_a_chain_in_one_list(copied: Callable[[Any], Any]) -> None:
    chain = list(itertools.accumulate(range(3000), lambda node, _: node * 1.0, initial=Value(2.0)))
    for nodes in (chain, chain[::-1], chain[::2] + chain[1::2]):
        twins = dict(zip(nodes, copied(nodes), strict=True))
        assert all(twins[node].parents == (twins[parent],) for parent, node in itertools.pairwise(chain))


@both_ways
def test_attributes_and_labels(copied: Callable[[Any], Any]) -> None:
    x: Any = Value(2.0, label="x")
    y = x * x
    x.momentum, y.label, y.note = [0.5], "y", {"seen": x}
    twin = copied(y)
    (new, again) = twin.parents
    assert new is again
    assert (new.label, new.momentum, twin.label) == ("x", [0.5], "y")
    assert twin.note["seen"] is new
    assert vars(y.parents[0]) is vars(x)


@both_ways
def test_attributes_may_refer_back_to_the_graph(copied: Callable[[Any], Any]) -> None:
    """From a leaf to what was made of it, from a node to itself, and to another graph that refers back."""
    x: Any = Value(2.0)
    y = x * x
    z = y + x
    x.used_in, y.myself, z.other = y, y, [z * 2.0]
    for start, path in ((x, "used_in"), (y, "myself")):
        twin = getattr(copied(start), path)
        assert twin is (twin.parents[0].used_in if path == "used_in" else twin.myself)
    new_z = copied(z)
    new_y, new_x = new_z.parents
    assert (new_x.used_in is new_y, new_y.myself is new_y, new_y.parents) == (True, True, (new_x, new_x))
    assert new_z.other[0].operands == (new_z, 2.0)


@both_ways
def test_subclasses_stay(copied: Callable[[Any], Any]) -> None:
    w = Weight(3.0, decay=0.1)
    twin = copied([w, w * w])
    assert (type(twin[0]), twin[0].decay, twin[0].data) == (Weight, 0.1, 3.0)
    assert twin[1].parents == (twin[0], twin[0])


@both_ways
def test_opaque_nodes(copied: Callable[[Any], Any]) -> None:
    x = Value(3.0)
    twin = copied(Value(9.0, (x,), (6.0,), op="square"))
    twin.backward()
    assert (twin.op, twin.parents[0].grad) == ("square", 6.0)
    with pytest.raises(GraphError, match="is opaque"):
        autograd.grad(twin, twin.parents[0])


@both_ways
def test_primitives_of_users_go_by_name(copied: Callable[[Any], Any]) -> None:
    twin = copied(cube_of_tests(Value(2.0)))
    assert twin.primitive is cube_of_tests
    assert copied(cube_of_tests) is cube_of_tests
    assert autograd.grad(twin, twin.parents[0]).data == 12.0


def test_a_primitive_that_is_missing_where_it_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "graph.pickle").write_bytes(pickle.dumps(cube_of_tests(Value(2.0))))
    program = "import pickle; pickle.load(open('graph.pickle', 'rb'))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert (
        "GraphError: no primitive is named 'cube_of_tests' here; run the autograd.define('cube_of_tests', …)"
        in done.stderr
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_all_protocols_and_the_pickler_in_python(protocol: int) -> None:
    x = Value(2.0, label="x")
    y = x * x
    assert _as_data(pickle.loads(pickle.dumps(y, protocol))) == _as_data(y)
    assert _as_data(pickle.loads(pickle._dumps(y, protocol))) == _as_data(y)  # type: ignore[attr-defined]


def test_two_dumps_of_one_graph_do_not_know_of_each_other() -> None:
    x = Value(2.0)
    y = x * x
    first = pickle.dumps(y)
    x.data, y.grad = 5.0, 7.0
    second = pickle.dumps([y * 3.0, y])
    assert pickle.loads(first).parents[0].data == 2.0
    product, square = pickle.loads(second)
    assert (square.grad, square.parents[0].data, product.parents) == (7.0, 5.0, (square,))


@both_ways
def test_nothing_is_kept_alive_by_a_copy(copied: Callable[[Any], Any]) -> None:
    copied([Value(2.0) * 3.0, Value(2.0) * 4.0])
    assert not pickling._alive
