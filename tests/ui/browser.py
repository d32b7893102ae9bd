"""A page in headless Chromium, driven as a reader would: open, look for words, click on words."""

import base64
import itertools
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

CHROMIUM = next((p for n in ("chromium", "chromium-browser") if (p := shutil.which(n))), None)
FLAGS = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
    "--remote-debugging-port=0", "--window-size=1500,1100", "--lang=fr-FR", "--disable-extensions",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip

FIND = """
(words) => {
  const shown = (e) => e.offsetParent !== null || e.getClientRects().length > 0;
  const own = (e) => (e.innerText || e.ariaLabel || '').trim();
  const all = [...document.querySelectorAll('a,button,[role],span,div,td')];
  const exact = all.filter((e) => shown(e) && own(e) === words);
  const some = exact.length ? exact : all.filter((e) => shown(e) && own(e).includes(words));
  return some.length ? some[some.length - 1] : null;
}
"""


class Page:
    """One tab; every wait ends with an error that quotes what the page says."""

    def __init__(self, connection: ClientConnection) -> None:
        self._connection = connection
        self._numbers = itertools.count(1)
        self.outside: list[str] = []
        self._call("Page.enable")
        self._call("Network.enable")

    def open(self, address: str) -> None:
        self._call("Page.navigate", url=address)

    def words(self) -> str:
        return str(self.run("document.body ? document.body.innerText : ''"))

    def run(self, script: str) -> Any:
        answer = self._call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait_for(self, *words: str, seconds: float = 30) -> str:
        """Until the page holds all of ``words``; gives its text."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            text = self.words()
            if all(word in text for word in words):
                return text
            time.sleep(0.25)
        raise AssertionError(f"{words} not within {seconds} s in:\n{self.words()[:3000]}")

    def click(self, words: str, seconds: float = 20) -> None:
        """Click what shows exactly ``words``, else what contains them."""
        end = time.monotonic() + seconds
        script = f"(() => {{ const e = ({FIND})({json.dumps(words)}); if (!e) return null;"
        script += "e.scrollIntoView({block: 'center'}); const r = e.getBoundingClientRect();"
        script += "return [r.x + r.width / 2, r.y + r.height / 2]; })()"
        while time.monotonic() < end:
            place = self.run(script)
            if place:
                self._press(*place)
                return
            time.sleep(0.25)
        raise AssertionError(f"nothing to click that says {words!r} in:\n{self.words()[:3000]}")

    def picture(self, path: Path) -> None:
        shot = self._call("Page.captureScreenshot", format="png")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _press(self, x: float, y: float) -> None:
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            button = {} if kind == "mouseMoved" else {"button": "left", "clickCount": 1}
            self._call("Input.dispatchMouseEvent", type=kind, x=x, y=y, **button)

    def _call(self, method: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        self._connection.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._connection.recv(timeout=60))
            if message.get("method") == "Network.requestWillBeSent":
                self._note(message["params"]["request"]["url"])
            if message.get("id") == number:
                assert "error" not in message, message["error"]
                return message["result"]

    def _note(self, address: str) -> None:
        """What the page asks of other machines than this one."""
        if address.startswith("http") and "//127.0.0.1" not in address:
            self.outside.append(address)


@contextmanager
def browsing(profile: Path) -> Iterator[Page]:
    """A page of a browser of its own, ended with it."""
    assert CHROMIUM, "Chromium is not installed; on Debian: apt-get install chromium"
    environment = {**os.environ, "LANGUAGE": "fr"}
    with open(profile.parent / "chromium.log", "wb") as log:
        browser = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=log, stderr=log, env=environment, start_new_session=True,
        )  # fmt: skip
        try:
            with connect(
                _target(profile), max_size=None, max_queue=None, ping_interval=None
            ) as connection:
                yield Page(connection)
        finally:
            browser.terminate()
            browser.wait(timeout=20)


def _target(profile: Path) -> str:
    """The address of the first tab, once the browser listens."""
    import requests

    told = profile / "DevToolsActivePort"
    end = time.monotonic() + 60
    while time.monotonic() < end:
        if told.is_file() and told.read_text().strip():
            port = told.read_text().split()[0]
            tabs = requests.get(f"http://127.0.0.1:{port}/json/list", timeout=10).json()
            pages = [tab for tab in tabs if tab["type"] == "page"]
            if pages:
                return str(pages[0]["webSocketDebuggerUrl"])
        time.sleep(0.2)
    raise AssertionError("the browser did not start")
