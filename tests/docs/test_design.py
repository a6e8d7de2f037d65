"""DESIGN.md against the code: constants that it quotes, files that it names, decisions that the code cites."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from autograd import Value, inline
from autograd.check import arithmetic
from autograd.compiler import backends, reachable, variants
from autograd.compiler.cache import store
from autograd.compiler.numpy_backend import runner
from autograd.series import flat

ROOT = Path(__file__).parents[2]
DESIGN = (ROOT / "autograd/DESIGN.md").read_text(encoding="utf-8")
WORDS = " ".join(DESIGN.split())
SOURCES = [path for folder in ("autograd", "nn", "tests") for path in (ROOT / folder).rglob("*.py")]


@pytest.mark.parametrize(
    ("quoted", "holds"),
    [
        ("spread over 5000 runs", backends.USES == 5000),
        ("at most 64 are kept", variants.BRANCHES == 64),
        ("too large (10⁴ entries)", reachable.LIMIT == 10**4),
        ("blocks of samples whose lanes are 4 MB", runner.WORKSPACE == 4_000_000),
        ("Beyond 256 MB", store.LIMIT == 256_000_000),
        ("after five such questions", inline._QUESTIONS == 5),
        ("replayed on 60-digit numbers", arithmetic.DIGITS[0] == 60),
        ("120 and 240 digits", arithmetic.DIGITS[1:3] == (120, 240)),
        ("1440 digits", arithmetic.DIGITS[3] == 1440),
        ("applied eight times to floats", flat.USES == 8),
    ],
)
def test_quoted_constants_are_those_of_the_code(quoted: str, holds: bool) -> None:
    assert quoted in WORDS
    assert holds


def test_the_quoted_size_of_a_node_holds_with_its_number() -> None:
    """Python allocates in units of 16 bytes."""
    (quoted,) = re.findall(r"A binary node takes (\d+) bytes, its number included", WORDS)
    assert sum(-(-sys.getsizeof(each) // 16) * 16 for each in (Value(1.0) + Value(2.0), 3.0)) <= int(quoted)


def test_the_files_it_names_exist() -> None:
    named = set(re.findall(r"`([\w/]+\.py)`", DESIGN))
    assert named
    paths = [path.relative_to(ROOT).as_posix() for path in SOURCES]
    missing = {name for name in named if not any(f"/{path}".endswith(f"/{name}") for path in paths)}
    assert missing == {"autograd.py"}  # that of other projects


def test_the_decisions_that_the_code_cites_exist() -> None:
    sections = set(re.findall(r"^## (\d+a?)\.", DESIGN, re.MULTILINE))
    cited = {(path.name, n) for path in SOURCES for n in re.findall(r"[Dd]ecision (\d+a?)", path.read_text("utf-8"))}
    assert cited
    assert {(name, n) for name, n in cited if n not in sections} == set()
