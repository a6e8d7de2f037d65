// Moving and zooming a picture, by mouse, touch and keys.

const SMALLEST = 0.05, NATURAL = 1, TOO_SMALL = 0.5; // scales; below the last, texts are hard to read
const STILL = 5; // pixels that a finger may move while it presses

class View {
  constructor(host, layer) {
    Object.assign(this, { host, layer, scale: 1, x: 0, y: 0, pointers: new Map(), moved: 0 });
    host.addEventListener("wheel", event => this.wheel(event), { passive: false });
    host.addEventListener("pointerdown", event => this.down(event));
    host.addEventListener("pointermove", event => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) host.addEventListener(end, event => this.pointers.delete(event.pointerId));
    host.addEventListener("click", event => { // the end of a move is not a click on a box
      if (this.moved > STILL) event.stopPropagation();
    }, { capture: true });
    host.addEventListener("scroll", () => { host.scrollTop = host.scrollLeft = 0; }); // by the browser, to show a focus
  }

  get size() { return this.host.getBoundingClientRect(); }

  apply() {
    this.layer.setAttribute("transform", `translate(${this.x} ${this.y}) scale(${this.scale})`);
  }

  pan(dx, dy) {
    this.x += dx;
    this.y += dy;
    this.apply();
  }

  /** Zoom around a point of the window. */
  zoom(factor, clientX, clientY) {
    const { left, top, width, height } = this.size;
    const x = (clientX ?? left + width / 2) - left, y = (clientY ?? top + height / 2) - top;
    const scale = Math.min(4, Math.max(SMALLEST, this.scale * factor));
    this.x = x - (x - this.x) * scale / this.scale;
    this.y = y - (y - this.y) * scale / this.scale;
    this.scale = scale;
    this.apply();
  }

  /** Show everything. */
  fit({ w, h }) {
    const { width, height } = this.size;
    this.scale = Math.min(NATURAL, Math.max(SMALLEST, Math.min((width - 40) / w, (height - 40) / h)));
    this.x = (width - w * this.scale) / 2;
    this.y = (height - h * this.scale) / 2;
    this.apply();
  }

  /** Show everything if that can be read, otherwise the end, where the result is. */
  begin(bounds, place) {
    this.fit(bounds);
    if (this.scale >= TOO_SMALL) return;
    const { width, height } = this.size;
    this.scale = TOO_SMALL;
    this.x = width - 20 - Math.max(bounds.w, place.x + place.w) * this.scale;
    this.y = height / 2 - (place.y + place.h / 2) * this.scale;
    this.apply();
  }

  /** Move as little as possible until a place is visible. */
  reveal(place) {
    const { width, height } = this.size;
    const shift = (offset, start, length, room) => {
      const from = offset + start * this.scale, to = from + Math.min(length * this.scale, room - 40);
      return from < 20 ? 20 - from : to > room - 20 ? room - 20 - to : 0;
    };
    this.pan(shift(this.x, place.x, place.w, width), shift(this.y, place.y, place.h, height));
  }

  wheel(event) {
    event.preventDefault();
    const pixels = event.deltaMode ? 30 : 1;
    if (event.shiftKey || (event.deltaX && !event.ctrlKey)) this.pan(-(event.deltaX || event.deltaY) * pixels, event.deltaX ? -event.deltaY * pixels : 0);
    else this.zoom(Math.exp(-event.deltaY * pixels * (event.ctrlKey ? 0.01 : 0.002)), event.clientX, event.clientY);
  }

  down(event) {
    if (event.button) return;
    if (!this.pointers.size) this.moved = 0;
    this.pointers.set(event.pointerId, event);
  }

  /** One pointer moves the picture, two zoom it. */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    if (!event.buttons) return void this.pointers.delete(event.pointerId);
    const other = [...this.pointers.values()].find(each => each.pointerId !== event.pointerId);
    const dx = event.clientX - before.clientX, dy = event.clientY - before.clientY;
    this.moved += Math.abs(dx) + Math.abs(dy);
    this.pointers.set(event.pointerId, event);
    if (this.moved > STILL) this.host.setPointerCapture(event.pointerId);
    if (!other) return this.pan(dx, dy);
    const gap = at => Math.hypot(at.clientX - other.clientX, at.clientY - other.clientY) || 1;
    this.zoom(gap(event) / gap(before), (event.clientX + other.clientX) / 2, (event.clientY + other.clientY) / 2);
    this.pan(dx / 2, dy / 2);
  }
}
