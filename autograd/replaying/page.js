// The page's interaction; the state of the pass and its texts are in words.js, which comes first in the program.

// --- the document ---------------------------------------------------------------------------------------------------

const $ = id => document.getElementById(id);
const svg = document.querySelector("#picture svg");
const boxes = film.boxes.map(boxParts);
const edges = film.edges.map($);
const along = film.edges.map(() => []); // the products along each edge
film.edge.forEach((edge, i) => { if (edge >= 0) along[edge].push(i); });

/** A box and its changing parts: glyph and number of the gradient, and the tooltip. */
function boxParts(id, box) {
  const group = $(id);
  const caption = [...group.querySelectorAll("text.muted")].find(text => text.textContent === "grad");
  const glyph = caption?.nextElementSibling;
  const tooltip = group.querySelector("title");
  return { group, glyph, text: glyph?.nextElementSibling, tooltip, about: tooltip.textContent, members: members[box] };
}

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function link(i) {
  const made = element("a", "", `[${i + 1}]`);
  made.href = `#${i + 1}`;
  made.addEventListener("click", event => { // in a frame of a notebook, the address would be that of the notebook
    event.preventDefault();
    go(i + 1);
  });
  return made;
}

function list(indices, describe) {
  const items = indices.slice(0, MOST).map(i => element("li", i < moment ? "" : "muted", link(i), " ", describe(i)));
  if (indices.length > MOST) items.push(element("li", "muted", `… and ${indices.length - MOST} more`));
  return element("ul", "", ...items);
}

// --- one moment -----------------------------------------------------------------------------------------------------

let moment = 0;
let unit = film.unit;

const receiver = () => moment ? film.parent[moment - 1] : ROOT; // of the last product
const after = at => stops[unit].find(stop => stop > at) ?? last;
const before = at => stops[unit].findLast(stop => stop < at) ?? 0;

function show(at) {
  moment = Math.min(last, Math.max(0, Math.trunc(at) || 0));
  const begin = before(moment);
  showFormula(begin);
  showSource();
  showSum();
  showPicture(begin);
  $("moment").value = moment;
  $("moment").setAttribute("aria-valuetext", `${moment} of ${last}. ${$("formula").textContent}`);
  $("count").textContent = `${moment} / ${last}`;
  const box = boxes[film.box[receiver()]];
  if (box) reveal(box.group);
}

function showFormula(begin) {
  const now = moment - 1;
  const lines = !moment
    ? [element("p", "large", `${film.notation.loss}: ${gradient(ROOT)} = ${number(complete[ROOT])}`),
      element("p", "muted", "the pass starts here, with the seed 1")]
    : moment - begin === 1
      ? [element("p", "large", rule(now)), element("p", signOf(contribution(now)), change(now))]
      : [element("p", "", `${moment - begin} products, ${begin + 1} to ${moment}`),
        list(Array.from({ length: moment - begin }, (_, k) => moment - 1 - k), rule)];
  $("formula").replaceChildren(...lines);
}

/** The source of the node whose gradient is being propagated. */
function showSource() {
  const node = moment ? film.node[moment - 1] : ROOT;
  const lines = [];
  const [where, lead, marked, rest] = film.sources[film.source[node]] ?? [];
  if (where) lines.push(element("p", "muted", where), element("p", "", lead, element("mark", "", marked), rest));
  else if (film.formulas[node]) lines.push(element("p", "muted", film.formulas[node]));
  $("source").replaceChildren(...lines);
}

/** The products of the gradient that has just changed. */
function showSum() {
  const node = receiver();
  const into = products[node];
  if (into.length < 2) return $("sum").replaceChildren();
  const term = i => i < moment
    ? `${factors(i)} = ${number(contribution(i), 6)}  through ${film.names[film.node[i]]}`
    : `${number(local[i], 6)} · ${gradient(film.node[i])}  pending`;
  return $("sum").replaceChildren(element("p", "", `${gradient(node)} is the sum of`), list(into, term));
}

function showPicture(begin) {
  const sums = gradientsAt(moment);
  boxes.forEach(box => showBox(box, sums));
  edges.forEach((edge, k) => {
    edge.classList.toggle("todo", along[k][0] >= moment);
    edge.classList.remove("now");
  });
  for (let i = begin; i < moment; i++) {
    edges[film.edge[i]]?.classList.add("now");
    boxes[film.box[film.node[i]]]?.group.classList.add("from");
    boxes[film.box[film.parent[i]]]?.group.classList.add("now");
  }
  boxes[film.box[receiver()]]?.group.classList.add("now");
}

