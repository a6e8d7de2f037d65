// Write the memory of a Python that has imported the engine: node snapshot.mjs PYODIDE ENGINE PROGRAM OUT
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";

const [pyodide, engine, program, out] = process.argv.slice(2);
process.argv.splice(1, Infinity, "./this.program"); // as in a browser: it gets into the memory, and no path should

const { loadPyodide } = await import(pathToFileURL(`${pyodide}/pyodide.mjs`).href);
const request = JSON.stringify({ do: "run", program: readFileSync(program, "utf8") });

const started = async (options) => {
  const python = await loadPyodide({ jsglobals: Object.create(null), stdin: () => null, ...options });
  python.mountNodeFS("/lib/engine", engine);
  return python;
};

// A request imports what its answer needs; afterwards there is nothing of it but the modules.
const run = (python) => {
  const answer = python.runPython("from autograd.playground.session import Session; Session().answer");
  const { failure, svg } = JSON.parse(answer(request));
  answer.destroy();
  if (failure) throw new Error(failure.text);
  if (!svg) throw new Error("Error: there is no picture");
};

const python = await started({ _makeSnapshot: true });
python.runPython("import sys; sys.dont_write_bytecode = True; sys.path.insert(0, '/lib/engine')");
run(python);
python.runPython(`
  import gc, linecache
  sys.dont_write_bytecode = False
  linecache.clearcache()
  del Session, gc, linecache, sys
  __import__("gc").collect()
`);
const memory = python.makeMemorySnapshot();
run(await started({ _loadSnapshot: memory })); // Pyodide refuses one that has outgrown the memory at the start
writeFileSync(out, memory);
