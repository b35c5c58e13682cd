"""A real JupyterLab and a real browser, for the tests that look at notebooks as a learner does."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

PATIENCE = 60_000  # ms for a kernel, or for a page to show what it shows, on a busy machine
expect.set_options(timeout=PATIENCE)

DEADLINE = 300  # seconds for a busy machine to start JupyterLab; a quick one needs two

# JupyterLab stops when its stdin closes, which happens however this process ends, and takes its folder along.
# Its children get another one: Node makes its stdin non-blocking, for all who share it, and a read then ends at once.
SERVER = """
import os, shutil, signal, threading

life = os.dup(0)
os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
from jupyterlab.labapp import main  # which runs Node

def stop_with_parent():
    os.read(life, 1)
    os.kill(os.getpid(), signal.SIGTERM)

threading.Thread(target=stop_with_parent, daemon=True).start()
try:
    main()
finally:
    shutil.rmtree(os.environ["JUPYTER_CONFIG_DIR"], ignore_errors=True)
"""

CHROMIUM_ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


# The ratio of an element's colour to what is behind it, by WCAG 2.
CONTRAST = """element => {
  const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
  const paint = color => { canvas.fillStyle = color; canvas.fillRect(0, 0, 1, 1); };
  const luminance = () => [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3)
    .map(value => value / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, value, i) => sum + value * [0.2126, 0.7152, 0.0722][i], 0);
  const behind = [];
  for (let e = element; e; e = e.parentElement) behind.unshift(getComputedStyle(e).backgroundColor);
  behind.forEach(paint);
  const back = luminance();
  paint(getComputedStyle(element).color);
  const [high, low] = [luminance(), back].sort((a, b) => b - a);
  return (high + 0.05) / (low + 0.05);
}"""


@contextmanager
def jupyterlab(root: Path, *args: str) -> Iterator[str]:
    """The URL, token included, of a JupyterLab serving `root` with none of the user's own settings.

    `args` are further command-line options. Raises RuntimeError with the server's log if it does not start, or ends
    before it is told to.
    """
    home = Path(tempfile.mkdtemp(prefix="jupyterlab-"))
    folders = {
        "JUPYTER_CONFIG_DIR": home,
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "IPYTHONDIR": home / "ipython",
    }
    command = [sys.executable, "-c", SERVER, "--no-browser", "--ip=127.0.0.1", "--ServerApp.port=0", *args]
    if os.geteuid() == 0:
        command.append("--allow-root")
    # Unnamed, because the server takes its folder along: what it has said is still here then.
    with tempfile.TemporaryFile("a+", encoding="utf-8") as log:
        server = subprocess.Popen(
            command,
            cwd=root,
            env=os.environ | {name: str(folder) for name, folder in folders.items()},
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )
        try:
            url = _url(server, home)
            if url:
                yield url
            if not url or server.poll() is not None:
                log.seek(0)
                told = "did not start" if not url else f"ended by itself, status {server.returncode}"
                raise RuntimeError(f"JupyterLab {told}:\n{log.read()}")
        finally:
            server.stdin.close()
            try:
                server.wait(timeout=60)
            except subprocess.TimeoutExpired:
                server.kill()
                server.wait()
            shutil.rmtree(home, ignore_errors=True)


def _url(server: subprocess.Popen, home: Path) -> str | None:
    """The URL from the server's runtime file, once it listens, too; None if it does not come to that."""
    written = home / "runtime" / f"jpserver-{server.pid}.json"
    deadline = time.monotonic() + DEADLINE
    while time.monotonic() < deadline and server.poll() is None:
        try:
            info = json.loads(written.read_text())
            socket.create_connection(("127.0.0.1", info["port"])).close()
        except (FileNotFoundError, json.JSONDecodeError, ConnectionRefusedError):
            time.sleep(0.05)
            continue
        return f"{info['url']}lab?token={info['token']}"
    return None


def chromium() -> str:
    """The path of Chromium (or what $CHROMIUM names); skips the test where there is none."""
    names = (os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome")
    for path in (shutil.which(name) for name in names if name):
        if path:
            return path
    pytest.skip("no Chromium: none of chromium, chromium-browser, google-chrome is on PATH ($CHROMIUM unset)")


@contextmanager
def browser_page(**options: object) -> Iterator[Page]:
    """A page of a fresh browser, at a laptop's 1366 × 768. `options` are those of Playwright's new_context."""
    path = chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM_ARGS)
        try:
            context = browser.new_context(**{"viewport": {"width": 1366, "height": 768}, **options})
            context.set_default_timeout(PATIENCE)
            yield context.new_page()
        finally:
            browser.close()


def axe() -> Path:
    """The script of axe-core: $AXE, or that of the package axe-playwright-python; skips the test without either."""
    if path := os.environ.get("AXE"):
        return Path(path)
    if package := find_spec("axe_playwright_python"):
        return Path(package.submodule_search_locations[0]) / "axe.min.js"
    pytest.skip("no axe-core: axe-playwright-python is not installed ($AXE unset)")


def violations(page: Page, selector: str) -> list[str]:
    """What axe-core holds against the elements: of each rule its name, how bad it is, and the first element."""
    page.add_script_tag(path=axe())
    found = page.evaluate("selector => axe.run(selector)", selector)
    assert found["passes"], f"axe found nothing to look at in {selector}"
    return [f"{each['id']} ({each['impact']}): {each['nodes'][0]['html']}" for each in found["violations"]]
