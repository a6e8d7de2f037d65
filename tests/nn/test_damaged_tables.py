"""Damaged and hostile tables: read, or refused in one line that names the file (row F19).

`python -m tests.nn.test_damaged_tables 5000` tries 5 000 of each kind.
"""

from __future__ import annotations

import contextlib
import io
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nn.cli.main import main
from tests.nn.damage import bytes_damaged, json_damaged
from tests.support.examples import examples

CSV = (
    "id,size,colour,when,price\n1,2.5,red,2026-01-02,€ 10\n2,3.5,blue,2026-01-03,€ 1.5\n"
    '3,1e3,"dark, green",2026-02-01,€ 7\n4,7,red,2026-03-01,€ 9\n'
).encode()
LINES = b"".join(b'{"id": %d, "size": %d.5, "colour": "red", "price": %d}\n' % (i, i, i * i) for i in range(1, 6))
NASTY = [
    b"1e999", b"-1e999", b"nan", b"NaN", b"inf", b"9" * 5000, b"0x10", b"1_000", b"\xef\xbb\xbf", b"\x00", b'"',
    b'""', b"\r", b"=1+1", b"\xe2\x88\x9e", b"a" * 200_000, b"2026-13-45", b"\xd9\xa1\xd9\xa2", b"1" + b"0" * 400,
    b"sep=;\n", b",,,,", b"{", b"[[", b"\x1b[2J",
]  # fmt: skip


def damaged_csv(data: bytes, rng: Random) -> bytes:
    """Bytes flipped, cut or moved; or a cell replaced by something nasty."""
    if rng.random() < 0.5:
        return bytes_damaged(data, rng)
    lines = data.split(b"\n")
    i = rng.randrange(len(lines))
    cells = lines[i].split(b",")
    cells[rng.randrange(len(cells))] = rng.choice(NASTY)
    lines[i] = b",".join(cells)
    return b"\n".join(lines)


def damaged_lines(data: bytes, rng: Random) -> bytes:
    """The same, or a value of a row replaced."""
    if rng.random() < 0.5:
        return damaged_csv(data, rng)
    lines = data.splitlines()
    i = rng.randrange(len(lines))
    lines[i] = json_damaged(lines[i].decode(), rng).encode()
    return b"\n".join(lines)


KINDS = {"t.csv": (CSV, damaged_csv), "t.jsonl": (LINES, damaged_lines)}


def outcome(path: Path) -> str:
    """How the command ends; what is not a line that names the file fails the test."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(["train", str(path), "--target", "price", "--drop-missing", "--dry-run"])
    assert code in (0, 2)
    assert all(line.isprintable() for line in (out.getvalue() + err.getvalue()).splitlines())
    if code == 2:
        [line] = err.getvalue().splitlines()
        assert line.startswith(f"error: {path}"), line
        assert len(line) < 2_000 + len(str(path)), line[:300]
    return "refused" if code else "read"


@pytest.mark.parametrize("name", KINDS)
@examples(100)
@given(seed=st.integers(0, 2**32))
def test_f19_a_damaged_table_is_read_or_refused_by_name(
    tmp_path_factory: pytest.TempPathFactory, name: str, seed: int
) -> None:
    path = tmp_path_factory.getbasetemp() / name
    data, damage = KINDS[name]
    path.write_bytes(damage(data, Random(seed)))
    outcome(path)


@pytest.mark.parametrize(("column", "text"), [("a", "1e308"), ("a", "-1e200"), ("y", "1e300"), ("y", "1e999")])
def test_f19_numbers_whose_squares_overflow_are_named(
    column: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "t.csv"
    path.write_text("a,y\n1,2.5\n2,3.5\n3,4.5\n" + ",".join(text if each == column else "4" for each in "ay") + "\n")
    assert main(["train", str(path), "--target", "y"]) == 2
    assert f"line 5, column '{column}': '{text}' is beyond ±1e+150" in capsys.readouterr().err


def _count(cases: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        for name, (data, damage) in KINDS.items():
            path, outcomes = Path(folder, name), Counter[str]()
            for seed in range(cases):
                path.write_bytes(damage(data, Random(seed)))
                try:
                    outcomes[outcome(path)] += 1
                except Exception as error:
                    outcomes[f"{type(error).__name__}: {str(error)[:150]}"] += 1
                    print(name, seed, type(error).__name__, str(error)[:300], flush=True)
            print(name, dict(outcomes), flush=True)


if __name__ == "__main__":
    _count(int(sys.argv[1]))
