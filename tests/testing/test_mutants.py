"""The kill matrix, in small: a sample of mutants dies, nothing dies without one, and failures shrink to one line.

All mutants: `python -m tests.mutants`.
"""

import pytest
from hypothesis import find, settings

from autograd.strategies import graphs
from autograd.testing import Mutant, mutants, table
from tests.mutants import __main__ as command
from tests.mutants import matrix
from tests.mutants.equivalent import EQUIVALENT
from tests.mutants.examples import examples

pytestmark = pytest.mark.slow

ALL = {(mutant.target, mutant.mutation): mutant for mutant in mutants()}
SHRINKING = settings(max_examples=200, database=None, derandomize=True)

# Planted fault -> the one line it shrinks to: one of each kind of mutation.
FAULTS = {
    ("sqrt[0]", "× (1 + 1e-12)"): "sqrt",
    ("abs", "kink from the left"): "abs",
    ("sigmoid_slope[0]", "operand for output"): "sigmoid_slope",
    ("prod[middle]", "zero"): "prod",
    ("add[1]", "double"): "add",
    ("reciprocal[0]", "exponent + 1"): "reciprocal",
    ("backward", "lost multiplicity"): "add",
}


# Few rows, so that the fault is soon found; all can stand in the way of a small example.
OTHERS = {"add", "mul", "tanh"}


@pytest.mark.parametrize("fault", FAULTS, ids=" ".join)
def test_a_planted_fault_shrinks_to_one_line(fault):
    with ALL[fault]:
        drawn = graphs(primitives=sorted({FAULTS[fault], *OTHERS}), max_inputs=2, max_size=4)
        smallest = find(drawn, matrix.is_noticed, settings=SHRINKING)
    assert smallest.primitives == (FAULTS[fault],)


@pytest.mark.parametrize("mutant", [*ALL.values()][::60], ids=repr)
def test_a_sample_of_mutants_is_killed_unless_equivalent(mutant):
    outcome = matrix.run(mutant)
    assert outcome.is_right, f"{mutant} {outcome}"


def test_there_is_no_alarm_where_nothing_is_planted():
    rows = [row.name for row in table()][::12]
    assert list(matrix.false_alarms(["", *rows])) == []
    assert all(examples(row) for row in rows)


def test_the_list_of_equivalent_mutants_names_mutants_that_exist_and_gives_reasons():
    assert set(EQUIVALENT) <= set(ALL)
    assert all(reason.strip() for reason in EQUIVALENT.values())


def test_the_command_prints_the_matrix_and_its_counts(capsys):
    assert command.main(["relu"]) == 0
    printed = capsys.readouterr().out
    assert "relu[0]" in printed
    assert "10 mutants: 8 killed, 2 known to be equivalent" in printed
    assert "≡ relu kink from the left: the derivative at 0 is the one from the left, 0" in printed


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (matrix.Outcome("tanh[0]", "sign", None, None), "WRONG tanh[0]: sign: survived"),
        (matrix.Outcome("tanh[0]", "sign", 3, "no reason"), "is listed as equivalent, but was killed"),
    ],
)
def test_a_survivor_and_a_wrongly_listed_equivalent_fail_the_command(outcome, words, capsys):
    assert command.report([outcome], [], 1.0) == 1
    assert words in capsys.readouterr().out


def test_a_false_alarm_fails_the_command(capsys):
    assert command.report([], ["tanh(x) at (0.5,)"], 1.0) == 1
    assert "FALSE ALARM tanh(x) at (0.5,)" in capsys.readouterr().out


def test_a_mutant_that_nothing_notices_survives():
    harmless = Mutant("tanh[0]", "nothing", "tanh", lambda: ALL["pivot[first]", "double"])
    assert matrix.run(harmless).killed_by is None


def test_an_unknown_row_is_a_usage_error(capsys):
    with pytest.raises(SystemExit, match="2"):
        command.main(["tnah"])
    assert "no row is named 'tnah'" in capsys.readouterr().err
