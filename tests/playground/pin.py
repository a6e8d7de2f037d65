"""Pin the playground's npm packages: `python -m tests.playground.pin NODE_MODULES` writes vendored.json.

Update the packages in a scratch folder (`npm install pyodide @codemirror/lang-python @codemirror/lint …`), read what
has changed, then pin.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from autograd.playground import vendored

PYODIDE = ("pyodide.mjs", "pyodide.asm.mjs", "pyodide.asm.wasm", "pyodide-lock.json", "python_stdlib.zip")
MODULES = (
    *("@codemirror/autocomplete", "@codemirror/commands", "@codemirror/lang-python", "@codemirror/language"),
    *("@codemirror/lint", "@codemirror/state", "@codemirror/streamparser", "@codemirror/view"),
    *("@lezer/common", "@lezer/highlight", "@lezer/lr", "@lezer/python"),
    *("@marijn/find-cluster-break", "crelt", "style-mod", "w3c-keyname"),
)


def pinned(node_modules: Path) -> dict[str, object]:
    """A row for each package: version, licence, entry point and the hashes of its files."""
    rows: dict[str, object] = {}
    for name in ("pyodide", *MODULES):
        about = json.loads((node_modules / name / "package.json").read_text("utf-8"))
        exported = about["exports"]
        entry = exported.get(".", exported)["import"].removeprefix("./")
        files = PYODIDE if name == "pyodide" else (entry, "LICENSE")
        hashes = {file: vendored.digest((node_modules / name / file).read_bytes()) for file in files}
        source = about["repository"]["url"].removeprefix("git+").removesuffix(".git")
        rows[name] = {
            "version": about["version"],
            "license": about["license"],
            "source": source,
            "entry": entry,
            "files": hashes,
        }
    return rows


if __name__ == "__main__":
    text = json.dumps(pinned(Path(sys.argv[1])), indent=1) + "\n"
    Path(vendored.__file__).with_name("vendored.json").write_text(text, "utf-8")
