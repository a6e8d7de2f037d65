// A graph as the page has it: columns of numbers, and boxes in boxes. The columns are described in film.py.
// An item is a value or a box: value i is item i, and box g is item count + g. Strings become text nodes, never markup.

const ROOT = 0; // the value where the pass begins
const NONE = 0xffffffff;
const ARRAYS = { d: Float64Array, B: Uint8Array, H: Uint16Array, I: Uint32Array };

function column([code, text]) {
  const characters = atob(text), bytes = new Uint8Array(characters.length);
  for (let k = 0; k < bytes.length; k++) bytes[k] = characters.charCodeAt(k);
  return new ARRAYS[code](bytes.buffer);
}

/** For each key from 0 to count, the places where it is: `list.subarray(start[key], start[key + 1])`, in order. */
function grouped(keys, count) {
  const start = new Uint32Array(count + 1);
  for (let place = 0; place < keys.length; place++) start[keys[place] + 1]++;
  for (let key = 0; key < count; key++) start[key + 1] += start[key];
  const list = new Uint32Array(keys.length), next = start.slice();
  for (let place = 0; place < keys.length; place++) list[next[keys[place]]++] = place;
  return key => list.subarray(start[key], start[key + 1]);
}

class Graph {
  constructor(film) {
    Object.assign(this, {
      data: column(film.data), grad: column(film.grad), parent: column(film.parent), local: column(film.local),
      box: column(film.box), outer: column(film.outer), formulas: film.formulas, glyphs: film.glyphs,
      notation: film.notation,
      digits: film.digits ? column(film.digits) : null,
    });
    this.count = this.data.length;
    this.products = this.parent.length;
    this.stem = { texts: film.name[0], of: column(film.name[1]), number: column(film.name[2]) };
    for (const [each, all] of [["head", "heads"], ["source", "sources"], ["kind", "kinds"], ["title", "titles"]])
      this[each] = { texts: film[all], of: column(film[each]) };
    this.numberProducts(column(film.uses));
    this.countBoxes();
    this.divideProducts();
  }

  /** Products are numbered by node: those of node i begin at first[i]. */
  numberProducts(uses) {
    this.first = new Uint32Array(this.count + 1);
    this.node = new Uint32Array(this.products);
    for (let i = 0; i < this.count; i++) {
      this.first[i + 1] = this.first[i] + uses[i];
      this.node.fill(i, this.first[i], this.first[i + 1]);
    }
    this.into = grouped(this.parent, this.count); // the products that the gradient of a value is the sum of
  }

  /** How many values each box holds, how deep it is, and its items in the order of the computation. */
  countBoxes() {
    const boxes = this.outer.length;
    this.size = new Uint32Array(boxes);
    this.depth = new Uint16Array(boxes);
    this.begin = new Uint32Array(boxes); // the first value that is computed, which has the largest number
    this.box.forEach((box, i) => { this.size[box]++; this.begin[box] = i; });
    for (let g = boxes - 1; g > 0; g--) {
      this.size[this.outer[g]] += this.size[g];
      this.begin[this.outer[g]] = Math.max(this.begin[this.outer[g]], this.begin[g]);
    }
    for (let g = 1; g < boxes; g++) this.depth[g] = this.depth[this.outer[g]] + 1;
    this.items = Array.from({ length: boxes }, () => []);
    for (let g = 1; g < boxes; g++) this.items[this.outer[g]].push(this.count + g);
    for (let i = this.count - 1; i >= 0; i--) this.items[this.box[i]].push(i);
    const place = item => item < this.count ? item : this.begin[item - this.count];
    for (const items of this.items) items.sort((one, other) => place(other) - place(one));
  }

  /** Each product belongs to the smallest box around both of its values, and joins two items of that. */
  divideProducts() {
    this.from = new Uint32Array(this.products); // the item with the operand
    this.to = new Uint32Array(this.products); // the item with the result
    const home = new Uint32Array(this.products);
    for (let p = 0; p < this.products; p++) {
      let from = this.parent[p], to = this.node[p], one = this.box[from], other = this.box[to];
      while (one !== other) {
        if (this.depth[one] >= this.depth[other]) { from = this.count + one; one = this.outer[one]; }
        else { to = this.count + other; other = this.outer[other]; }
      }
      this.from[p] = from;
      this.to[p] = to;
      home[p] = one;
    }
    this.inside = grouped(home, this.outer.length);
  }

  isBox(item) { return item >= this.count; }
  boxOf(item) { return item < this.count ? this.box[item] : this.outer[item - this.count]; }
  sizeOf(item) { return item < this.count ? 1 : this.size[item - this.count]; }

  /** The boxes around an item, the innermost first, without the one around everything. */
  around(item) {
    const found = [];
    for (let box = this.boxOf(item); box > 0; box = this.outer[box]) found.push(box);
    return found;
  }

  members(box) {
    const found = [], waiting = [this.count + box];
    while (waiting.length) {
      const item = waiting.pop();
      if (item < this.count) found.push(item); else waiting.push(...this.items[item - this.count].toReversed());
    }
    return found;
  }

  name(i) {
    const number = this.stem.number[i];
    return this.stem.texts[this.stem.of[i]] + (number ? `_${number}` : "");
  }

  text(kind, i) { return this[kind].texts[this[kind].of[i]]; }
  titleOf(item) { return item < this.count ? this.name(item) : this.text("title", item - this.count) || "everything"; }
  completion(i) { return this.into(i).at(-1) + 1 || 0; }
  contribution(p) { return this.local[p] * this.grad[this.node[p]]; }

  /** The gradient of every value after `moment` products; undefined for values without a contribution yet. */
  gradientsAt(moment) {
    const sums = new Array(this.count);
    sums[ROOT] = this.grad[ROOT];
    for (let p = 0; p < moment; p++) {
      const parent = this.parent[p];
      sums[parent] = (sums[parent] ?? 0) + this.contribution(p);
    }
    for (let p = 0; p < moment; p++) { // a callback may have changed what is complete
      const parent = this.parent[p];
      if (this.completion(parent) <= moment) sums[parent] = this.grad[parent];
    }
    return sums;
  }

  /** From a value to the root: at each step the product that brings most of the gradient. */
  strongest(i) {
    const path = [];
    while (this.into(i).length) {
      let best = -1, most = -1;
      for (const p of this.into(i)) {
        const size = Math.abs(this.contribution(p));
        if (size > most || best < 0) [best, most] = [p, Number.isNaN(size) ? most : size];
      }
      path.push(best);
      i = this.node[best];
    }
    return path;
  }
}
