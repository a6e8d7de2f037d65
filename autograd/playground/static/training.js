// The training view: a small net learns while one looks at it. Python, in a worker of its own, has the net and its numbers.
import { Engine } from "./engine.js";

const by = (id) => document.getElementById(id);
const LOOK = 500; // milliseconds between two pictures
const TURN = 60; // milliseconds of training between two answers
const MOST = 400; // points of the curve; then every second one is left out
const [LOW, MIDDLE, HIGH] = [[46, 108, 196], [244, 244, 244], [226, 126, 34]];

let engine = null;
let playing = false;
let busy = false;
let points = [];
let curve = []; // [step, loss]
let stride = 1; // how many answers a point of the curve stands for
let answers = 0;
let perTurn = 1; // steps of one request
let looked = 0;
let speed = 0; // steps per second
let seed = 0;

const rate = () => Number((10 ** Number(by("rate").value)).toPrecision(2));
const say = (text) => { by("training-status").textContent = text; };
const lively = (on) => { for (const id of ["play", "one", "again"]) by(id).disabled = !on; };

export const showTraining = (shown) => {
  if (!shown) return pause();
  if (engine) return undefined;
  say("Loading Python …");
  engine = new Engine("nn.live");
  engine.tell(begin, (reason) => say(`Python could not be loaded: ${reason}`));
  return undefined;
};

const pause = () => {
  playing = false;
  by("training-status").ariaLive = "polite";
  by("play").textContent = "Train";
};

const ask = async (request) => {
  busy = true;
  const answer = await engine.ask(request).catch((error) => ({ refusal: String(error) }));
  busy = false;
  return answer;
};

const begin = async () => {
  pause();
  if (busy) return;
  lively(false);
  const net = { data: by("data").value, hidden: by("hidden").value, init: by("init").value || null, seed };
  const answer = await ask({ do: "begin", ...net });
  if (answer.refusal) return say(answer.refusal);
  [points, curve, stride, answers, perTurn, speed] = [answer.points, [], 1, 0, 1, 0];
  lively(true);
  by("training").dataset.state = "ready";
  return showAll(answer);
};

const train = async (steps, look) => {
  const began = performance.now();
  const answer = await ask({ do: "train", steps, lr: rate(), look });
  if (answer.refusal) {
    pause();
    return say(answer.refusal);
  }
  const time = performance.now() - began;
  if (!look) {
    speed = 0.8 * speed + 0.2 * ((1000 * steps) / time) || (1000 * steps) / time;
    perTurn = Math.max(1, Math.min(Math.round((steps * TURN) / time), 2 * steps));
  }
  return showAll(answer);
};

const play = async () => {
  if (playing) return pause();
  playing = true;
  by("training-status").ariaLive = "off"; // it changes many times a second
  by("play").textContent = "Pause";
  while (playing) {
    const look = performance.now() - looked > LOOK;
    if (look) looked = performance.now();
    await train(perTurn, look);
  }
  return undefined;
};

// --- pictures --------------------------------------------------------------------------------------------------------

const showAll = (answer) => {
  const loss = answer.loss === null ? "not finite: the net has diverged" : answer.loss.toPrecision(3);
  const pace = playing && speed ? `, ${Math.round(speed)} steps a second` : "";
  say(`Step ${answer.steps}, loss ${loss}${pace}`);
  by("training").dataset.steps = answer.steps;
  by("training").dataset.speed = speed;
  remember(answer.steps, answer.loss);
  drawCurve();
  if (answer.deltas) showDeltas(answer.deltas);
  if (answer.maps) showMaps(answer.maps);
  if (answer.loss === null) pause();
};

const remember = (step, loss) => {
  answers += 1;
  if (loss === null || answers % stride) return;
  curve.push([step, loss]);
  if (curve.length > MOST) [curve, stride] = [curve.filter((_, i) => i % 2), 2 * stride];
};

const drawCurve = () => {
  const canvas = by("curve");
  const pen = canvas.getContext("2d");
  const style = getComputedStyle(document.body);
  const [width, height, left, bottom] = [canvas.width, canvas.height, 56, 26];
  pen.clearRect(0, 0, width, height);
  pen.font = "14px system-ui, sans-serif";
  pen.fillStyle = style.getPropertyValue("--muted");
  pen.strokeStyle = style.getPropertyValue("--line");
  const losses = curve.map(([, loss]) => Math.log10(Math.max(loss, 1e-9)));
  const top = Math.ceil(Math.max(0, ...losses));
  const floor = Math.floor(Math.min(-1, ...losses));
  const last = curve.at(-1)?.[0] || 1;
  const x = (step) => left + ((width - left - 10) * step) / last;
  const y = (power) => 10 + ((height - bottom - 16) * (top - power)) / (top - floor);
  pen.lineWidth = 0.5;
  for (let power = floor; power <= top; power += 1) {
    pen.fillText(power >= -3 && power <= 3 ? String(10 ** power) : `1e${power}`, 6, y(power) + 5);
    pen.beginPath();
    pen.moveTo(left, y(power));
    pen.lineTo(width - 10, y(power));
    pen.stroke();
  }
  pen.fillText("0", left, height - 6);
  pen.textAlign = "right";
  pen.fillText(`step ${last}`, width - 10, height - 6);
  pen.textAlign = "left";
  pen.strokeStyle = style.getPropertyValue("--pos-line");
  pen.lineWidth = 2;
  pen.beginPath();
  curve.forEach(([step], i) => pen.lineTo(x(step), y(losses[i])));
  pen.stroke();
};

