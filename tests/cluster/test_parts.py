"""Parts that need no cluster: the tree of sums, slices, sources of shards, checkpoints."""

from __future__ import annotations

import os
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.cluster import checkpoint
from nn.cluster.batches import Batch, slices
from nn.cluster.checkpoint import CheckpointError
from nn.cluster.sources import ArraySource, CsvSource, NpySource, check_samples, sources_of
from nn.cluster.training import hold_out
from nn.cluster.tree import Sums, combine, root
from nn.cluster.worker import aligned, fingerprint, portable
from nn.cluster.worker import read as read_shard
from nn.persistence.documents import StorageError
from nn.tabular.cells import TableError
from nn.train.optimizers import SGD, Adam, AdamW, Optimizer
from nn.train.samples import split_samples
from tests.nn.damage import bytes_damaged

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def _leaves(shards: int) -> dict[tuple[int, int], Sums]:
    """Sums of very different sizes, so that the order of addition matters."""
    rng = np.random.default_rng(shards)
    return {
        (0, s): Sums(s + 1, float(rng.normal()) * 10.0 ** (s % 7), rng.normal(size=5) * 10.0 ** (s % 5))
        for s in range(shards)
    }


@given(st.integers(1, 40), st.data())
def test_the_sum_has_the_same_bits_however_shards_are_distributed(shards: int, data: st.DataObject) -> None:
    leaves = _leaves(shards)
    homes = data.draw(st.lists(st.integers(0, 4), min_size=shards, max_size=shards))
    parts = [
        combine({place: leaves[place] for place in leaves if homes[place[1]] == home}, shards) for home in range(5)
    ]
    nodes = {place: sums for part in data.draw(st.permutations(parts)) for place, sums in part.items()}
    together, alone = root(nodes, shards), root(leaves, shards)
    assert (together.count, together.loss) == (alone.count, alone.loss)
    assert together.gradient.tobytes() == alone.gradient.tobytes()
    assert together.count == shards * (shards + 1) // 2


@given(st.integers(1, 6), st.integers(0, 5))
def test_neighbours_send_few_sums(level: int, index: int) -> None:
    """A worker with 2^k neighbouring shards aligned with the tree sends one sum for all of them."""
    size = 2**level
    leaves = _leaves(size * (index + 1))
    own = {(0, s): leaves[0, s] for s in range(size * index, size * (index + 1))}
    assert list(combine(own, size * 6)) == [(level, index)]


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=6),
    st.integers(1, 60),
    st.integers(0, 2**70),
    st.integers(0, 9),
)
def test_an_epoch_sees_every_sample_once(counts: list[int], batch_size: int, seed: int, epoch: int) -> None:
    parts = slices(counts, batch_size)
    for shard, count in enumerate(counts):
        rows = [Batch(seed, epoch, number, parts).rows(shard, count) for number in range(parts)]
        seen = np.arange(count)[rows[0]] if parts == 1 else np.concatenate([np.asarray(part) for part in rows])
        assert sorted(seen.tolist()) == list(range(count))
    sizes = [
        sum(len(np.arange(c)[Batch(0, 0, b, parts).rows(s, c)]) for s, c in enumerate(counts)) for b in range(parts)
    ]
    assert min(sizes) >= 1
    # Each shard's slice is within one row of its share, which is at most batch_size samples over all shards, unless
    # the longest shard is too short for so many slices.
    assert max(sizes) <= max(batch_size, sum(counts) / max(counts)) + len(counts)


def test_every_epoch_is_reshuffled_and_shards_differ() -> None:
    orders = [Batch(1, epoch, 0, 2).rows(shard, 100) for epoch in range(2) for shard in range(2)]
    assert len({order.tobytes() for order in orders if isinstance(order, np.ndarray)}) == 4


def test_arrays_are_cut_into_neighbouring_rows() -> None:
    x, y = np.arange(14.0).reshape(7, 2), np.arange(7)
    shards = sources_of(x, y, 3)
    assert [shard.name for shard in shards] == ["rows 0…1", "rows 2…3", "rows 4…6"]
    assert np.array_equal(np.concatenate([shard.read()[0] for shard in shards]), x)
    assert np.array_equal(np.concatenate([shard.read()[1] for shard in shards]), y)
    assert len(sources_of(x, y)) == 7


