// Python, beside the page: a program that loops does not block it, and ends with this worker.
import { loadPyodide } from "./vendor/pyodide/pyodide.mjs";

const session = new URL(import.meta.url).searchParams.get("session");

const load = async () => {
  const archive = fetch(new URL("engine.zip", import.meta.url)).then((response) => {
    if (!response.ok) throw new Error(`engine.zip: ${response.status}`);
    return response.arrayBuffer();
  });
  const python = await loadPyodide({
    indexURL: new URL("vendor/pyodide/", import.meta.url).href,
    jsglobals: Object.create(null), // `import js` offers a program nothing
    stdin: () => null,
  });
  const folder = "/lib/engine";
  python.unpackArchive(await archive, "zip", { extractDir: folder });
  python.runPython(`import sys; sys.path.insert(0, "${folder}")`);
  return python.runPython(`from ${session} import Session; Session().answer`);
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
