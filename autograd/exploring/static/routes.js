// The edges between the boxes that are shown: products with the same ends are one edge.

/** What is known of an edge: its ends, its first product, how many there are, and the way between. */
class Edge {
  constructor(source, target, product) {
    Object.assign(this, { source, target, product, count: 0, contributions: new Spread(), weight: 0 });
  }

  add(graph, p) {
    const contribution = graph.contribution(p);
    this.count++;
    this.product = Math.min(this.product, p);
    this.contributions.add(contribution);
    this.weight += Math.abs(contribution);
  }
}

/** The edges between boxes, and the number of the edge of each product (-1: inside a closed box). */
function edgesOf(graph, shown) {
  const edges = [], numbers = new Map();
  const edgeOf = new Int32Array(graph.products).fill(-1);
  for (let p = 0; p < graph.products; p++) {
    const source = shown[graph.parent[p]], target = shown[graph.node[p]];
    if (source === target) continue;
    const key = source * (graph.count + graph.outer.length) + target;
    if (!numbers.has(key)) numbers.set(key, edges.push(new Edge(source, target, p)) - 1);
    edgeOf[p] = numbers.get(key);
    edges[edgeOf[p]].add(graph, p);
  }
  return { edges, edgeOf };
}

/** Where edges leave and enter each box: spread over its sides, in the order of where they go, so that few cross. */
function spreadPorts(edges, places, passes) {
  for (const [end, far, side] of [["source", "target", "start"], ["target", "source", "end"]]) {
    const byBox = Map.groupBy(edges, edge => edge[end]);
    for (const [item, touching] of byBox) {
      const { y, h } = places.get(item);
      const heading = edge => (end === "source" ? passes(edge)[0] : passes(edge).at(-1))?.y
        ?? places.get(edge[far]).y + places.get(edge[far]).h / 2;
      touching.sort((one, other) => heading(one) - heading(other));
      const step = Math.min(14, (h - 16) / touching.length);
      touching.forEach((edge, k) => { edge[side] = y + h / 2 + step * (k - (touching.length - 1) / 2); });
    }
  }
}

/** A curve with level ends, straight along the columns that it passes. */
function curve(x, y, passes, endX, endY) {
  const round = value => Math.round(value * 10) / 10;
  const steps = [`M${round(x)} ${round(y)}`];
  const forward = x <= endX;
  const to = (nextX, nextY) => {
    const bend = (forward ? 1 : -1) * Math.max(14, Math.abs(nextX - x) / 2);
    steps.push(`C${[x + bend, y, nextX - bend, nextY, nextX, nextY].map(round).join(" ")}`);
  };
  for (const pass of passes) {
    const [near, far] = forward ? [pass.left, pass.right] : [pass.right, pass.left]; // or it runs back
    to(near, pass.y);
    steps.push(`H${round(far)}`);
    [x, y] = [far, pass.y];
  }
  to(endX, endY);
  return steps.join("");
}

/** An arrow along the edge: of a backward pass, from the result to the operand. */
function edgeElement(graph, edge, places, passes, backward) {
  const from = places.get(edge.source), to = places.get(edge.target);
  const x = from.x + from.w, endX = to.x;
  const tip = backward ? [x, edge.start, 8] : [endX, edge.end, -8];
  const made = svgElement("g", { class: `edge ${edge.contributions.sign}`, "data-count": edge.count });
  made.append(
    svgElement("path", { d: curve(x + 1, edge.start, passes, endX - 1, edge.end) }),
    svgElement("polygon", { points: `${tip[0]},${tip[1]} ${tip[0] + tip[2]},${tip[1] - 4} ${tip[0] + tip[2]},${tip[1] + 4}` }),
  );
  const label = graph.isBox(edge.source) || graph.isBox(edge.target) ? "" : labelOf(graph, edge);
  if (label) made.append(svgElement("text", { class: "partial end", x: endX - 11, y: edge.end - 4 }, label));
  return made;
}

function edgeTitle(graph, edge) {
  if (graph.isBox(edge.source) || graph.isBox(edge.target)) return counted(edge.count, "edge");
  return Array.from(productsOf(graph, edge), p =>
    `${partial(graph, edge.target, edge.source)} = ${number(graph.local[p], 6)}`
    + `\n${factors(graph, p)} = ${number(graph.contribution(p), 6)}  (local × upstream)`).join("\n");
}

/** The products of an edge between two values: an operand may be used twice, as in x * x. */
function productsOf(graph, edge) {
  const found = [];
  for (let p = graph.first[edge.target]; p < graph.first[edge.target + 1]; p++)
    if (graph.parent[p] === edge.source) found.push(p);
  return found;
}

function labelOf(graph, edge) {
  const locals = productsOf(graph, edge).slice(0, 2).map(p => graph.local[p]);
  return locals.every(local => local === 1) && locals.length === 1 ? "" : locals.map(local => number(local)).join(" + ");
}
