"""``python -m tests.benchmark explore``: the page of a GPT, written, opened in Chromium, and its boxes opened."""

from __future__ import annotations

import time
from pathlib import Path
from tempfile import TemporaryDirectory

from autograd import Value, debug, explore
from autograd.graph import topological
from tests.benchmark import gpt
from tests.support.browser import Browser, is_installed

NAME = "explore"
LARGEST = 5.0  # megabytes
OPEN, BOX = 2.0, 0.5  # seconds
TOTAL = "return panes[0].picture.frontier().reduce((sum, item) => sum + panes[0].graph.sizeOf(item), 0)"
BOXES = "return panes[0].picture.frontier().filter(item => panes[0].graph.isBox(item))"
CHOOSE = "panes[0].choose(arguments[0]); panes[0].host.getBoundingClientRect()"


def run(quick: bool) -> bool:
    """Print the figures; False if the counts of the boxes do not add up to the values of the graph."""
    loss = gpt_of("a" if quick else "tamara")
    values = len(topological(loss))
    start = time.process_time()
    html = explore(loss).html
    size = len(html) / 1e6
    print(f"\nexplore: {values} values, a page of {size:.1f} MB (at most {LARGEST:g})")
    print(f"  written   {time.process_time() - start:.1f} s")
    if not is_installed():
        print("  skipped: no Chromium to open it with")
        return True
    with TemporaryDirectory() as folder, Browser() as browser:
        page = Path(folder, "page.html")
        page.write_text(html, encoding="utf-8")
        return opened(browser, page, values)


def gpt_of(word: str) -> Value:
    """The loss of a word, each node with its line, each parameter with its name."""
    parameters = gpt.gpt_parameters(Value)
    for name, matrix in parameters.items():
        for i, row in enumerate(matrix):
            for j, leaf in enumerate(row):
                leaf.label = f"{name}[{i},{j}]"
    with debug():
        loss: Value = gpt.gpt_loss(parameters, gpt.document(word))
    return loss


def opened(browser: Browser, page: Path, values: int) -> bool:
    """Open the page, then every box of its first picture and close it again; whether all counts add up."""
    browser.thread_time()  # is counted from here
    browser.open(page)
    shown = browser.run("return performance.getEntriesByType('navigation')[0].loadEventEnd") / 1e3
    print(f"  opens     {browser.thread_time():.2f} s of its thread, {shown:.2f} s by the clock (at most {OPEN:g})")
    right, times = bool(browser.run(TOTAL) == values), []
    for box in browser.run(BOXES):
        before = browser.thread_time()
        browser.run(CHOOSE, box)
        times.append(browser.thread_time() - before)
        right &= bool(browser.run(TOTAL) == values)
        browser.run(CHOOSE, box)
    times.sort()
    middle, worst = times[len(times) // 2], times[-1]
    print(f"  a box     {middle:.2f} s of its thread, at most {worst:.2f} s, over {len(times)} boxes (at most {BOX:g})")
    print(f"  counts    {'add up' if right else 'DO NOT ADD UP'}")
    return right
