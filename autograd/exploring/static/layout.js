// A layered layout of the items in one box, after Sugiyama, Tagawa & Toda 1981: see drawing/layout/sugiyama.py.
// No box has more than 40 items, so nothing here needs to be fast.

const GAP = 16, COLUMN_GAP = 34, PASSING = 6, SWEEPS = 8;

/** Ranks by the longest path to a result; a link that closes a circle does not count. */
function ranksOf(count, links) {
  const targets = Array.from({ length: count }, () => []);
  for (const { from, to } of links) targets[from].push(to);
  const distance = new Array(count).fill(-1), active = new Set();
  const visit = item => {
    if (distance[item] >= 0) return distance[item];
    active.add(item);
    let longest = 0;
    for (const target of targets[item]) if (!active.has(target)) longest = Math.max(longest, visit(target) + 1);
    active.delete(item);
    return distance[item] = longest;
  };
  for (let item = 0; item < count; item++) visit(item);
  const farthest = Math.max(0, ...distance);
  return distance.map(each => farthest - each);
}

/** Where each item of these sizes is, and the points between which each link passes; links have `room` for a label. */
function arrange(sizes, links) {
  const layers = layersOf(sizes, links);
  reduceCrossings(layers);
  const y = positions(layers, sizes);
  const { start, end } = columnsOf(layers, sizes, links);
  const x = layers.rank.map(rank => (start[rank] + end[rank]) / 2);
  const routes = layers.chains.map(chain => chain.slice(1, -1).map(
    item => ({ y: y[item], left: start[layers.rank[item]], right: end[layers.rank[item]] }),
  ));
  const top = Math.min(...y.map((each, item) => each - layers.height[item] / 2));
  return {
    places: sizes.map((size, item) => ({ x: x[item] - size.w / 2, y: y[item] - size.h / 2 - top })),
    routes: routes.map(route => route.map(point => ({ ...point, y: point.y - top }))),
    w: Math.max(...end, 0),
    h: Math.max(...y.map((each, item) => each + layers.height[item] / 2)) - top,
  };
}

/** Items and, where a link passes a rank, dummies; links backwards are turned round. */
function layersOf(sizes, links) {
  const rank = ranksOf(sizes.length, links);
  const height = sizes.map(size => size.h);
  const before = sizes.map(() => []), after = sizes.map(() => []);
  const chains = links.map(({ from, to }) => {
    const chain = rank[from] <= rank[to] ? [from] : [to];
    const last = rank[from] <= rank[to] ? to : from;
    for (let at = rank[chain[0]] + 1; at < rank[last]; at++) {
      chain.push(rank.push(at) - 1);
      height.push(PASSING);
      before.push([]);
      after.push([]);
    }
    chain.push(last);
    for (let k = 1; k < chain.length; k++) {
      if (rank[chain[k]] === rank[chain[k - 1]]) continue;
      after[chain[k - 1]].push(chain[k]);
      before[chain[k]].push(chain[k - 1]);
    }
    return rank[from] <= rank[to] ? chain : chain.reverse();
  });
  const order = Array.from({ length: Math.max(...rank) + 1 }, () => []);
  rank.forEach((at, item) => order[at].push(item));
  return { rank, height, before, after, chains, order };
}

/** Barycentres, from left to right and back, as long as there are fewer crossings. */
function reduceCrossings(layers) {
  let best = layers.order.map(layer => [...layer]), fewest = crossings(layers);
  for (let sweep = 0; sweep < SWEEPS && fewest; sweep++) {
    const forward = sweep % 2 === 0;
    const near = forward ? layers.before : layers.after;
    const place = new Map();
    const remember = layer => layer.forEach((item, at) => place.set(item, at));
    layers.order.forEach(remember);
    for (const layer of forward ? layers.order : layers.order.toReversed()) {
      const middle = new Map(layer.map((item, at) => [item, near[item].length
        ? near[item].reduce((sum, other) => sum + place.get(other), 0) / near[item].length : at]));
      layer.sort((one, other) => middle.get(one) - middle.get(other));
      remember(layer);
    }
    const count = crossings(layers);
    if (count < fewest) [best, fewest] = [layers.order.map(layer => [...layer]), count];
  }
  layers.order = best;
}

