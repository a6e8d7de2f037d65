// Runs pytest in Pyodide: node run.mjs PYODIDE_FOLDER SOURCES.zip PACKAGES.zip PYTEST_ARGUMENTS…
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [folder, sources, packages, ...options] = process.argv.slice(2);
const { loadPyodide } = await import(pathToFileURL(`${folder}/pyodide.mjs`));
const python = await loadPyodide({ indexURL: folder, env: { HOME: "/home", COLUMNS: "100", CI: "1" } });
for (const [archive, place] of [[sources, "/checkout"], [packages, "/packages"]]) {
  python.unpackArchive(new Uint8Array(readFileSync(archive)), "zip", { extractDir: place });
}
python.globals.set("options", python.toPy(options));
// exit() now: the exit code, and no waiting for what Pyodide may have left open.
process.exit(
  python.runPython(`
import os, sys
os.chdir("/checkout")
sys.path[:0] = ["/checkout", "/packages"]
sys.dont_write_bytecode = True
import pytest
int(pytest.main(["-p", "tests.pyodide.plugin", "-p", "no:cacheprovider", "-o", "addopts=", *options]))
`),
);
