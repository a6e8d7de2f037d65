// Pictures and formulas from the worker, copied element by element: nothing else than this gets into the page.

const SVG = {
  type: "image/svg+xml",
  styles: /<style>[^<]*<\/style>/g, // picture.css has them; texts have no < and no " that is not escaped
  elements: new Set(["svg", "g", "path", "rect", "circle", "polygon", "polyline", "line", "text", "tspan", "title", "desc"]),
  attributes: new Set(["viewBox", "width", "height", "class", "d", "x", "y", "x1", "x2", "y1", "y2", "cx", "cy", "r",
    "rx", "ry", "points", "transform", "stroke-width", "fill", "role", "aria-label"]),
};
const MATHML = {
  type: "application/xml",
  styles: / style="[^"<>]*"/g,
  elements: new Set(["math", "mrow", "mi", "mo", "mn", "mtext", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup",
    "mtable", "mtr", "mtd"]),
  attributes: new Set(["display", "displaystyle", "mathvariant", "stretchy", "form"]),
};

const copied = (source, language) => {
  if (source.nodeType === Node.TEXT_NODE) return document.createTextNode(source.data);
  if (source.nodeType !== Node.ELEMENT_NODE || !language.elements.has(source.localName)) return null;
  const target = document.createElementNS(language.namespace, source.localName);
  for (const { name, value } of source.attributes) {
    if (name === "id") target.dataset.id = value;
    else if (language.attributes.has(name) && !/url\s*\(/i.test(value)) target.setAttribute(name, value);
  }
  for (const child of source.childNodes) {
    const copy = copied(child, language);
    if (copy) target.append(copy);
  }
  return target;
};

const element = (text, language, namespace) => {
  const root = new DOMParser().parseFromString(text.replace(language.styles, ""), language.type).documentElement;
  return root.namespaceURI === namespace ? copied(root, { ...language, namespace }) : null;
};

// An element, or null where the text is not what it should be.
export const picture = (text) => element(text, SVG, "http://www.w3.org/2000/svg");
export const formulas = (text) => element(text, MATHML, "http://www.w3.org/1998/Math/MathML");
