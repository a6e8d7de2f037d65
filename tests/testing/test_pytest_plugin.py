"""The plugin and the Hypothesis hook, in processes of their own, found as an installed package is: by entry points."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]

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
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = settings["project"]
    roots = [ROOT / folder for folder in settings["tool"]["hatch"]["build"]["targets"]["wheel"]["sources"]]
    folder = tmp_path / "site" / "scalar_autograd-0.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: scalar-autograd\nVersion: 0\n")
    groups = project["entry-points"].items()
    lines = [line for group, names in groups for line in (f"[{group}]", *(f"{n} = {at}" for n, at in names.items()))]
    (folder / "entry_points.txt").write_text("\n".join(lines))
    return {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, [tmp_path / "site", *roots, ROOT]))}


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
        ("import hypothesis; import autograd", "numpy"),
        ("import hypothesis", "autograd"),
        ("import scalar_autograd_pytest", "autograd"),
        ("import autograd.testing as t; list(t.mutants()); del sys.modules['autograd.testing']", "hypothesis"),
    ],
    ids=["autograd", "hypothesis", "pytest", "mutants"],
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


# --- an `autograd` of the user's own: row B1 ------------------------------------------------------------------------

OWN = {
    "module": {"autograd.py": "class Value: ...\nMINE = True\n"},
    "package": {"autograd/__init__.py": "MINE = True\n", "autograd/value.py": "class Value: ...\n"},
    "without Value": {"autograd.py": "MINE = True\n"},
}
THEIRS = """
import autograd
from hypothesis import given, strategies as st

@given(st.integers())
def test_it_is_theirs(number):
    assert autograd.MINE
"""
COMMANDS = {"python -m pytest": ["-m", "pytest"], "pytest": ["-c", "import pytest, sys; sys.exit(pytest.main())"]}


@pytest.fixture(params=OWN.values(), ids=OWN.keys())
def theirs(request, tmp_path):
    """A folder with an `autograd` that is not ours, and a test of it."""
    folder = tmp_path / "project"
    for name, text in {**request.param, "test_users.py": THEIRS}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return folder


def run_bare(installed, folder, kind, *options):
    """pytest as the command of that kind starts it: `pytest`, unlike `python -m`, does not look in the folder."""
    safe = ["-P"] if kind == "pytest" else []
    return run(installed, *safe, "-W", "error", *COMMANDS[kind], "-rA", "-p", "no:cacheprovider", *options, cwd=folder)


def test_b1_hypothesis_is_imported_beside_an_autograd_of_the_users(installed, theirs):
    process = run(installed, "-W", "error", "-c", "import hypothesis, autograd; print(autograd.MINE)", cwd=theirs)
    assert (process.stdout, process.stderr) == ("True\n", "")


def test_b1_hypothesis_does_not_import_an_autograd_that_fails(installed, tmp_path):
    (tmp_path / "autograd.py").write_text("raise SystemExit('imported')")
    process = run(installed, "-c", "import hypothesis; print('fine')", cwd=tmp_path)
    assert (process.stdout, process.stderr) == ("fine\n", "")


@pytest.mark.parametrize(
    ("theirs", "kind"),
    [*((files, "pytest") for files in OWN.values()), (OWN["module"], "python -m pytest")],
    indirect=["theirs"],
    ids=[*OWN, "python -m"],
)
def test_b1_pytest_gives_tests_the_autograd_of_their_folder(installed, theirs, kind):
    process = run_bare(installed, theirs, kind)
    assert outcomes(process) == {"test_it_is_theirs": "PASSED"}, process.stdout + process.stderr
    assert "warning" not in process.stdout.lower()
    assert process.stderr == ""


@pytest.mark.parametrize("kind", COMMANDS)
def test_b1_a_path_that_is_set_later_still_decides(installed, tmp_path, kind):
    """Neither pytest nor Hypothesis has imported ours by the time `conftest.py` says where theirs is."""
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "autograd.py").write_text("MINE = True\n")
    (tmp_path / "conftest.py").write_text("import hypothesis, sys\nsys.path.insert(0, 'src')\n")
    (tmp_path / "test_users.py").write_text(THEIRS)
    process = run_bare(installed, tmp_path, kind)
    assert outcomes(process) == {"test_it_is_theirs": "PASSED"}, process.stdout + process.stderr


@pytest.mark.parametrize("theirs", [OWN["module"]], indirect=True, ids=["module"])
def test_b1_their_markers_and_fixtures_of_our_names_are_theirs(installed, theirs):
    (theirs / "test_users.py").write_text(
        "import pytest\n"
        "@pytest.fixture\ndef gradcheck(): return 'mine'\n"
        "@pytest.mark.gradcheck(2)\ndef test_marked(gradcheck): assert gradcheck == 'mine'\n"
    )
    process = run_bare(installed, theirs, "pytest", "--strict-markers")
    assert outcomes(process) == {"test_marked": "PASSED"}, process.stdout + process.stderr


def test_b1_our_fixture_says_that_their_autograd_is_in_the_way(installed, theirs):
    (theirs / "test_users.py").write_text("def test_asks(gradcheck): pass\n")
    process = run_bare(installed, theirs, "pytest")
    assert outcomes(process) == {"test_asks": "ERROR"}
    assert f"`import autograd` finds {theirs / 'autograd'}" in process.stdout
    assert "Traceback" not in process.stdout + process.stderr


@pytest.mark.parametrize("order", ["import autograd, hypothesis", "import hypothesis, autograd"])
def test_b1_leaves_are_drawn_whichever_is_imported_first(installed, order):
    program = (
        f"{order}\nfrom hypothesis import strategies as st\nst.from_type(autograd.Value).validate(); print('fine')"
    )
    process = run(installed, "-W", "error", "-c", program)
    assert (process.stdout, process.stderr) == ("fine\n", "")


@pytest.mark.parametrize("name", ["hypothesis", "hypothesis.strategies"])
def test_b1_autograd_is_imported_where_hypothesis_is_shut_out(installed, name):
    process = run(installed, "-c", f"import sys; sys.modules['{name}'] = None; import autograd; print('fine')")
    assert (process.stdout, process.stderr) == ("fine\n", "")


def test_b1_entry_points_that_others_load_are_names_of_our_own():
    entries = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]
    loaded = {at.partition(":")[0] for group in ("hypothesis", "pytest11") for at in entries[group].values()}
    assert {name.partition(".")[0].removesuffix(name.rpartition("_")[2]) for name in loaded} == {"scalar_autograd_"}
