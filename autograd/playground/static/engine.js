// The worker that runs Python, as a function from requests to answers. Its answers are not trusted: a program can forge them.

export class Stopped extends Error {}

export class Engine {
  #worker;
  #pending = new Map();
  #count = 0;

  #ready = false;
  #reason = null; // why it is broken
  #started = () => {};
  #broken = () => {};

  // `session` is the Python module that answers.
  constructor(session) {
    const address = new URL(`worker.js?session=${session}`, import.meta.url);
    address.searchParams.set("snapshot", document.body.dataset.snapshot);
    this.script = address.href;
    this.#start();
  }

  // Call `started` whenever Python is ready, `broken` with a reason if it cannot be loaded; at once if it is so already.
  tell(started, broken) {
    [this.#started, this.#broken] = [started, broken];
    if (this.#reason !== null) broken(this.#reason);
    else if (this.#ready) started();
  }

  #start() {
    // A worker from a blob has the page's content security policy; one from a file has none without a server's header.
    const url = URL.createObjectURL(new Blob([`import ${JSON.stringify(this.script)};`], { type: "text/javascript" }));
    const worker = new Worker(url, { type: "module" });
    worker.addEventListener("message", ({ data }) => this.#hear(data));
    worker.addEventListener("error", (event) => this.#fail(event.message || "the worker did not start"));
    [this.#worker, this.#ready, this.#reason] = [worker, false, null];
  }

  #fail(reason) {
    this.#reason = reason;
    this.#broken(reason);
  }

  #hear(data) {
    if (data.ready) {
      this.#ready = true;
      this.#started();
    } else if (data.broken) this.#fail(String(data.broken));
    const done = this.#pending.get(data.id);
    if (!done) return;
    this.#pending.delete(data.id);
    done.resolve(JSON.parse(data.answer));
  }

  ask(request) {
    const id = (this.#count += 1);
    this.#worker.postMessage({ id, request: JSON.stringify(request) });
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  // End what runs, and start Python again.
  stop() {
    this.#worker.terminate();
    for (const { reject } of this.#pending.values()) reject(new Stopped("stopped"));
    this.#pending.clear();
    this.#start();
  }
}
