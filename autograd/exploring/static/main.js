// Put the page together: a pane per graph, the controls, keys and the address.

class Pane {
  constructor(film, place) {
    this.graph = new Graph(film);
    const host = $(`picture${place}`);
    this.host = host;
    host.closest("section").hidden = false;
    this.picture = new Picture(this.graph, host, place ? "b-" : "", item => this.choose(item));
    this.view = new View(host, this.picture.layer);
  }

  begin(depth) {
    this.picture.begin(depth);
    this.picture.draw();
    this.picture.update(this.graph.grad);
    this.count();
  }

  /** Look at the whole, or at the result. */
  look() { this.view.begin(this.picture.bounds, this.picture.placeOf(this.picture.shown[ROOT])); }

  /** Write the gradients of the moment, or the final ones. */
  refresh() {
    if (clock?.shown && this === panes[0]) clock.showPicture(clock.before(clock.moment));
    else this.picture.update(this.graph.grad);
  }

  count() {
    const items = this.picture.frontier();
    const total = items.reduce((sum, item) => sum + this.graph.sizeOf(item), 0);
    this.host.closest("section").querySelector(".caption").textContent =
      `${panes.length > 1 ? `${this.title}: ` : ""}${counted(total, "value")} in ${counted(items.length, "box").replace("boxs", "boxes")}`;
  }

  /** A box opens or closes; of a value, everything is said. */
  choose(item) {
    if (this.graph.isBox(item)) this.toggle(item);
    select(this, item);
    if (this.graph.isBox(item)) return;
    if (clock?.shown) clock.choose(item);
    else remember(encodeURIComponent(this.graph.name(item)));
  }

  toggle(item, linked = true) {
    const box = item - this.graph.count, open = !this.picture.open.has(box);
    if (!this.picture.toggle(box, open)) return say(`${this.graph.titleOf(item)} cannot be opened: close other boxes first`);
    this.redraw(item);
    say(`${this.graph.titleOf(item)} ${open ? "opened" : "closed"}: ${counted(this.graph.sizeOf(item), "value")}`);
    if (comparison && linked) comparison.otherPane(this).follow(comparison.mateBox(this, box), open);
  }

  follow(box, open) {
    if (box > 0 && this.picture.open.has(box) !== open) this.toggle(this.graph.count + box, false);
  }

  /** Draw again; the item stays where it is in the window. */
  redraw(item = -1) {
    const before = this.picture.placeOf(item);
    this.picture.draw();
    const after = this.picture.placeOf(item);
    if (before && after) this.view.pan((before.x - after.x) * this.view.scale, (before.y - after.y) * this.view.scale);
    if (after) this.view.reveal(after);
    this.refresh();
    this.count();
  }

  /** Show an item, wherever it is. */
  visit(item, linked = true) {
    if (!this.picture.expose(item)) return say(`${this.graph.titleOf(item)} cannot be shown: close other boxes first`);
    if (this.graph.isBox(item) && !this.picture.isOpen(item)) this.picture.toggle(item - this.graph.count, true);
    this.redraw();
    if (this.view.scale < TOO_SMALL) this.view.zoom(TOO_SMALL / this.view.scale);
    this.reveal(item);
    select(this, item, linked);
  }

  reveal(item) {
    const place = this.picture.placeOf(item);
    if (place) this.view.reveal(place);
  }

  markPath(i, path) {
    const { picture } = this;
    picture.path = new Set(i < 0 ? [] : [picture.shown[i], ...path.map(p => picture.shown[this.graph.node[p]])]);
    picture.edgeElements.forEach(each => each.classList.remove("onpath"));
    for (const p of path) picture.edgeElements[picture.edgeOf[p]]?.classList.add("onpath");
  }
}

// --- what is chosen ---------------------------------------------------------------------------------------------------

const selection = { pane: null, item: -1 };

function select(pane, item, linked = true) {
  Object.assign(selection, { pane, item });
  pane.picture.selected = item;
  showDetails(pane, item);
  pane.refresh();
  if (!comparison || !linked || pane.graph.isBox(item)) return;
  const other = comparison.otherPane(pane), there = comparison.mateOf(pane, item);
  other.picture.selected = there === NONE ? -1 : there;
  if (there === NONE || !other.picture.expose(there)) return other.refresh();
  other.redraw();
  other.reveal(there);
}

