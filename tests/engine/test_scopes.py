"""Blocks leave nothing behind: not in generators, tasks or threads, not closed out of order."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import gc
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Lock, RLock
from typing import Any

import pytest

from autograd import Value, debug, no_graph
from autograd.backward import use_backward
from autograd.recording import alone, watching
from autograd.scopes import PLAIN, active, hooks, open_blocks

pytestmark = pytest.mark.slow

BLOCKS: dict[str, Callable[[], Any]] = {
    "no_graph": no_graph,
    "watching": lambda: watching(lambda node: None),
    "debug": debug,
    "use_backward": lambda: use_backward(print),
}
blocks = pytest.mark.parametrize("block", BLOCKS.values(), ids=BLOCKS)


def parents() -> int:
    return len((Value(2.0) * Value(3.0)).parents)


class TestGenerators:
    """Rows A7 and F20: a block does not outlive its frame."""

    def test_the_caller_between_two_next_is_outside(self) -> None:
        def numbers() -> Iterator[int]:
            with no_graph():
                yield parents()
                yield parents()

        running = numbers()
        assert [next(running), parents(), next(running), parents()] == [0, 2, 0, 2]
        running.close()
        assert parents() == 2

    def test_a_decorated_generator_is_inside_while_its_body_runs(self) -> None:
        @no_graph()
        def numbers() -> Iterator[int]:
            yield parents()
            yield parents()

        assert [(inside, parents()) for inside in numbers()] == [(0, 2), (0, 2)]

    @blocks
    def test_a_suspended_generator_that_is_dropped_leaves_nothing(self, block: Callable[[], Any]) -> None:
        def suspended() -> Iterator[None]:
            with block():
                yield

        running = suspended()
        next(running)
        assert hooks() == PLAIN
        assert open_blocks
        del running
        assert not open_blocks
        assert hooks() == PLAIN
        assert active() is None

    @blocks
    def test_two_generators_closed_in_the_order_they_were_opened(self, block: Callable[[], Any]) -> None:
        def suspended() -> Iterator[bool]:
            with block():
                yield hooks() != PLAIN
                yield hooks() != PLAIN

        first, second = suspended(), suspended()
        inside = [next(first), next(second)]
        first.close()
        inside.append(next(second))
        second.close()
        assert inside == [True] * 3
        assert hooks() == PLAIN

    def test_a_context_manager_made_from_a_generator_holds_for_its_user(self) -> None:
        @contextlib.contextmanager
        def evaluation() -> Iterator[None]:
            with no_graph():
                yield

        with evaluation():
            assert parents() == 0
        assert parents() == 2


class TestTasks:
    def test_coroutines_by_turns(self) -> None:
        async def silent() -> list[int]:
            found = []
            for _ in range(3):
                with no_graph():
                    await asyncio.sleep(0)
                    found.append(parents())
            return found

        @no_graph()
        async def decorated() -> list[int]:
            await asyncio.sleep(0)
            return [parents()]

        async def loud() -> list[int]:
            found = []
            for _ in range(5):
                await asyncio.sleep(0)
                found.append(parents())
            return found

        async def main() -> list[list[int]]:
            return list(await asyncio.gather(silent(), loud(), decorated(), loud()))

        assert asyncio.run(main()) == [[0] * 3, [2] * 5, [0], [2] * 5]

    def test_an_asynchronous_generator(self) -> None:
        @no_graph()
        async def numbers() -> AsyncIterator[int]:
            yield parents()
            yield parents()

        async def main() -> list[tuple[int, int]]:
            return [(inside, parents()) async for inside in numbers()]

        assert asyncio.run(main()) == [(0, 2), (0, 2)]


class TestByHand:
    """`__enter__` and `__exit__` without a `with` statement: the manager holds the block."""

    @pytest.mark.parametrize("of", [lambda block: block, type], ids=["manager", "class"])
    def test_entered_and_left_twice(self, of: Callable[[Any], Any]) -> None:
        block = no_graph()
        arguments = () if of(block) is block else (block,)
        found = []
        for _ in range(2):
            of(block).__enter__(*arguments)
            found.append(parents())
        for _ in range(2):
            of(block).__exit__(*arguments, None, None, None)
            found.append(parents())
        assert found == [0, 0, 0, 2]

    def test_a_block_ends_with_its_manager(self) -> None:
        block = no_graph()
        block.__enter__()
        del block
        assert parents() == 2


class TestAlone:
    """A lock that is taken whenever and only when the block is open."""

    def test_others_wait_and_the_same_thread_does_not(self) -> None:
        lock = RLock()
        with alone(lock), alone(lock), ThreadPoolExecutor(1) as pool:
            assert not pool.submit(lock.acquire, False).result()
            assert not gc.isenabled()
        assert gc.isenabled()
        with ThreadPoolExecutor(1) as pool:
            assert pool.submit(lock.acquire, False).result()

    def test_it_is_given_back_after_an_exception(self) -> None:
        lock = Lock()
        with pytest.raises(KeyError), alone(lock):
            raise KeyError(lock.locked())
        assert not lock.locked()

    def test_one_object_in_many_threads(self) -> None:
        lock, count = alone(Lock()), 0

        def work(_: int) -> None:
            nonlocal count
            for _ in range(200):
                with lock:
                    before = count
                    hooks()  # a call, so that threads may change places here
                    count = before + 1

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(work, range(4)))
        assert count == 800


class TestStacks:
    @blocks
    def test_an_exit_stack(self, block: Callable[[], Any]) -> None:
        with contextlib.ExitStack() as stack:
            stack.enter_context(block())
            assert hooks() != PLAIN
        assert hooks() == PLAIN

    def test_one_object_in_several_blocks_and_threads(self) -> None:
        silent = no_graph()

        def work(_: int) -> set[int]:
            found = set()
            for _ in range(100):
                with silent:
                    with silent:
                        found.add(parents())
                    found.add(parents())
            return found

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(4))) == [{0}] * 4
        assert parents() == 2


class TestOpenBlocks:
    """Row B3: operators check nothing else while no thread is in a block."""

    @blocks
    def test_there_are_some_while_one_is_open(self, block: Callable[[], Any]) -> None:
        assert not open_blocks
        with block(), block():
            assert len(open_blocks) == 2
        assert not open_blocks

    @blocks
    def test_an_error_that_is_kept_costs_speed_only(self, block: Callable[[], Any]) -> None:
        with pytest.raises(KeyError) as kept, block():
            raise KeyError
        assert hooks() == PLAIN
        del kept
        gc.collect()
        assert not open_blocks

    def test_threads_come_and_go(self) -> None:
        """A block in one thread is not closed for the engine by those that end in another."""

        def work(_: int) -> set[int]:
            found = set()
            for _ in range(300):
                with no_graph():
                    found.add(parents())
                found.add(parents() + 10)
            return found

        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(work, range(8))) == [{0, 12}] * 8
        assert not open_blocks

    def test_a_block_entered_in_a_copied_context(self) -> None:
        with no_graph():
            inside = contextvars.copy_context()
            assert inside.run(parents) == 0
        assert inside.run(parents) == 2