/** The inversions among the ends of the links of each pair of ranks, by insertion into sorted places. */
function crossings(layers) {
  let count = 0;
  for (let at = 1; at < layers.order.length; at++) {
    const place = new Map(layers.order[at - 1].map((item, k) => [item, k]));
    const seen = new Uint32Array(layers.order[at - 1].length);
    for (const item of layers.order[at]) {
      const ends = layers.before[item].map(other => place.get(other));
      for (const end of ends) for (let k = end + 1; k < seen.length; k++) count += seen[k];
      for (const end of ends) seen[end]++;
    }
  }
  return count;
}

/** Across the flow: each rank as near to its neighbours as the order and the distances allow. */
function positions(layers, sizes) {
  const y = new Array(layers.rank.length).fill(0);
  for (const layer of layers.order) {
    let bottom = 0;
    for (const item of layer) {
      y[item] = bottom + layers.height[item] / 2;
      bottom += layers.height[item] + GAP;
    }
    layer.forEach(item => { y[item] -= bottom / 2; });
  }
  const all = layers.before.map((near, item) => [...near, ...layers.after[item]]);
  for (let sweep = 0; sweep <= SWEEPS; sweep++) {
    const near = sweep === SWEEPS ? all : sweep % 2 ? layers.after : layers.before;
    for (const layer of sweep % 2 ? layers.order.toReversed() : layers.order) {
      const wanted = layer.map(item => near[item].length
        ? near[item].reduce((sum, other) => sum + y[other], 0) / near[item].length : y[item]);
      const weights = layer.map(item => near[item].length ? (item < sizes.length ? 1 : 4) : 0.01);
      apart(layer, wanted, weights, layers.height).forEach((place, k) => { y[layer[k]] = place; });
    }
  }
  return y;
}

/** The places nearest to the wanted ones, in order and without overlap (isotonic regression by merging blocks). */
function apart(layer, wanted, weights, height) {
  const offset = [0];
  for (let k = 1; k < layer.length; k++)
    offset.push(offset[k - 1] + (height[layer[k - 1]] + height[layer[k]]) / 2 + GAP);
  const blocks = [];
  layer.forEach((_, k) => {
    let block = { sum: weights[k] * (wanted[k] - offset[k]), weight: weights[k], count: 1 };
    while (blocks.length && blocks.at(-1).sum / blocks.at(-1).weight > block.sum / block.weight) {
      const above = blocks.pop();
      block = { sum: above.sum + block.sum, weight: above.weight + block.weight, count: above.count + block.count };
    }
    blocks.push(block);
  });
  return blocks.flatMap(block => new Array(block.count).fill(block.sum / block.weight)).map((base, k) => base + offset[k]);
}

/** Along the flow: a column as wide as its widest item, then room for the labels and links behind it. */
function columnsOf(layers, sizes, links) {
  const count = layers.order.length;
  const width = new Array(count).fill(0), room = new Array(count).fill(0), passing = new Array(count).fill(0);
  sizes.forEach((size, item) => { width[layers.rank[item]] = Math.max(width[layers.rank[item]], size.w); });
  links.forEach(({ room: label = 0 }, k) => {
    const rank = Math.max(0, layers.rank[layers.chains[k].at(-1)] - 1);
    room[rank] = Math.max(room[rank], label);
    passing[rank]++;
  });
  const start = [], end = [];
  let at = 0;
  for (let rank = 0; rank < count; rank++) {
    start.push(at);
    end.push(at += width[rank]);
    at += COLUMN_GAP + room[rank] + Math.min(3 * passing[rank], 120);
  }
  return { start, end };
}
