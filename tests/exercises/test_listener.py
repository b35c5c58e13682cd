"""The client that never waits: it tells what nginx has passed on from what nginx holds."""

import os

import pytest

from support.exercises.nginx_websocket_and_sse import Listener

APP = """
from pathlib import Path


def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "text/event-stream")])
    for word in ("one", "two"):
        Path("go").read_text()
        yield f"data: {word}\\n\\n".encode()
    Path("go").read_text()
"""
SITE = """
gzip_types text/event-stream;
location /passed { proxy_buffering off; proxy_pass http://{{ feed.address }}; }
location /packed { gzip on; proxy_buffering off; proxy_pass http://{{ feed.address }}; }
location /held { proxy_http_version 1.0; proxy_pass http://{{ feed.address }}; }
"""


@pytest.fixture(scope="module")
def feed(shared):
    """A tap before gunicorn with APP; a word written into the bench's go has it send the next event."""
    (shared.folder / "feed.py").write_text(APP, encoding="utf-8")
    os.mkfifo(shared.folder / "go")
    return shared.tap(shared.run("gunicorn feed:app --threads 2"), client="nginx")


@pytest.fixture(scope="module")
def site(shared, feed):
    return shared.nginx(SITE, {"feed": feed})


def heard(shared, feed, site, path):
    """What the listener hears after each of the two events, and at the end."""
    feed.clear()
    go, looks = shared.folder / "go", []
    with Listener(site, path) as client:
        for word in ("one", "two"):
            go.write_text("go on")
            feed.until(f"data: {word}".encode())
            looks.append(client.heard())
        go.write_text("that was all")
        return [*looks, client.rest()]


@pytest.mark.parametrize("path", ["/passed", "/packed"])
def test_what_is_passed_on_is_heard_once(shared, feed, site, path):
    assert heard(shared, feed, site, path) == [["one"], ["two"], []]


def test_what_is_held_is_not_heard_before_the_end(shared, feed, site):
    assert heard(shared, feed, site, "/held") == [[], [], ["one", "two"]]


def test_it_listens_through_a_tap_too(shared, feed, site):
    assert heard(shared, feed, shared.tap(site), "/passed") == [["one"], ["two"], []]
