"""The plugin and the Hypothesis hook, in processes of their own, found as an installed package is: by entry points."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

TESTS = """
import autograd, pytest
from hypothesis import given, settings, strategies as st
from autograd import Value, tanh
from autograd.strategies import points
from autograd.testing import mutated

@settings(max_examples=5, deadline=None)
@given(at=points(lambda x, y: x * tanh(y)))
def test_passes(gradcheck, at):
    assert gradcheck(lambda x, y: x * tanh(y), *at).ok

def test_fails(gradcheck):
    with mutated("tanh", lambda out, x: 1.0 - x):
        gradcheck(tanh, 0.5)

@pytest.mark.gradcheck(kinks="raise")
def test_marked_fails(gradcheck):
    gradcheck(autograd.relu, 0.0)

@pytest.mark.gradcheck(kinks="raise")
def test_a_call_overrides_the_marker(gradcheck):
    assert gradcheck(autograd.relu, 0.0, kinks="frozen").ok

def test_unmarked_takes_a_kink_as_it_is(gradcheck):
    assert gradcheck(autograd.relu, 0.0).ok

def leaves(x):
    return x * float(x)

def test_leaving_fails(gradcheck):
    gradcheck(leaves, 3.0)

def test_undecided_fails(gradcheck):
    gradcheck(autograd.log, -1.0)

@settings(deadline=None)
@given(st.sampled_from([-1.0, 0.5, 2.0]))
def test_undecided_examples_prove_nothing(gradcheck, x):
    assert gradcheck(autograd.log, x).ok

def test_function(gradcheck):
    assert gradcheck(tanh, 0.5, oracle="function").ok

def test_oracle(gradcheck, request):
    assert gradcheck.oracle == request.config.getoption("--gradcheck-oracle")

def test_uses_it_not():
    pass

@given(st.from_type(Value))
def test_from_type(leaf):
    assert leaf.parents == ()
"""


@pytest.fixture
def installed(tmp_path):
    """An environment in which the entry points of pyproject.toml are those of an installed distribution."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    folder = tmp_path / "site" / "scalar_autograd-0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: scalar-autograd\nVersion: 0\n")
    groups = project["entry-points"].items()
    lines = [line for group, names in groups for line in (f"[{group}]", *(f"{n} = {at}" for n, at in names.items()))]
    (folder / "entry_points.txt").write_text("\n".join(lines))
    return {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path / "site"), str(ROOT)])}


def run(environment, *arguments, cwd=None):
    return subprocess.run(
        [sys.executable, *arguments], env=environment, cwd=cwd, capture_output=True, text=True, timeout=120, check=False
    )


def run_tests(environment, folder, *options):
    (folder / "test_users.py").write_text(TESTS)
    return run(environment, "-m", "pytest", "-rA", "-p", "no:cacheprovider", *options, "test_users.py", cwd=folder)


def outcomes(process) -> dict[str, str]:
    words = [line.split() for line in process.stdout.splitlines() if "test_users.py::" in line]
    return {line[1].partition("::")[2]: line[0] for line in words if line[0] in ("PASSED", "FAILED", "ERROR")}


def test_the_fixture_checks_fails_heeds_the_marker_and_gets_along_with_given(installed, tmp_path):
    process = run_tests(installed, tmp_path, "--strict-markers")
    assert outcomes(process) == {
        "test_passes": "PASSED",
        "test_fails": "FAILED",
        "test_marked_fails": "FAILED",
        "test_a_call_overrides_the_marker": "PASSED",
        "test_unmarked_takes_a_kink_as_it_is": "PASSED",
        "test_leaving_fails": "FAILED",
        "test_undecided_fails": "FAILED",
        "test_undecided_examples_prove_nothing": "PASSED",
        "test_function": "PASSED",
        "test_oracle": "PASSED",
        "test_uses_it_not": "PASSED",
        "test_from_type": "PASSED",
    }, process.stdout
    assert "the rule of tanh is wrong" in process.stdout
    message_first = r">\s+gradcheck\(tanh, 0\.5\)\nE\s+autograd\.errors\.CheckError: wrong: "
    assert re.search(message_first, process.stdout), "row E7"
    assert "raise_on_failure" not in process.stdout, "no source of the library"
    assert "float() in `float(x)`" in process.stdout
    assert process.stderr == ""


def test_tests_that_use_the_fixture_are_selected_by_its_marker_and_the_oracle_by_an_option(installed, tmp_path):
    process = run_tests(installed, tmp_path, "-m", "gradcheck", "--gradcheck-oracle=complex", "-k", "not fails")
    assert {*outcomes(process).values()} == {"PASSED"}, process.stdout
    assert "test_oracle" in outcomes(process)
    assert "test_uses_it_not" not in outcomes(process)


def test_options_that_make_no_sense_are_refused(installed, tmp_path):
    process = run(installed, "-m", "pytest", "--gradcheck-oracle=guess", cwd=tmp_path)
    assert process.returncode == 4
    assert "invalid choice: 'guess'" in process.stderr
    (tmp_path / "test_wrong.py").write_text("import pytest\n@pytest.mark.gradcheck(2)\ndef test(): pass\n")
    process = run(installed, "-m", "pytest", "-p", "no:cacheprovider", "test_wrong.py", cwd=tmp_path)
    assert process.returncode == 4
    assert "takes options by name, got 2" in process.stderr + process.stdout


HEAVY = ("mpmath", "matplotlib", "rich", "graphviz", "nn", "autograd.strategies", "autograd.testing", "llvmlite")


@pytest.mark.parametrize(
    ("program", "also_absent"),
    [
        ("import hypothesis; import autograd; assert 'autograd.hypothesis_entry' in sys.modules", "numpy"),
        ("import autograd.pytest_plugin", "hypothesis"),
        ("import autograd.testing as t; list(t.mutants()); del sys.modules['autograd.testing']", "hypothesis"),
    ],
    ids=["hypothesis", "pytest", "mutants"],
)
def test_nothing_heavy_is_imported_before_it_is_used(installed, program, also_absent):
    listing = f"print([name for name in {(*HEAVY, also_absent)!r} if name in sys.modules])"
    process = run(installed, "-c", f"import sys; {program}; {listing}")
    assert process.stdout.strip() == "[]", process.stdout + process.stderr


def test_networks_are_offered_by_entry_point_and_other_names_are_not(installed):
    program = """
import autograd.strategies, nn.strategies
assert autograd.strategies.mlps is nn.strategies.mlps
try:
    autograd.strategies.mlp
except AttributeError as error:
    print(error)
"""
    process = run(installed, "-c", program)
    assert process.stdout == "module 'autograd.strategies' has no attribute 'mlp'\n", process.stderr
