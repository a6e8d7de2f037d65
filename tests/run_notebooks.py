"""`python -m tests.run_notebooks [NAME …]`: run every notebook in a fresh kernel, and its hidden solutions after it.

A cell that raises is a failure, and so is a solution that the hidden test refuses. `--write` stores the outputs of the
run in the notebooks, whole or not at all, and for the README's index the picture of each: what the cell with the tag
"picture" shows.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
FOLDER = ROOT / "notebooks"
PICTURES = FOLDER / "pictures"
TAG = "picture"
ANSWER, HIDDEN_TEST = "answer", "hidden-test"  # tags: the empty function of an exercise, and the cell that grades it
PATIENCE = 300  # seconds for one cell: only a cell that hangs needs as long
# What the machine adds to the metadata of a run is not kept, so that the same run stores the same bytes.
METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
# Where a kernel pretends that the source of its cells is; it differs from run to run.
CELL_FOLDER = re.compile(r"[^\s\"'&;<>]*ipykernel_\d+/")


def notebooks(names: list[str] | None = None) -> list[Path]:
    """The notebooks in order, or those with a number among the names, or whose file name begins with one of them."""
    paths = sorted(FOLDER.glob("*.ipynb"), key=lambda path: int(_number(path)))
    return [path for path in paths if not names or _number(path) in names or _begins(path, names)]


def _number(path: Path) -> str:
    return path.name.partition("-")[0]


def _begins(path: Path, names: list[str]) -> bool:
    return path.name.startswith(tuple(name for name in names if not name.isdigit()))


def solutions(notebook: Any) -> list[str]:
    """The Python of the collapsed solutions."""
    hidden = re.findall(r"<details>.*?</details>", "\n".join(cell.source for cell in notebook.cells), re.DOTALL)
    return [code for each in hidden for code in re.findall(r"```python\n(.*?)```", each, re.DOTALL)]


def mistakes(notebook: Any) -> list[tuple[str, str]]:
    """The Python of mistakes that the hidden tests have to name, and words that the report must have."""
    text = "\n".join(cell.source for cell in notebook.cells)
    return [(code, words) for words, code in re.findall(r"```python mistake\n# (.*?)\n(.*?)```", text, re.DOTALL)]


def tagged(notebook: Any, tag: str) -> list[str]:
    """The sources of the cells with a tag."""
    return [cell.source for cell in notebook.cells if tag in cell.metadata.get("tags", [])]


def must_pass(test: str) -> str:
    """A hidden test that raises when the answer is wrong."""
    return f"{test}\nif not report.ok:\n    raise ValueError(str(report))"


def run(path: Path) -> str:
    """The file with the outputs of this run. CellExecutionError for a cell that raises, or a wrong solution."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    visible = len(notebook.cells)
    appended = solutions(notebook) + [must_pass(test) for test in tagged(notebook, HIDDEN_TEST)]
    notebook.cells += [nbformat.v4.new_code_cell(code) for code in appended]
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    client = NotebookClient(
        notebook,
        timeout=PATIENCE,
        kernel_name="python3",
        resources={"metadata": {"path": str(FOLDER)}},
        record_timing=False,
        coalesce_streams=True,
    )
    client.execute(env=os.environ | {"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"})
    notebook.cells, notebook.metadata = notebook.cells[:visible], nbformat.from_dict(METADATA)
    return CELL_FOLDER.sub("", nbformat.writes(notebook))


def picture(text: str) -> str:
    """The SVG that the tagged cell of a stored notebook shows. ValueError when there is not exactly one."""
    cells = [cell for cell in json.loads(text)["cells"] if TAG in cell["metadata"].get("tags", [])]
    shown = [output["data"]["image/svg+xml"] for cell in cells for output in cell["outputs"] if "data" in output]
    if len(shown) != 1:
        raise ValueError(f'one cell must have the tag "{TAG}" and show one picture; found {len(shown)}')
    return "".join(shown[0])


def write(text: str, path: Path) -> None:
    """Store a file, whole or not at all."""
    path.parent.mkdir(exist_ok=True)
    draft = path.with_suffix(".draft")
    try:
        draft.write_text(text, encoding="utf-8")
        os.replace(draft, path)
    finally:
        draft.unlink(missing_ok=True)


def main(arguments: list[str]) -> int:
    """Run them one after the other; 1 when one failed, with its error on stderr."""
    parser = argparse.ArgumentParser(prog="python -m tests.run_notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="how file names begin; default: all notebooks")
    parser.add_argument("--write", action="store_true", help="store the outputs of this run")
    options = parser.parse_args(arguments)
    paths = notebooks(options.names)
    if not paths:
        parser.error(f"no notebook begins with {' or '.join(options.names)}; there are {[p.name for p in notebooks()]}")
    try:
        from nbclient.exceptions import CellExecutionError
    except ImportError:
        parser.error("this needs nbclient and ipykernel: pip install -e '.[notebooks]'")
    begin, failed = time.monotonic(), 0
    for path in paths:
        start = time.monotonic()
        try:
            done = run(path)
        except CellExecutionError as error:
            failed += 1
            print(f"{path.name}: {error}", file=sys.stderr)
            continue
        print(f"{path.name}: {time.monotonic() - start:.0f} s", flush=True)
        if options.write:
            write(done, path)
            write(picture(done), PICTURES / f"{path.stem}.svg")
    print(f"{len(paths) - failed} of {len(paths)} notebooks ran without an error in {time.monotonic() - begin:.0f} s")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
