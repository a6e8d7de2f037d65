// Marks and bars in boxes: what differs from another graph, how large gradients are, how many digits are lost.

const DIGITS = 53 * Math.log10(2); // of a float
const DIFFERENT = "≠", ALONE = "∅"; // marks beside numbers

/** For screen readers, what differs from the other graph. */
function marksInWords(marks, box) {
  if (!marks.some(mark => mark)) return "";
  if (box) return `, ${marks[0].slice(2)} differ`;
  return marks[0] === ALONE ? ", only in this graph" : `, differs in ${["data", "grad"].filter((_, k) => marks[k]).join(" and ")}`;
}

const lostDigits = (graph, i) => Number.isNaN(graph.digits[i]) ? 0 : DIGITS - graph.digits[i];

/** How large gradients are among all, from 0 to 1, on a logarithmic scale of at most 12 powers of ten. */
function heatScale(grads) {
  let low = Infinity, high = 0;
  for (const grad of grads) {
    const size = Math.abs(grad);
    if (!size || !Number.isFinite(size)) continue;
    if (size < low) low = size;
    if (size > high) high = size;
  }
  const bottom = Math.max(Math.log10(low), Math.log10(high) - 12) - 0.3, range = Math.log10(high) - bottom || 1;
  return spread => {
    if (spread.bad) return 1;
    const size = Math.max(Math.abs(spread.low), Math.abs(spread.high));
    return spread.count && size && high ? Math.max(0.02, Math.min(1, (Math.log10(size) - bottom) / range)) : 0;
  };
}