function showBox(box, sums) {
  const reached = box.members.map(i => sums[i]).filter(x => x !== undefined);
  const sign = signOfAll(reached);
  const { classList } = box.group;
  classList.remove("now", "from", ...Object.keys(film.glyphs));
  classList.add(sign);
  classList.toggle("todo", !reached.length);
  box.tooltip.textContent = `${box.about}\n${reached.length > 1 ? "" : `grad ${reached[0] ?? "–"}`}`;
  box.group.setAttribute("aria-label", `${box.about.split("\n")[0]}, gradient ${spread(reached)}`);
  if (!box.text) return;
  box.glyph.textContent = reached.length ? film.glyphs[sign] : "";
  box.text.textContent = spread(reached);
}

// --- moving ---------------------------------------------------------------------------------------------------------

let timer = null;

/** Show a moment, and store it in the address. */
function go(at) {
  show(at);
  try {
    history.replaceState(null, "", `#${moment}`);
  } catch {
    // the frame in a notebook has no address
  }
}

/** Scroll the picture alone until the box is visible. */
function reveal(group) {
  const [frame, box] = [$("picture").getBoundingClientRect(), group.getBoundingClientRect()];
  const left = Math.min(0, box.left - frame.left) || Math.max(0, box.right - frame.right);
  const top = Math.min(0, box.top - frame.top) || Math.max(0, box.bottom - frame.bottom);
  $("picture").scrollBy(left, top);
}

function play(on) {
  clearInterval(timer);
  timer = null;
  if (on) {
    if (moment === last) go(0);
    const pause = Math.min(900, Math.max(60, 60000 / stops[unit].length)); // no film is longer than a minute or so
    timer = setInterval(() => {
      go(after(moment));
      if (moment === last) play(false);
    }, pause);
  }
  $("play").textContent = timer ? "Pause" : "Play";
  $("formula").setAttribute("aria-live", timer ? "off" : "polite"); // too fast for a screen reader
}

function times(count, move) {
  return () => {
    let at = moment;
    for (let i = 0; i < count; i++) at = move(at);
    go(at);
  };
}

const actions = {
  first: () => go(0), back: times(1, before), step: times(1, after), end: () => go(last), play: () => play(!timer),
};
const keys = {
  ArrowRight: actions.step, ArrowLeft: actions.back, Home: actions.first, End: actions.end, " ": actions.play,
  PageDown: times(10, after), PageUp: times(10, before),
};

for (const [id, action] of Object.entries(actions)) {
  $(id).addEventListener("click", () => {
    if (id !== "play") play(false);
    action();
  });
}
$("moment").addEventListener("input", () => {
  play(false);
  go(Number($("moment").value));
});
$("unit").addEventListener("change", () => {
  unit = $("unit").value;
  go(moment);
});
document.addEventListener("keydown", event => {
  const pressesIt = event.key === " " && event.target.closest("button, [role=button]");
  const action = keys[event.key];
  if (!action || pressesIt || event.target.closest("select") || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  if (event.key !== " ") play(false);
  action();
});
addEventListener("hashchange", () => show(momentInAddress()));

const momentInAddress = () => Number(location.hash.slice(1));

/** A click goes to the moment when the gradient in the box is complete; further clicks go to earlier products. */
function choose(box) {
  const moments = box.members.flatMap(i => products[i]).map(i => i + 1).sort((one, other) => one - other);
  const here = moments.indexOf(moment);
  play(false);
  go(moments[here > 0 ? here - 1 : moments.length - 1] ?? 0);
}

const width = svg.width.baseVal.value;
svg.style.width = `min(${width}px, max(100%, ${SMALLEST * width}px))`;
svg.style.height = "auto";
svg.setAttribute("role", "group"); // an image has no parts to press
boxes.forEach(box => {
  box.group.setAttribute("role", "button");
  box.group.setAttribute("tabindex", "0");
  box.group.addEventListener("click", () => choose(box));
  box.group.addEventListener("keydown", event => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    event.stopPropagation();
    choose(box);
  });
});
edges.forEach((edge, k) => {
  const [i, ...more] = along[k];
  edge.querySelector("title").textContent = more.length
    ? `${more.length + 1} products`
    : `${partial(film.node[i], film.parent[i])} = ${number(local[i], 6)}`;
});
$("unit").value = unit;
if (film.unit !== "box") $("unit").querySelector("[value=box]").remove();
show(momentInAddress());
