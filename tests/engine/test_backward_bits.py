"""Nothing outside the graph can change the bits of a pass: not the hash seed, a process or another thread."""

from __future__ import annotations

import gc
import math
import os
import random
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given

import autograd
from autograd import Value, backward_steps, no_graph
from tests.engine.test_backward import _bits
from tests.support.graphs import KINKED, SMOOTH, Graph, graphs

ROOT = Path(autograd.__file__).parent.parent
PROGRAM = """
import random
from autograd import Value, dot, grad, tanh
rng = random.Random(1)
leaves = [Value(rng.gauss(0, 1)) for _ in range(20)]
nodes = list(leaves)
for _ in range(300):
    x, y, z = rng.choice(nodes), rng.choice(nodes), rng.choice(nodes)
    nodes.append(tanh(x * y + z) + x / (y * y + 1.0) - dot([x, y], [z, 0.5], x))
root = sum(nodes)
root.backward()
print([leaf.grad.hex() for leaf in leaves], [each.data.hex() for each in grad(root, leaves)])
"""


def _run(hash_seed: str) -> str:
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", PROGRAM]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


def _run_here(_: int = 0) -> tuple[list[str], list[str]]:
    rng = random.Random(2)
    leaves = [Value(rng.gauss(0, 1)) for _ in range(20)]
    nodes = list(leaves)
    for _ in range(400):
        x, y = rng.choice(nodes), rng.choice(nodes)
        nodes.append((x * y + 0.1).tanh() + autograd.dot([x, y], [y, x]))
    root = autograd.total(nodes)
    root.backward()
    return _bits([leaf.grad for leaf in leaves]), _bits([each.data for each in autograd.grad(root, leaves)])


class TestSameBitsEverywhere:
    @pytest.mark.slow
    def test_in_processes_with_other_hash_seeds(self) -> None:
        first, second = map(_run, ("0", "4242"))
        assert first == second
        assert len(first) > 1000

    @pytest.mark.slow
    def test_in_threads(self) -> None:
        expected = _run_here()
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(_run_here, range(8))) == [expected] * 8
        assert gc.isenabled()

    def test_while_another_thread_is_inside_no_graph(self) -> None:
        """Operators then go another way through the same rules: with the same nodes and bits."""
        expected = _run_here()
        with ThreadPoolExecutor(1) as pool, no_graph():
            assert pool.submit(_run_here).result() == expected

    @given(graph=graphs([*SMOOTH, *KINKED]))
    def test_floats_and_values_compute_the_same(self, graph: Graph) -> None:
        _, root = graph.record()
        with no_graph():
            _, silent = graph.record()
        assert root.data.hex() == silent.data.hex() == graph(*graph.inputs).hex()
        assert math.isfinite(root.data)


class TestTwoPassesAtOnce:
    """Row A6: adjoints belong to a pass, and leaves add up."""

    def test_by_turns(self) -> None:
        x = Value(2.0)
        h = x * x
        loss = h * 3.0 + h * 4.0
        passes = [backward_steps(loss), backward_steps(loss)]
        while passes:
            passes = [each for each in passes if next(each, None) is not None]
        assert x.grad == 56.0

    def test_a_plain_pass_in_the_middle_of_one_by_steps(self) -> None:
        x = Value(2.0)
        h = x * x
        loss = h * 3.0 + h * 4.0
        steps = backward_steps(loss)
        next(steps), next(steps)
        loss.backward()
        assert [*steps][-1].parent is x
        assert x.grad == 56.0

    def test_threads_whose_graphs_share_a_leaf(self) -> None:
        x = Value(1.0)

        def work(by_steps: bool) -> None:
            for _ in range(200):
                loss = x * 3.0 + x
                if by_steps:
                    list(backward_steps(loss))
                else:
                    loss.backward()

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, [False, True] * 4))
        assert x.grad == 8 * 200 * 4.0
