// The picture of one graph: boxes, open or closed, and the edges between them.

const CELL = 7.25, SMALL_CELL = 6.4, LINE = 17, PADDING = 9;
const FRAME = 10, FRAME_HEAD = 26; // pixels around the contents of an open box, and above them
const ROOM = { value: 19, box: 30 }; // cells: a gradient at any moment, with its caption and a mark
const READABLE = 40; // boxes that are shown at the beginning
const LARGEST = 1500; // boxes that are shown at all
const TITLE = 40; // cells

class Picture {
  constructor(graph, host, prefix, listener) {
    Object.assign(this, { graph, host, prefix, listener, open: new Set([0]), selected: -1, path: new Set(), layouts: new Map(), made: new Map() });
    this.layer = svgElement("g", { class: "contents" });
    host.append(this.layer);
    this.marks = () => []; // what differs from another graph
    this.heat = "";
    this.backward = false; // arrows run with the gradient
    host.addEventListener("pointerover", event => this.describe(event.target.closest(".edge")));
  }

  /** The tooltip of an edge, made when it is needed: there may be thousands. */
  describe(group) {
    if (!group || group.querySelector("title")) return;
    const edge = this.edges[this.edgeElements.indexOf(group)];
    group.append(svgElement("title", {}, edgeTitle(this.graph, edge)));
  }

  // --- open and closed ----------------------------------------------------------------------------------------------

  isOpen(item) { return this.graph.isBox(item) && this.open.has(item - this.graph.count); }

  /** The items that are drawn as boxes: values and closed boxes, all of whose boxes are open. */
  frontier() {
    const found = [];
    for (const box of this.open) for (const item of this.graph.items[box]) if (!this.isOpen(item)) found.push(item);
    return found;
  }

  count() {
    let count = 0;
    for (const box of this.open) count += this.graph.items[box].length;
    return count - this.open.size + 1;
  }

  /** Open what `depth` says: a number of levels; null: everything; 'auto': the largest boxes, while it is readable. */
  begin(depth) {
    const { graph } = this;
    this.layouts.clear();
    this.open = new Set([0]);
    const level = depth === "auto" ? READABLE : LARGEST;
    const waiting = graph.items[0].filter(item => graph.isBox(item));
    while (waiting.length) {
      const item = waiting.shift(), box = item - graph.count;
      if (typeof depth === "number" && graph.depth[box] > depth) continue;
      if (this.count() - 1 + graph.items[box].length > level) continue;
      this.open.add(box);
      waiting.push(...graph.items[box].filter(inner => graph.isBox(inner)));
    }
  }

  /** Open or close a box; false if it cannot be opened, since there would be too many. */
  toggle(box, open = !this.open.has(box)) {
    for (const each of [box, ...this.graph.around(this.graph.count + box), 0]) this.layouts.delete(each);
    if (!open) {
      for (const each of [...this.open]) if (this.isInside(each, box)) this.open.delete(each);
      return true;
    }
    const more = [box, ...this.graph.around(this.graph.count + box)].filter(each => !this.open.has(each));
    const added = more.reduce((sum, each) => sum + this.graph.items[each].length - 1, 0);
    if (this.count() + added > LARGEST) return false;
    more.forEach(each => this.open.add(each));
    return true;
  }

  isInside(box, outer) {
    while (box > outer) box = this.graph.outer[box];
    return box === outer;
  }

  /** Open all boxes around an item. */
  expose(item) {
    const box = this.graph.boxOf(item);
    return this.open.has(box) || this.toggle(box, true);
  }

  // --- layout -------------------------------------------------------------------------------------------------------

  sizeOf(item) {
    const { graph } = this;
    const rows = graph.isBox(item)
      ? [cells(this.shortTitle(item)) + 3, cells(`${graph.sizeOf(item)} values`) + 3, ROOM.box]
      : [cells(this.shortTitle(item)) + cells(this.headOf(item)) + 2, cells(number(graph.data[item])) + 6, ROOM.value];
    return { w: Math.max(...rows) * CELL + 2 * PADDING, h: 3 * LINE + 15 };
  }

  shortTitle(item) { return shorten(this.graph.titleOf(item), TITLE); }
  headOf(i) {
    const head = this.graph.text("head", i);
    return head === this.graph.name(i) ? "" : shorten(head, TITLE);
  }

  /** The layout of a box, which is kept until something opens or closes inside. */
  layOut(box) {
    if (!this.layouts.has(box)) this.layouts.set(box, this.newLayout(box));
    return this.layouts.get(box);
  }

  newLayout(box) {
    const { graph } = this, items = graph.items[box];
    const inner = items.map(item => this.isOpen(item) ? this.layOut(item - graph.count) : null);
    const sizes = items.map((item, k) => inner[k] ? this.frameSize(item, inner[k]) : this.sizeOf(item));
    const place = new Map(items.map((item, k) => [item, k]));
    const links = new Map();
    for (const p of graph.inside(box)) {
      const from = graph.from[p], to = graph.to[p], key = this.keyOf(p);
      if (!links.has(key)) links.set(key, { key, from: place.get(from), to: place.get(to), room: this.labelRoom(p) });
    }
    const list = [...links.values()];
    return { items, inner, sizes, links: list, ...arrange(sizes, list) };
  }

