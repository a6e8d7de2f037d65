// A program as the fragment of an address, which no browser sends to a server.

const LONGEST = 20_000; // characters of a program

export const fragmentOf = (program) => {
  const bytes = new TextEncoder().encode(program);
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `#program=${btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}`;
};

// { program }, { example } or { refusal }; null where the fragment is empty.
export const read = (fragment) => {
  if (fragment.length < 2) return null;
  const [, key, text] = fragment.match(/^#(program|example)=([\w-]*)$/) ?? [];
  if (key === "example") return { example: text };
  if (key !== "program") return { refusal: "The link is not one of this page." };
  if (text.length > 4 * LONGEST) return { refusal: `The program of the link is longer than ${LONGEST} characters.` };
  try {
    const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    const program = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (program.length > LONGEST) return { refusal: `The program of the link is longer than ${LONGEST} characters.` };
    return { program };
  } catch {
    return { refusal: "The link is damaged: it does not contain a program." };
  }
};
