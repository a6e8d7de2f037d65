"""`nn.fit` on a cluster: the bits of one machine or of the interrupted run, and what a resumed run may change."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import nn
from autograd import Value, sigmoid, tanh
from nn.cli.main import main
from nn.cluster import ClusterError, connect
from nn.cluster.checkpoint import CheckpointError
from nn.train.history import Epoch
from nn.train.optimizers import Adam, Vector
from tests.cluster.losses import write_csv

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

distributed = pytest.importorskip("distributed", reason="no Dask: pip install 'scalar-autograd[cluster]'")

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


def test_full_batch_descent_agrees_with_one_machine(client: Any) -> None:
    here, there = model(), model()
    options = {**OPTIONS, "batch_size": None}
    one = nn.fit(here, X, SIGNS, epochs=10, **{k: v for k, v in options.items() if k != "shards"})
    many = nn.fit(there, X, SIGNS, epochs=10, cluster=client, **options)
    # Ten steps from the same start differ by rounding; Adam's ratio g/√v may amplify it by |g|⁻¹, a few thousand.
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
def test_training_resumes_with_the_same_bits(client: Any, tmp_path: Path, size: int | None, at: int) -> None:
    path = tmp_path / "run.npz"
    options = {**OPTIONS, "batch_size": size, "lr": None, "epochs": 5, "cluster": client, "l2": 1e-3, "validation": 0.2}
    whole, broken, resumed = model(), model(), model()
    expected = nn.fit(whole, X, SIGNS, optimizer=Failing(at=0), **options)
    with pytest.raises(ZeroDivisionError):
        nn.fit(broken, X, SIGNS, optimizer=Failing(at), checkpoint=path, checkpoint_every=2, **options)
    again = nn.fit(resumed, X, SIGNS, optimizer=Failing(at=0), checkpoint=path, **options)
    assert numbers(resumed) == numbers(whole)
    assert (again.losses, again.validation_losses) == (expected.losses, expected.validation_losses)
    further = nn.fit(model(), X, SIGNS, optimizer=Failing(at=0), checkpoint=path, **{**options, "epochs": 6})
    assert further.losses[:5] == expected.losses
    with pytest.raises(CheckpointError, match="seed was 3, now 4"):
        nn.fit(model(), X, SIGNS, optimizer=Failing(at=0), checkpoint=path, **{**options, "seed": 4})


class Bent(nn.Module):
    """A custom model, which can only be identified by what it computes."""

    def __init__(self, function: Any) -> None:
        self.w, self.function = Value(0.5), function

    def __call__(self, x: Any) -> Value:
        return self.function(self.w * x[0])  # type: ignore[no-any-return]

    def parameters(self) -> list[Value]:
        return [self.w]


def resumed(**changes: Any) -> dict[str, Any]:
    """The options of a run, with a new optimiser."""
    optimizer = nn.SGD(lr=0.1, momentum=0.5)
    fixed = {**OPTIONS, "batch_size": None, "lr": None, "loss": "mse", "epochs": 2, "shards": 4}
    return fixed | {"optimizer": optimizer} | changes


@pytest.fixture(scope="module")
def checkpoint(client: Any, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """What a run leaves behind."""
    path = tmp_path_factory.mktemp("run") / "run.npz"
    nn.fit(nn.MLP(2, [4, 1], hidden="tanh", seed=2), X, SIGNS, cluster=client, checkpoint=path, **resumed())
    return path.read_bytes()


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
def test_f19_a_run_with_another_option_is_not_resumed(
    client: Any, checkpoint: bytes, tmp_path: Path, net: Any, options: dict[str, Any], words: str
) -> None:
    path = tmp_path / "run.npz"
    path.write_bytes(checkpoint)
    again = net or nn.MLP(2, [4, 1], hidden="tanh", seed=2)
    with pytest.raises(
        CheckpointError, match=f"this is another run: .*{words.replace(chr(39), '.')}.*To start again, delete it"
    ) as caught:
        nn.fit(again, X, SIGNS, cluster=client, checkpoint=path, **resumed(**options))
    assert str(caught.value).startswith(str(path))
    assert path.read_bytes() == checkpoint


def test_f19_a_run_with_other_data_or_another_custom_model_is_not_resumed(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    nn.fit(Bent(tanh), X, SIGNS, cluster=client, checkpoint=path, **resumed())
    with pytest.raises(CheckpointError, match="another run: data was"):
        nn.fit(Bent(tanh), X + 1.0, SIGNS, cluster=client, checkpoint=path, **resumed())
    with pytest.raises(CheckpointError, match="another run: computation was"):
        nn.fit(Bent(sigmoid), X, SIGNS, cluster=client, checkpoint=path, **resumed())


def test_f19_the_length_of_a_run_and_its_callback_may_change(client: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.npz"
    nn.fit(Bent(tanh), X, SIGNS, cluster=client, checkpoint=path, **resumed())
    more = resumed(epochs=4, until=1e-9, checkpoint_every=1, on_epoch=lambda row: None)
    history = nn.fit(Bent(tanh), X, SIGNS, cluster=client, checkpoint=path, **more)
    assert [row.epoch for row in history] == [1, 2, 3, 4]


def test_lbfgs_converges_and_resumes_with_the_same_bits(client: Any, tmp_path: Path) -> None:
    pytest.importorskip("scipy")
    path = tmp_path / "run.npz"
    options = {**OPTIONS, "loss": "half_squared_error", "optimizer": "lbfgs", "lr": None, "cluster": client, "l2": 0.1}
    whole, resumed = model(), model()
    expected = nn.fit(whole, X, SIGNS, epochs=40, **options)

    def interrupt(row: Epoch) -> None:
        if row.epoch == 3:
            raise KeyboardInterrupt

    stopped = nn.fit(model(), X, SIGNS, epochs=40, checkpoint=path, checkpoint_every=1, on_epoch=interrupt, **options)
    assert (stopped.stopped, len(stopped)) == ("interrupted", 3)
    again = nn.fit(resumed, X, SIGNS, epochs=40, checkpoint=path, **options)
    assert numbers(resumed) == numbers(whole)
    assert again.losses == expected.losses
    assert expected.stopped in ("converged", "epochs")


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


def test_options_of_a_cluster_need_a_cluster() -> None:
    with pytest.raises(ValueError, match="need cluster="):
        nn.fit(model(), X, SIGNS, epochs=1, **OPTIONS)
    with pytest.raises(ValueError, match="compiled losses only"):
        nn.fit(model(), X, SIGNS, epochs=1, cluster=1, compile=False, **OPTIONS)
    with pytest.raises(ValueError, match="cannot be drawn from files"):
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
    # One batch of four samples, shuffled and added in another order: 5 steps of Adam, see above.
    assert np.allclose(numbers(one), numbers(many), rtol=1e-8, atol=1e-10)
    assert main([*options, "--out", str(there), "--cluster", address, "--checkpoint", str(here / "model.json")]) == 2
    assert "not a checkpoint, or damaged" in capsys.readouterr().err
    again = [*options, "--lr", "0.2", "--out", str(there), "--cluster", address, "--checkpoint"]
    assert main([*again, str(tmp_path / "run.npz")]) == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: {tmp_path / 'run.npz'}: run: this is another run: lr was 0.05, now 0.2.")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--checkpoint", "run.npz"], "--checkpoint needs --cluster"),
        (["--cluster", "2", "--no-compile"], "a cluster runs compiled losses only"),
    ],
)
def test_options_that_do_not_go_together(options: list[str], words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "xor", *options]) == 2
    assert words in capsys.readouterr().err
