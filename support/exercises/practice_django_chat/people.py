"""People of the chat: each signs in as a browser does, opens a WebSocket with its cookies, and speaks."""

import re
from collections.abc import Mapping
from contextlib import ExitStack

import httpx
from websockets.sync.client import ClientConnection, connect

from ...bench.server import Server
from ...wire.tap import Tap

PATIENCE = 60  # seconds: for a text that is sure to come, on however busy a machine
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w+)"')


def signed_in(site: Server | Tap, name: str) -> dict[str, str]:
    """The headers that a browser in which `name` has signed in sends from the site's page: Origin, and its cookies.

    The page's form is fetched, and posted with its CSRF token. Raises httpx.HTTPStatusError if the site refuses.
    """
    with httpx.Client(base_url=site.url, follow_redirects=True, timeout=PATIENCE) as browser:
        form = browser.get("/").raise_for_status()
        if token := TOKEN.search(form.text):
            browser.post("/", data={"name": name, "csrfmiddlewaretoken": token[1]}).raise_for_status()
        cookies = "; ".join(f"{key}={value}" for key, value in browser.cookies.items())
    return {"Origin": site.url, "Cookie": cookies}


def heard(where: Mapping[str, Server | Tap]) -> dict[str, str]:
    """Whose hello each of these people heard: "ann bob".

    `where` tells the server that each of them is at. All sign in and enter, one after the other. Then each says hello,
    and hears it come back. Before the next one's turn everybody says "after NAME": once that has come back to them,
    so has the hello, if it comes to them at all.
    """
    with ExitStack() as open_sockets:
        sockets = {name: open_sockets.enter_context(_entered(site, name)) for name, site in where.items()}
        came: dict[str, list[str]] = {name: [] for name in sockets}

        def say(name: str, word: str) -> None:
            sockets[name].send(word)
            _listen(sockets[name], came[name], f"{name}: {word}")

        for speaker in sockets:
            say(speaker, "hello")
            for name in sockets:
                say(name, f"after {speaker}")
    return {name: " ".join(text.partition(":")[0] for text in came[name] if "hello" in text) for name in came}


def _entered(site: Server | Tap, name: str) -> ClientConnection:
    """A WebSocket of somebody who has signed in."""
    headers = signed_in(site, name)
    return connect(
        f"{site.ws_url}/ws/", additional_headers=headers, compression=None, ping_interval=None, open_timeout=PATIENCE
    )


def _listen(socket: ClientConnection, came: list[str], last: str) -> None:
    """Takes down what comes, up to the last text."""
    while last not in came:
        came.append(socket.recv(timeout=PATIENCE))


async def drained(layer, channel: str) -> str:
    """The texts that wait in a channel of a channel layer: "1 2 3". Closes the layer's connections."""
    texts, last = [], {"type": "drained", "text": ""}
    message = await layer.receive(channel)
    await layer.send(channel, last)  # behind those that wait: there is room for one more now
    while message["text"]:
        texts.append(message["text"])
        message = await layer.receive(channel)
    await layer.flush()
    return " ".join(texts)