const showDeltas = (deltas) => {
  const largest = Math.max(...deltas.map((delta) => delta ?? 0)) || 1;
  const rows = deltas.map((delta, i) => {
    const row = document.createElement("tr");
    const cells = [i + 1, delta === null ? "not finite" : delta.toPrecision(3), ""].map((text) =>
      Object.assign(document.createElement("td"), { textContent: text }));
    cells[2].append(Object.assign(document.createElement("meter"), { value: (delta ?? 0) / largest, ariaLabel: `layer ${i + 1}` }));
    row.append(...cells);
    return row;
  });
  by("deltas").querySelector("tbody").replaceChildren(...rows);
};

const colour = (share) => {
  const [from, to, part] = share < 0.5 ? [LOW, MIDDLE, 2 * share] : [MIDDLE, HIGH, 2 * share - 1];
  return from.map((channel, i) => Math.round(channel + (to[i] - channel) * part));
};

// Each map has its own scale around 0, so that a neuron with small activations is seen too.
const paint = (canvas, numbers) => {
  const side = Math.sqrt(numbers.length);
  const most = Math.max(...numbers.map((number) => Math.abs(number ?? 0))) || 1;
  const image = new ImageData(side, side);
  numbers.forEach((number, i) => image.data.set([...colour(0.5 + (number ?? 0) / (2 * most)), 255], 4 * i));
  const small = new OffscreenCanvas(side, side);
  small.getContext("2d").putImageData(image, 0, 0);
  canvas.getContext("2d").drawImage(small, 0, 0, canvas.width, canvas.height);
};

const showMaps = (maps) => {
  if (by("net").querySelectorAll("canvas").length !== maps.flat().length) makeNet(maps);
  maps.forEach((layer, i) => layer.forEach((numbers, j) => paint(canvasOf(i, j), numbers)));
  const output = canvasOf(maps.length - 1, 0);
  const pen = output.getContext("2d");
  for (const [x1, x2, label] of points) {
    pen.beginPath();
    pen.arc(output.width * (0.5 + x1 / 3.2), output.height * (0.5 - x2 / 3.2), 5, 0, 7);
    pen.fillStyle = `rgb(${label ? HIGH : LOW})`;
    pen.strokeStyle = label ? "#000" : "#fff";
    pen.lineWidth = 1.5;
    pen.fill();
    pen.stroke();
  }
};

const canvasOf = (layer, neuron) => by(`map-${layer}-${neuron}`);

const makeNet = (maps) => {
  const columns = maps.map((layer, i) => {
    const column = Object.assign(document.createElement("div"), { className: "layer" });
    const last = i === maps.length - 1;
    const name = Object.assign(document.createElement("span"), { textContent: last ? "output" : `layer ${i + 1}` });
    column.append(name, ...layer.map((_, j) => {
      const size = last ? 384 : 64;
      const canvas = Object.assign(document.createElement("canvas"), { id: `map-${i}-${j}`, width: size, height: size });
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", last ? "Output of the net over the plane, with the samples" : `Layer ${i + 1}, neuron ${j + 1}`);
      return canvas;
    }));
    return column;
  });
  by("net").replaceChildren(...columns);
};

// --- wiring ----------------------------------------------------------------------------------------------------------

const showRate = () => {
  by("rate-shown").textContent = String(rate());
  by("rate").setAttribute("aria-valuetext", String(rate())); // its value is the logarithm
};
by("rate").addEventListener("input", showRate);
showRate();
by("play").addEventListener("click", play);
by("one").addEventListener("click", () => { pause(); if (!busy) train(1, true); });

const afresh = async () => {
  pause();
  while (busy) await new Promise((resolve) => { setTimeout(resolve, 20); });
  begin();
};
by("again").addEventListener("click", () => { seed += 1; afresh(); });
for (const id of ["data", "hidden", "init"]) by(id).addEventListener("change", () => engine && afresh());
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => engine && drawCurve());
