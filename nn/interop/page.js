// The page of a net: `value` and `spec` stand before this.

const byId = (id) => document.getElementById(id);
const make = (tag, fields = {}) => Object.assign(document.createElement(tag), fields);
const short = (x) => Number.isFinite(x) ? String(Number(x.toPrecision(6))) : "not a number";
const percent = (p) => `${(100 * p).toFixed(1)} %`;

// --- the answer

const rows = spec.labels.map((label) => {
  const row = byId("rows").appendChild(make("tr"));
  row.append(make("th", { scope: "row", textContent: label }));
  const bar = spec.probabilities ? make("progress", { max: 1, value: 0 }) : null;
  if (bar) {
    bar.setAttribute("aria-hidden", "true");
    const cell = row.appendChild(make("td", { className: "bar" }));
    cell.append(bar);
  }
  const number = make("data");
  row.appendChild(make("td", { className: "number" })).append(number);
  return { row, bar, number };
});
byId("caption").parentElement.hidden = rows.length === 1 && !spec.classes.length; // the heading says it
byId("caption").textContent = spec.probabilities ? "Probability of each class" : "What the net gives";

function predicted(y) {
  if (!spec.classes.length) return -1;
  return y.length > 1 ? y.indexOf(Math.max(...y)) : Number(y[0] > spec.threshold);
}

function words(y) {
  const k = predicted(y);
  if (k >= 0) return spec.probabilities ? `${spec.classes[k]}, ${percent(y[k])}` : spec.classes[k];
  return y.length === 1 ? `${spec.labels[0]}: ${short(y[0])}` : [...y].map(short).join(", ");
}

// The answer for the features x, or why there is none. A screen reader is told of it at the end of a stroke only.
function show(x, problem, isFinal = true) {
  const y = x && value(x);
  const k = y && y.length > 1 ? predicted(y) : -1;
  rows.forEach(({ row, bar, number }, i) => {
    if (bar) bar.value = y ? y[i] : 0;
    number.value = y ? String(y[i]) : "";
    number.textContent = y ? (spec.probabilities ? percent(y[i]) : short(y[i])) : "–";
    row.classList.toggle("best", i === k);
  });
  byId("best").textContent = y ? words(y) : problem;
  if (isFinal) byId("status").textContent = y ? words(y) : problem;
}

// --- a form

function field(column, i) {
  const id = `column${i}`;
  const line = byId("form").appendChild(make("p"));
  line.append(make("label", { htmlFor: id, textContent: column.name }));
  if (column.kind === "category") {
    const select = line.appendChild(make("select", { id }));
    column.categories.forEach((name, k) => select.append(make("option", { value: String(k), textContent: name })));
    select.selectedIndex = column.start;
    return () => {
      const ones = column.categories.map((_, k) => Number(k === select.selectedIndex));
      return column.boolean ? ones.slice(1) : ones;
    };
  }
  const isDate = column.kind === "date";
  const input = line.appendChild(make("input", { id, type: isDate ? "date" : "number", required: true }));
  if (isDate) input.valueAsNumber = Math.round(column.start) * 86400000;
  else Object.assign(input, { step: "any", value: String(column.start) });
  return () => Number.isNaN(input.valueAsNumber) ? null : [input.valueAsNumber / (isDate ? 86400000 : 1)];
}

function startForm() {
  const readers = spec.columns.map(field);
  const update = () => {
    const features = readers.map((read) => read());
    const missing = features.indexOf(null);
    if (missing < 0) show(features.flat(), "");
    else show(null, `${spec.columns[missing].name} needs a ${spec.columns[missing].kind}`);
  };
  byId("form").hidden = false;
  byId("form").addEventListener("input", update);
  byId("form").addEventListener("submit", (event) => event.preventDefault());
  update();
}

// --- a drawing: strokes on paper of 4 x 4 points for each pixel, as the digits were scanned

const FINE = 4, RADIUS = 2.5, LARGEST = 4; // points of a pixel each way, half a pen, how far small strokes are enlarged

function distance([x, y], [ax, ay], [bx, by]) {
  const dx = bx - ax, dy = by - ay, length = dx * dx + dy * dy;
  const t = length ? Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return Math.hypot(x - ax - t * dx, y - ay - t * dy);
}

// The strokes, enlarged or reduced to the height and width of the image and moved to its middle.
function fitted(strokes, height, width) {
  const points = strokes.flat(), xs = points.map(([x]) => x), ys = points.map(([, y]) => y);
  const left = Math.min(...xs), right = Math.max(...xs), top = Math.min(...ys), bottom = Math.max(...ys);
  const room = (size, used) => (FINE * size - 2 * RADIUS) / used;
  const scale = Math.max(0, Math.min(LARGEST, room(height, bottom - top), room(width, right - left)));
  const place = ([x, y]) => [
    (x - (left + right) / 2) * scale + FINE * width / 2, (y - (top + bottom) / 2) * scale + FINE * height / 2,
  ];
  return strokes.map((stroke) => stroke.map(place));
}

