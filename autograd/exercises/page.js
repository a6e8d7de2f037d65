"use strict";
// The page knows salted hashes of the answers: see page.py, which computes them the same way.

const blanks = [...document.querySelectorAll("input[data-salt]")];
const rounds = Number(document.getElementById("questions").dataset.rounds);
const score = document.getElementById("score");

/** The number that was typed: 3, −0.5, 0,5 or 1/4; NaN for anything else. */
function read(text) {
  const plain = text.trim().replace(/[−–]/g, "-").replace(/\s+/g, "").replace(",", ".").replace(/^\+/, "");
  const [, top, bottom] = /^(-?\d*\.?\d+|-?\d+\.)(?:\/(\d+))?$/.exec(plain) ?? [];
  return top === undefined ? NaN : Number(top) / Number(bottom ?? 1);
}

const canonical = x => (Math.abs(x) < 0.005 ? 0 : x).toFixed(2);

/** What is hashed: an order as words, a number rounded down and up, since people round halves either way. */
function candidates(blank) {
  if (blank.dataset.order) return [(blank.value.match(/[A-Za-z]+/g) ?? []).join(" ")];
  const x = read(blank.value);
  const scaled = Math.round(x * 1e6) / 1e4;
  return Number.isFinite(x) ? [...new Set([Math.floor(scaled), Math.ceil(scaled)])].map(y => canonical(y / 100)) : [];
}

async function hash(text, salt) {
  const bytes = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", bytes.encode(text), "PBKDF2", false, ["deriveBits"]);
  const how = {name: "PBKDF2", hash: "SHA-256", salt: bytes.encode(salt), iterations: rounds};
  const found = new Uint8Array(await crypto.subtle.deriveBits(how, key, 96));
  return [...found].map(byte => byte.toString(16).padStart(2, "0")).join("");
}

async function isRight(blank) {
  const known = blank.dataset.hashes.split(" ");
  const found = await Promise.all(candidates(blank).map(text => hash(text, blank.dataset.salt)));
  return found.some(each => known.includes(each));
}

function show(blank, state, words) {
  blank.closest("p").className = state;
  document.getElementById(`${blank.id}s`).textContent = words;
  if (state === "wrong") blank.setAttribute("aria-invalid", "true");
  else blank.removeAttribute("aria-invalid");
  const right = blanks.filter(each => each.closest("p").className === "right").length;
  score.textContent = `${right} of ${blanks.length} right`;
}

async function check(blank) {
  const typed = blank.value;
  if (!typed.trim()) return show(blank, "", "");
  if (!candidates(blank).length) return show(blank, "wrong", "✗ not a number");
  const right = await isRight(blank);
  if (blank.value !== typed) return undefined; // it was changed in the meantime
  return show(blank, right ? "right" : "wrong", right ? "✓ right" : "✗ not yet");
}

for (const [i, blank] of blanks.entries()) {
  blank.addEventListener("change", () => check(blank));
  blank.addEventListener("input", () => show(blank, "", ""));
  blank.addEventListener("keydown", event => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    check(blank);
    blanks[i + 1]?.focus();
  });
}
if (globalThis.crypto?.subtle) score.textContent = `0 of ${blanks.length} right`;
else {
  score.textContent = "Answers can be checked only on a page from a file or over https; this browser allows no hashing here.";
  for (const blank of blanks) blank.disabled = true;
}
