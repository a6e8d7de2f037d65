"""The switches around recording: no_graph, recorded, watching and the pause of the collector."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest

import autograd
from autograd import Value, no_graph, paused_gc
from autograd.recording import recorded, watching

WAYS: dict[str, Callable[[Value], Any]] = {
    "operator": lambda x: x * x,
    "constant": lambda x: x * 2.0,
    "reflected": lambda x: 2.0 - x,
    "method": lambda x: x.tanh(),
    "negation": lambda x: -x,
    "function": autograd.exp,
    "two operands": lambda x: autograd.maximum(x, 1.0),
    "three operands": lambda x: autograd.clip(x, 0.0, 1.0),
    "n-ary": lambda x: autograd.logsumexp([x, 1.0]),
    "dot": lambda x: autograd.dot([x], [x], x),
    "affine": lambda x: autograd.affine([[x]], [1.0], [x])[0],
    "round": round,
}
ways = pytest.mark.parametrize("way", WAYS)


class TestNoGraph:
    @ways
    def test_the_same_number_without_parents(self, way: str) -> None:
        x = Value(0.7)
        expected = WAYS[way](x)
        with no_graph():
            out = WAYS[way](x)
        assert (type(out), out.data) == (Value, expected.data)
        assert (out.parents, out.operands, out.op) == ((), (), "")

    @ways
    def test_recording_is_back_afterwards(self, way: str) -> None:
        x = Value(0.7)
        with pytest.raises(ZeroDivisionError), no_graph():
            raise ZeroDivisionError
        assert set(WAYS[way](x).operands) >= {x}

    def test_blocks_nest(self) -> None:
        x = Value(2.0)
        with no_graph():
            with no_graph():
                pass
            assert (x * x).parents == ()
        assert (x * x).parents == (x, x)

    def test_recorded_inside_it(self) -> None:
        x = Value(2.0)
        with no_graph():
            with recorded():
                assert (x * x).parents == (x, x)
                assert autograd.affine([[x]], [x], [x])[0].parents == (x, x, x)
            assert (x * x).parents == ()

    def test_as_a_decorator(self) -> None:
        @no_graph()
        def predict(x: Any) -> Any:
            return -x

        assert predict(Value(2.0)).parents == ()
        assert (Value(2.0) * 2.0).parents

    @ways
    def test_another_thread_still_records(self, way: str) -> None:
        x = Value(0.7)
        expected = WAYS[way](x)
        with ThreadPoolExecutor(1) as pool, no_graph():
            out = pool.submit(WAYS[way], x).result()
        assert (out.data, out.operands, out.partials) == (expected.data, expected.operands, expected.partials)

    def test_threads_in_and_out_of_it_at_the_same_time(self) -> None:
        together = Barrier(4)
        x = Value(2.0)

        def work(silent: bool) -> list[int]:
            together.wait()
            if not silent:
                return [len((x * x).parents) for _ in range(500)]
            found = []
            for _ in range(500):
                with no_graph():
                    found.append(len((x * x).parents))
            return found

        with ThreadPoolExecutor(4) as pool:
            results = list(pool.map(work, [True, False, True, False]))
        assert results == [[0] * 500, [2] * 500] * 2

    def test_asyncio_tasks_do_not_see_each_other(self) -> None:
        x = Value(2.0)

        async def silent() -> int:
            with no_graph():
                await asyncio.sleep(0)
                return len((x * x).parents)

        async def loud() -> int:
            await asyncio.sleep(0)
            return len((x * x).parents)

        async def main() -> list[int]:
            return list(await asyncio.gather(silent(), loud(), silent(), loud()))

        assert asyncio.run(main()) == [0, 2, 0, 2]

    def test_gradients_of_a_graph_made_before_are_still_right(self) -> None:
        x = Value(3.0)
        y = x * x * x
        with no_graph():
            slope = autograd.grad(y, x)
            y.backward()
        assert (slope.data, slope.parents, x.grad) == (27.0, (), 27.0)

    def test_derivatives_of_opaque_nodes_are_kept(self) -> None:
        """no_graph is about what operators record; a node that is asked for is made."""
        x = Value(3.0)
        with no_graph():
            assert Value(9.0, (x,), (6.0,)).parents == (x,)


class TestWatching:
    @ways
    def test_every_way_of_making_a_node_is_seen(self, way: str) -> None:
        seen: list[Value] = []
        x = Value(0.7)
        with watching(seen.append):
            out = WAYS[way](x)
        assert seen == [out]
        assert (out.data, out.partials) == (WAYS[way](x).data, WAYS[way](x).partials)

    def test_leaves_and_opaque_nodes_are_seen_complete(self) -> None:
        seen: list[tuple[float, int, str]] = []
        with watching(lambda node: seen.append((node.data, len(node.parents), node.label))):
            Value(1.0, label="x")
            Value(2.0, (Value(3.0),), (1.0,))
        assert sorted(seen) == [(1.0, 0, "x"), (2.0, 1, ""), (3.0, 0, "")]

    def test_blocks_nest_and_end(self) -> None:
        seen: list[str] = []
        x = Value(1.0)
        with watching(lambda _: seen.append("outer")):
            with watching(lambda _: seen.append("inner")):
                x * x
            x * x
        x * x
        assert seen == ["outer", "inner", "outer"]

    def test_what_a_watcher_raises_the_operator_raises(self) -> None:
        def refuse(node: Value) -> None:
            raise ArithmeticError(node.op)

        x = Value(1.0)
        with pytest.raises(ArithmeticError, match="mul"), watching(refuse):
            x * 2.0

    def test_another_thread_is_not_watched(self) -> None:
        seen: list[Value] = []
        with ThreadPoolExecutor(1) as pool, watching(seen.append):
            pool.submit(lambda: Value(1.0) * 2.0).result()
        assert seen == []


@pytest.fixture
def collector() -> Iterator[None]:
    """The collector is on after each test."""
    yield
    gc.enable()


@pytest.mark.usefixtures("collector")
class TestPausedGC:
    def test_blocks_nest_and_errors_restore(self) -> None:
        with paused_gc():
            with pytest.raises(ZeroDivisionError), paused_gc():
                raise ZeroDivisionError
            assert not gc.isenabled()
        assert gc.isenabled()

    def test_a_collector_that_was_off_stays_off(self) -> None:
        gc.disable()
        with paused_gc():
            (Value(2.0) * 3.0).backward()
        assert not gc.isenabled()

    def test_the_last_of_several_threads_turns_it_on(self) -> None:
        together = Barrier(3)

        def work() -> bool:
            with paused_gc():
                together.wait()
                inside = gc.isenabled()
                together.wait()
            return inside

        with ThreadPoolExecutor(3) as pool:
            assert [each.result() for each in [pool.submit(work) for _ in range(3)]] == [False] * 3
        assert gc.isenabled()

    @pytest.mark.slow
    def test_a_graph_needs_no_collector(self) -> None:
        """What makes the pause safe: reference counts alone free a graph, also after both kinds of derivative."""
        with paused_gc():
            gc.collect()
            before = len(gc.get_objects())
            x = Value(2.0)
            y = autograd.dot([x, x], [x.tanh(), x.exp()], x) * 3.0
            y.backward()
            slope = autograd.grad(y, x)
            del x, y, slope
            assert len(gc.get_objects()) <= before + 1
