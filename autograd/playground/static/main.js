// The page: the program on the left, what the worker answers about it on the right.
import { Editor } from "./editor.js";
import { Stopped } from "./engine.js";
import { fragmentOf, read } from "./link.js";
import { formulas, picture } from "./markup.js";
import { engine } from "./python.js";
import { showTraining } from "./training.js";

const by = (id) => document.getElementById(id);
const PAUSE = 60; // milliseconds without a key, after which the program runs
const PATIENCE = 2000; // milliseconds, after which an edit stops the run before it
const FROM_A_LINK = "This program came with a link. Read it first: it runs when you press Run, and only inside this page.";

let examples = [];
let waiting = 0; // the timer of the next run
let begun = 0; // when the present run began; 0: none
let changed = false; // whether there is a program that has not run yet
let held = true; // until the first click, a program from a link does not run
let products = 0;
let moment = null; // products done; null: as the program has left the graph
let scale = 0; // of the picture; 0: it fits
let asked = 0; // numbers the requests about moments: only the last one's answer is shown

const say = (text) => { by("status").textContent = text; };
const state = (name) => { document.body.dataset.state = name; by("stop").disabled = name !== "running"; };

engine.tell(
  () => { by("run").disabled = false; say("Ready."); state("idle"); if (changed && !held) run(); },
  (reason) => { say(`Python could not be loaded: ${reason}`); state("broken"); },
);
const editor = new Editor(by("editor"), () => { edited(); }, () => start());

// --- running ---------------------------------------------------------------------------------------------------------

const start = () => {
  [held, changed] = [false, true];
  by("notice").hidden = true;
  if (begun) stop("");
  else run();
};

const stop = (reason) => {
  engine.stop();
  by("run").disabled = true;
  state("loading");
  say(`${reason}Loading Python again …`);
};

function edited() {
  clearTimeout(waiting);
  if (held || !by("live").checked) return;
  changed = true;
  waiting = setTimeout(() => {
    if (!begun) run(); // or when Python is ready
    else if (performance.now() - begun > PATIENCE) stop("The program before was stopped. ");
  }, PAUSE);
}

async function run() {
  if (document.body.dataset.state !== "idle") return;
  [begun, changed, held] = [performance.now(), false, false];
  state("running");
  const slow = setTimeout(() => say("Running … Stop ends it."), 400);
  try {
    const answer = await engine.ask({ do: "run", program: editor.text });
    state("idle");
    showRun(answer, performance.now() - begun);
  } catch (error) {
    if (!(error instanceof Stopped)) throw error;
  } finally {
    clearTimeout(slow);
    begun = 0;
  }
  if (changed && !held) run();
}

const showRun = (answer, time) => {
  products = answer.products ?? 0;
  moment = null;
  by("output").textContent = answer.output ?? "";
  showFailure(answer.failure ?? (answer.refusal && { text: answer.refusal }));
  by("moment").max = products;
  by("moment").disabled = by("check").disabled = !answer.svg;
  by("report").hidden = true;
  editor.light(null);
  show(answer);
  by("message").textContent = "";
  say(answer.failure ? `${answer.failure.kind}${where(answer.failure)}.` : `Done in ${Math.round(time)} ms.`);
  if (by("derivation").open) derive();
};

const where = (failure) => (failure.line ? ` in line ${failure.line}` : "");

const showFailure = (failure) => {
  by("failure").hidden = !failure;
  by("failure").textContent = failure ? failure.text.trim() : "";
  editor.blame(failure?.kind ? failure : null);
};

// --- the graph -------------------------------------------------------------------------------------------------------

const show = (answer) => {
  const drawn = answer.svg ? picture(answer.svg) : null;
  const { scrollLeft, scrollTop } = by("picture");
  by("picture").replaceChildren(...(drawn ? [drawn] : []));
  for (const id of [answer.edge, answer.box]) drawn?.querySelector(`[data-id="${CSS.escape(id ?? "")}"]`)?.classList.add("now");
  zoom();
  by("picture").scrollTo(scrollLeft, scrollTop);
  reveal(drawn?.querySelector(".box.now"));
  const rows = (answer.values ?? []).map((cells) => {
    const row = document.createElement("tr");
    row.append(...cells.map((text) => Object.assign(document.createElement("td"), { textContent: text })));
    return row;
  });
  by("numbers").querySelector("tbody").replaceChildren(...rows);
  by("more").hidden = !answer.more;
  by("more").textContent = answer.more ? `… and ${answer.more} values before these` : "";
  showClock();
};

const showClock = () => {
  const done = moment ?? products;
  by("moment").value = done;
  by("moment").setAttribute("aria-valuetext", `${done} of ${products}`);
  by("count").textContent = products ? `${done} / ${products}` : "";
  by("first").disabled = by("back").disabled = !products || done === 0;
  by("forwards").disabled = by("end").disabled = !products || moment === null;
};

