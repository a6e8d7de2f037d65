// The editor: Python, the line of the moment, and the line of an error.
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { pythonLanguage } from "@codemirror/lang-python";
import { HighlightStyle, LanguageSupport, bracketMatching, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, StateEffect, StateField } from "@codemirror/state";
import {
  Decoration, EditorView, drawSelection, highlightActiveLine, highlightSpecialChars, keymap, lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";

const COLOURS = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.bool, tags.null], color: "var(--mixed-line)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--pos-line)" },
  { tag: tags.number, color: "var(--bad-line)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.function(tags.definition(tags.variableName)), fontWeight: "bold" },
]);
const LOOK = EditorView.theme({
  "&": { color: "var(--fg)", backgroundColor: "var(--bg)", fontSize: "14px" },
  ".cm-scroller": { fontFamily: "var(--mono)", minHeight: "16rem", maxHeight: "55dvh" },
  ".cm-content": { caretColor: "var(--fg)" },
  ".cm-cursor": { borderLeftColor: "var(--fg)" },
  ".cm-gutters": { color: "var(--muted)", backgroundColor: "var(--none-fill)", borderColor: "var(--line)" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine": { backgroundColor: "var(--none-fill)" },
  "&.cm-focused": { outline: "3px solid var(--mixed-line)", outlineOffset: "-3px" },
  "& .cm-scroller .cm-selectionLayer .cm-selectionBackground": { background: "var(--mixed-fill)" },
  ".cm-line.now": { backgroundColor: "var(--mixed-fill)" },
  ".now-part": { backgroundColor: "var(--bad-fill)", borderRadius: "2px" },
  ".cm-tooltip": { color: "var(--fg)", backgroundColor: "var(--bg)", borderColor: "var(--line)" },
});

const lit = StateEffect.define();
const marks = StateField.define({
  create: () => Decoration.none,
  update(shown, transaction) {
    for (const effect of transaction.effects) if (effect.is(lit)) return effect.value;
    return transaction.docChanged ? Decoration.none : shown;
  },
  provide: (field) => EditorView.decorations.from(field),
});

// Columns of Python count characters, those of the editor UTF-16 units.
const offset = (line, column) => line.from + [...line.text].slice(0, column).join("").length;
const lineAt = (doc, number) => doc.line(Math.min(Math.max(number, 1), doc.lines));

export class Editor {
  #view;

  // `changed` is called after each edit, `run` by Ctrl + Enter.
  constructor(place, changed, run) {
    const root = place.attachShadow({ mode: "open" }); // where the editor's styles need no exception from the policy
    const container = document.createElement("div");
    root.append(container);
    const extensions = [
      lineNumbers(), lintGutter(), history(), drawSelection(), highlightSpecialChars(), highlightActiveLine(),
      bracketMatching(), indentUnit.of("    "), new LanguageSupport(pythonLanguage), syntaxHighlighting(COLOURS), LOOK,
      marks, EditorView.lineWrapping, EditorView.contentAttributes.of({ "aria-label": "Program, in Python" }),
      EditorView.updateListener.of((update) => update.docChanged && changed(update)),
      keymap.of([{ key: "Mod-Enter", run: () => (run(), true) }, ...defaultKeymap, ...historyKeymap]),
    ];
    this.#view = new EditorView({ parent: container, root, state: EditorState.create({ extensions }) });
    this.extensions = extensions;
  }

  get text() {
    return this.#view.state.doc.toString();
  }

  // Another program, without the history of the one before.
  set text(text) {
    this.#view.setState(EditorState.create({ doc: text, extensions: this.extensions }));
  }

  // Light the sub-expression and its line; null: nothing.
  light(place) {
    const { doc } = this.#view.state;
    if (!place) return this.#view.dispatch({ effects: lit.of(Decoration.none) });
    const [first, last] = [lineAt(doc, place.line), lineAt(doc, place.endLine)];
    const [from, to] = [offset(first, place.column), offset(last, place.endColumn)];
    const found = [Decoration.line({ class: "now" }).range(first.from)];
    if (to > from) found.push(Decoration.mark({ class: "now-part" }).range(from, to));
    this.#view.dispatch({ effects: [lit.of(Decoration.set(found, true)), EditorView.scrollIntoView(from)] });
  }

  // Mark the place of a failure; null: none.
  blame(failure) {
    const { state } = this.#view;
    const found = [];
    if (failure?.line) {
      const line = lineAt(state.doc, failure.line);
      const known = failure.column !== null && failure.end_column !== null;
      const [from, to] = known ? [offset(line, failure.column), offset(line, failure.end_column)] : [line.from, line.to];
      found.push({ from, to: Math.max(from, to), severity: "error", message: `${failure.kind}: ${failure.message}` });
    }
    this.#view.dispatch(setDiagnostics(state, found));
  }
}
