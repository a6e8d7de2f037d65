"""The GPT on names: compiled it is what it is eagerly, and it learns."""

from __future__ import annotations

import math
import random
import string
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autograd import no_graph
from tests.benchmark import names_gpt, names_run
from tests.benchmark.command import main
from tests.benchmark.gpt import BOUNDARY, CONTEXT
from tests.benchmark.names_gpt import FEW_NAMES, GPT, CompiledStep, EagerStep, batches, document, train
from tests.support.examples import examples

pytestmark = pytest.mark.slow

NAMES = ("ada", "eve", "bob", "mary")  # two lengths


def tiny() -> GPT:
    """A model with one number per head: a hundredth of a second where the full size takes a tenth."""
    return GPT(width=4)


@pytest.fixture(scope="module")
def step() -> CompiledStep:
    """One compiled model for the tests that do not train."""
    return CompiledStep(tiny(), (5,))


class TestCompiled:
    def test_losses_are_the_eager_ones_and_each_size_is_recorded_once(self) -> None:
        steps = CompiledStep(tiny(), (3, 5)), EagerStep(tiny())
        compiled, eager = (list(train(step, NAMES, steps=5, batch=2)) for step in steps)
        assert compiled == pytest.approx(eager, rel=names_run.LIMIT)
        assert sorted(steps[0].lengths) == [3, 3, 5, 5]  # "mary" is filled up
        for p, q in zip(*(step.model.parameters() for step in steps), strict=True):
            # Adam turns an error e of a gradient into at most 5 steps of rate · e / eps = 1e6 e, with e about 1e-16.
            assert p.data == pytest.approx(q.data, rel=0, abs=1e-9)

    @examples(5)
    @given(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=5), min_size=1, max_size=3))
    def test_one_recording_serves_all_names_up_to_a_length(self, step: CompiledStep, names: list[str]) -> None:
        theta = np.array([p.data for p in step.model.parameters()])
        documents = [document(name) for name in names]
        loss, gradient = step(theta, documents)
        expected, slopes = EagerStep(step.model)(theta, documents)
        # Sums of at most 1000 terms in another order, of numbers of the size of the largest: contest.TOLERANCE.
        assert loss == pytest.approx(expected, rel=names_run.LIMIT)
        assert gradient == pytest.approx(slopes, rel=0, abs=names_run.LIMIT * abs(slopes).max())
        assert step.lengths == [5, 5]


class TestModel:
    def test_it_starts_near_chance(self) -> None:
        for name in ("ada", "sofia"):
            assert tiny().loss(document(name)).data == pytest.approx(math.log(BOUNDARY + 1), rel=0.1)

    def test_a_token_is_predicted_from_those_before_it_only(self) -> None:
        model = tiny()
        with no_graph():
            mary, mark = ([[float(z) for z in logits] for logits in model(document(name))] for name in ("mary", "mark"))
        assert mary[:4] == mark[:4]
        assert mary[4] != mark[4]

    @examples(5)
    @given(st.integers(0, 2**32))
    def test_samples_are_short_words_and_seeded(self, seed: int) -> None:
        model = tiny()
        word = model.sample(random.Random(seed))
        assert word == model.sample(random.Random(seed))
        assert len(word) < CONTEXT
        assert set(word) <= set(string.ascii_lowercase)

    def test_it_learns_a_name_by_heart(self) -> None:
        model = tiny()
        losses = list(train(CompiledStep(model, (3,)), ["ada"], steps=60, batch=1, lr=0.05))
        assert losses[-1] < 0.1 < 3.0 < losses[0]
        assert model.sample(random.Random(0), temperature=0.1) == "ada"

    def test_a_training_that_is_broken_off_keeps_what_was_learnt(self) -> None:
        model = tiny()
        before = [p.data for p in model.parameters()]
        losses = train(EagerStep(model), NAMES, steps=100, batch=1)
        next(losses)
        losses.close()  # type: ignore[attr-defined]
        # Adam's first step moves each parameter that has a gradient by the rate, 0.01.
        moved = [abs(p.data - start) for p, start in zip(model.parameters(), before, strict=True)]
        assert max(moved) == pytest.approx(0.01, rel=1e-3)


class TestBatches:
    @given(st.lists(st.text(string.ascii_lowercase, min_size=1, max_size=14), min_size=1), st.integers(1, 4))
    def test_batches_are_names_of_one_length(self, names: list[str], batch: int) -> None:
        known = [document(name) for name in names]
        for documents in batches(names, 5, batch, random.Random(0)):
            assert len(documents) == batch
            assert len({len(tokens) for tokens in documents}) == 1
            assert all(tokens in known for tokens in documents)

    def test_lengths_come_up_as_often_as_they_are(self) -> None:
        lengths = [len(first) - 2 for first, *_ in batches(NAMES, 4000, 1, random.Random(0))]
        # Three of four: a binomial share with standard deviation 0.007, and 0.035 is five of them.
        assert lengths.count(3) / 4000 == pytest.approx(0.75, abs=0.035)


@pytest.fixture
def census(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A package `names` with three names, two of them the same."""
    package = tmp_path / "names"
    package.mkdir()
    (package / "__init__.py").touch()
    for file, name in zip(names_gpt.FILES, ("LOVELACE", "ADA", "ADA"), strict=True):
        (package / file).write_text(f"{name:14} 1.006  1.006      1\n", encoding="ascii")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "names", raising=False)
    yield
    sys.modules.pop("names", None)


class TestCensus:
    @pytest.mark.usefixtures("census")
    def test_names_are_read_once_each_in_small_letters(self) -> None:
        assert names_gpt.census_names() == ["lovelace", "ada"]

    def test_without_the_package_the_way_out_is_named(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setitem(sys.modules, "names", None)
        with pytest.raises(names_gpt.NoNamesError, match="python -m pip install names"):
            names_gpt.census_names()
        assert main(["names"]) == 0
        assert "skipped: the census names are not installed" in capsys.readouterr().out


class TestRun:
    def test_quick_trains_on_a_few_names(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["names", "--quick"]) == 0
        text = capsys.readouterr().out
        assert "losses as eager, worst difference" in text
        assert "of 2 are new" in text

    def test_other_losses_fail_the_run(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(names_run, "LIMIT", -1.0)
        assert main(["names", "--quick"]) == 1
        assert "check   FAILED: worst difference" in capsys.readouterr().out

    def test_the_built_in_names_fit(self) -> None:
        assert all(len(name) < CONTEXT - 1 and set(name) <= set(string.ascii_lowercase) for name in FEW_NAMES)

    def test_eager_steps_are_the_first_of_the_training(self) -> None:
        few, more = (islice(train(EagerStep(tiny()), NAMES, 50, 1), n) for n in (1, 2))
        assert list(few) == list(more)[:1]
