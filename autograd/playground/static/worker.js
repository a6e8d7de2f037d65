// Python, beside the page: a program that loops does not block it, and ends with this worker.
import { loadPyodide } from "./vendor/pyodide/pyodide.mjs";

const parameters = new URL(import.meta.url).searchParams;
const folder = "/lib/engine"; // as in snapshot.mjs

const fetched = async (name) => {
  const response = await fetch(new URL(name, import.meta.url));
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response;
};

const memory = async () => {
  const { body } = await fetched("snapshot.bin");
  return new Response(body.pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
};

const start = async (archive, options) => {
  const python = await loadPyodide({
    indexURL: new URL("vendor/pyodide/", import.meta.url).href,
    jsglobals: Object.create(null), // `import js` offers a program nothing
    stdin: () => null,
    ...options,
  });
  python.unpackArchive(await archive, "zip", { extractDir: folder });
  python.runPython(`
    import importlib, random, sys
    if "${folder}" not in sys.path:
        sys.path.insert(0, "${folder}")
    importlib.invalidate_caches()
    random.seed()  # a snapshot has the state of the day when it was made
    del importlib, random, sys
  `);
  return python.runPython(`from ${parameters.get("session")} import Session; Session().answer`);
};

// A snapshot holds addresses of functions that browsers without WebAssembly's garbage collection do not have, and that
// Pyodide does not make on iOS. Without it Python starts as usual, which takes seconds more.
const load = async () => {
  const archive = fetched("engine.zip").then((response) => response.arrayBuffer());
  if (parameters.get("snapshot") === "yes" && !/iPad|iPhone|iPod/.test(navigator.userAgent)) {
    try {
      return await start(archive, { _loadSnapshot: memory() });
    } catch (error) {
      console.warn(`Python starts without its snapshot: ${error}`);
    }
  }
  return start(archive, {});
};

const ready = load();
ready.then(
  () => postMessage({ ready: true }),
  (error) => postMessage({ broken: String(error) }),
);

addEventListener("message", async ({ data: { id, request } }) => {
  const answer = await ready;
  try {
    postMessage({ id, answer: answer(request) });
  } catch (error) {
    postMessage({ id, answer: JSON.stringify({ refusal: String(error.message).trim().split("\n").pop() }) });
  }
});