// How many of the 4 x 4 points of each pixel are ink: 0 to 16.
function counts(strokes, height, width) {
  const ink = new Uint8Array(FINE * height * FINE * width);
  for (const stroke of fitted(strokes, height, width)) {
    stroke.forEach((to, i) => {
      const from = stroke[Math.max(0, i - 1)];
      const [x0, x1] = [Math.min(from[0], to[0]), Math.max(from[0], to[0])];
      const [y0, y1] = [Math.min(from[1], to[1]), Math.max(from[1], to[1])];
      for (let y = Math.max(0, Math.floor(y0 - RADIUS)); y < Math.min(FINE * height, y1 + RADIUS); y++) {
        for (let x = Math.max(0, Math.floor(x0 - RADIUS)); x < Math.min(FINE * width, x1 + RADIUS); x++) {
          if (distance([x + 0.5, y + 0.5], from, to) <= RADIUS) ink[y * FINE * width + x] = 1;
        }
      }
    });
  }
  const found = new Array(height * width).fill(0);
  ink.forEach((one, i) => {
    const y = Math.floor(i / (FINE * width)), x = i % (FINE * width);
    found[Math.floor(y / FINE) * width + Math.floor(x / FINE)] += one;
  });
  return found;
}

function startDrawing([height, width]) {
  const paper = byId("paper"), seen = byId("seen"), zoom = 10, strokes = [];
  const pen = { x: FINE * width / 2, y: FINE * height / 2, isDown: false, isShown: false };
  Object.assign(paper, { width: zoom * FINE * width, height: zoom * FINE * height });
  Object.assign(seen, { width, height });
  byId("draw").hidden = byId("more").hidden = false;

  function paint() {
    const on = paper.getContext("2d"), ink = getComputedStyle(paper).color;
    on.clearRect(0, 0, paper.width, paper.height);
    Object.assign(on, { strokeStyle: ink, fillStyle: ink, lineWidth: 2 * RADIUS * zoom, lineCap: "round", lineJoin: "round" });
    for (const stroke of strokes) {
      on.beginPath();
      for (const [x, y] of [stroke[0], ...stroke]) on.lineTo(x * zoom, y * zoom);
      on.stroke();
    }
    if (!pen.isShown) return;
    on.beginPath();
    on.arc(pen.x * zoom, pen.y * zoom, RADIUS * zoom + 4, 0, 2 * Math.PI);
    Object.assign(on, { lineWidth: pen.isDown ? 6 : 2, strokeStyle: getComputedStyle(paper).getPropertyValue("--bar") });
    on.stroke();
  }

  function update(isFinal) {
    paint();
    const found = strokes.length ? counts(strokes, height, width) : null;
    const on = seen.getContext("2d");
    on.clearRect(0, 0, width, height);
    on.fillStyle = getComputedStyle(seen).color;
    (found ?? []).forEach((count, i) => {
      on.globalAlpha = count / (FINE * FINE);
      on.fillRect(i % width, Math.floor(i / width), 1, 1);
    });
    const x = found && found.map((count) => count / (FINE * FINE) * spec.peak);
    byId("numbers").textContent = (x ?? []).reduce((text, each, i) => text + each + ((i + 1) % width ? " " : "\n"), "");
    show(x, "Draw something", isFinal);
  }

  const at = (event) => [
    event.offsetX / paper.clientWidth * FINE * width, event.offsetY / paper.clientHeight * FINE * height,
  ];
  let drawing = null;
  paper.addEventListener("pointerdown", (event) => {
    if (drawing !== null || event.button) return;
    drawing = event.pointerId;
    paper.setPointerCapture(drawing);
    Object.assign(pen, { isShown: false, isDown: false });
    strokes.push([at(event)]);
    update(false);
  });
  paper.addEventListener("pointermove", (event) => {
    if (event.pointerId !== drawing) return;
    strokes.at(-1).push(at(event));
    update(false);
  });
  for (const kind of ["pointerup", "pointercancel"]) {
    paper.addEventListener(kind, (event) => {
      if (event.pointerId !== drawing) return;
      drawing = null;
      update(true);
    });
  }

  const reset = (count) => {
    strokes.length = Math.max(0, count);
    pen.isDown = false;
    update(true);
  };
  byId("clear").addEventListener("click", () => reset(0));
  byId("undo").addEventListener("click", () => reset(strokes.length - 1));

  const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
  function key(event) {
    if (event.key in moves) {
      pen.x = Math.min(FINE * width, Math.max(0, pen.x + moves[event.key][0] * FINE / 2));
      pen.y = Math.min(FINE * height, Math.max(0, pen.y + moves[event.key][1] * FINE / 2));
      if (pen.isDown) strokes.at(-1).push([pen.x, pen.y]);
    } else if (event.key === " ") {
      pen.isDown = !pen.isDown;
      if (pen.isDown) strokes.push([[pen.x, pen.y]]);
    } else if (event.key === "Delete" || event.key === "Backspace") {
      reset(0);
    } else {
      return;
    }
    event.preventDefault();
    pen.isShown = true;
    update(false);
    const place = `row ${Math.min(height, Math.floor(pen.y / FINE) + 1)}, column ${Math.min(width, Math.floor(pen.x / FINE) + 1)}`;
    byId("status").textContent = `${byId("best").textContent}; pen ${pen.isDown ? "down" : "up"}, ${place}`;
  }
  paper.addEventListener("keydown", key);
  paper.addEventListener("focus", () => { pen.isShown = paper.matches(":focus-visible"); paint(); });
  paper.addEventListener("blur", () => { pen.isShown = false; paint(); });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => update(false));
  update(true);
}

if (spec.image) startDrawing(spec.image);
else startForm();
