"""A headless Chromium, driven through its driver's JSON protocol: enough of it to use a page as a person does."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

PATIENCE = 60.0  # seconds for an answer: far more than any takes, so that a slow machine fails no test
FLAGS = [
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--window-size=1000,800"),
]
KEYS = {"ArrowLeft": "\ue012", "ArrowRight": "\ue014", "Home": "\ue011", "End": "\ue010", "PageDown": "\ue00f",
        "PageUp": "\ue00e", "Enter": "\ue007", "Tab": "\ue004", "Space": " "}  # fmt: skip
LOOK = """const done = arguments[0], end = Date.now() + 5000;
const look = () => (CONDITION) ? done(true) : Date.now() > end ? done(false) : requestAnimationFrame(look);
look();"""
ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how the protocol marks an element


def is_installed() -> bool:
    """Whether there is a Chromium, and its driver."""
    return shutil.which("chromedriver") is not None and shutil.which("chromium") is not None


needs_chromium = pytest.mark.skipif(
    not is_installed(),
    reason="no Chromium to look at the page with: apt-get install -y chromium chromium-driver",
)


class Browser:
    """One window. A context manager: at the end of the block the browser is gone, and its profile with it."""

    def __enter__(self) -> Browser:
        self._profile = TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self._driver = subprocess.Popen(
            ["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        try:
            self._address = f"http://127.0.0.1:{self._port()}/session"
            options = {"binary": shutil.which("chromium"), "args": [*FLAGS, f"--user-data-dir={self._profile.name}"]}
            capabilities = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
            session = self._send("", {"capabilities": {"alwaysMatch": capabilities}})
        except BaseException:
            self._end()
            raise
        self._address += f"/{session['sessionId']}"
        return self

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: TracebackType | None) -> None:
        try:
            self._send("", method="DELETE")
        finally:
            self._end()

    def _port(self) -> int:
        """The driver says on which port it listens."""
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            if "started successfully on port" in line:
                return int(line.rstrip(" .\n").rpartition(" ")[2])
        raise EOFError("chromedriver ended before it listened")

    def _end(self) -> None:
        self._driver.terminate()
        self._driver.wait()
        if self._driver.stdout is not None:
            self._driver.stdout.close()
        self._profile.cleanup()

    def _send(self, path: str, body: Any = None, method: str = "POST") -> Any:
        data = json.dumps(body).encode() if body is not None else None
        request = Request(self._address + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                return json.load(answer)["value"]
        except HTTPError as error:
            with error:
                raise RuntimeError(f"{path}: {json.load(error)['value']['message']}") from None

    def open(self, page: Path, fragment: str = "") -> None:
        """Load a page from a file."""
        self._send("/url", {"url": "about:blank"})  # or a new fragment alone would not load it
        self._send("/url", {"url": page.as_uri() + fragment})

    def visit(self, address: str) -> None:
        """Load a page from a server."""
        self._send("/url", {"url": address})

    def enter(self, selector: str | None) -> None:
        """Look at the inside of a frame from now on; None: at the page again."""
        element = self._send("/element", {"using": "css selector", "value": selector}) if selector else None
        self._send("/frame", {"id": element})

    def run(self, script: str, *arguments: Any) -> Any:
        """The result of a function body in the page."""
        return self._send("/execute/sync", {"script": script, "args": list(arguments)})

    def run_async(self, script: str, *arguments: Any) -> Any:
        """What a function body in the page gives to its last argument, a function."""
        return self._send("/execute/async", {"script": script, "args": list(arguments)})

    def wait(self, condition: str, patience: float = PATIENCE) -> None:
        """Until the expression is true in the page."""
        end = time.monotonic() + patience
        while not self._send("/execute/async", {"script": LOOK.replace("CONDITION", condition), "args": []}):
            assert time.monotonic() < end, condition

    def press(self, *keys: str) -> None:
        """Press keys where the focus is."""
        presses = [{"type": kind, "value": KEYS[key]} for key in keys for kind in ("keyDown", "keyUp")]
        self._send("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": presses}]})

    def type(self, text: str) -> None:
        """Type where the focus is."""
        presses = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._send("/actions", {"actions": [{"type": "key", "id": "keyboard", "actions": presses}]})

    def resize(self, width: int, height: int) -> None:
        """Give the page a window of this size."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self._send("/goog/cdp/execute", {"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics})

    def click(self, selector: str) -> None:
        """Click in the middle of an element, scrolled into view."""
        element = self._send("/element", {"using": "css selector", "value": selector})[ELEMENT]
        self._send(f"/element/{element}/click", {})

    def text(self, selector: str) -> str:
        """The text of an element."""
        return str(self.run("return document.querySelector(arguments[0]).textContent", selector))

    def emulate(self, **features: str) -> None:
        """Prefer these media features: `prefers_color_scheme="dark"`."""
        media = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self._send("/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {"features": media}})

    def accessibility_tree(self) -> list[tuple[str, str]]:
        """Role and name of all that a screen reader finds in the page."""
        nodes = self._send("/goog/cdp/execute", {"cmd": "Accessibility.getFullAXTree", "params": {}})["nodes"]
        seen = [node for node in nodes if not node["ignored"]]
        return [(str(node["role"]["value"]), str(node.get("name", {}).get("value", ""))) for node in seen]

    def thread_time(self) -> float:
        """Seconds that the page's main thread has computed since it was loaded: other processes do not count."""
        self._send("/goog/cdp/execute", {"cmd": "Performance.enable", "params": {"timeDomain": "threadTicks"}})
        answer = self._send("/goog/cdp/execute", {"cmd": "Performance.getMetrics", "params": {}})
        return float(next(metric["value"] for metric in answer["metrics"] if metric["name"] == "TaskDuration"))

    def complaints(self) -> list[str]:
        """What the page has written to its console since the last look: errors, refused requests."""
        return [entry["message"] for entry in self._send("/se/log", {"type": "browser"})]

    def screenshot(self, path: Path) -> None:
        """The window as PNG."""
        path.write_bytes(base64.b64decode(self._send("/screenshot", method="GET")))
