// The clock: the backward pass of the first graph, one moment at a time.

class Clock {
  constructor(pane) {
    Object.assign(this, { pane, graph: pane.graph, moment: 0, timer: null, shown: false });
    this.last = this.graph.products;
    this.unit = "product";
    $("moment").max = this.last;
    const { picture } = pane;
    this.keys = { // moments with the same key are one step
      product: p => p,
      node: p => this.graph.node[p],
      box: p => picture.shown[this.graph.node[p]],
    };
    this.connect();
  }

  /** The moments at which a step ends; with boxes, they depend on what is open. */
  get stops() {
    if (this.known?.unit === this.unit && this.known.shown === this.pane.picture.shown) return this.known.stops;
    const of = this.keys[this.unit], stops = [0];
    for (let p = 1; p < this.last; p++) if (of(p) !== of(p - 1)) stops.push(p);
    if (this.last) stops.push(this.last);
    this.known = { unit: this.unit, shown: this.pane.picture.shown, stops };
    return stops;
  }

  after(at) { return this.stops.find(stop => stop > at) ?? this.last; }
  before(at) { return this.stops.findLast(stop => stop < at) ?? 0; }
  get receiver() { return this.moment ? this.graph.parent[this.moment - 1] : ROOT; }

  // --- one moment ---------------------------------------------------------------------------------------------------

  show(at) {
    this.moment = Math.min(this.last, Math.max(0, Math.trunc(at) || 0));
    const begin = this.before(this.moment);
    this.showFormula(begin);
    $("source").replaceChildren(...this.source());
    this.showSum();
    this.showPicture(begin);
    $("moment").value = this.moment;
    $("moment").setAttribute("aria-valuetext", `${this.moment} of ${this.last}. ${$("formula").textContent}`);
    $("count").textContent = `${this.moment} / ${this.last}`;
    this.pane.reveal(this.pane.picture.shown[this.receiver]);
  }

  showFormula(begin) {
    const { graph, moment } = this, now = moment - 1;
    const lines = !moment
      ? [element("p", "large", `${filled(graph, "loss", ROOT)}: ${gradient(graph, ROOT)} = ${number(graph.grad[ROOT])}`),
        element("p", "muted", "the pass starts here, with the seed 1")]
      : moment - begin === 1
        ? [element("p", "large", rule(graph, now)), element("p", signOf(graph.contribution(now)), change(graph, now))]
        : [element("p", "", `${moment - begin} products, ${begin + 1} to ${moment}`),
          list(Array.from({ length: moment - begin }, (_, k) => now - k), p => this.item(p, rule(graph, p)))];
    $("formula").replaceChildren(...lines);
  }

  /** The source of the value whose gradient is being propagated. */
  source() {
    const node = this.moment ? this.graph.node[this.moment - 1] : ROOT;
    const known = sourceOf(this.graph, node);
    return known.length ? known : [element("p", "muted", formula(this.graph, node))];
  }

  /** The products of the gradient that has just changed. */
  showSum() {
    const { graph, receiver } = this, into = graph.into(receiver);
    if (into.length < 2) return $("sum").replaceChildren();
    const term = p => this.item(p, p < this.moment
      ? `${factors(graph, p)} = ${number(graph.contribution(p), 6)}  through ${isolated(graph.name(graph.node[p]))}`
      : `${number(graph.local[p], 6)} · ${gradient(graph, graph.node[p])}  pending`);
    $("sum").replaceChildren(element("p", "", `${gradient(graph, receiver)} is the sum of`), list(into, term));
  }

  item(p, text) {
    const made = element("a", "", `[${p + 1}]`);
    made.href = `#${p + 1}`;
    made.addEventListener("click", event => { // in a frame of a notebook, the address would be that of the notebook
      event.preventDefault();
      this.go(p + 1);
    });
    return element("li", p < this.moment ? "" : "muted", made, " ", text);
  }

  showPicture(begin) {
    const { picture } = this.pane;
    picture.update(this.graph.gradientsAt(this.moment));
    picture.edges.forEach((edge, k) => {
      picture.edgeElements[k].classList.toggle("todo", edge.product >= this.moment);
      picture.edgeElements[k].classList.remove("now");
    });
    const mark = (i, name) => picture.elementOf(picture.shown[i])?.classList.add(name);
    for (let p = begin; p < this.moment; p++) {
      picture.edgeElements[picture.edgeOf[p]]?.classList.add("now");
      mark(this.graph.node[p], "from");
      mark(this.graph.parent[p], "now");
    }
    mark(this.receiver, "now");
  }

  // --- moving -------------------------------------------------------------------------------------------------------

  /** Show a moment, and store it in the address. */
  go(at) {
    this.show(at);
    remember(this.moment);
  }

  play(on) {
    clearInterval(this.timer);
    this.timer = null;
    if (on) {
      if (this.moment === this.last) this.go(0);
      const pause = Math.min(900, Math.max(60, 60000 / this.stops.length)); // no film is longer than a minute or so
      this.timer = setInterval(() => {
        this.go(this.after(this.moment));
        if (this.moment === this.last) this.play(false);
      }, pause);
    }
    $("play").textContent = this.timer ? "Pause" : "Play";
    $("formula").setAttribute("aria-live", this.timer ? "off" : "polite"); // too fast for a screen reader
  }

  times(count, move) {
    let at = this.moment;
    for (let k = 0; k < count; k++) at = move.call(this, at);
    this.go(at);
  }

  /** A click goes to the moment when the gradient in the box is complete; further clicks go to earlier products. */
  choose(i) {
    const moments = Array.from(this.graph.into(i), p => p + 1);
    const here = moments.indexOf(this.moment);
    this.play(false);
    this.go(moments[here > 0 ? here - 1 : moments.length - 1] ?? 0);
  }

  connect() {
    this.actions = {
      first: () => this.go(0), back: () => this.times(1, this.before), step: () => this.times(1, this.after),
      end: () => this.go(this.last), play: () => this.play(!this.timer),
    };
    for (const [id, action] of Object.entries(this.actions)) {
      $(id).addEventListener("click", () => {
        if (id !== "play") this.play(false);
        action();
      });
    }
    $("moment").addEventListener("input", () => {
      this.play(false);
      this.go(Number($("moment").value));
    });
    $("unit").addEventListener("change", () => {
      this.unit = $("unit").value;
      this.go(this.moment);
    });
  }

  /** The action of a key; undefined if it has none. */
  key(name) {
    const { actions } = this;
    const found = {
      ArrowRight: actions.step, ArrowLeft: actions.back, Home: actions.first, End: actions.end, " ": actions.play,
      PageDown: () => this.times(10, this.after), PageUp: () => this.times(10, this.before),
    }[name];
    return found && (() => {
      if (name !== " ") this.play(false);
      found();
    });
  }

  /** Show the clock, or the end of the pass without it. */
  turn(on) {
    this.shown = on;
    document.body.classList.toggle("clock", on);
    $("clock").hidden = $("words").hidden = !on;
    $("turn").setAttribute("aria-pressed", on);
    this.pane.picture.backward = on;
    this.pane.redraw();
    if (on) this.show(this.moment); else this.play(false);
  }
}
