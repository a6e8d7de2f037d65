"""A pytest plugin: the fixture `gradcheck`, the marker of the same name, and `--gradcheck-oracle`.

    @given(at=points(f))
    def test(gradcheck, at):
        gradcheck(f, *at)

The fixture is `autograd.check_gradients`, with the command line's oracle and the options of the test's marker as
defaults: `@pytest.mark.gradcheck(order=2, kinks="raise")`. `pytest -m gradcheck` runs the tests that use it.
"""

from __future__ import annotations

import sys
from typing import Any

import pytest

from autograd.check import check_gradients
from autograd.errors import CheckError

ORACLES = ("auto", "mpmath", "complex", "differences", "function")
MARKER = "gradcheck(**options): options for the fixture gradcheck in this test, such as order=2 or kinks='raise'"


class GradientCheck:
    """`check_gradients` with defaults: what the fixture `gradcheck` gives.

    One for the whole session, since Hypothesis rightly refuses fixtures that it could not make anew for each example;
    the options of the running test's marker are looked up at each call.
    """

    def __init__(self, oracle: str) -> None:
        self.oracle = oracle
        self.item: pytest.Item | None = None

    def __call__(self, f: Any, *at: Any, **options: Any) -> Any:
        """`check_gradients(f, *at)`; CheckError, an AssertionError, where a gradient is wrong or nothing was decided.

        An example of Hypothesis at which nothing could be decided is rejected, as by `assume`: it proves nothing.
        """
        __tracebackhide__ = True
        try:
            return check_gradients(f, *at, **{"oracle": self.oracle, **self._marked(), **options})
        except CheckError as error:
            hypothesis = sys.modules.get("hypothesis")
            if error.verdict == "undecided" and hypothesis is not None and hypothesis.currently_in_test_context():
                hypothesis.reject()
            raise

    def _marked(self) -> dict[str, Any]:
        """The options of the running test's markers; where several name one, the nearest to the test wins."""
        markers = list(self.item.iter_markers("gradcheck")) if self.item else []
        return {name: value for marker in reversed(markers) for name, value in marker.kwargs.items()}


_check = pytest.StashKey[GradientCheck]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("gradcheck", "gradient checks")
    group.addoption(
        "--gradcheck-oracle",
        choices=ORACLES,
        default="auto",
        help="what the fixture gradcheck compares gradients with (default: auto, the best that is installed)",
    )


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", MARKER)
    config.stash[_check] = GradientCheck(config.getoption("--gradcheck-oracle"))


def pytest_itemcollected(item: pytest.Item) -> None:
    uses = "gradcheck" in getattr(item, "fixturenames", ())
    marker = item.get_closest_marker("gradcheck")
    if uses and marker is None:
        item.add_marker("gradcheck")
    if marker is not None and marker.args:
        raise pytest.UsageError(
            f"{item.nodeid}: @pytest.mark.gradcheck takes options by name, got {marker.args[0]!r}; "
            "write for instance @pytest.mark.gradcheck(order=2)"
        )


def pytest_runtest_setup(item: pytest.Item) -> None:
    item.config.stash[_check].item = item


def pytest_runtest_teardown(item: pytest.Item) -> None:
    item.config.stash[_check].item = None


@pytest.fixture(scope="session")
def gradcheck(pytestconfig: pytest.Config) -> GradientCheck:
    """`gradcheck(f, *at)` compares the gradients of f at a point with an independent oracle: `check_gradients`."""
    return pytestconfig.stash[_check]
