"""The folder of the page: static files that any server, or a documentation site, can hand out as they are."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from functools import cache
from html import escape
from importlib.resources import files
from importlib.resources.abc import Traversable
from os import PathLike
from pathlib import Path
from string import Template

from autograd.drawing.render.theme import stylesheet
from autograd.errors import UsageError
from autograd.io.files import file_name, write_bytes
from autograd.playground.snapshot import NAME, snapshot
from autograd.playground.vendored import FOLDER, digest, notices, packages, vendored_files

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' '{imports}'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; worker-src 'self' blob:; base-uri 'none'; form-action 'none'"
)
SOURCES = (".py", ".pyi", ".html", ".css", ".js", ".json", ".tex", ".txt", ".typed")  # what an installed package holds
EPOCH = (1980, 1, 1, 0, 0, 0)  # of files in the archive: the same engine makes the same bytes
EXAMPLES = ("ten-lines", "neuron", "article", "micrograd", "recurrent", "wrong-gradient", "vanishing-gradient")


def build(folder: str | PathLike[str], node_modules: Path | None = None) -> int:
    """Write the page into a folder, which is made if necessary, and return the number of its bytes.

    node_modules  where the npm packages are; None: npm downloads them

    A page that is there already is replaced. UsageError where the folder has an index.html of something else, and where
    a package is missing or not the pinned one; OSError where the folder cannot be written.
    """
    _refuse_another_site(Path(folder))
    contents = contents_of(node_modules)
    for name, data in contents.items():
        path = Path(folder, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_bytes(path, data)
    return sum(map(len, contents.values()))


def _refuse_another_site(folder: Path) -> None:
    """UsageError if the folder belongs to something else, whose files would be replaced."""
    index = folder / "index.html"
    if index.exists() and b"<title>Autograd playground</title>" not in index.read_bytes():
        raise UsageError(f"{file_name(index)} is not a playground: choose another folder")


def contents_of(node_modules: Path | None) -> dict[str, bytes]:
    """Every file of the folder by its path, index.html last: a page that is there is complete."""
    vendored = dict(vendored_files(node_modules))
    memory = _snapshot(vendored)
    static = {name: data for name, data in _statics() if name != "index.html"}
    return {
        **{f"{FOLDER}/{name}": data for name, data in vendored.items()},
        **static,
        "picture.css": stylesheet().encode(),
        "engine.zip": engine(),
        **({NAME: memory} if memory else {}),
        "examples.json": json.dumps(examples()).encode(),
        "LICENSES.txt": notices(vendored).encode(),
        "index.html": page_of(_static("index.html").decode(), has_snapshot=memory is not None).encode(),
    }


def _snapshot(vendored: Mapping[str, bytes]) -> bytes | None:
    """The memory to start from, or None where it cannot be made."""
    prefix = "pyodide/"
    pyodide = {name.removeprefix(prefix): data for name, data in vendored.items() if name.startswith(prefix)}
    return snapshot(pyodide, engine(), examples()[0]["program"]) if pyodide else None


def page_of(template: str, has_snapshot: bool = False) -> str:
    """The page. Its import map is the one script that is not a file, and the policy names it by its hash."""
    imports = json.dumps(import_map(), indent=1)
    policy = POLICY.format(imports=digest(imports.encode()))
    memory = "yes" if has_snapshot else "no"
    return Template(template).substitute(policy=escape(policy, quote=False), imports=imports, snapshot=memory)


def import_map() -> Mapping[str, Mapping[str, str]]:
    """Where the browser finds the editor's modules, and the hash of each.

    >>> import_map()["imports"]["crelt"]
    './vendor/crelt/index.js'
    """
    modules = [each for each in packages() if each.entry.endswith(".js")]
    paths = {each.name: f"./{FOLDER}/{each.name}/{each.entry}" for each in modules}
    return {"imports": paths, "integrity": {paths[each.name]: each.files[each.entry] for each in modules}}


def examples() -> list[dict[str, str]]:
    """The programs that the page offers; the first line of each is its title.

    >>> examples()[0]["title"]
    'Ten lines'
    """
    found = []
    for name in EXAMPLES:
        program = files(__package__).joinpath("examples", f"{name}.txt").read_text("utf-8")
        found.append({"name": name, "title": program.partition("\n")[0].lstrip("# "), "program": program})
    return found


@cache
def engine() -> bytes:
    """The packages `autograd` and `nn`, as they are installed here, as a ZIP archive."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:
        for package in ("autograd", "nn"):
            for name, file in sorted(_tree(files(package), package)):
                written.writestr(zipfile.ZipInfo(name, EPOCH), file.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.getvalue()


def _tree(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for each in folder.iterdir():
        name = f"{path}/{each.name}"
        if each.is_dir():
            yield from _tree(each, name) if each.name != "__pycache__" else ()
        elif each.name.endswith(SOURCES):
            yield name, each


def _statics() -> Iterator[tuple[str, bytes]]:
    for each in sorted(files(__package__).joinpath("static").iterdir(), key=lambda file: file.name):
        yield each.name, each.read_bytes()


def _static(name: str) -> bytes:
    return files(__package__).joinpath("static", name).read_bytes()
