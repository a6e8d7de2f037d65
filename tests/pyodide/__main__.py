"""Run the tests that need no NumPy, process or thread in Pyodide, CPython as WebAssembly: `python -m tests.pyodide`.

It needs Node, with the Pyodide of package-lock.json (`npm ci`, here or in the folder that --modules names), and pip, by
which it gets pytest, Hypothesis and mpmath as wheels without machine code. Options after `--` are pytest's.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
# The sources that tests import or read; pip's options for wheels that run anywhere; what takes the place of a stack.
CHECKOUT = ("autograd", "nn", "notebooks", "tests", "README.md", "pyproject.toml")
PURE = ("--platform", "any", "--python-version", "3.14", "--implementation", "py", "--only-binary", ":all:")
WHEELS = ("graphviz", "hypothesis", "mpmath<1.4", "pytest")
STACK = 200_000  # KiB: calls in Python take more of it than Node has by default

# What runs: a minute of the core. More can be asked for, such as tests/drawing, tests/derivations or tests/exercises.
NETS = ("test_losses.py", "test_neuron.py", "test_optimizers.py")
SELECTED = ("tests/engine", "tests/check", "tests/compiler/test_calls.py", *[f"tests/nn/{name}" for name in NETS])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.pyodide", description=__doc__.split("\n\n")[0])
    parser.add_argument("--modules", type=Path, default=HERE / "node_modules", help="the folder that npm has filled")
    parser.add_argument("options", nargs="*", help="tests or options of pytest instead of the usual ones")
    args = parser.parse_args()
    node, pyodide = shutil.which("node"), args.modules.resolve() / "pyodide"
    if node is None or not pyodide.is_dir():
        missing = "Node is not installed" if node is None else f"{pyodide} does not exist; run `npm ci` in {HERE}"
        print(f"not run in Pyodide: {missing}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        sources, packages = Path(folder, "sources.zip"), Path(folder, "packages.zip")
        _pack(sources, ROOT, CHECKOUT)
        _pack(packages, wheels(Path(folder, "packages")), ["."])
        options = args.options or [*SELECTED, "-q", "-m", "not slow"]
        command = [node, f"--stack-size={STACK}", HERE / "run.mjs", pyodide, sources, packages, *options]
        preexec = _with_stack if os.name == "posix" else None
        return subprocess.run(command, check=False, preexec_fn=preexec).returncode


def wheels(folder: Path) -> Path:
    """The test tools, installed into a folder for a Python of any kind."""
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile", "--target", folder, *PURE, *WHEELS]
    subprocess.run(install, check=True)
    return folder


def _pack(archive: Path, folder: Path, names: list[str] | tuple[str, ...]) -> None:
    with zipfile.ZipFile(archive, "w") as packed:
        for name in names:
            for path in sorted([folder / name, *(folder / name).rglob("*")]):
                place = path.relative_to(folder)
                if path.is_file() and not {"__pycache__", "node_modules", ".hypothesis"}.intersection(place.parts):
                    packed.write(path, place)


def _with_stack() -> None:
    """Let the process have the stack that Node is told of."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_STACK)
    resource.setrlimit(resource.RLIMIT_STACK, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
