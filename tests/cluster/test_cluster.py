"""Training on worker processes of this machine: the same bits whoever computes, and what if something dies."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, sigmoid, tanh
from nn.cli.main import main
from nn.cluster import Batch, ClusterError, Objective, connect, placement, sources_of
from nn.cluster import objective as objective_module
from nn.cluster.checkpoint import CheckpointError
from nn.cluster.worker import fingerprint
from nn.train.history import Epoch
from nn.train.optimizers import Adam, Vector
from tests.cluster.losses import SIZE, Stumbling, Tanh, samples

distributed = pytest.importorskip("distributed", reason="no Dask: pip install 'scalar-autograd[cluster]'")

STEPS, PARTS = 50, 3


@pytest.fixture(scope="module")
def client() -> Iterator[Any]:
    """Two workers for all tests that leave them alive."""
    with connect(2) as client:
        yield client


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers are counted before every step, so that a test need not wait for a change to be noticed."""
    monkeypatch.setattr(placement, "LOOK_SECONDS", 0.0)


def descend(objective: Objective, before_step: Callable[[int], None] = lambda step: None) -> bytes:
    """The bits of the parameters after some mini-batch steps of plain gradient descent."""
    theta = np.linspace(-1.0, 1.0, SIZE)
    for step in range(STEPS):
        before_step(step)
        _, gradient = objective(theta, Batch(7, step // PARTS, step % PARTS, PARTS))
        theta = theta - 0.1 * gradient
    return theta.tobytes()


def test_the_same_bits_with_1_2_and_4_workers_after_a_death_and_after_a_worker_joined(patient: None) -> None:
    x, y = samples()
    with connect(1) as client:
        objective = Objective(client, sources_of(x, y))
        objective.use(Tanh())
        one = descend(objective)

        def wait(workers: int) -> None:
            client.cluster.scale(workers)
            client.wait_for_workers(workers, timeout=60)

        wait(2)
        assert descend(objective) == one
        assert len(objective.holding.holders) == 2

        pids = client.run(os.getpid)

        def kill(step: int) -> None:
            if step == STEPS // 2:
                os.kill(pids[objective.holding.homes[-1]], signal.SIGKILL)

        assert descend(objective, kill) == one
        wait(4)
        assert descend(objective) == one
        assert len(objective.holding.holders) == 4
        assert not set(pids) <= set(objective.holding.holders)


def test_loss_and_gradient_are_the_means_over_all_samples(client: Any) -> None:
    x, y = samples()
    objective = Objective(client, sources_of(x, y, 7))
    objective.use(Tanh())
    theta = np.linspace(-1.0, 1.0, SIZE)
    loss, gradient = objective(theta)
    expected_loss, expected = Tanh().flat(theta, x, y)
    # Sums of n numbers in two orders: each rounds by at most n eps times the sum of their sizes, here of order n.
    tolerance = 2 * len(x) * np.finfo(float).eps
    assert abs(loss - expected_loss) <= tolerance
    assert np.all(np.abs(gradient - expected) <= tolerance * (1.0 + np.abs(expected)))


def test_a_batch_is_one_slice_of_every_shard(client: Any) -> None:
    x, y = samples()
    objective = Objective(client, sources_of(x, y, 4))
    objective.use(Tanh())
    theta = np.linspace(-1.0, 1.0, SIZE)
    parts = [objective(theta, Batch(3, 1, number, 2))[0] for number in range(2)]
    counts = [sum(count * (number + 1) // 2 - count * number // 2 for count in objective.counts) for number in range(2)]
    whole = np.average(parts, weights=counts)
    assert abs(whole - objective(theta)[0]) <= 2 * len(x) * np.finfo(float).eps


def test_an_error_in_a_shard_is_itself_and_names_the_shard(client: Any) -> None:
    x, y = samples(40)
    y[25] = 13.0
    objective = Objective(client, sources_of(x, y, 4))
    objective.use(Stumbling())
    with pytest.raises(FileNotFoundError, match="no such thirteen") as caught:
        objective(np.zeros(SIZE))
    assert "in shard rows 20…29" in caught.value.__notes__
    objective.use(Tanh())
    assert np.isfinite(objective(np.zeros(SIZE))[0])


def test_files_that_a_worker_cannot_read_are_named(client: Any, tmp_path: Path) -> None:
    paths = write_csv(tmp_path, ["1,2,3\n", "1,2,3\n1,x,3\n"])
    with pytest.raises(nn.TableError, match=r"b1\.csv line 3, column 'x2'") as caught:
        Objective(client, sources_of(paths, "y"))
    assert f"in shard {paths[1]}" in caught.value.__notes__
    with pytest.raises(FileNotFoundError):
        Objective(client, sources_of(["nowhere.csv"], "y"))


def test_files_of_different_columns_are_refused(client: Any, tmp_path: Path) -> None:
    np.save(tmp_path / "x0.npy", np.ones((2, 3)))
    np.save(tmp_path / "x1.npy", np.ones((2, 4)))
    np.save(tmp_path / "y.npy", np.ones(2))
    xs, y = [tmp_path / "x0.npy", tmp_path / "x1.npy"], tmp_path / "y.npy"
    with pytest.raises(ValueError, match=r"x of shape \(3,\) in shard .*x0.npy, but \(4,\) in .*x1.npy"):
        Objective(client, sources_of(xs, [y, y]))


def write_csv(folder: Path, bodies: list[str]) -> list[Path]:
    """CSV files of columns x1, x2, y."""
    paths = [folder / f"b{i}.csv" for i in range(len(bodies))]
    for path, body in zip(paths, bodies, strict=True):
        path.write_text("x1,x2,y\n" + body, encoding="utf-8")
    return paths


# --- nn.fit -----------------------------------------------------------------------------------------------------------

X, Y = nn.tabular.datasets.load("moons").x, nn.tabular.datasets.load("moons").y
OPTIONS: dict[str, Any] = {"loss": "hinge", "lr": 0.05, "batch_size": 90, "seed": 3, "shards": 4, "progress": False}
SIGNS = 2.0 * Y - 1.0


def model() -> nn.MLP:
    return nn.MLP(2, [4, 1], hidden="tanh", seed=0)


def numbers(net: nn.MLP) -> list[float]:
    return [parameter.data for parameter in net.parameters()]


def test_fit_learns_and_ends_with_the_best_epoch(client: Any) -> None:
    net = model()
    seen: list[float] = []
    history = nn.fit(
        net,
        X,
        SIGNS,
        cluster=client,
        epochs=15,
        validation=0.25,
        metric="accuracy",
        on_epoch=lambda row: seen.append(row.loss),
        **OPTIONS,
    )
    assert seen == history.losses
    assert (len(history), history.stopped) == (15, "epochs")
    assert history.losses[-1] < 0.5 * history.losses[0]
    assert history.metrics[-1] > 0.8
    best = min(history.validation_losses)
    watched = nn.fit(net, X, SIGNS, cluster=client, epochs=1, validation=0.25, **{**OPTIONS, "lr": 1e-300})
    assert watched.validation_losses == [best]


def test_full_batch_descent_is_that_of_one_machine(client: Any) -> None:
    here, there = model(), model()
    options = {**OPTIONS, "batch_size": None}
    one = nn.fit(here, X, SIGNS, epochs=10, **{k: v for k, v in options.items() if k != "shards"})
    many = nn.fit(there, X, SIGNS, epochs=10, cluster=client, **options)
    # Ten steps from the same start differ by rounding only; Adam's ratio g/√v may enlarge it by |g|⁻¹, a few thousand.
    assert np.allclose(one.losses, many.losses, rtol=1e-9, atol=0.0)
    assert np.allclose(numbers(here), numbers(there), rtol=1e-8, atol=1e-10)


def test_files_give_the_bits_of_arrays(client: Any, tmp_path: Path) -> None:
    cut = [range(100), range(100, 250), range(250, 400)]
    bodies = [
        "".join(f"{x1!r},{x2!r},{int(y)}\n" for (x1, x2), y in zip(X[rows].tolist(), SIGNS[rows].tolist(), strict=True))
        for rows in cut
    ]
    for i, rows in enumerate(cut):
        np.save(tmp_path / f"x{i}.npy", X[rows])
        np.save(tmp_path / f"y{i}.npy", SIGNS[rows])
    options = {**OPTIONS, "shards": None, "epochs": 2, "cluster": client}
    csv, npy = model(), model()
    nn.fit(csv, write_csv(tmp_path, bodies), "y", **options)
    nn.fit(npy, [tmp_path / f"x{i}.npy" for i in range(3)], [tmp_path / f"y{i}.npy" for i in range(3)], **options)
    assert numbers(csv) == numbers(npy) != numbers(model())


class Failing(Adam):
    """Adam that raises at one of its steps."""

    def __init__(self, at: int) -> None:
        self._at = at
        super().__init__(lr=0.05)

    def move(self, theta: Vector, gradient: Vector, rate: float) -> Vector:
        if self.steps == self._at:
            raise ZeroDivisionError("stopped for the test")
        return super().move(theta, gradient, rate)


@pytest.mark.parametrize(("size", "at"), [(90, 7), (90, 11), (None, 4)])
def test_training_is_taken_up_again_with_the_same_bits(client: Any, tmp_path: Path, size: int | None, at: int) -> None:
    path = tmp_path / "run.npz"
    options = {**OPTIONS, "batch_size": size, "lr": None, "epochs": 5, "cluster": client, "l2": 1e-3, "validation": 0.2}
    whole, broken, resumed = model(), model(), model()
    told = nn.fit(whole, X, SIGNS, optimizer=Failing(at=0), **options)
    with pytest.raises(ZeroDivisionError):
        nn.fit(broken, X, SIGNS, optimizer=Failing(at), checkpoint=path, checkpoint_every=2, **options)
    again = nn.fit(resumed, X, SIGNS, optimizer=Failing(at=0), checkpoint=path, **options)
    assert numbers(resumed) == numbers(whole)
    assert (again.losses, again.validation_losses) == (told.losses, told.validation_losses)
    further = nn.fit(model(), X, SIGNS, optimizer=Failing(at=0), checkpoint=path, **{**options, "epochs": 6})
    assert further.losses[:5] == told.losses
    with pytest.raises(CheckpointError, match="seed was 3, now 4"):
        nn.fit(model(), X, SIGNS, optimizer=Failing(at=0), checkpoint=path, **{**options, "seed": 4})


class Bent(nn.Module):
    """A model of the user's own, of which nothing can be read but what it computes."""

    def __init__(self, function: Any) -> None:
        self.w, self.function = Value(0.5), function

    def __call__(self, x: Any) -> Value:
        return self.function(self.w * x[0])  # type: ignore[no-any-return]

    def parameters(self) -> list[Value]:
        return [self.w]


def resumed(**changes: Any) -> dict[str, Any]:
    """The options of a run, with an optimiser that has done nothing yet."""
    optimizer = nn.SGD(lr=0.1, momentum=0.5)
    fixed = {**OPTIONS, "batch_size": None, "lr": None, "loss": "mse", "epochs": 2, "shards": 4}
    return fixed | {"optimizer": optimizer} | changes


@pytest.mark.parametrize(
    ("net", "options", "words"),
    [
        (None, {"optimizer": nn.SGD(lr=0.2, momentum=0.5)}, r"lr was 0\.1, now 0\.2"),
        (None, {"optimizer": nn.SGD(lr=0.1, momentum=0.9)}, r"momentum was 0\.5, now 0\.9"),
        (None, {"optimizer": nn.SGD(0.1, 0.5, nesterov=True)}, "nesterov was False, now True"),
        (
            None,
            {"optimizer": nn.SGD(nn.cosine(0.1, steps=9), 0.5)},
            r"lr was 0\.1, now 'cosine\(floor=0.0, lr=0.1, steps=9\)",
        ),
        (None, {"optimizer": "adam"}, "optimizer was 'SGD', now 'Adam'"),
        (None, {"optimizer": "lbfgs"}, "optimizer was 'SGD', now 'lbfgs'"),
        (None, {"loss": "mae"}, "loss was 'mse', now 'mae'"),
        (None, {"seed": 4}, "seed was 3, now 4"),
        (None, {"l2": 0.1}, r"l2 was 0\.0, now 0\.1"),
        (None, {"batch_size": 50}, "batch_size was None, now 50"),
        (None, {"shards": 5}, "shards was 4, now 5"),
        (None, {"validation": 0.25}, r"validation was None, now 0\.25"),
        (None, {"metric": "accuracy"}, "metric was None, now 'accuracy'"),
        (
            nn.MLP(2, [4, 1], hidden="sigmoid", seed=2),
            {},
            r"model was 'MLP\(2, \[4, 1\], hidden='tanh'.*now .*hidden='sigmoid'",
        ),
        (nn.MLP(2, [5, 1], hidden="tanh", seed=2), {}, r"model was 'MLP\(2, \[4, 1\],.*now 'MLP\(2, \[5, 1\],"),
        (nn.MLP(2, [4, 1], hidden="tanh", seed=5), {}, "start was"),
    ],
    ids=lambda case: case.split("was")[0].strip() if isinstance(case, str) else "",
)
def test_f19_another_option_is_no_resumption(
    client: Any, tmp_path: Path, net: Any, options: dict[str, Any], words: str
) -> None:
    path = tmp_path / "run.npz"
    first = nn.MLP(2, [4, 1], hidden="tanh", seed=2)
    nn.fit(first, X, SIGNS, cluster=client, checkpoint=path, **resumed())
    before = path.read_bytes()
    again = net or nn.MLP(2, [4, 1], hidden="tanh", seed=2)
    with pytest.raises(
        CheckpointError, match=f"this is another run: .*{words.replace(chr(39), '.')}.*Delete it"
    ) as caught:
        nn.fit(again, X, SIGNS, cluster=client, checkpoint=path, **resumed(**options))
    assert str(caught.value).startswith(str(path))
    assert path.read_bytes() == before


def test_f19_other_data_and_another_model_of_the_users_are_no_resumption(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    nn.fit(Bent(tanh), X, SIGNS, cluster=client, checkpoint=path, **resumed())
    with pytest.raises(CheckpointError, match="another run: data was"):
        nn.fit(Bent(tanh), X + 1.0, SIGNS, cluster=client, checkpoint=path, **resumed())
    with pytest.raises(CheckpointError, match="another run: computation was"):
        nn.fit(Bent(sigmoid), X, SIGNS, cluster=client, checkpoint=path, **resumed())


def test_f19_how_long_and_what_is_shown_may_change(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    nn.fit(Bent(tanh), X, SIGNS, cluster=client, checkpoint=path, **resumed())
    more = resumed(epochs=4, until=1e-9, checkpoint_every=1, on_epoch=lambda row: None)
    history = nn.fit(Bent(tanh), X, SIGNS, cluster=client, checkpoint=path, **more)
    assert [row.epoch for row in history] == [1, 2, 3, 4]


def test_lbfgs_converges_and_is_taken_up_again_with_the_same_bits(client: Any, tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    path = tmp_path / "run.npz"
    options = {**OPTIONS, "loss": "half_squared_error", "optimizer": "lbfgs", "lr": None, "cluster": client, "l2": 0.1}
    whole, resumed = model(), model()
    told = nn.fit(whole, X, SIGNS, epochs=40, **options)

    def interrupt(row: Epoch) -> None:
        if row.epoch == 3:
            raise KeyboardInterrupt

    stopped = nn.fit(model(), X, SIGNS, epochs=40, checkpoint=path, checkpoint_every=1, on_epoch=interrupt, **options)
    assert (stopped.stopped, len(stopped)) == ("interrupted", 3)
    again = nn.fit(resumed, X, SIGNS, epochs=40, checkpoint=path, **options)
    assert numbers(resumed) == numbers(whole)
    assert again.losses == told.losses
    assert told.stopped in ("converged", "epochs")


def test_targets_are_checked_before_the_first_step(client: Any) -> None:
    y = Y.copy()
    y[390] = 7
    net = nn.MLP(2, [3], seed=0)
    with pytest.raises(ValueError, match="class 7 does not exist: with 3 outputs") as caught:
        nn.fit(net, X, y, cluster=client, **{**OPTIONS, "loss": "cross_entropy"})
    assert caught.value.__notes__ == ["in shard rows 300…399"]


def test_a_loss_that_cannot_be_compiled_is_refused(client: Any) -> None:
    def loss(prediction: Any, target: Any) -> Any:
        return prediction * target if prediction > 0 else -prediction

    with pytest.raises(ClusterError, match="only a loss that can be compiled runs on a cluster"):
        nn.fit(model(), X, SIGNS, cluster=client, **{**OPTIONS, "loss": loss})


def test_options_of_a_cluster_are_refused_without_one() -> None:
    with pytest.raises(ValueError, match="belong to cluster="):
        nn.fit(model(), X, SIGNS, epochs=1, **OPTIONS)
    with pytest.raises(ValueError, match="compiled losses only"):
        nn.fit(model(), X, SIGNS, epochs=1, cluster=1, compile=False, **OPTIONS)
    with pytest.raises(ValueError, match="cannot be drawn"):
        nn.fit(model(), ["a.csv"], "y", cluster=1, validation=0.1, progress=False)


def test_when_the_scheduler_is_lost_the_best_parameters_are_kept(client: Any, tmp_path: Path) -> None:
    path, net, kept = tmp_path / "run.npz", model(), []
    with connect(1) as lost:

        def lose(row: Epoch) -> None:
            kept.append(numbers(net))
            if row.epoch == 2:
                lost.cluster.close()

        with pytest.raises(ClusterError, match="scheduler"):
            nn.fit(net, X, SIGNS, cluster=lost, epochs=50, on_epoch=lose, checkpoint=path, **OPTIONS)
    assert len(kept) == 2
    assert numbers(net) in kept
    history = nn.fit(model(), X, SIGNS, cluster=client, epochs=3, checkpoint=path, **OPTIONS)
    assert len(history) == 3


def test_the_command_line_trains_on_a_cluster(client: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    address = client.scheduler.address
    options = ["train", "xor", "--epochs", "5", "--quiet", "--seed", "1"]
    assert main([*options, "--out", str(there), "--cluster", address, "--checkpoint", str(tmp_path / "run.npz")]) == 0
    assert f"engine: compiled, on the cluster {address}" in capsys.readouterr().out
    assert main([*options, "--out", str(here)]) == 0
    one, many = nn.load(here / "model.json"), nn.load(there / "model.json")
    # One batch of four samples, in another order and added in another one: 5 steps of Adam, see above.
    assert np.allclose(numbers(one), numbers(many), rtol=1e-8, atol=1e-10)
    assert main([*options, "--out", str(there), "--cluster", address, "--checkpoint", str(here / "model.json")]) == 2
    assert "is no checkpoint, or a damaged one" in capsys.readouterr().err
    again = [*options, "--lr", "0.2", "--out", str(there), "--cluster", address, "--checkpoint"]
    assert main([*again, str(tmp_path / "run.npz")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path / 'run.npz'}: run: this is another run: lr was 0.05, now 0.2.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--checkpoint", "run.npz"], "--checkpoint is for training with --cluster"),
        (["--cluster", "2", "--no-compile"], "a cluster runs compiled losses only"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "xor", *options]) == 2
    assert words in capsys.readouterr().err


# --- connecting -------------------------------------------------------------------------------------------------------


def test_workers_of_another_version_are_refused(client: Any) -> None:
    def pretend(version: dict[str, str] | None) -> None:
        from nn.cluster import worker

        worker.fingerprint = worker.original if version is None else _pretender(worker, version)  # type: ignore[attr-defined]

    def _pretender(worker: Any, version: dict[str, str]) -> Callable[[], dict[str, str]]:
        worker.original = worker.fingerprint
        return lambda: version

    client.run(pretend, {**fingerprint(), "numpy": "1.0", "source": "abc"})
    try:
        with pytest.raises(
            ClusterError, match=r"worker tcp://.* has numpy 1\.0 \(here .*\), source abc \(here .*1 more"
        ):
            Objective(client, sources_of(*samples()))
    finally:
        client.run(pretend, None)


def test_where_nobody_answers_the_message_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nn.cluster.connecting.CONNECT_SECONDS", 0.3)
    with (
        pytest.raises(ClusterError, match=r"no scheduler answers at 'tcp://127.0.0.1:1'.*`dask scheduler`"),
        connect("tcp://127.0.0.1:1"),
    ):
        pass


@pytest.mark.parametrize("cluster", [0, -1, True, 1.5, None])
def test_what_is_no_cluster_is_refused(cluster: Any) -> None:
    with pytest.raises(ValueError, match="a number of workers, a scheduler's address or a Client"), connect(cluster):
        pass


def test_without_dask_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ClusterError, match=r"pip install 'scalar-autograd\[cluster\]'"), connect(2):
        pass


def test_ctrl_c_does_not_reach_the_workers(client: Any) -> None:
    """A terminal sends it to every process; only the one in front may act on it."""
    before = client.run(os.getpid)
    client.run(lambda: os.kill(os.getpid(), signal.SIGINT))
    assert client.run(os.getpid) == before


class Killing(Tanh):
    """A loss that kills every worker that computes it, such as one that needs more memory than there is."""

    def flat(self, theta: Any, x: Any, y: Any) -> tuple[float, Any]:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().flat(theta, x, y)


def test_what_kills_worker_after_worker_comes_to_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objective_module, "MANY_LOSSES", 1)
    with connect(1) as client:
        objective = Objective(client, sources_of(*samples()))
        objective.use(Killing())
        with pytest.raises(ClusterError, match="2 workers were lost in one step"):
            objective(np.zeros(SIZE))


def test_a_cluster_that_loses_its_last_worker_says_so(monkeypatch: pytest.MonkeyPatch, patient: None) -> None:
    monkeypatch.setattr(objective_module, "PATIENCE_SECONDS", 0.5)
    with connect(1) as client:
        objective = Objective(client, sources_of(*samples()))
        objective.use(Tanh())
        client.cluster.scale(0)
        while client.nthreads():
            client.sync(client.cluster._correct_state)
        with pytest.raises(ClusterError, match="no worker is left that answers"):
            objective(np.zeros(SIZE))
