"""The direction of imports, read from the source: nothing imports upwards, nothing in a circle, nothing in secret."""

from __future__ import annotations

import ast
import graphlib
import importlib.util
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

import autograd
import nn

ROOT = Path(autograd.__file__).parent.parent

# What each module of the engine may import from the package; the standard library is free to all, and so is NumPy where
# there is one.
FREE = {"autograd._numpy"}
ALLOWED: dict[str, set[str]] = {
    "_numpy": {"numerics"},
    "errors": set(),
    "_installation": set(),
    "_startup": set(),
    "_version": set(),
    "_lazy": set(),
    "signatures": set(),
    "numerics": set(),
    "special": {"numerics"},
    "atomic": set(),
    "scopes": {"atomic"},
    "recording": {"atomic", "scopes"},
    "graph": set(),
    "structure": set(),
    "pickling": set(),
    "io.files": set(),
    "primitive": {"errors"},
    "rules": {"primitive", "numerics", "special"},
    "inline": {"primitive"},
    "arrays": {"rules", "primitive"},
    "backward": {"graph", "recording", "scopes"},
    "callbacks": {"backward", "scopes"},
    "value": {
        *("errors", "rules", "primitive", "arrays", "scopes", "pickling", "backward", "callbacks", "graph"),
        "signatures",
    },
    "operators": {"inline", "primitive", "rules", "scopes", "signatures", "value"},
    "_hypothesis": {"_lazy", "value"},
    "affine": {"value", "rules", "numerics", "scopes", "signatures"},
    "derivative": {"value", "rules", "graph", "errors", "scopes"},
    "functions": {"affine", "errors", "operators", "rules", "scopes", "signatures", "value"},
    "observing": {"assignments", "graph", "origin", "value"},
    "arithmetic": {"primitive", "rules"},
    "series": set(),
    "series.numberlike": {"arrays", "observing", "operators", "primitive", "rules"},
    "series.terms": {"numerics", "primitive", "rules", "series.numberlike"},
    "series.flat": {"arithmetic", "inline", "primitive", "rules"},
    "series.rows": {"numerics", "primitive", "rules", "scopes", "series.flat", "series.terms", "value"},
    "series.taylor": {"recording", "rules", "series.rows", "series.terms", "structure", "tracing", "value"},
    "sparse": set(),
    "sparse.linearity": {"arithmetic", "primitive", "rules"},
    "sparse.pattern": {"primitive", "sparse.linearity"},
    "sparse.colouring": {"sparse.pattern"},
    "sparse.compression": {"sparse.colouring", "sparse.pattern"},
    "sparse.eager": {
        *("derivative", "errors", "graph", "numerics", "per_sample", "scopes", "structure", "tracing", "value"),
        *("sparse.compression", "sparse.pattern"),
    },
    "tracing": {"value", "graph", "recording", "scopes", "observing", "structure"},
    "per_sample": {"tracing"},
    "functional": {
        *("derivative", "functions", "per_sample", "series.taylor", "sparse.eager", "structure", "tracing", "value"),
    },
    "assignments": set(),
    "node_names": {"origin"},
    "origin": {"assignments"},
    "notation": set(),
    "notation.boxes": set(),
    "notation.latex": {"notation.boxes"},
    "notation.mathml": {"notation.boxes"},
    "notation.names": {"notation.boxes"},
    "notation.terms": {"notation.boxes", "operators", "primitive", "rules"},
    "notation.spelling": {"notation.boxes", "notation.terms", "primitive", "rules", "special"},
    "compiler": set(),
    "compiler.foreign": {"value"},
    "compiler.arguments": {"compiler.foreign", "errors", "scopes", "structure", "value"},
    "compiler.call_arguments": {"compiler.arguments", "errors", "structure"},
    "compiler.inputs": {"compiler.llvm.engine", "compiler.llvm.slots", "scopes", "value"},
    "compiler.results": {"compiler.arguments", "structure"},
    "compiler.advice": {"compiler.program", "origin", "structure"},
    "compiler.options": {"errors"},
    "compiler.refusal": {"assignments", "errors", "origin", "primitive", "value"},
    "compiler.traced": {
        *("compiler.refusal", "inline", "operators", "origin", "primitive", "rules", "scopes", "value"),
    },
    "compiler.constants": {"origin"},
    "compiler.silent": set(),
    "compiler.watched": {"compiler.program"},
    "compiler.reachable": {"compiler.constants", "compiler.watched", "value"},
    "compiler.captures": {"compiler.reachable", "compiler.watched"},
    "compiler.determinism": {
        *("compiler.program", "compiler.record", "compiler.replay"),
        *("errors", "origin", "recording", "structure"),
    },
    "compiler.replay": {
        *("compiler.program", "compiler.questions", "compiler.record", "compiler.traced"),
        *("primitive", "rules", "value"),
    },
    "compiler.shifts": {"assignments", "compiler.traced", "origin", "rules"},
    "compiler.questions": {
        *("compiler.constants", "compiler.refusal", "compiler.shifts", "compiler.traced"),
        *("primitive", "rules", "value"),
    },
    "compiler.record": {
        *("compiler.inner", "compiler.questions", "compiler.refusal", "compiler.traced"),
        *("graph", "primitive", "recording", "rules", "scopes", "value"),
    },
    "compiler.program": {"errors", "primitive", "rules"},
    "compiler.columns": {"compiler.program", "primitive"},
    "compiler.hashes": set(),
    "compiler.sharing": {"compiler.columns", "compiler.hashes", "compiler.program", "primitive", "rules"},
    "compiler.passes": {"compiler.columns", "compiler.program", "compiler.sharing", "rules", "primitive"},
    "compiler.chains": {"compiler.columns", "compiler.silent", "rules"},
    "compiler.reassociate": {"compiler.chains", "compiler.columns", "compiler.program", "compiler.sharing", "rules"},
    "compiler.symbols": {
        *("compiler.passes", "compiler.program", "compiler.refusal", "operators", "primitive", "rules"),
    },
    "compiler.gates": {"errors", "primitive", "rules", "value"},
    "compiler.inner": {"compiler.gates", "compiler.symbols", "derivative", "graph", "value"},
    "compiler.written_gates": {"compiler.gates", "compiler.symbols"},
    "compiler.differentiate": {
        *("compiler.gates", "compiler.passes", "compiler.program", "compiler.symbols", "compiler.written_gates"),
        "derivative",
    },
    "compiler.transcribe": {
        *("compiler.columns", "compiler.program", "compiler.record", "compiler.refusal", "compiler.traced"),
        *("primitive", "value"),
    },
    "compiler.lower": {
        "compiler.transcribe",
        *("compiler.differentiate", "compiler.passes", "compiler.program", "compiler.record", "compiler.refusal"),
        *("compiler.advice", "compiler.replay"),
        *("compiler.arguments", "compiler.determinism", "derivative", "errors", "primitive", "structure", "value"),
        "sparse.compression",
    },
    "compiler.pushed": {
        *("compiler.differentiate", "compiler.lower", "compiler.passes", "compiler.program", "compiler.symbols"),
        *("errors", "rules"),
    },
    "compiler.compressed": {
        *("compiler.differentiate", "compiler.passes", "compiler.program", "compiler.pushed", "compiler.symbols"),
        *("rules", "sparse.compression", "sparse.pattern"),
    },
    "compiler.taylor": {
        *("compiler.passes", "compiler.program", "compiler.refusal", "compiler.symbols"),
        *("series.rows", "series.terms"),
    },
    "compiler.bodies": {"compiler.lower", "compiler.program"},
    "compiler.bodywise": {
        *("compiler.bodies", "compiler.compressed", "compiler.lower", "compiler.program", "compiler.specialization"),
        "sparse.pattern",
    },
    "compiler.kinds": {"compiler.lower", "structure"},
    "compiler.directions": {
        *("compiler.differentiate", "compiler.kinds", "compiler.lower", "compiler.program", "compiler.pushed"),
        *("compiler.refusal", "compiler.symbols", "compiler.taylor"),
        *("errors", "primitive", "rules", "sparse.compression"),
    },
    "compiler.derived": {
        *("compiler.bodies", "compiler.bodywise", "compiler.compressed", "compiler.differentiate"),
        *("compiler.directions", "compiler.kinds", "compiler.lower", "compiler.passes", "compiler.program"),
        *("compiler.pushed", "compiler.refusal", "errors", "sparse.compression"),
    },
    "compiler.given": {"compiler.arguments", "compiler.call_arguments", "structure"},
    "compiler.python": {
        *("compiler.options", "compiler.program", "compiler.arguments"),
        *("errors", "primitive", "rules"),
    },
    "compiler.backends": {
        *("compiler.python", "compiler.options", "compiler.program"),
        *("compiler.llvm", "compiler.numpy_backend.runner", "compiler.forms", "compiler.vector.program"),
        *("compiler.columns", "compiler.loops.loop", "compiler.loops.vectors", "errors", "primitive", "rules"),
    },
    "compiler.forms": {
        *("compiler.columns", "compiler.program", "compiler.reassociate", "errors"),
        *("compiler.loops.derivative", "compiler.loops.find", "compiler.loops.loop"),
        *("compiler.vector.adjoints", "compiler.vector.program", "compiler.vector.recover"),
    },
    "compiler.bounds": set(),
    "compiler.perturbed": {"compiler.bounds", "compiler.program", "compiler.symbols", "primitive", "rules"},
    "compiler.points": {"compiler.program"},
    "compiler.verify": {
        *("compiler.bounds", "compiler.cache.data", "compiler.columns", "compiler.perturbed", "compiler.points"),
        *("compiler.lower", "compiler.options", "compiler.program", "compiler.arguments", "numerics"),
    },
    "compiler.keeper": {
        *("compiler.arguments", "compiler.backends", "compiler.lower", "compiler.options", "compiler.program"),
        *("compiler.cache.directory", "compiler.cache.objects", "compiler.cache.programs", "compiler.cache.store"),
        *("compiler.bounds", "compiler.forms", "io.files"),
    },
    "compiler.specialization": {
        *("compiler.cache.objects", "compiler.keeper", "compiler.forms"),
        *("compiler.backends", "compiler.lower", "compiler.options", "compiler.program", "compiler.python"),
        *("compiler.captures", "compiler.forms", "compiler.inputs", "compiler.verify", "errors"),
    },
    "compiler.assembled": {
        *("compiler.captures", "compiler.inputs", "compiler.lower", "compiler.options", "compiler.specialization"),
    },
    "compiler.explain": {"compiler.columns", "compiler.lower", "compiler.program", "compiler.specialization"},
    "compiler.flat": {"compiler.arguments", "compiler.inputs", "errors", "structure", "value"},
    "compiler.variants": {
        *("compiler.arguments", "compiler.assembled", "compiler.captures", "compiler.lower", "compiler.options"),
        "compiler.python",
        *("compiler.advice", "compiler.call_arguments", "compiler.derived", "compiler.given", "compiler.kinds"),
        *("compiler.program", "compiler.record"),
        *("compiler.specialization", "errors", "per_sample", "recording", "structure", "value"),
    },
    "compiler.asked": {
        *("compiler.arguments", "compiler.call_arguments", "compiler.given", "compiler.inputs", "compiler.record"),
        *("compiler.variants", "errors", "per_sample", "structure"),
    },
    "compiler.directional": {
        *("compiler.asked", "compiler.call_arguments", "compiler.given", "compiler.kinds", "compiler.results"),
        "structure",
    },
    "compiler.derivatives": {
        *("compiler.arguments", "compiler.asked", "compiler.call_arguments", "compiler.directional"),
        *("compiler.given", "compiler.kinds", "compiler.lower"),
        *("compiler.results", "errors", "sparse.compression", "structure"),
    },
    "compiler.inspected": {
        *("_lazy", "compiler.derivatives", "compiler.explain", "compiler.latex", "compiler.options"),
        *("compiler.program", "compiler.specialization"),
    },
    "compiler.compiled": {
        *("compiler.arguments", "compiler.asked", "compiler.cache.directory", "compiler.flat", "compiler.given"),
        *("compiler.inspected", "compiler.lower", "compiler.options", "compiler.results"),
        *("errors", "per_sample", "structure", "value"),
    },
}
# What the packages inside the compiler may import besides their own modules.
BACK_END = {
    "compiler.options",
    "compiler.program",
    "compiler.reassociate",
    "compiler.silent",
    "errors",
    "numerics",
    "primitive",
    "rules",
    "special",
}
INSIDE: dict[str, set[str]] = {
    "compiler.vector": BACK_END - {"compiler.options"}
    | {"compiler.chains", "compiler.gates", "compiler.passes", "compiler.symbols"},
    "compiler.numpy_backend": BACK_END | {"compiler.vector"},
    "compiler.loops": BACK_END
    | {"compiler.columns", "compiler.gates", "compiler.hashes", "compiler.lower", "compiler.numpy_backend"}
    | {"compiler.passes"}
    | {"compiler.python", "compiler.symbols", "compiler.vector", "compiler.written_gates", "derivative"},
    "compiler.llvm": BACK_END | {"compiler.cache", "compiler.forms", "compiler.loops", "compiler.vector", "recording"},
    "compiler.latex": BACK_END
    | {"compiler.forms", "compiler.loops", "compiler.lower", "compiler.vector", "structure"}
    | {"notation.boxes", "notation.latex", "notation.names", "notation.spelling", "notation.terms"},
    "compiler.cache": BACK_END | {"_version", "compiler.columns", "compiler.lower", "compiler.vector", "io.files"},
}
# Which packages a package may import; those above the engine may import all of the engine's modules besides. A package
# inside another belongs to it, and `INSIDE` or the imports of modules say the rest.
BETWEEN: dict[str, set[str]] = {
    "autograd.io": set(),
    "autograd.expressions": {"io"},
    "autograd.sparse": set(),
    "autograd.drawing": {"io"},
    "autograd.series": set(),
    "autograd.implicit": {"series"},
    "autograd.notation": set(),
    "autograd.compiler": {"io", "notation", "series", "sparse"},
    "autograd.exporting": {"compiler", "io", "notation"},
    "autograd.interop": {"compiler"},
    "autograd.check": {"io"},
    "autograd.grading": {"check", "drawing", "io"},
    "autograd.testing": {"grading"},
    "autograd.strategies": {"io", "testing"},
    "autograd.debugging": {"drawing", "expressions", "io", "notation"},
    "autograd.derivations": {"debugging", "io", "notation"},
    "autograd.precision": {"check", "debugging", "expressions"},
    "autograd.exploring": {"check", "compiler", "debugging", "drawing", "io", "notation", "precision"},
    "autograd.exercises": {"debugging", "drawing", "io", "notation"},
    "autograd.playground": {"debugging", "drawing", "io"},
    "autograd.plugins": {"check", "grading"},
    "autograd.cli": {
        *(
            "check",
            "compiler",
            "debugging",
            "derivations",
            "drawing",
            "exercises",
            "exploring",
            "expressions",
            "grading",
        ),
        *("io", "playground", "precision"),
    },
    "nn.plotting": set(),
    "nn.layers": {"plotting"},
    "nn.interop": {"layers", "tabular"},
    "nn.train": {"layers", "plotting"},
    "nn.persistence": {"layers"},
    "nn.tabular": {"layers", "persistence", "train"},
    "nn.estimators": {"layers", "train"},
    "nn.inspection": {"layers", "train"},
    "nn.evaluation": set(),
    "nn.cluster": {"layers", "persistence", "tabular", "train"},
    "nn.cli": {"evaluation", "inspection", "interop", "layers", "persistence", "plotting", "tabular", "train"},
}
# What `nn` may import besides the names that `autograd` exports: files, streams and the frame of a command line.
SHARED = {
    "autograd._numpy",
    *("autograd._lazy", "autograd._startup"),
    *("autograd.io.files", "autograd.io.plural", "autograd.io.printing", "autograd.io.streams"),
    *("autograd.io.json_text", "autograd.io.suggestions", "autograd.io.together"),
    "autograd.cli",
    *("autograd.cli.frame", "autograd.cli.parser"),
    "autograd.errors",
}
# Packages that are imported where they are used: a user may have none of them, or pay for what he does not use.
OPTIONAL = {
    "rich",
    "matplotlib",
    "hypothesis",
    "mpmath",
    "pytest",
    "llvmlite",
    "IPython",
    "graphviz",
    "pygraphviz",
    "resvg_py",
    "dask",
    "distributed",
    "scipy",
    "onnx",
    "torch",
    "jax",
    "sklearn",
    "pyarrow",
    "openpyxl",
    "shtab",
    "numpy",  # by the engine, when NumPy itself has called
}
# Loaded by pytest before it knows whose `autograd` its tests import: ours has to wait until they ask for it.
LATE = {
    "autograd.plugins.scalar_autograd_pytest": {
        *(
            "autograd.check",
            "autograd.errors",
            "autograd.grading",
            "autograd.grading.grader",
            "autograd.grading.rubric",
        ),
    }
}


