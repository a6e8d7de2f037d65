// Search: values by name, boxes by title.

const FOUND = 30; // results that are listed

function search(pane, text) {
  const { graph } = pane, wanted = text.trim().toLowerCase();
  if (!wanted) return [];
  const ranked = [[], [], []]; // exactly, at the beginning, elsewhere
  const consider = (item, name) => {
    const at = name.toLowerCase().indexOf(wanted);
    if (at >= 0) ranked[at ? 2 : name.length === wanted.length ? 0 : 1].push(item);
  };
  for (let box = 1; box < graph.outer.length; box++) consider(graph.count + box, graph.text("title", box));
  for (let i = 0; i < graph.count; i++) consider(i, graph.name(i));
  return ranked.flat();
}

function showFound() {
  const all = panes.flatMap(pane => search(pane, $("search").value).map(item => [pane, item]));
  const empty = !$("search").value.trim();
  $("found").hidden = empty;
  $("foundcount").textContent = empty ? "" : `${counted(all.length, "result")}${all.length > FOUND ? `, the first ${FOUND}` : ""}`;
  $("results").replaceChildren(...all.slice(0, FOUND).map(([pane, item]) => {
    const about = pane.graph.isBox(item) ? counted(pane.graph.sizeOf(item), "value") : pane.graph.text("head", item);
    const made = button("", () => {
      pane.visit(item);
      $("found").hidden = true;
      pane.picture.elementOf(item)?.focus({ preventScroll: true });
    });
    made.append(element("b", "", pane.graph.titleOf(item)), ` ${about}${panes.length > 1 ? ` in ${pane.title}` : ""}`);
    return element("li", "", made);
  }));
}

$("search").addEventListener("input", showFound);
$("search").addEventListener("keydown", event => {
  if (event.key === "Enter") {
    event.preventDefault();
    $("results").querySelector("button")?.click();
  } else if (event.key === "ArrowDown") {
    event.preventDefault();
    $("results").querySelector("button")?.focus();
  } else if (event.key === "Escape") {
    $("search").value = "";
    showFound();
  }
});
