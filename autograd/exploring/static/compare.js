// Two graphs side by side: what differs is marked and listed.

class Comparison {
  constructor(one, other, mates) {
    this.mate = new Map([[one, mates], [other, new Uint32Array(other.graph.count).fill(NONE)]]);
    mates.forEach((there, here) => { if (there !== NONE) this.mate.get(other)[there] = here; });
    this.panes = [one, other];
    this.tolerance = 0;
  }

  otherPane(pane) { return this.panes[this.panes[0] === pane ? 1 : 0]; }
  mateOf(pane, i) { return this.mate.get(pane)[i]; }

  /** The box around the mate that is as deep as a box; -1 without one. */
  mateBox(pane, box) {
    const there = this.mateOf(pane, pane.graph.begin[box]);
    if (there === NONE) return -1;
    return this.otherPane(pane).graph.around(there).toReversed()[pane.graph.depth[box] - 1] ?? -1;
  }

  differ(one, other) {
    if (Object.is(one, other) || one === other) return false;
    if (!Number.isFinite(one) || !Number.isFinite(other)) return true;
    return relative(one, other) > this.tolerance;
  }

  /** What differs at a value: some of 'data', 'grad'; 'only here' without a mate. */
  at(pane, i) {
    const there = this.mateOf(pane, i), other = this.otherPane(pane).graph;
    if (there === NONE) return ["only here"];
    return ["data", "grad"].filter(column => this.differ(pane.graph[column][i], other[column][there]));
  }

  /** Count what differs in each box, and mark the pictures. */
  mark() {
    for (const pane of this.panes) {
      const { graph } = pane, inside = new Uint32Array(graph.outer.length);
      pane.differences = Array.from({ length: graph.count }, (_, i) => this.at(pane, i));
      pane.differences.forEach((found, i) => { if (found.length) inside[graph.box[i]]++; });
      for (let box = inside.length - 1; box > 0; box--) inside[graph.outer[box]] += inside[box];
      pane.picture.marks = item => {
        if (graph.isBox(item)) return inside[item - graph.count] ? [`${DIFFERENT} ${inside[item - graph.count]}`] : [];
        const found = pane.differences[item];
        if (found[0] === "only here") return [ALONE, ALONE];
        return found.length ? ["data", "grad"].map(column => found.includes(column) ? DIFFERENT : "") : [];
      };
    }
    this.list();
  }

  /** The largest differences, and how many there are. */
  list() {
    const [one, other] = this.panes, found = [];
    one.differences.forEach((columns, i) => {
      const there = this.mateOf(one, i);
      if (there === NONE || !columns.length) return;
      const sizes = columns.map(column => relative(one.graph[column][i], other.graph[column][there]));
      found.push([Math.max(...sizes.map(size => Number.isNaN(size) ? Infinity : size)), i]);
    });
    found.sort(([x], [y]) => y - x);
    const alone = pane => pane.differences.filter(columns => columns[0] === "only here").length;
    const count = column => one.differences.filter(columns => columns.includes(column)).length;
    $("difference").textContent = found.length || alone(one) || alone(other)
      ? `${counted(found.length, "value")} of ${one.graph.count - alone(one)} differ: ${count("data")} in data, ${count("grad")} in grad. `
        + `Only on the left ${alone(one)}, only on the right ${alone(other)}.`
      : `All ${counted(one.graph.count, "value")} and gradients are equal.`;
    $("largest").replaceChildren(...found.slice(0, MOST).map(([size, i]) =>
      element("li", "", valueLink(one, i), ` ≠ ${one.differences[i].join(", ")}, relative ${number(size, 3)}`)));
  }
}

const relative = (one, other) => Math.abs(one - other) / Math.max(Math.abs(one), Math.abs(other));

function differenceDetails(pane, i) {
  if (!comparison) return [];
  const there = comparison.mateOf(pane, i), other = comparison.otherPane(pane);
  if (there === NONE) return [element("p", "differs", "≠ This value is only in this graph.")];
  return ["data", "grad"].map(column => {
    const [here, beside] = [pane.graph[column][i], other.graph[column][there]];
    const same = !comparison.differ(here, beside);
    return element("p", same ? "muted" : "differs", `${same ? "=" : "≠"} ${column} ${exactly(beside)} in ${other.title}`
      + (same || !Number.isFinite(here - beside) ? "" : `, relative difference ${number(relative(here, beside), 3)}`));
  });
}
