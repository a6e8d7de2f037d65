// The chain rule in words, for one graph.

const MOST = 12; // products in one list

/** A form of the notation with the names of values, in one go: a name may contain braces. */
const filled = (graph, form, node, parent) => graph.notation[form].replace(
  /\{(node|parent)\}/g, (_, which) => isolated(graph.name(which === "node" ? node : parent)));
const gradient = (graph, node) => filled(graph, "gradient", node);
const partial = (graph, node, parent) => filled(graph, "partial", node, parent);
const factors = (graph, p) => `${number(graph.local[p], 6)} × ${number(graph.grad[graph.node[p]], 6)}`;

function rule(graph, p) {
  const node = graph.node[p], parent = graph.parent[p];
  return `${filled(graph, "product", node, parent)} = ${factors(graph, p)} = ${number(graph.contribution(p), 6)}`;
}

function change(graph, p) {
  const parent = graph.parent[p];
  const before = graph.gradientsAt(p)[parent] ?? 0, after = graph.gradientsAt(p + 1)[parent];
  const state = graph.completion(parent) === p + 1 ? ", complete" : "";
  return `${gradient(graph, parent)}: ${number(before, 6)} → ${number(after, 6)}${state}`;
}

/** What a value is computed from: `d = a × b`. */
function formula(graph, i) {
  const parents = graph.parent.subarray(graph.first[i], graph.first[i + 1]);
  if (graph.formulas[i]) return graph.formulas[i];
  if (!parents.length) return isolated(graph.name(i));
  const names = Array.from(parents.subarray(0, 4), parent => isolated(graph.name(parent)));
  return `${isolated(graph.name(i))} = ${graph.text("head", i)} (${names.join(", ")}${parents.length > 4 ? ", …" : ""})`;
}

// --- elements -------------------------------------------------------------------------------------------------------

const $ = id => document.getElementById(id);

function element(tag, className, ...children) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  made.append(...children);
  return made;
}

function svgElement(tag, attributes, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

function button(text, action) {
  const made = element("button", "", text);
  made.type = "button";
  made.addEventListener("click", action);
  return made;
}

/** Places of a list, at most `MOST`, and how many more there are. */
function list(places, describe) {
  const items = Array.from(places).slice(0, MOST).map(describe);
  if (places.length > MOST) items.push(element("li", "muted", `… and ${places.length - MOST} more`));
  return element("ul", "", ...items);
}

/** The source line of a value with the sub-expression marked; nothing if it is not known. */
function sourceOf(graph, i) {
  const [where, lead, marked, rest] = graph.text("source", i) ?? [];
  return where ? [element("p", "muted", where), element("p", "source", lead, element("mark", "", marked), rest)] : [];
}
