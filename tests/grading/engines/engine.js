// An engine in JavaScript, and the loop that `python -m autograd grade engine.js` talks to: a line of JSON in, one out.
"use strict";

class Value {
  constructor(data, parents = [], partials = []) {
    Object.assign(this, { data, parents, partials, grad: 0 });
  }

  backward() {
    const order = [], seen = new Set(), stack = [[this, false]];
    while (stack.length) {
      const [node, done] = stack.pop();
      if (done) order.push(node);
      else if (!seen.has(node)) {
        seen.add(node);
        stack.push([node, true], ...node.parents.map((parent) => [parent, false]));
      }
    }
    for (const node of order) if (node.parents.length) node.grad = 0;
    this.grad = 1;
    for (const node of order.reverse())
      node.parents.forEach((parent, i) => (parent.grad += node.partials[i] * node.grad));
  }
}

const value = (x) => (x instanceof Value ? x : new Value(x));
const unary = (f, slope) => (x) => {
  const out = f(x.data);
  return new Value(out, [x], [slope(x.data, out)]);
};
const binary = (f, slopes) => (a, b) => {
  const [x, y] = [value(a), value(b)];
  return new Value(f(x.data, y.data), [x, y], slopes(x.data, y.data));
};

const operations = {
  add: binary((x, y) => x + y, () => [1, 1]),
  sub: binary((x, y) => x - y, () => [1, -1]),
  mul: binary((x, y) => x * y, (x, y) => [y, x]),
  div: binary((x, y) => x / y, (x, y) => [1 / y, -x / (y * y)]),
  pow: binary((x, y) => x ** y, (x, y) => [y * x ** (y - 1), x > 0 ? x ** y * Math.log(x) : 0]),
  neg: unary((x) => -x, () => -1),
  sum: (...xs) => xs.reduce((x, y) => operations.add(x, y), 0),
  tanh: unary(Math.tanh, (x, out) => 1 - out * out),
  exp: unary(Math.exp, (x, out) => out),
  relu: unary((x) => Math.max(x, 0), (x) => (x > 0 ? 1 : 0)),
};

function answer({ inputs, lines, backward }) {
  const slots = inputs.map((x) => new Value(x));
  const operand = (x) => (typeof x === "string" ? slots[x.slice(1)] : x);
  for (const [name, ...operands] of lines) slots.push(operations[name](...operands.map(operand)));
  for (const root of backward) operand(root).backward();
  return { values: slots.map((x) => x.data), grads: slots.slice(0, inputs.length).map((x) => x.grad) };
}

require("readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  let reply;
  try {
    reply = message.hello ? { functions: Object.keys(operations) } : answer(message);
  } catch (error) {
    reply = { error: String(error) };
  }
  process.stdout.write(JSON.stringify({ id: message.id, ...reply }) + "\n");
});