  keyOf(p) { return this.graph.from[p] * (this.graph.count + this.graph.outer.length) + this.graph.to[p]; }

  frameSize(item, { w, h }) {
    const head = (cells(this.frameTitle(item)) + 3) * CELL;
    return { w: Math.max(w, head) + 2 * FRAME, h: h + FRAME + FRAME_HEAD };
  }

  frameTitle(item) { return `${this.shortTitle(item)} · ${counted(this.graph.sizeOf(item), "value")}`; }

  /** Pixels for the local derivative at the arrow between two values. */
  labelRoom(p) {
    const { graph } = this;
    if (graph.isBox(graph.from[p]) || graph.isBox(graph.to[p])) return 0;
    const label = labelOf(graph, { source: graph.parent[p], target: graph.node[p] });
    return label ? cells(label) * SMALL_CELL : 0;
  }

  put(level, x, y) {
    level.items.forEach((item, k) => {
      const place = { x: x + level.places[k].x, y: y + level.places[k].y, ...level.sizes[k] };
      this.order.push(item);
      if (level.inner[k]) {
        this.frames.set(item, place);
        this.put(level.inner[k], place.x + (place.w - level.inner[k].w) / 2, place.y + FRAME_HEAD);
      } else this.places.set(item, place);
    });
    level.links.forEach((link, k) => this.passes.set(link.key, level.routes[k].map(
      pass => ({ left: x + pass.left, right: x + pass.right, y: y + pass.y }),
    )));
  }

  // --- drawing ------------------------------------------------------------------------------------------------------

  draw() {
    const { graph } = this;
    [this.places, this.frames, this.passes] = [new Map(), new Map(), new Map()];
    this.order = []; // for the keyboard: the contents of a frame come behind it
    const whole = this.layOut(0);
    this.put(whole, 0, 0);
    this.bounds = { w: whole.w, h: whole.h };
    this.shown = this.shownItems();
    Object.assign(this, edgesOf(graph, this.shown));
    const passes = edge => this.passes.get(this.keyOf(edge.product)) ?? [];
    spreadPorts(this.edges, this.places, passes);
    const focused = Number(document.activeElement?.dataset?.item ?? -1);
    const hadFocus = this.host.contains(document.activeElement);
    const largest = this.edges.reduce((most, edge) => Number.isFinite(edge.weight) ? Math.max(most, edge.weight) : most, 0);
    this.edgeElements = this.edges.map(edge => {
      const made = edgeElement(graph, edge, this.places, passes(edge), this.backward);
      const share = Number.isFinite(edge.weight) ? edge.weight / (largest || 1) : 1;
      made.firstChild.setAttribute("stroke-width", (1 + 3 * share).toFixed(2));
      return made;
    });
    this.boxElements = new Map();
    const items = this.order.map(item => this.frames.has(item)
      ? this.frameElement(item, this.frames.get(item)) : this.boxAt(item, this.places.get(item)));
    this.layer.replaceChildren(...this.edgeElements, ...items);
    if (hadFocus) (this.elementOf(focused) ?? this.elementOf(this.nearest(focused)))?.focus({ preventScroll: true });
  }

  elementOf(item) { return this.boxElements.get(item)?.group; }
  placeOf(item) { return this.places.get(item) ?? this.frames.get(item); }

  /** The box of the picture that contains an item. */
  nearest(item) {
    while (item >= 0 && !this.boxElements.has(item) && item !== this.graph.count) item = this.graph.count + this.graph.boxOf(item);
    return item;
  }

  /** For each value, the item that it is drawn in. */
  shownItems() {
    const { graph } = this;
    const closed = new Int32Array(graph.outer.length).fill(-1);
    for (let box = 1; box < closed.length; box++) {
      const outer = closed[graph.outer[box]];
      closed[box] = outer >= 0 ? outer : this.open.has(box) ? -1 : graph.count + box;
    }
    return Uint32Array.from(graph.box, (box, i) => closed[box] >= 0 ? closed[box] : i);
  }

  frameElement(item, { x, y, w, h }) {
    const group = svgElement("g", { class: "frame", role: "button", tabindex: 0, "data-item": item, "aria-expanded": true });
    group.append(
      svgElement("rect", { class: "outline", x, y, width: w, height: h, rx: 8 }),
      svgElement("rect", { class: "head", x, y, width: w, height: FRAME_HEAD - 4, rx: 8 }),
      svgElement("text", { class: "sign", x: x + 9, y: y + 16 }, "−"),
      svgElement("text", { class: "muted", x: x + 9 + 2 * CELL, y: y + 16 }, this.frameTitle(item)),
    );
    group.setAttribute("aria-label", `${this.frameTitle(item)}, open`);
    this.boxElements.set(item, this.listen(group, item, { group }));
    return group;
  }