def _modules(package: str) -> dict[str, Path]:
    """The file of every module by dotted name; a package's `__init__` has the name of the package."""
    found = {}
    for path in sorted((ROOT / package).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = {package: _modules(package) for package in ("autograd", "nn")}
KNOWN = {name for modules in MODULES.values() for name in modules}


FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@cache
def _nodes(name: str) -> list[ast.stmt | ast.expr]:
    """The nodes of a module that a test looks at: one walk over everything for all tests."""
    tree = ast.parse(MODULES[name.split(".")[0]][name].read_text(encoding="utf-8"))
    wanted = (ast.Import, ast.ImportFrom, ast.If, ast.Call, *FUNCTIONS)
    return [node for node in ast.walk(tree) if isinstance(node, wanted)]


def _targets(node: ast.AST) -> Iterator[str]:
    """The modules that an import statement loads, for `from package import module` that module."""
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    elif isinstance(node, ast.ImportFrom):
        assert not node.level, "imports are absolute here"
        for alias in node.names:
            inner = f"{node.module}.{alias.name}"
            yield inner if inner in KNOWN else node.module or ""


def _last_name(named: ast.expr) -> str:
    return named.attr if isinstance(named, ast.Attribute) else named.id if isinstance(named, ast.Name) else ""


def _for_types(name: str) -> list[ast.stmt]:
    """What only the type checker reads."""
    blocks = [node for node in _nodes(name) if isinstance(node, ast.If)]
    return [statement for node in blocks if _last_name(node.test) == "TYPE_CHECKING" for statement in node.body]


@cache
def _imported(name: str) -> set[str]:
    """Everything a module imports, in functions too, but for what only the type checker reads."""
    for_types = {inner for statement in _for_types(name) for inner in ast.walk(statement)}
    return {target for node in _nodes(name) if node not in for_types for target in _targets(node)}


def _inner_imports(package: str, name: str) -> set[str]:
    return {target for target in _imported(name) if target.split(".")[0] == package}


def _offenders(offences: Callable[[str], set[str]], names: Iterable[str]) -> dict[str, set[str]]:
    """The modules that do what they must not do, each with what it does."""
    found = {name: offences(name) for name in names}
    assert found
    return {name: targets for name, targets in found.items() if targets}


def test_the_engine_imports_downwards() -> None:
    def upwards(name: str) -> set[str]:
        allowed = {f"autograd.{each}" for each in ALLOWED[name]}
        return _inner_imports("autograd", f"autograd.{name}") - allowed - FREE

    assert _offenders(upwards, ALLOWED) == {}


def test_the_engine_is_in_the_table() -> None:
    """Whatever a module of the engine needs is part of the engine."""
    assert {f"autograd.{each}" for each in ALLOWED} <= MODULES["autograd"].keys()
    assert {each for each in set().union(*ALLOWED.values()) if not _package(each)} <= ALLOWED.keys()


def _package(name: str) -> str:
    """The package of `INSIDE` that a module belongs to, if any."""
    return next((each for each in INSIDE if name == each or name.startswith(f"{each}.")), "")


def test_back_ends_know_the_program_and_the_table() -> None:
    def foreign(name: str) -> set[str]:
        own = _package(name.removeprefix("autograd."))
        imported = {each.removeprefix("autograd.") for each in _inner_imports("autograd", name) - FREE}
        return {each for each in imported if _package(each) != own and (_package(each) or each) not in INSIDE[own]}

    assert _offenders(foreign, [name for name in MODULES["autograd"] if _package(name.removeprefix("autograd."))]) == {}


def _folder(name: str) -> str:
    """The package right below `autograd` or `nn` that a module belongs to, '' for those on top."""
    package, _, rest = name.partition(".")
    inner = rest.partition(".")[0]
    return inner if f"{package}.{inner}" in BETWEEN else ""


def _imported_folders(name: str) -> set[str]:
    package, _, own = name.partition(".")
    modules = [module for module in MODULES[package] if _folder(module) == own]
    assert modules, name
    imported = {target for module in modules for target in _inner_imports(package, module)}
    return {_folder(target) for target in imported} - {own, ""}


def test_packages_import_downwards() -> None:
    assert {name: _imported_folders(name) for name in BETWEEN} == BETWEEN


def test_packages_are_in_the_table_and_in_no_circle() -> None:
    folders = {f"{path.parent.parent.name}.{path.parent.name}" for path in ROOT.glob("*/*/__init__.py")}
    assert {name for name in folders if name.split(".")[0] in MODULES} <= BETWEEN.keys()
    for package in MODULES:
        graph = {name: {f"{package}.{each}" for each in BETWEEN[name]} for name in BETWEEN if name.startswith(package)}
        graphlib.TopologicalSorter(graph).prepare()


def test_packages_of_nn_import_nothing_from_above() -> None:
    """`lookup` and `plural` are below all of them; `training`, `sweeps` and `strategies` put them together."""
    inside = [name for name in MODULES["nn"] if _folder(name)]
    from_top = {(name, target) for name in inside for target in _inner_imports("nn", name) if not _folder(target)}
    assert {target for name, target in from_top if _folder(name) != "cli"} == {"nn.lookup"}


@pytest.mark.parametrize("package", MODULES)
def test_no_module_imports_in_a_circle(package: str) -> None:
    graph = {name: _inner_imports(package, name) - {name} for name in MODULES[package]}
    graphlib.TopologicalSorter(graph).prepare()  # CycleError names the circle


def test_inside_autograd_names_come_from_their_own_module() -> None:
    assert [name for name in MODULES["autograd"] if name != "autograd" and "autograd" in _imported(name)] == []


def test_autograd_does_not_know_nn() -> None:
    assert [name for name in MODULES["autograd"] if any(each.startswith("nn") for each in _imported(name))] == []


def _of_autograd(node: ast.AST) -> set[str]:
    """What an import statement takes from inside `autograd` that is neither exported nor shared."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names if alias.name.startswith("autograd.")}
    module = (node.module or "") if isinstance(node, ast.ImportFrom) else ""
    if module.split(".")[0] != "autograd" or module in SHARED:
        return set()
    exported = set(autograd.__all__) if module == "autograd" else set()
    return {f"{module}.{alias.name}" for alias in node.names if alias.name not in exported}


def test_nn_uses_only_what_autograd_exports() -> None:
    def private(name: str) -> set[str]:
        return set().union(*(_of_autograd(node) for node in _nodes(name)))

    assert _offenders(private, MODULES["nn"]) == {}


def _in_functions(name: str) -> Iterator[str]:
    functions = [node for node in _nodes(name) if isinstance(node, FUNCTIONS)]
    lines = {line for each in functions for line in range(each.lineno, (each.end_lineno or each.lineno) + 1)}
    for node in _nodes(name):
        if node.lineno in lines:
            yield from _targets(node)


def test_only_optional_packages_are_imported_inside_functions() -> None:
    def ours(name: str) -> set[str]:
        inside = {each for each in _in_functions(name) if each.split(".")[0] not in OPTIONAL}
        return inside - LATE.get(name, set())

    assert _offenders(ours, KNOWN) == {}


def _loaded_after(statement: str) -> set[str]:
    program = f"import sys; before = set(sys.modules); {statement}; print(*sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def _distributions(modules: set[str]) -> set[str]:
    return {name.split(".")[0] for name in modules}


def test_autograd_needs_only_the_standard_library() -> None:
    loaded = _distributions(_loaded_after("import autograd, autograd.functional"))
    assert loaded - set(sys.stdlib_module_names) == {"autograd"}


def test_nn_loads_no_optional_package_and_no_compiler() -> None:
    loaded = _loaded_after("import nn")
    assert not _distributions(loaded) & (OPTIONAL - {"numpy"})
    assert "autograd.compiler" not in loaded


# --- what is imported when it is first used ---------------------------------------------------------------------------


def _ours(modules: set[str]) -> set[str]:
    return {name.removeprefix("autograd.") for name in modules if name.startswith("autograd.")}


LOADED_LATER = (
    "_numpy",
    "arithmetic",
    "assignments",
    "compiler",
    "functional",
    "io",
    "node_names",
    "notation",
    "observing",
    "origin",
    "per_sample",
    "series",
    "sparse",
    "structure",
    "tracing",
)


def test_importing_autograd_loads_the_engine_alone() -> None:
    eager = {name for name in ALLOWED if name.split(".")[0] not in LOADED_LATER}
    assert _ours(_loaded_after("import autograd")) == eager


def test_a_picture_loads_what_it_needs() -> None:
    """The package `graphviz` takes longer to import than a small graph to draw; `.dot` needs it."""
    loaded = _loaded_after("from autograd import Value, draw; draw(Value(2.0) * 3.0).svg")
    assert {name.split(".")[0] for name in _ours(loaded) - ALLOWED.keys()} == {"drawing", "io"}
    assert not _distributions(loaded) & {"graphviz", "numpy"}


def test_what_is_imported_later_is_what_the_type_checker_sees() -> None:
    statements = [node for node in _for_types("autograd") if isinstance(node, ast.ImportFrom)]
    assert {node.module: tuple(alias.name for alias in node.names) for node in statements} == autograd._LAZY  # type: ignore[attr-defined]


def test_no_module_hides_a_name_that_is_imported_later() -> None:
    """Importing `autograd.x` sets `autograd.x`, whatever stood there; of what is imported at once we come after it."""
    names = {name for module, found in autograd._LAZY.items() if module != "autograd" for name in found}  # type: ignore[attr-defined]
    assert not {f"autograd.{name}" for name in names} & KNOWN


def _imported_by_name(module: str) -> set[str]:
    """What is imported by a name as text: that text, or the source of what gives it."""
    calls = [node for node in _nodes(module) if isinstance(node, ast.Call)]
    names = [call.args[0] for call in calls if _last_name(call.func) in ("import_module", "__import__")]
    return {str(name.value) if isinstance(name, ast.Constant) else ast.unparse(name) for name in names}


def test_our_own_modules_are_imported_by_name_in_one_place() -> None:
    """Elsewhere it is what a machine may not have."""

    def ours(name: str) -> set[str]:
        found = _imported_by_name(name)
        return {each for each in found if each.split(".")[0] not in OPTIONAL | set(sys.stdlib_module_names)}

    assert _offenders(ours, KNOWN - {"autograd._lazy"}) == {}


def test_names_can_be_listed_before_they_are_used() -> None:
    assert set(autograd.__all__) <= set(dir(autograd))
    namespace: dict[str, object] = {}
    exec("from autograd import *", namespace)
    assert set(autograd.__all__) <= namespace.keys()


def test_a_name_that_does_not_exist_is_refused_as_ever() -> None:
    with pytest.raises(AttributeError, match="module 'autograd' has no attribute 'gradient'"):
        autograd.gradient  # type: ignore[attr-defined]  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'gradient' from 'autograd'"):
        exec("from autograd import gradient")


def test_public_names_exist_once() -> None:
    for module in (autograd, nn):
        assert len(set(module.__all__)) == len(module.__all__)
        assert all(hasattr(module, name) for name in module.__all__)


def test_packages_say_that_they_are_typed() -> None:
    for package in MODULES:
        origin = importlib.util.find_spec(package)
        assert origin is not None
        assert (ROOT / package / "py.typed").exists()