const say = text => { $("status").textContent = text; };

/** Store a place in the address. */
function remember(fragment) {
  try {
    history.replaceState(null, "", `#${fragment}`);
  } catch {
    // the frame in a notebook has no address
  }
}

function openAddress() {
  const fragment = location.hash.slice(1);
  if (clock?.shown) return clock.show(Number(fragment));
  let name = fragment;
  try {
    name = decodeURIComponent(fragment);
  } catch {
    // a percent sign that is not an escape
  }
  const [pane] = panes;
  for (let i = 0; name && i < pane.graph.count; i++) if (pane.graph.name(i) === name) return pane.visit(i);
}

// --- controls ---------------------------------------------------------------------------------------------------------

function openLevel() {
  for (const pane of panes) {
    for (const item of pane.picture.frontier()) {
      if (pane.graph.isBox(item) && !pane.picture.toggle(item - pane.graph.count, true)) say("not all boxes could be opened: there are too many");
    }
    pane.redraw();
    pane.view.fit(pane.picture.bounds);
  }
}

function closeAll() {
  for (const pane of panes) {
    pane.picture.begin(0);
    pane.redraw();
    pane.view.fit(pane.picture.bounds);
  }
}

const zoomAll = factor => panes.forEach(pane => pane.view.zoom(factor));
const fitAll = () => panes.forEach(pane => pane.view.fit(pane.picture.bounds));
const controls = {
  openlevel: openLevel, closeall: closeAll, zoomin: () => zoomAll(1.25), zoomout: () => zoomAll(0.8), fit: fitAll,
  turn: () => clock.turn(!clock.shown),
};
const STEP = 80; // pixels that a key moves the picture
const moves = { ArrowLeft: [STEP, 0], ArrowRight: [-STEP, 0], ArrowUp: [0, STEP], ArrowDown: [0, -STEP] };
const keys = { "+": controls.zoomin, "=": controls.zoomin, "-": controls.zoomout, 0: fitAll, "/": () => $("search").focus() };

document.addEventListener("keydown", event => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.defaultPrevented) return;
  if (event.target.closest("select, input[type=search]")) return;
  if (event.key === " " && event.target.closest("button, [role=button]")) return; // presses it
  const move = moves[event.key];
  const timed = !event.shiftKey && clock?.shown ? clock.key(event.key) : undefined;
  const action = timed ?? (move ? () => panes.forEach(pane => pane.view.pan(...move)) : keys[event.key]);
  if (!action) return;
  event.preventDefault();
  action();
});

// --- the beginning ----------------------------------------------------------------------------------------------------

const page = JSON.parse($("data").textContent);
const panes = [];
let clock = null, comparison = null;
page.films.forEach((film, place) => panes.push(new Pane(film, place)));
panes.forEach((pane, place) => {
  const name = pane.graph.name(ROOT);
  pane.title = panes.length < 2 ? name : `${["left", "right"][place]}: ${name}`;
  pane.host.setAttribute("aria-label", pane.title);
});

if (panes.length > 1) {
  comparison = new Comparison(...panes, column(page.mates));
  comparison.mark();
  $("compare").hidden = false;
  $("tolerance").addEventListener("change", () => {
    comparison.tolerance = Number($("tolerance").value);
    comparison.mark();
    panes.forEach(pane => pane.refresh());
  });
  $("turn").hidden = true;
}
panes.forEach(pane => pane.begin(page.depth));
for (const [id, action] of Object.entries(controls)) $(id).addEventListener("click", action);
if (!panes.every(pane => pane.graph.digits)) $("heat").querySelector("[value=digits]").remove();
$("heat").addEventListener("change", () => panes.forEach(pane => {
  pane.picture.heat = $("heat").value;
  pane.refresh();
}));
showDetails(panes[0], -1);

if (panes.length === 1) {
  clock = new Clock(panes[0]);
  const whole = panes[0].picture.frontier().every(item => !panes[0].graph.isBox(item));
  clock.unit = $("unit").value = whole ? "product" : "box";
  if (page.clock) clock.turn(true);
}
panes.forEach(pane => pane.look());
openAddress();
addEventListener("hashchange", openAddress);
addEventListener("resize", () => panes.forEach(pane => pane.view.apply()));
