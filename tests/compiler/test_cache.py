"""The compiler's cache on disk: what a later process finds there, and what is ignored (issue 16, part 6)."""

from __future__ import annotations

import errno
import importlib.util
import json
import os
import pickle
import random
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import autograd
import nn
from autograd import CompileError, Value
from autograd.compiler import keeper, lower, specialization
from autograd.compiler.cache import programs, store
from autograd.compiler.cache.directory import VARIABLE, directory, platform_directory
from autograd.compiler.cache.store import MAGIC, OBJECT, PROGRAM, Store
from autograd.compiler.vector import forms
from autograd.testing import defined, mutated

ROOT = Path(autograd.__file__).parents[1]
POSIX = pytest.mark.skipif(os.name == "nt", reason="Windows has neither owners nor permissions of this kind")
KEY = "ab" * 32


@pytest.fixture(autouse=True)
def _no_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def swish(x: Any, y: Any) -> Any:
    return x * autograd.sigmoid(x * y) + autograd.where(x > y, x, 2.0 * y)


def spread(xs: Sequence[Any]) -> Any:
    return autograd.logsumexp(xs) + sum(x * x for x in xs) / len(xs)


def branching(x: Any, y: Any) -> Any:
    return x * y if x > y else x - y


def network(**options: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The mean loss of a small network, and samples."""
    model = nn.MLP(3, [4, 4, 1], seed=0)
    x = np.random.default_rng(0).normal(size=(11, 3))
    loss = autograd.compile(
        lambda x, y: nn.hinge(model(x), y), parameters=model.parameters(), batch=("x", "y"), **options
    )
    return loss, (x, np.sign(x[:, 0]))


def made(place: Any, function: Callable[..., Any] = swish, **options: Any) -> Any:
    """A compiled function after its first call, for a value and a gradient, at a fixed point."""
    compiled = autograd.compile(function, cache=place, **options)
    arguments = ([0.5, -1.0, 2.0],) if function is spread else (0.75, 0.5)
    compiled.answer = compiled.value_and_grad(*arguments)
    return compiled


def outcome(compiled: Any) -> str:
    """What `explain` says about the cache."""
    found = [line for line in compiled.explain().splitlines() if line.startswith("cache: ")]
    return found[0].removeprefix("cache: ").split()[0] if found else "none"


def without_lines(text: str) -> str:
    """A text without the lines that guards name: those of derivatives name whoever asked for the derivatives."""
    return re.sub(r"test_cache\.py:\d+", "line", text)


def only(place: Path, kind: str = PROGRAM) -> Path:
    """The one program, or object file, in a cache."""
    (path,) = place.glob(f"*.{kind}")
    return path


@pytest.fixture
def no_recovery(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The steps of a compilation beyond the recording, as they happen."""
    steps: list[str] = []

    def noted(module: Any, name: str) -> None:
        usual = getattr(module, name)

        def function(*args: Any, **options: Any) -> Any:
            steps.append(name)
            return usual(*args, **options)

        monkeypatch.setattr(module, name, function)

    for name in ("sums", "recovered", "differentiated"):
        noted(forms, name)
    noted(lower, "differentiated")
    for name in ("Reference", "choose"):
        noted(specialization, name)
    return steps


# --- found ------------------------------------------------------------------------------------------------------------

SECOND = """
import json, sys
from autograd.compiler import specialization
from autograd.compiler.llvm import engine
from autograd.compiler.vector import forms
from tests.compiler import test_cache

steps = []
def noted(module, name):
    usual = getattr(module, name)
    def function(*args, **options):
        steps.append(name)
        return usual(*args, **options)
    setattr(module, name, function)

for name in ("recovered", "differentiated"):
    noted(forms, name)
noted(specialization, "Reference")
usual = engine.object_code
def object_code(parts, emit):
    return usual(parts, lambda: steps.append("emit") or emit())
engine.object_code = object_code
loss, samples = test_cache.network(backend=sys.argv[1], cache=sys.argv[2])
value, gradient = loss(*samples)
print(json.dumps([sorted(set(steps)), test_cache.outcome(loss), value.hex(), gradient.tobytes().hex()]))
"""


def in_a_process(backend: str, place: Path, seed: int) -> list[Any]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(seed)}
    command = [sys.executable, "-c", SECOND, backend, str(place)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    found: list[Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_a_second_process_records_and_builds_nothing(backend: str, tmp_path: Path) -> None:
    """Calls are counted, not seconds; hashes of texts differ from process to process."""
    if backend == "llvm":
        pytest.importorskip("llvmlite")
    first, second = [in_a_process(backend, tmp_path / "cache", seed) for seed in (1, 2)]
    made_once = ["Reference", "differentiated", *["emit"] * (backend == "llvm"), "recovered"]
    assert first[:2] == [made_once, "written"]
    assert second == [[], "read", *first[2:]]


OPTIONS: list[dict[str, Any]] = [
    {"backend": "python"},
    {"backend": "numpy"},
    {"backend": "auto"},
    {"backend": "python", "exact": True},
    {"backend": "numpy", "dtype": "float32"},
]
FUNCTIONS = (swish, spread, branching)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_results_and_source_are_those_without_a_cache(
    function: Callable[..., Any], options: dict[str, Any], tmp_path: Path, no_recovery: list[str]
) -> None:
    usual, first = made(False, function, **options), made(tmp_path, function, **options)
    del no_recovery[:]
    second = made(tmp_path, function, **options)
    assert no_recovery == []
    assert [outcome(each) for each in (usual, first, second)] == ["none", "written", "read"]
    for each in (first, second):
        assert pickle.dumps(each.answer) == pickle.dumps(usual.answer)
        assert each.backend == usual.backend
        assert without_lines(each.source) == without_lines(usual.source)
        assert without_lines(str(each.program)) == without_lines(str(usual.program))
    assert without_lines(second.explain()) == without_lines(first.explain().replace("written to", "read from"))


@pytest.mark.parametrize("exact", [False, True])
def test_machine_code_gives_the_same_bits(exact: bool, tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    for function in FUNCTIONS:
        answers = [made(place, function, backend="llvm", exact=exact) for place in (False, tmp_path, tmp_path)]
        assert [outcome(each) for each in answers] == ["none", "written", "read"]
        assert len({pickle.dumps(each.answer) for each in answers}) == 1


@pytest.mark.parametrize("backend", ["numpy", "llvm"])
def test_every_output_of_a_batch(backend: str, tmp_path: Path) -> None:
    if backend == "llvm":
        pytest.importorskip("llvmlite")

    def f(x: Any) -> Any:
        return autograd.tanh(x[0]) * x[1] + x[0] * x[0]

    x = np.linspace(-1.0, 2.0, 14).reshape(7, 2)
    found = []
    for place in (False, tmp_path, tmp_path):
        mean = autograd.compile(f, batch=("x",), backend=backend, cache=place)
        single = autograd.compile(f, backend=backend, cache=place)
        calls = (mean.value, mean.map, mean.value_and_grad), (single.hessian,)
        answers = [np.asarray(call(x)).tobytes() for call in calls[0][:2]] + [pickle.dumps(calls[0][2](x))]
        kinds = [outcome(mean)]
        answers.append(single.hessian(x[0]).tobytes())
        found.append((answers, [*kinds, outcome(single)]))
    assert found[0][0] == found[1][0] == found[2][0]
    assert [kinds for _, kinds in found] == [["none"] * 2, ["written"] * 2, ["read"] * 2]


def test_a_guard_that_fails_at_the_recorded_point_of_another_branch(tmp_path: Path) -> None:
    for point in [(2.0, 1.0), (1.0, 2.0), (2.0, 1.0), (1.0, 2.0)]:
        compiled = autograd.compile(branching, cache=tmp_path)
        assert compiled(*point) == branching(*point)
        assert compiled(*reversed(point)) == branching(*reversed(point))
    assert outcome(compiled) == "read"


@pytest.mark.parametrize("exact", [False, True])
def test_a_guard_of_derivatives_that_fails_where_the_entry_is_read(exact: bool, tmp_path: Path) -> None:
    """The recording is the same, the branch that its derivative took is not."""
    for point in [(0.75, 0.5), (0.5, 0.75), (0.5, 0.75), (0.75, 0.5)]:
        usual, kept = [
            autograd.compile(swish, backend="python", exact=exact, cache=place).value_and_grad(*point)
            for place in (False, tmp_path)
        ]
        assert kept == usual
    assert entries(tmp_path) == 1


def test_infinite_and_undefined_constants_come_back(tmp_path: Path) -> None:
    for _ in range(2):
        compiled = autograd.compile(
            lambda x: [x + float("inf"), x * float("nan"), x * -0.0, x - 5e-324], backend="numpy", cache=tmp_path
        )
        assert repr(compiled(1.0)) == "[inf, nan, -0.0, 1.0]"
    assert outcome(compiled) == "read"


# --- keys -------------------------------------------------------------------------------------------------------------


def entries(place: Path) -> int:
    return len(list(place.glob(f"*.{PROGRAM}")))


def test_another_constant_closure_option_or_name_is_another_entry(tmp_path: Path) -> None:
    scale = 2.0

    def scaled(x: Any, y: Any) -> Any:
        return scale * x + y

    variations: list[Callable[[], Any]] = [
        lambda: made(tmp_path, scaled),
        lambda: made(tmp_path, lambda x, y: 2.5 * x + y),
        lambda: made(tmp_path, lambda a, y: 2.0 * a + y),
        lambda: made(tmp_path, lambda x, y: y + 2.0 * x),
        lambda: made(tmp_path, scaled, backend="numpy"),
        lambda: made(tmp_path, scaled, backend="numpy", dtype="float32"),
        lambda: made(tmp_path, scaled, exact=True),
        lambda: autograd.compile(scaled, cache=tmp_path)(0.75, 0.5),
        lambda: autograd.compile(lambda x: x * 0.0, cache=tmp_path)(1.0),
        lambda: autograd.compile(lambda x: x * -0.0, cache=tmp_path)(1.0),
    ]
    for count, vary in enumerate(variations, 1):
        vary()
        assert entries(tmp_path) == count
    scale = 3.0
    assert outcome(made(tmp_path, scaled)) == "written"
    scale = 2.0
    assert outcome(made(tmp_path, scaled)) == "read"


def test_another_version_or_source_is_another_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    monkeypatch.setattr(programs, "environment", lambda: "another")
    assert outcome(made(tmp_path)) == "written"
    assert entries(tmp_path) == 2


def test_the_choice_is_among_the_back_ends_that_there_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    pytest.importorskip("llvmlite")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert outcome(made(tmp_path)) == "written"


def test_the_sources_are_part_of_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "autograd", tmp_path / "autograd", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(programs.resources, "files", lambda name: tmp_path / name)
    found = [programs.environment.__wrapped__()]
    for name in ("rules.py", "compiler/passes.py", "compiler/vector/adjoints.py"):
        with (tmp_path / "autograd" / name).open("a") as file:
            file.write("# changed\n")
        found.append(programs.environment.__wrapped__())
    assert len(set(found)) == 4


def test_rules_that_only_this_process_knows_are_not_kept(tmp_path: Path) -> None:
    with defined("cube_cached", lambda x: x**3, lambda out, x: 3.0 * x * x) as cube:
        assert outcome(made(tmp_path, lambda x, y: cube(x) * y)) == "not"
    with mutated("sigmoid", lambda out, x: out):
        wrong = made(tmp_path)
    assert outcome(wrong) == "not"
    assert entries(tmp_path) == 0
    right = made(tmp_path)
    with mutated("tanh", 0.5):  # a number, in a program that does not apply it
        made(tmp_path)
    assert entries(tmp_path) == 2
    assert right.answer != wrong.answer


def test_a_program_that_fell_back_is_not_kept(tmp_path: Path) -> None:
    """The next process is to be warned too."""
    for _ in range(2):
        with pytest.warns(RuntimeWarning, match="float32"):
            autograd.compile(lambda x: x * 1e300, dtype="float32", backend="numpy", cache=tmp_path)(1e-300)
    assert entries(tmp_path) == 0


# --- damage -----------------------------------------------------------------------------------------------------------


def test_truncated_files_and_flipped_bits_are_no_entries(tmp_path: Path) -> None:
    made(tmp_path, backend="numpy")
    path = only(tmp_path)
    whole, key = path.read_bytes(), path.stem
    assert Store(str(tmp_path)).read(key, PROGRAM)
    damaged = [whole[:end] for end in range(0, len(whole), 100)] + [whole[:-1], whole + b"\0"]
    rng = random.Random(0)
    for at in range(0, len(whole), 50):
        data = bytearray(whole)
        data[at] ^= 1 << rng.randrange(8)
        damaged.append(bytes(data))
    for data in damaged:
        path.write_bytes(data)
        assert Store(str(tmp_path)).read(key, PROGRAM) is None


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)


def of_another_format(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(MAGIC, b"scalar-autograd cache 2\n"))


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def foreign(path: Path) -> None:
    path.write_bytes(pickle.dumps(Path))


def renamed(path: Path) -> None:
    """Another key's entry under this name: its digest is for its own name."""
    made(path.parent, lambda x, y: x + y, backend="numpy")
    (other,) = set(path.parent.glob("*.program")) - {path}
    other.replace(path)


@pytest.mark.parametrize("damage", [truncated, flipped, of_another_format, emptied, foreign, renamed])
def test_a_damaged_entry_is_made_again_and_replaced(damage: Callable[[Path], None], tmp_path: Path) -> None:
    first = made(tmp_path, backend="numpy")
    path = only(tmp_path)
    whole = path.read_bytes()
    damage(path)
    second = made(tmp_path, backend="numpy")
    assert (outcome(second), second.answer) == ("written", first.answer)
    assert path.read_bytes() == whole


CONTENTS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda content: b"",
    "a long header": lambda content: b"\xff" * 8 + content[8:],
    "no JSON": lambda content: content[:8] + b"x" + content[9:],
    "other JSON": lambda content: (2).to_bytes(8, "little") + b"[]",
    "no fields": lambda content: (24).to_bytes(8, "little") + b'{"arrays":[],"data":{}} ',
    "deep JSON": lambda content: (200_000).to_bytes(8, "little") + b"[" * 200_000,
    "another form": lambda content: content.replace(b'"form":"map"', b'"form":"mop"'),
    "another row": lambda content: content.replace(b'"row":"mul"', b'"row":"mol"'),
    "another class": lambda content: content.replace(b'"Operand"', b'"Operund"'),
    "another file": lambda content: content.replace(b'"kind":"shared"', b'"kind":"shored"'),
    "another back end": lambda content: content.replace(b'"name":"numpy"', b'"name":"nimpy"'),
    "objects": lambda content: content.replace(b'"<f8"', b'"|O8"').replace(b'"<i4"', b'"|O4"'),
    "fewer numbers": lambda content: content[:-4],
    "other lanes": lambda content: content[:-800] + b"\x7f" * 800,
}


@pytest.mark.parametrize("name", CONTENTS)
def test_content_that_is_no_program_is_ignored_whatever_its_digest(name: str, tmp_path: Path) -> None:
    first = made(tmp_path, backend="numpy")
    key, place = only(tmp_path).stem, Store(str(tmp_path))
    whole = place.read(key, PROGRAM)
    assert whole is not None
    changed = CONTENTS[name](whole)
    assert changed != whole
    assert place.write(key, PROGRAM, changed) == ""
    second = made(tmp_path, backend="numpy")
    assert (outcome(second), second.answer) == ("written", first.answer)
    assert place.read(key, PROGRAM) == whole


def test_a_program_that_gives_other_numbers_is_ignored(tmp_path: Path) -> None:
    """An entry was verified when it was written; what it gives is still compared with the recorded number."""
    first = made(tmp_path, backend="numpy")
    key, place = only(tmp_path).stem, Store(str(tmp_path))
    made(tmp_path, lambda x, y: swish(x, y) * 1.5, backend="numpy")
    (other,) = {path.stem for path in tmp_path.glob("*.program")} - {key}
    content = place.read(other, PROGRAM)
    assert content is not None
    place.write(key, PROGRAM, content)
    assert (outcome(again := made(tmp_path, backend="numpy")), again.answer) == ("written", first.answer)


def test_a_program_that_gives_fewer_numbers_is_ignored(tmp_path: Path) -> None:
    def several(x: Any) -> Any:
        return [x * 2.0, x * 3.0]

    first = autograd.compile(lambda x: x * 2.0, backend="numpy", cache=tmp_path)
    first(1.0)
    one = only(tmp_path).stem
    assert autograd.compile(several, backend="numpy", cache=tmp_path)(1.0) == [2.0, 3.0]
    (two,) = {path.stem for path in tmp_path.glob("*.program")} - {one}
    place = Store(str(tmp_path))
    content = place.read(one, PROGRAM)
    assert content is not None
    place.write(two, PROGRAM, content)
    again = autograd.compile(several, backend="numpy", cache=tmp_path)
    assert (again(1.0), outcome(again)) == ([2.0, 3.0], "written")


def test_damaged_object_code_is_made_again(tmp_path: Path) -> None:
    pytest.importorskip("llvmlite")
    answer = made(tmp_path, backend="llvm").answer
    objects = {path: path.read_bytes() for path in tmp_path.glob(f"*.{OBJECT}")}
    for path in objects:
        flipped(path)
    assert made(tmp_path, backend="llvm").answer == answer
    assert {path: path.read_bytes() for path in objects} == objects


# --- whose files ------------------------------------------------------------------------------------------------------


@POSIX
def test_files_of_others_are_ignored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = made(tmp_path)
    usual = os.fstat

    def of_another(descriptor: int) -> os.stat_result:
        facts = list(usual(descriptor))
        facts[4] += 1
        return os.stat_result(facts)

    monkeypatch.setattr(os, "fstat", of_another)
    second = made(tmp_path)
    assert (outcome(second), second.answer) == ("written", first.answer)


@POSIX
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_files_that_others_may_write_are_ignored(mode: int, tmp_path: Path) -> None:
    made(tmp_path)
    only(tmp_path).chmod(mode)
    assert outcome(made(tmp_path)) == "written"
    assert outcome(made(tmp_path)) == "read"


def linked(path: Path) -> None:
    path.rename(path.parent / "elsewhere")
    path.symlink_to(path.parent / "elsewhere")


def piped(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


@POSIX
@pytest.mark.parametrize("change", [linked, piped])
def test_what_is_not_a_regular_file_is_ignored_and_replaced(change: Callable[[Path], None], tmp_path: Path) -> None:
    made(tmp_path)
    change(only(tmp_path))
    assert outcome(made(tmp_path)) == "written"
    assert only(tmp_path).is_file()
    assert not only(tmp_path).is_symlink()


def test_a_directory_in_the_place_of_a_file_is_left_alone(tmp_path: Path) -> None:
    first = made(tmp_path)
    path = only(tmp_path)
    path.unlink()
    path.mkdir()
    second = made(tmp_path)
    assert (outcome(second), second.answer) == ("not", first.answer)
    assert path.is_dir()
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@POSIX
def test_directory_and_files_are_for_the_user_only(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made(tmp_path / "new" / "cache")
    finally:
        os.umask(before)
    assert (tmp_path / "new" / "cache").stat().st_mode & 0o777 == 0o700
    assert only(tmp_path / "new" / "cache").stat().st_mode & 0o777 == 0o600


# --- what cannot be written -------------------------------------------------------------------------------------------


def test_a_file_in_the_place_of_the_directory(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("mine")
    compiled = made(tmp_path / "cache")
    assert outcome(compiled) == "not"
    assert compiled.answer == made(False).answer
    assert (tmp_path / "cache").read_text() == "mine"


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.ENOSPC])
def test_a_directory_that_cannot_be_written(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usual = os.open

    def refusing(path: Any, flags: int, *args: Any, **options: Any) -> int:
        if flags & os.O_CREAT and str(tmp_path) in str(path):
            raise OSError(number, os.strerror(number), path)
        return usual(path, flags, *args, **options)

    monkeypatch.setattr(os, "open", refusing)
    for _ in range(2):
        compiled = made(tmp_path)
        assert compiled.answer == made(False).answer
        assert f"cache: not in {tmp_path}: {os.strerror(number)}" in compiled.explain()
    assert list(tmp_path.iterdir()) == []


def test_a_disk_that_is_full_halfway_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made(tmp_path)
    before = only(tmp_path).read_bytes()
    monkeypatch.setattr(os, "replace", lambda *_: (_ for _ in ()).throw(OSError(errno.ENOSPC, "No space left")))
    made(tmp_path, spread)
    assert only(tmp_path).read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 1


# --- several at once --------------------------------------------------------------------------------------------------

WRITER = """
import sys
from autograd.compiler.cache.store import PROGRAM, Store
place, mine = Store(sys.argv[1]), sys.argv[2].encode() * 30_000
known = {each * 30_000 for each in (b"a", b"b")}
print("ready", flush=True)
sys.stdin.readline()
for _ in range(200):
    assert place.write("ab" * 32, PROGRAM, mine) == ""
    assert place.read("ab" * 32, PROGRAM) in known
"""


def test_two_writers_at_once(tmp_path: Path) -> None:
    """A reader has one whole entry or the other."""
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    writers = [
        subprocess.Popen([*command, mine], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        for mine in "ab"
    ]
    for each in writers:
        assert each.stdout is not None
        each.stdout.readline()
    for each in writers:
        assert each.stdin is not None
        each.stdin.write("\n")
        each.stdin.flush()
    for each in writers:
        each.communicate(timeout=300)
    assert [each.returncode for each in writers] == [0, 0]
    assert [path.name for path in tmp_path.iterdir()] == [f"{KEY}.{PROGRAM}"]


# --- the store --------------------------------------------------------------------------------------------------------


def test_what_was_not_used_for_longest_goes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The size is looked at by the first write of a process, and then by every so many."""
    size = 300 + len(MAGIC) + 32
    monkeypatch.setattr(store, "LIMIT", 4 * size + 100)
    monkeypatch.setattr(store, "_writes", {str(tmp_path): 1})
    place, keys = Store(str(tmp_path)), [f"{i:064x}" for i in range(6)]
    for age, key in zip((500, 400, 300, 200, 100), keys, strict=False):
        place.write(key, PROGRAM, b"x" * 300)
        then = (tmp_path / f"{key}.{PROGRAM}").stat().st_mtime - age
        os.utime(tmp_path / f"{key}.{PROGRAM}", (then, then))
    assert len(place.entries()) == 5
    assert place.read(keys[0], PROGRAM)  # the oldest is used
    monkeypatch.setattr(store, "_writes", {})
    place.write(keys[5], PROGRAM, b"x" * 300)
    assert {each.name.split(".")[0] for each in place.entries()} == {keys[0], keys[3], keys[4], keys[5]}


def test_an_entry_that_would_fill_the_cache_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "LIMIT", 4_000)
    assert Store(str(tmp_path)).write(KEY, PROGRAM, b"x" * 1_001).startswith("its 0 MB would leave")
    assert Store(str(tmp_path)).write(KEY, PROGRAM, b"x" * 1_000) == ""


def test_what_a_killed_writer_left_is_removed_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "_writes", {})
    left = tmp_path / f".{KEY}.{PROGRAM}.0123456789abcdef"
    fresh = tmp_path / f".{KEY}.{PROGRAM}.fedcba9876543210"
    for path in (left, fresh):
        path.write_bytes(b"half")
    then = left.stat().st_mtime - 2.0 * store.ABANDONED
    os.utime(left, (then, then))
    Store(str(tmp_path)).write(KEY, PROGRAM, b"whole")
    assert {path.name for path in tmp_path.iterdir()} == {fresh.name, f"{KEY}.{PROGRAM}"}


def test_clearing_leaves_what_is_not_ours(tmp_path: Path) -> None:
    made(tmp_path)
    (tmp_path / "thesis.program").write_text("mine")
    (tmp_path / f"{KEY}.{OBJECT}").mkdir()
    assert len(Store(str(tmp_path)).clear()) == 1
    assert {path.name for path in tmp_path.iterdir()} == {"thesis.program", f"{KEY}.{OBJECT}"}


# --- where ------------------------------------------------------------------------------------------------------------


def test_the_variable_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(sys, "platform", "linux")
    usual = str(tmp_path / "xdg" / "scalar-autograd")
    for text, found in [("", None), ("0", None), ("1", usual), (str(tmp_path / "a"), str(tmp_path / "a"))]:
        monkeypatch.setenv(VARIABLE, text)
        assert directory() == found
        assert directory(False) is None
        assert directory(True) == usual
        assert directory("/b") == "/b"
    monkeypatch.setenv(VARIABLE, str(tmp_path / "by variable"))
    assert outcome(made(None)) == "written"
    assert outcome(made(False)) == "none"
    assert entries(tmp_path / "by variable") == 1


@pytest.mark.parametrize(
    ("system", "variables", "parts"),
    [
        ("linux", {"XDG_CACHE_HOME": "relative"}, (".cache",)),
        ("linux", {"XDG_CACHE_HOME": ""}, (".cache",)),
        ("darwin", {"XDG_CACHE_HOME": "/elsewhere"}, ("Library", "Caches")),
        ("win32", {"LOCALAPPDATA": ""}, ("AppData", "Local")),
    ],
)
def test_the_folder_of_the_platform(
    system: str, variables: dict[str, str], parts: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert platform_directory() == str(tmp_path.joinpath(*parts, "scalar-autograd"))


@pytest.mark.parametrize("value", [3, "", "a\0b", b"bytes", ["list"]])
def test_an_option_that_names_no_directory_is_refused(value: Any) -> None:
    with pytest.raises(CompileError, match=r"cache=.* is not supported; use True, False, None or a directory"):
        autograd.compile(swish, cache=value)


def test_a_path_is_that_of_the_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    compiled = autograd.compile(swish, cache="here")
    monkeypatch.chdir("/")
    compiled(1.0, 2.0)
    assert entries(tmp_path / "here") == 1


# --- with the rest ----------------------------------------------------------------------------------------------------


def test_pickled_functions_are_those_without_a_cache(tmp_path: Path) -> None:
    made(tmp_path / "cache", spread)
    second = made(tmp_path / "cache", spread)
    shutil.rmtree(tmp_path / "cache")
    copy = pickle.loads(pickle.dumps(second))
    assert copy.value_and_grad([0.5, -1.0, 2.0]) == second.answer == made(False, spread).answer
    assert copy.source == second.source
    assert outcome(copy) == "none"
    assert not (tmp_path / "cache").exists()


def test_training_with_the_variable_set_has_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def trained() -> list[float]:
        model = nn.MLP(2, [8, 1], seed=0)
        rng = np.random.default_rng(0)
        x = rng.normal(size=(20, 2))
        nn.fit(model, x, np.sign(x[:, :1] * x[:, 1:]), loss=nn.hinge, epochs=3, seed=0)
        return [parameter.data for parameter in model.parameters()]

    usual = trained()
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    assert trained() == usual
    assert entries(tmp_path) > 0
    assert trained() == usual


def test_parameters_are_read_at_each_call(tmp_path: Path) -> None:
    for _ in range(2):
        w = Value(3.0)
        compiled = autograd.compile(lambda x, w=w: w * x, parameters=[w], cache=tmp_path)
        assert compiled(2.0) == (6.0, np.array([2.0]))
        w.data = 5.0
        assert compiled(2.0) == (10.0, np.array([2.0]))
    assert outcome(compiled) == "read"


def test_a_keeper_without_a_cache_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "key_of", None)
    monkeypatch.setattr(keeper, "read", None)
    assert outcome(made(None)) == "none"