const zoom = () => {
  const svg = by("picture").querySelector("svg");
  if (!svg) return;
  const [, , width, height] = svg.getAttribute("viewBox").split(" ").map(Number);
  const { clientWidth, clientHeight } = by("picture");
  const fitting = Math.min(clientWidth / width, clientHeight / height, 1.4);
  const factor = scale || Math.max(fitting, Math.min(0.55, clientHeight / height));
  svg.setAttribute("width", Math.floor(width * factor));
  svg.setAttribute("height", Math.floor(height * factor));
  by("picture").dataset.factor = factor;
};

// Scroll the picture to a box that is not wholly in sight.
const reveal = (box) => {
  if (!box) return;
  const [inner, outer] = [box.getBoundingClientRect(), by("picture").getBoundingClientRect()];
  const [right, down] = [inner.x - outer.x, inner.y - outer.y];
  if (right < 0 || right + inner.width > outer.width) by("picture").scrollLeft += right - (outer.width - inner.width) / 2;
  if (down < 0 || down + inner.height > outer.height) by("picture").scrollTop += down - (outer.height - inner.height) / 2;
};

const zoomBy = (factor) => {
  scale = Math.min(Math.max(Number(by("picture").dataset.factor) * factor, 0.1), 4);
  zoom();
};

// --- the backward pass -----------------------------------------------------------------------------------------------

const go = async (index) => {
  if (document.body.dataset.state !== "idle" || !products) return;
  moment = Math.min(Math.max(index, 0), products);
  showClock();
  const mine = (asked += 1);
  const answer = await engine.ask({ do: "moment", index: moment }).catch(() => null);
  if (!answer || mine !== asked || begun) return;
  if (answer.refusal) return say(answer.refusal);
  show(answer);
  by("message").textContent = answer.message;
  editor.light(answer.place);
};

const check = async () => {
  by("check").disabled = true;
  say("Checking …");
  const answer = await engine.ask({ do: "check" }).catch(() => ({ refusal: "The check was stopped." }));
  by("check").disabled = false;
  const report = by("report");
  report.hidden = false;
  report.className = answer.verdict ?? "";
  report.textContent = answer.text ?? answer.refusal;
  say(answer.verdict === "ok" ? "All derivatives agree." : answer.verdict ? `Verdict: ${answer.verdict}.` : "");
};

const derive = async () => {
  const answer = await engine.ask({ do: "derive", level: by("level").value }).catch(() => ({ refusal: "Stopped." }));
  const shown = answer.mathml ? formulas(answer.mathml) : null;
  by("formulas").replaceChildren(shown ?? answer.refusal ?? "");
};

// --- links and examples ----------------------------------------------------------------------------------------------

const open = (program, notice = "") => {
  clearTimeout(waiting);
  [held, changed] = [Boolean(notice), true];
  by("notice").textContent = notice;
  by("notice").hidden = !notice;
  editor.text = program;
  if (!held) run();
};

const openFragment = () => {
  const found = read(location.hash);
  const named = examples.find((each) => each.name === found?.example);
  by("example").value = (named ?? examples[0]).name;
  if (found?.program !== undefined) {
    by("example").value = "";
    open(found.program, FROM_A_LINK);
  } else {
    open((named ?? examples[0]).program);
    if (found?.refusal) [by("notice").textContent, by("notice").hidden] = [found.refusal, false];
  }
};

const copyLink = async () => {
  history.replaceState(null, "", fragmentOf(editor.text));
  try {
    await navigator.clipboard.writeText(location.href);
    say("The link is copied.");
  } catch {
    say("The link is in the address bar.");
  }
};

// --- wiring ----------------------------------------------------------------------------------------------------------

const click = (id, action) => by(id).addEventListener("click", action);
click("run", start);
click("stop", () => { changed = false; stop("Stopped. "); });
click("link", copyLink);
click("first", () => go(0));
click("back", () => go((moment ?? products) - 1));
click("forwards", () => go((moment ?? 0) + 1));
click("end", () => go(products));
click("zoomin", () => zoomBy(1.25));
click("zoomout", () => zoomBy(0.8));
click("fit", () => { scale = 0; zoom(); });
click("check", check);
by("moment").addEventListener("input", () => go(Number(by("moment").value)));
by("example").addEventListener("change", () => open(examples.find((each) => each.name === by("example").value).program));
by("derivation").addEventListener("toggle", () => by("derivation").open && products && derive());
by("level").addEventListener("change", derive);
by("live").addEventListener("change", () => by("live").checked && edited());
addEventListener("hashchange", openFragment);
for (const view of ["playground", "training"]) {
  click(`show-${view}`, () => {
    for (const each of ["playground", "training"]) {
      by(each).hidden = each !== view;
      by(`show-${each}`).setAttribute("aria-pressed", each === view);
    }
    showTraining(view === "training");
  });
}
new ResizeObserver(zoom).observe(by("picture"));

examples = await (await fetch("examples.json")).json();
by("example").append(...examples.map(({ name, title }) => new Option(title, name)));
openFragment();
