"""A page of a site on the bench is a frame in the notebook, wherever Jupyter runs: direct, or through its proxy."""

import json
from collections.abc import Iterator

import learner
import pytest
from browser import browser_page, jupyterlab
from learner import Cells, code
from playwright.sync_api import Page, expect

CHAT = '''%%writefile chat.py
PAGE = b"""<!doctype html><title>Chat</title><input aria-label="Say"><ul></ul><script>
const url = new URL("ws", location.href);
url.protocol = url.protocol.replace("http", "ws");
const socket = new WebSocket(url);
socket.onmessage = ({ data }) => {
  document.querySelector("ul").append(Object.assign(document.createElement("li"), { textContent: data }));
};
document.querySelector("input").onchange = ({ target }) => socket.send(target.value);
</script>"""


async def app(scope, receive, send):
    if scope["type"] == "websocket":
        return await chat(scope, receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
    await send({"type": "http.response.body", "body": PAGE})


async def chat(scope, receive, send):
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": scope["path"]})
    while (event := await receive())["type"] != "websocket.disconnect":
        if "text" in event:
            await send({"type": "websocket.send", "text": "heard: " + event["text"]})
'''
TLS = """from types import SimpleNamespace
bench.page(SimpleNamespace(name="nginx", url="https://127.0.0.1:9"), "/")"""
CELLS = [
    code("setup", "from support import Bench\nbench = Bench()"),
    code("file", CHAT),
    code("page", 'site = bench.run("uvicorn chat:app --lifespan off")\nbench.page(site, "/room/?a=1&b=2")'),
    code("tls", TLS),
]


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    learner.write(folder / "lesson.ipynb", CELLS)
    return folder


@pytest.fixture
def page(root, request) -> Iterator[Page]:
    """The notebook, on a Jupyter server whose base URL is the parameter."""
    arguments = ["--LabApp.expose_app_in_browser=True", f"--ServerApp.base_url={request.param}"]
    with jupyterlab(root, *arguments) as lab, browser_page(locale="en-US") as page:
        learner.open_notebook(page, lab, "lesson.ipynb")
        yield page


def chat(page: Page, cells: Cells, text: str) -> str:
    """Sends a message on the page in the frame, and waits for its echo; the frame's address."""
    frame = cells["page"].frame_locator("iframe")
    expect(frame.locator("li").first).to_have_text("/room/ws")
    frame.get_by_label("Say").fill(text)
    frame.get_by_label("Say").press("Enter")
    expect(frame.locator("li", has_text=f"heard: {text}")).to_be_visible()
    return cells["page"].locator("iframe").get_attribute("src")


def run(cells: Cells) -> None:
    for name in ("setup", "file", "page", "tls"):
        cells.run(name)


@pytest.mark.gate
@pytest.mark.parametrize("page", ["/user/kim/"], indirect=True)
def test_through_the_proxy_below_a_base_url(page):
    cells = Cells(page)
    run(cells)
    base = page.url.partition("lab/")[0]
    assert base.endswith("/user/kim/")
    address = chat(page, cells, "안녕")
    assert address.startswith(f"{base}proxy/") and address.endswith("/room/?a=1&b=2")
    assert cells["page"].get_by_role("link").get_attribute("href") == address
    expect(cells["page"].get_by_role("button", name="Open directly")).to_have_count(0)
    expect(cells["tls"].locator("iframe")).to_have_count(0)  # which the proxy cannot reach
    expect(cells["tls"].get_by_text("https://127.0.0.1:9/", exact=False).last).to_be_visible()
    expect(cells["tls"].get_by_text("can be opened only on the machine where the kernel runs")).to_be_visible()


@pytest.mark.gate
@pytest.mark.parametrize("page", ["/"], indirect=True)
def test_direct_on_the_same_machine_and_through_the_proxy_on_request(page, root):
    cells = Cells(page)
    run(cells)
    address = chat(page, cells, "direct")
    assert address.startswith("http://127.0.0.1:") and "proxy" not in address
    expect(cells["tls"].locator("iframe")).to_have_attribute("src", "https://127.0.0.1:9/")
    cells["page"].get_by_role("button", name="Nothing there? Go through Jupyter").click()
    assert "/proxy/" in chat(page, cells, "through")
    cells["page"].get_by_role("button", name="Open directly").click()
    assert chat(page, cells, "direct again") == address

    # What is stored is a link, which changes nothing when the notebook is opened again.
    learner.execute(page, "docmanager:save")
    (stored,) = json.loads((root / "lesson.ipynb").read_text())["cells"][2]["outputs"][1:]
    assert "iframe" not in json.dumps(stored)
    learner.open_notebook(page, page.url.partition("lab/")[0] + "lab?", "lesson.ipynb")
    expect(cells["page"].locator("iframe")).to_have_count(0)
    expect(cells["page"].get_by_role("link")).to_have_attribute("href", address)
    expect(cells["page"].get_by_role("link")).to_have_attribute("title", "A page of uvicorn · uvicorn의 페이지")