  /** The element of a box, which is made once and then moved. */
  boxAt(item, { x, y, w, h }) {
    if (!this.made.has(item)) this.made.set(item, this.boxElement(item, w, h));
    const parts = this.made.get(item);
    parts.group.setAttribute("transform", `translate(${x} ${y})`);
    this.boxElements.set(item, parts);
    return parts.group;
  }

  boxElement(item, w, h) {
    const { graph } = this, box = graph.isBox(item), op = !box && graph.first[item] < graph.first[item + 1];
    const group = svgElement("g", {
      class: `box ${box ? "group" : op ? "op" : "leaf"}`, id: `${this.prefix}${box ? `g${item - graph.count}` : `v${item}`}`,
      role: "button", tabindex: 0, "data-item": item, "data-size": graph.sizeOf(item), ...(box ? { "aria-expanded": false } : {}),
    });
    const text = (className, x, line, content) => svgElement("text", { class: className, x, y: 3 + LINE * line }, content);
    const left = PADDING, right = w - PADDING;
    const parts = {
      group, width: w - 2 * PADDING, title: svgElement("title", {}),
      glyph: text("glyph", left + 5 * CELL, 3, ""), gradient: text("gradient end", right, 3, ""),
      marks: !comparison ? [] : box ? [text("mark end", right, 2, "")] : [2, 3].map(line => text("mark", left + 7 * CELL, line, "")),
      heat: svgElement("rect", { class: "heat", x: left, y: h - 9, width: 0, height: 4 }),
    };
    if (box) group.append(svgElement("rect", { class: "sheet", x: 4, y: -4, width: w, height: h, rx: 5 }));
    group.append(
      parts.title,
      svgElement("rect", { class: "body", width: w, height: h, rx: box || op ? 5 : 14 }),
      text("name", left, 1, this.shortTitle(item)),
      ...(box
        ? [text("end sign", right, 1, "+"), text("muted", left, 2, counted(graph.sizeOf(item), "value"))]
        : [text("muted end", right, 1, this.headOf(item)), text("muted", left, 2, "data"), text("end", right, 2, number(graph.data[item]))]),
      text("muted", left, 3, "grad"), parts.glyph, parts.gradient, parts.heat, ...parts.marks,
    );
    return this.listen(group, item, parts);
  }

  listen(group, item, parts) {
    group.addEventListener("click", () => this.listener(item));
    group.addEventListener("keydown", event => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      event.stopPropagation();
      this.listener(item);
    });
    return parts;
  }

  // --- one moment ---------------------------------------------------------------------------------------------------

  /** Write the gradients into the boxes: those of a moment, or the final ones. */
  update(sums) {
    const spreads = new Map(Array.from(this.places.keys(), item => [item, new Spread()]));
    for (let i = 0, last = -1, spread; i < this.shown.length; i++) {
      if (this.shown[i] !== last) spread = spreads.get(last = this.shown[i]); // neighbours are often in one box
      if (sums[i] !== undefined) spread.add(sums[i]);
    }
    const bars = this.bars(spreads);
    for (const [item, spread] of spreads) this.write(item, spread, bars(item, spread));
    for (const item of this.frames.keys()) this.boxElements.get(item).group.classList.toggle("selected", item === this.selected);
  }

  /** The length of the bar in each box, from 0 to 1: how large gradients are, or how many digits are lost. */
  bars(spreads) {
    const { graph } = this;
    if (this.heat === "grad") {
      const scale = heatScale(graph.grad);
      return (item, spread) => scale(spread);
    }
    if (this.heat !== "digits") return () => 0;
    const lost = new Map(Array.from(spreads.keys(), item => [item, 0]));
    this.shown.forEach((item, i) => lost.set(item, Math.max(lost.get(item), lostDigits(graph, i))));
    return item => lost.get(item) / DIGITS;
  }

  write(item, spread, bar) {
    const { graph } = this, parts = this.boxElements.get(item), box = graph.isBox(item);
    const { classList } = parts.group, marks = this.marks(item), text = `${spread} ${marks}`;
    classList.remove("now", "from");
    for (const sign of Object.keys(graph.glyphs)) classList.toggle(sign, sign === spread.sign);
    classList.toggle("todo", !spread.count);
    classList.toggle("selected", item === this.selected);
    classList.toggle("onpath", this.path.has(item));
    classList.toggle("differs", marks.some(mark => mark));
    parts.heat.setAttribute("width", bar * parts.width);
    if (parts.text === text) return; // most boxes are as they were
    parts.text = text;
    parts.glyph.textContent = spread.count ? graph.glyphs[spread.sign] : "";
    parts.gradient.textContent = String(spread);
    parts.marks.forEach((each, k) => { each.textContent = marks[k] ?? ""; });
    const about = box ? `${graph.titleOf(item)}, ${counted(graph.sizeOf(item), "value")}` : `${formula(graph, item)}, data ${number(graph.data[item])}`;
    parts.title.textContent = `${about}\ngrad ${spread}`;
    parts.group.setAttribute("aria-label", `${about}, gradient ${spread}${marksInWords(marks, box)}${box ? ", closed" : ""}`);
  }
}
