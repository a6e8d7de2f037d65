"""A pytest plugin: the fixture `gradcheck`, the marker of the same name, `--gradcheck-oracle`, and `--grade`.

    @given(at=points(f))
    def test(gradcheck, at):
        gradcheck(f, *at)

The fixture is `autograd.check_gradients`, with the command line's oracle and the options of the test's marker as
defaults: `@pytest.mark.gradcheck(order=2, kinks="raise")`. `pytest -m gradcheck` runs the tests that use it.

`pytest --grade student.py:Value` grades a scalar engine, with a test for each item of the rubric in `--grade-rubric`.

pytest loads its plugins before it knows where the tests are, and a project may have an `autograd.py` of its own. So
this is a module on the top level, and imports nothing of `autograd` until a test asks for the fixture.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cached_property
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

ORACLES = ("auto", "mpmath", "complex", "differences", "function")
MARKER = "gradcheck(**options): options for the fixture gradcheck in this test, such as order=2 or kinks='raise'"


class GradientCheck:
    """`check_gradients` with defaults: what the fixture `gradcheck` gives.

    One for the whole session, since Hypothesis rightly refuses fixtures that it could not make anew for each example;
    the options of the running test's marker are looked up at each call.
    """

    def __init__(self, check_gradients: Callable[..., Any], config: pytest.Config) -> None:
        self.check_gradients, self.config = check_gradients, config
        self.oracle = config.getoption("--gradcheck-oracle")

    def __call__(self, f: Any, *at: Any, **options: Any) -> Any:
        """`check_gradients(f, *at)`; CheckError, an AssertionError, where a gradient is wrong or nothing was decided.

        An example of Hypothesis at which nothing could be decided is rejected, as by `assume`: it proves nothing.
        """
        __tracebackhide__ = True
        try:
            return self.check_gradients(f, *at, **{"oracle": self.oracle, **self._marked(), **options})
        except AssertionError as error:  # a CheckError, which must not be imported here
            hypothesis = sys.modules.get("hypothesis")
            undecided = getattr(error, "verdict", "") == "undecided"
            if undecided and hypothesis is not None and hypothesis.currently_in_test_context():
                hypothesis.reject()
            raise

    def _marked(self) -> dict[str, Any]:
        """The options of the running test's markers; where several name one, the nearest to the test wins."""
        item = self.config.stash.get(_running, None)
        markers = list(item.iter_markers("gradcheck")) if item else []
        return {name: value for marker in reversed(markers) for name, value in marker.kwargs.items()}


_running = pytest.StashKey[pytest.Item | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradcheck", "gradient checks")
    group.addoption(
        "--gradcheck-oracle",
        choices=ORACLES,
        default="auto",
        help="what the fixture gradcheck compares gradients with (default: auto, the best that is installed)",
    )

    grading = parser.getgroup("grade", "grading of scalar engines")
    grading.addoption(
        "--grade", metavar="FILE[:CLASS]", help="grade a scalar engine: a test for each item of the rubric"
    )
    grading.addoption("--grade-rubric", metavar="TOML", help="points and conventions (default: 100 points)")


class Grades(pytest.Collector):
    """The items of a rubric as tests; the submission is graded once, when the first of them runs."""

    @cached_property
    def report(self) -> Any:
        """The report, whose `wrong(item)` is what a test says."""
        from autograd.grading import grade

        return grade(self.name, rubric=self.rubric)

    @cached_property
    def rubric(self) -> Any:
        """The rubric of the command line, or the built-in one."""
        from autograd.grading import Rubric, read_rubric

        found = self.config.getoption("--grade-rubric")
        return read_rubric(Path(found)) if found else Rubric()

    def collect(self) -> list[pytest.Item]:
        """A test for each item that has points."""
        from autograd.grading.grader import split_target
        from autograd.grading.rubric import ITEMS

        split_target(self.name)
        return [Grade.from_parent(self, name=item) for item in ITEMS if self.rubric.of(item)]


class Grade(pytest.Item):
    """One item of the rubric."""

    parent: Grades

    def runtest(self) -> None:
        """Fail with the report if the item is wrong."""
        wrong = self.parent.report.wrong(self.name)
        if wrong:
            pytest.fail(wrong, pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The file, and the item."""
        return Path(self.parent.name.partition(":")[0]), None, f"{self.parent.name}: {self.name}"


def pytest_collection_modifyitems(session: pytest.Session, items: list[pytest.Item]) -> None:
    """Run the items of `--grade` after the tests that were collected."""
    target = session.config.getoption("--grade")
    if target is None:
        return
    if not _is_ours(_found()):
        raise pytest.UsageError("--grade is scalar-autograd's, but `import autograd` finds another package")
    from autograd.errors import UsageError

    try:
        items += Grades.from_parent(session, name=target).collect()
    except (UsageError, OSError) as error:
        raise pytest.UsageError(str(error)) from error


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)


def pytest_itemcollected(item: pytest.Item) -> None:
    uses = "gradcheck" in getattr(item, "fixturenames", ())
    marker = item.get_closest_marker("gradcheck")
    if uses and marker is None:
        item.add_marker("gradcheck")
    if marker is not None and marker.args and _is_ours(_found()):
        raise pytest.UsageError(
            f"{item.nodeid}: @pytest.mark.gradcheck takes options by name, got {marker.args[0]!r}; "
            "write for instance @pytest.mark.gradcheck(order=2)"
        )


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[_running] = item


def pytest_runtest_teardown(item: pytest.Item) -> None:
    item.config.stash[_running] = None


@pytest.fixture(scope="session")
def gradcheck(pytestconfig: pytest.Config) -> GradientCheck:
    """`gradcheck(f, *at)` compares the gradients of f at a point with an independent oracle: `check_gradients`."""
    found = _found()
    if not _is_ours(found):
        place = found.origin if found and found.origin else "no such package"
        pytest.fail(
            f"the fixture gradcheck is scalar-autograd's, but `import autograd` finds {place}; rename that file, or "
            "define a fixture gradcheck of your own",
            pytrace=False,
        )
    from autograd.check import check_gradients

    check_gradients(lambda x: x + x, 1.0)  # the first check imports its oracle: not in a test that has a deadline
    return GradientCheck(check_gradients, pytestconfig)


def _found() -> ModuleSpec | None:
    """The file that `import autograd` would load; nothing is imported to find out."""
    try:
        return find_spec("autograd")
    except ValueError:  # a stand-in in sys.modules without a specification
        return None


def _is_ours(found: ModuleSpec | None) -> bool:
    """Whether that package has a module that only ours has."""
    places = found.submodule_search_locations if found else None
    return places is not None and PathFinder.find_spec("autograd._hypothesis", places) is not None