def test_files_are_shards(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("x1,price,x2\n1,10,2\n3,30,4\n", encoding="utf-8")
    np.save(tmp_path / "x.npy", np.eye(2))
    np.save(tmp_path / "y.npy", np.array([0, 1]))
    [table] = sources_of([tmp_path / "a.csv"], "price")
    assert isinstance(table, CsvSource)
    x, y = table.read()
    assert (x.tolist(), y.tolist()) == ([[1.0, 2.0], [3.0, 4.0]], [10.0, 30.0])
    [pair] = sources_of([str(tmp_path / "x.npy")], [tmp_path / "y.npy"])
    assert isinstance(pair, NpySource)
    assert np.array_equal(pair.read()[0], np.eye(2))


@given(seed=st.integers(0, 2**63))
def test_f19_a_damaged_npy_file_is_an_array_or_one_error(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("npy") / "x.npy"
    np.save(path, np.eye(3))
    path.write_bytes(bytes_damaged(path.read_bytes(), random.Random(seed)))
    try:
        said = f"{type(NpySource(str(path), str(path)).read()[0])}"
    except StorageError as error:
        said = str(error)
    assert said.startswith(
        (f"{np.ndarray}", f"{path}: not a .npy file, or damaged", f"{path}: this is an .npz archive")
    )


def test_f19_an_archive_of_arrays_is_not_an_array(tmp_path: Path) -> None:
    np.savez(tmp_path / "x.npz", x=np.eye(3))
    with pytest.raises(StorageError, match=r"this is an \.npz archive"):
        NpySource(str(tmp_path / "x.npz"), str(tmp_path / "x.npz")).read()


def test_pickled_objects_in_npy_files_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(ValueError, match="pickle"):
        NpySource(str(tmp_path / "x.npy"), str(tmp_path / "x.npy")).read()


def test_a_shard_that_cannot_be_read_raises_its_own_error_with_its_name(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("x,y\n1,2\none,3\n", encoding="utf-8")
    with pytest.raises(TableError, match="line 3, column 'x': 'one' is not a number") as caught:
        read_shard(CsvSource(str(tmp_path / "b.csv"), "y"))
    assert caught.value.__notes__ == [f"in shard {tmp_path / 'b.csv'}"]


@pytest.mark.parametrize(
    ("x", "y", "shards", "words"),
    [
        ([[1.0], [2.0]], [1.0], None, "x has 2 rows, y the shape \\(1,\\)"),
        ([1.0, 2.0], [1.0, 2.0], None, "2 dimensions"),
        ([[1.0], [float("nan")]], [1.0, 2.0], None, r"x\[1\]\[0\] is nan"),
        ([[1.0], [2.0]], [1.0, float("inf")], None, r"y\[1\] is inf"),
        ([[1.0], [2.0, 3.0]], [1.0, 2.0], None, "same length"),
        ([[1.0], [2.0]], ["a", "b"], None, "x and y must be .*numbers.*got text"),
        ([[1.0], [2.0]], [1.0, 2.0], 3, "shards must be an integer from 1 to 2, the number of rows, got 3"),
        ([[1.0], [2.0]], [1.0, 2.0], True, "shards must be"),
        (["a.csv"], "y", 4, "every file is one shard; got shards=4 with 1 file"),
        (["a.npy"], "y", None, "names a column"),
        (["a.npy", "b.npy"], ["c.npy"], None, "as many .npy files"),
    ],
)
def test_samples_that_do_not_fit_are_refused(x: object, y: object, shards: int | None, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        sources_of(x, y, shards)


@given(st.integers(2, 60), st.floats(0.01, 0.99), st.integers(0, 99))
def test_the_same_samples_are_held_out_as_on_one_machine(count: int, fraction: float, seed: int) -> None:
    x, y = np.arange(float(count))[:, None], np.arange(count)
    pairs = [([float(i)], i) for i in range(count)]
    if max(1, round(fraction * count)) == count:
        with pytest.raises(ValueError, match="leaves none to train on"):
            hold_out(x, y, fraction, seed)
        return
    learn_x, learn_y, (watch_x, watch_y) = hold_out(x, y, fraction, seed)
    learn, watch = split_samples(pairs, fraction, random.Random(seed))
    assert list(zip(learn_x.tolist(), learn_y.tolist(), strict=True)) == learn
    assert list(zip(watch_x.tolist(), watch_y.tolist(), strict=True)) == watch


@given(st.integers(0, 63), st.integers(1, 9), st.integers(1, 9))
def test_arrays_from_messages_are_copied_to_an_aligned_address(offset: int, rows: int, columns: int) -> None:
    numbers = np.arange(float(rows * columns)).reshape(rows, columns)
    there = np.frombuffer(bytes(offset) + numbers.tobytes(), dtype=np.float64, offset=offset).reshape(rows, columns)
    here = aligned(there)
    assert here.ctypes.data % 64 == 0
    assert np.array_equal(here, numbers)
    assert here.flags.c_contiguous


class UnportableError(Exception):
    def __init__(self, one: int, two: int) -> None:
        super().__init__(f"{one} and {two}")


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [(KeyError("k"), KeyError, "'k'"), (UnportableError(1, 2), RuntimeError, "UnportableError: 1 and 2")],
)
def test_errors_are_sent_back_with_their_traceback(error: Exception, kind: type, text: str) -> None:
    try:
        raise error
    except Exception as caught:
        received = portable(caught)
    assert type(received) is kind
    assert str(received) == text
    assert "in test_errors_are_sent_back_with_their_traceback" in received.__notes__[-1]


def test_the_fingerprint_is_that_of_the_source() -> None:
    assert fingerprint() == fingerprint()
    assert len(fingerprint()["source"]) == 12


# --- checkpoints ------------------------------------------------------------------------------------------------------

RUN = {"seed": 1, "loss": "mse"}
NUMBERS = st.floats(allow_nan=False)


@given(state=st.dictionaries(st.text(), NUMBERS), theta=st.lists(st.floats(), max_size=9))
def test_checkpoints_come_back_bit_for_bit(
    state: dict[str, float], theta: list[float], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("checkpoint") / "run.npz"
    checkpoint.save(path, RUN, state, {"theta": np.array(theta)})
    found, arrays = checkpoint.load(path, RUN)
    assert found == state
    assert arrays["theta"].tobytes() == np.array(theta).tobytes()


def test_a_checkpoint_of_another_run_is_rejected_with_every_difference(tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "run.npz", RUN, {}, {})
    with pytest.raises(
        CheckpointError,
        match=r"loss was 'mse', now 'hinge'; seed was 1, now 2.*same options.*To start again, delete it",
    ):
        checkpoint.load(tmp_path / "run.npz", {"seed": 2, "loss": "hinge"})


@pytest.mark.parametrize("damage", [lambda data: data[: len(data) // 2], lambda data: b"", lambda data: b"{}"])
def test_a_damaged_checkpoint_is_refused(tmp_path: Path, damage: object) -> None:
    path = tmp_path / "run.npz"
    checkpoint.save(path, RUN, {}, {"theta": np.zeros(100)})
    path.write_bytes(damage(path.read_bytes()))  # type: ignore[operator]
    with pytest.raises(CheckpointError, match="not a checkpoint, or damaged"):
        checkpoint.load(path, RUN)


def test_nothing_half_written_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "run.npz"
    checkpoint.save(path, RUN, {"step": 1}, {})

    def fail(*_args: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        checkpoint.save(path, RUN, {"step": 2}, {})
    monkeypatch.undo()
    assert checkpoint.load(path, RUN)[0] == {"step": 1}
    assert os.listdir(tmp_path) == ["run.npz"]


@pytest.mark.parametrize(
    "make",
    [lambda: SGD(lr=0.1), lambda: SGD(lr=0.1, momentum=0.9, nesterov=True), Adam, lambda: AdamW(lr=0.2)],
)
def test_an_optimizer_resumes_with_the_same_bits(make: object) -> None:
    original, copy = make(), make()  # type: ignore[operator]
    rng = np.random.default_rng(0)
    theta = rng.normal(size=4)
    for _ in range(3):
        theta = original.update(theta, rng.normal(size=4))
    checkpoint.restore_memory(copy, *checkpoint.memory(original))
    for _ in range(3):
        gradient = rng.normal(size=4)
        assert original.update(theta, gradient).tobytes() == copy.update(theta, gradient).tobytes()
    assert checkpoint.memory(make()) == ({}, {})  # type: ignore[operator]


def test_an_optimizer_that_cannot_be_written_is_refused() -> None:
    class Odd(SGD):
        def reset(self) -> None:
            super().reset()
            self.log: list[float] | None = None

        def move(self, theta, gradient, rate):  # type: ignore[no-untyped-def]
            self.log = [rate]
            return theta

    odd: Optimizer = Odd(lr=0.1)
    odd.update(np.zeros(1), np.zeros(1))
    with pytest.raises(CheckpointError, match=r"Odd\.log is a list"):
        checkpoint.memory(odd)


def test_shards_keep_integer_targets() -> None:
    assert check_samples([[1.0]], np.array([3], dtype=np.uint8))[1].dtype == np.int64
    assert ArraySource("rows", np.zeros((1, 1)), np.zeros(1)).read()[0].shape == (1, 1)
