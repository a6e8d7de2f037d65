// What the side of the page says about the chosen item.

function showDetails(pane, item) {
  const { graph } = pane;
  const parts = item < 0 ? hint(pane) : graph.isBox(item) ? boxDetails(pane, item) : valueDetails(pane, item);
  $("details").replaceChildren(...parts);
}

const hint = pane => [
  element("h2", "", pane.title),
  element("p", "muted", `${counted(pane.graph.count, "value")}, ${counted(pane.graph.products, "edge")}. `
    + "Choose a box: it opens. Choose a value: its gradient, its line, and its way to the result."),
];

function row(caption, ...content) {
  return element("p", "row", element("span", "muted", `${caption} `), ...content);
}

/** A value that can be chosen. */
function valueLink(pane, i) {
  const made = button(pane.graph.name(i), () => pane.visit(i));
  made.className = "link";
  return made;
}

function sign(graph, x) {
  const kind = signOf(x);
  return element("span", `sign ${kind}`, `${graph.glyphs[kind]} ${exactly(x)}`);
}

function valueDetails(pane, i) {
  const { graph } = pane;
  const path = graph.strongest(i), boxes = graph.around(i).toReversed();
  pane.markPath(i, path);
  return [
    element("h2", "", graph.name(i)),
    ...(graph.first[i] < graph.first[i + 1] ? [element("p", "formula", formula(graph, i))] : []),
    row("data", exactly(graph.data[i])),
    row("grad", sign(graph, graph.grad[i])),
    ...(graph.digits ? [row("correct digits", Number.isNaN(graph.digits[i]) ? "unknown" : `${number(graph.digits[i], 3)} of ${number(DIGITS, 3)}`)] : []),
    ...(boxes.length ? [row("in", boxes.map(box => graph.text("title", box)).join(" › "))] : []),
    ...sourceOf(graph, i),
    ...differenceDetails(pane, i),
    ...sumDetails(pane, i),
    ...pathDetails(pane, i, path),
    ...operandDetails(pane, i),
  ];
}

/** The gradient as a sum: local × upstream = contribution, for each use of the value. */
function sumDetails(pane, i) {
  const { graph } = pane, into = graph.into(i);
  if (!into.length) return [element("p", "muted", i === ROOT ? "The pass starts here, with the seed 1." : "")];
  return [
    element("h3", "", into.length > 1 ? `The gradient is a sum of ${into.length}` : "The gradient"),
    element("p", "muted", "local × upstream = contribution"),
    list(into, p => element("li", "", `${factors(graph, p)} = ${number(graph.contribution(p), 6)} through `, valueLink(pane, graph.node[p]))),
  ];
}

/** The chain rule along the path that brings most. */
function pathDetails(pane, i, path) {
  const { graph } = pane;
  if (path.length < 2) return [];
  const product = path.reduce((factor, p) => factor * graph.local[p], 1);
  return [
    element("h3", "", `The strongest path to ${graph.name(ROOT)}`),
    element("p", "", `${path.slice(0, MOST).map(p => number(graph.local[p])).join(" × ")}${path.length > MOST ? " × …" : ""} = ${number(product, 6)}, `
      + `of ${number(graph.grad[i], 6)} along all paths`),
    list(path, p => element("li", "", `${partial(graph, graph.node[p], graph.parent[p])} = ${number(graph.local[p], 6)}  `, valueLink(pane, graph.node[p]))),
  ];
}

function operandDetails(pane, i) {
  const { graph } = pane;
  const products = Array.from({ length: graph.first[i + 1] - graph.first[i] }, (_, k) => graph.first[i] + k);
  if (!products.length) return [];
  return [
    element("h3", "", "Operands"),
    list(products, p => element("li", "", valueLink(pane, graph.parent[p]),
      ` ${number(graph.data[graph.parent[p]])}, gets ${number(graph.contribution(p), 6)}`)),
  ];
}

function boxDetails(pane, item) {
  const { graph } = pane, box = item - graph.count, members = graph.members(box);
  const data = new Spread(), grad = new Spread(), kinds = new Map();
  for (const i of members) {
    data.add(graph.data[i]);
    grad.add(graph.grad[i]);
    kinds.set(graph.text("head", i), (kinds.get(graph.text("head", i)) ?? 0) + 1);
  }
  pane.markPath(-1, []);
  const most = [...kinds].sort(([, one], [, other]) => other - one);
  const toggle = button(pane.picture.isOpen(item) ? "Close" : "Open", () => pane.choose(item));
  return [
    element("h2", "", graph.titleOf(item)),
    row(KINDS[graph.text("kind", box)] ?? "box", counted(members.length, "value")),
    row("data", String(data)),
    row("grad", `${graph.glyphs[grad.sign]} ${grad}`),
    row("operations", most.slice(0, 6).map(([kind, count]) => `${kind} ×${count}`).join(", ") + (most.length > 6 ? ", …" : "")),
    ...(graph.text("kind", box) === "line" ? sourceOf(graph, graph.begin[box]).slice(0, 1) : []),
    element("p", "", toggle),
    list(members, i => element("li", "", valueLink(pane, i), ` ${number(graph.data[i])}, grad ${number(graph.grad[i])}`)),
  ];
}

const KINDS = { module: "module", call: "call of a function", line: "source line", leaves: "leaves", part: "part" };
