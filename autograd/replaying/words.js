"use strict";
// The page adds up the gradients itself, in the order of the pass and in the same 64-bit floats: see film.py.
// Strings of the user become text nodes, never markup.

const film = JSON.parse(document.getElementById("film").textContent);
const MOST = 12; // products in one list
const SMALLEST = 0.65; // the smallest scale at which a wide picture is readable
const ROOT = 0; // the node where the pass begins
const last = film.node.length;
const local = film.local.map(Number);
const complete = film.grads.map(Number);

const products = film.names.map(() => []); // the products that each gradient is the sum of
film.parent.forEach((parent, i) => products[parent].push(i));
const completion = products.map(into => into.length ? into[into.length - 1] + 1 : 0);

const members = film.boxes.map(() => []);
film.box.forEach((box, i) => { if (box >= 0) members[box].push(i); });

const key = { // moments with the same key are one step
  product: i => i,
  node: i => film.node[i],
  box: i => film.box[film.node[i]],
};
const stops = Object.fromEntries(Object.entries(key).map(([unit, of]) => [unit, stopsOf(of)]));

function stopsOf(of) {
  const found = [0];
  for (let i = 1; i < last; i++) if (of(i) !== of(i - 1)) found.push(i);
  if (last) found.push(last);
  return found;
}

/** The gradient of every node after `moment` products; undefined for nodes without a contribution yet. */
function gradientsAt(moment) {
  const sums = new Array(film.names.length);
  sums[ROOT] = complete[ROOT];
  for (let i = 0; i < moment; i++) {
    const parent = film.parent[i];
    sums[parent] = (sums[parent] ?? 0) + local[i] * complete[film.node[i]];
    if (completion[parent] === i + 1) sums[parent] = complete[parent]; // a callback may have changed it
  }
  return sums;
}

// --- numbers and words ----------------------------------------------------------------------------------------------

/** As in the picture: four digits, a real minus sign, integers below a million in full. */
function number(x, digits = 4) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x === 0 ? 0 : x).replace("-", "−");
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  if (exponent >= -4 && exponent < digits) return String(Number(x.toPrecision(digits))).replace("-", "−");
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${Number(mantissa)}e${exponent < 0 ? "−" : ""}${size}`.replace("-", "−");
}

const signOf = x => !Number.isFinite(x) ? "bad" : x > 0 ? "pos" : x < 0 ? "neg" : "zero";

function signOfAll(xs) {
  const signs = new Set(xs.map(signOf));
  if (!signs.size) return "none";
  if (signs.has("bad")) return "bad";
  signs.delete("zero");
  return signs.size > 1 ? "mixed" : [...signs][0] ?? "zero";
}

function spread(xs) {
  if (!xs.length) return "–";
  const bad = xs.filter(x => !Number.isFinite(x)).length;
  if (bad && xs.length > 1) return `${bad} not finite`;
  const [low, high] = xs.reduce(([low, high], x) => [Math.min(low, x), Math.max(high, x)], [xs[0], xs[0]]);
  return low === high || xs.length === 1 ? number(low) : `${number(low)} … ${number(high)}`;
}

const filled = (form, node, parent) => // in one go: a name may contain braces
  film.notation[form].replace(/\{(node|parent)\}/g, (_, which) => film.names[which === "node" ? node : parent]);
const gradient = node => filled("gradient", node);
const partial = (node, parent) => filled("partial", node, parent);
const factors = i => `${number(local[i], 6)} × ${number(complete[film.node[i]], 6)}`;
const contribution = i => local[i] * complete[film.node[i]];

function rule(i) {
  const [node, parent] = [film.node[i], film.parent[i]];
  return `${filled("product", node, parent)} = ${factors(i)} = ${number(contribution(i), 6)}`;
}

function change(i) {
  const parent = film.parent[i];
  const [before, after] = [gradientsAt(i)[parent] ?? 0, gradientsAt(i + 1)[parent]];
  const state = completion[parent] === i + 1 ? ", complete" : "";
  return `${gradient(parent)}: ${number(before, 6)} → ${number(after, 6)}${state}`;
}
