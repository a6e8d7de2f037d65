"use strict";
// Numbers and texts as pictures write them: see drawing/text.py.

/** Four digits, a real minus sign, integers below a million in full. */
function number(x, digits = 4) {
  if (Number.isNaN(x)) return "nan";
  if (!Number.isFinite(x)) return x > 0 ? "∞" : "−∞";
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x === 0 ? 0 : x).replace("-", "−");
  const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
  if (exponent >= -4 && exponent < digits) return String(Number(x.toPrecision(digits))).replace("-", "−");
  const size = String(Math.abs(exponent)).padStart(2, "0");
  return `${Number(mantissa)}e${exponent < 0 ? "−" : ""}${size}`.replace("-", "−");
}

const exactly = x => number(x, 17);
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;
const signOf = x => !Number.isFinite(x) ? "bad" : x > 0 ? "pos" : x < 0 ? "neg" : "zero";

/** What a box says about several numbers: how many, from where to where, and how many are not finite. */
class Spread {
  constructor() {
    this.count = this.bad = 0;
    this.low = Infinity;
    this.high = -Infinity;
  }

  add(x) {
    this.count++;
    if (!Number.isFinite(x)) this.bad++;
    if (x < this.low) this.low = x;
    if (x > this.high) this.high = x;
    this.last = x;
  }

  get sign() {
    if (!this.count) return "none";
    if (this.bad) return "bad";
    return this.low < 0 && this.high > 0 ? "mixed" : this.high > 0 ? "pos" : this.low < 0 ? "neg" : "zero";
  }

  toString() {
    if (!this.count) return "–";
    if (this.count === 1) return number(this.last);
    if (this.bad) return `${this.bad} of ${this.count} not finite`;
    return this.low === this.high ? number(this.low) : `${number(this.low)} … ${number(this.high)}`;
  }
}

/** The columns of a text in a monospaced font. */
function cells(text) {
  let columns = 0;
  for (const character of text) {
    if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(character)) continue;
    columns += /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Extended_Pictographic}/u
      .test(character) ? 2 : 1;
  }
  return columns;
}

function shorten(text, limit = 40) {
  if (text.length <= limit && cells(text) <= limit) return text;
  let kept = "", room = limit - 1;
  for (const character of text) if ((room -= cells(character)) >= 0) kept += character; else break;
  return `${kept}…`;
}

/** A name inside a formula: one from right to left keeps its order to itself. */
const isolated = text => /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/.test(text) ? `\u2068${text}\u2069` : text;
