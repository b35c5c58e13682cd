"""A learner's own site runs as it stands: Flask, Django with Channels, and FastAPI, each under the servers for it."""

import shutil
from pathlib import Path

import httpx
import pytest
import samples
from websockets.sync.client import connect

SITES = Path(__file__).parent / "sites"
WSGI = {
    "gunicorn flask_site:app": "Flask",
    "gunicorn flask_site:app -k gthread --threads 2": "Flask",
    "gunicorn flask_site:app -k gevent": "Flask",
    "uvicorn flask_site:app --interface wsgi": "Flask",
    "hypercorn wsgi:flask_site:app": "Flask",
    "gunicorn mysite.wsgi": "Django",
    "gunicorn mysite.wsgi -k gthread": "Django",
    "gunicorn mysite.wsgi -k gevent": "Django",
}
ASGI = {
    f"{server.format(app)}": name
    for name, app in {"Django": "mysite.asgi:application", "FastAPI": "fastapi_site:app"}.items()
    for server in (
        "gunicorn {} -k asgi",
        "gunicorn {} -k uvicorn_worker.UvicornWorker",
        "uvicorn {}",
        "daphne {}",
        "hypercorn {}",
    )
}
DEVELOPMENT = {
    "flask --app flask_site:flask run": "Flask",
    "flask --app flask_site:flask run --debug": "Flask",
    "python manage.py runserver": "Django",
    "python manage.py runserver --noreload": "Django",
}


@pytest.fixture(scope="module", autouse=True)
def sites(shared):
    shutil.copytree(SITES, shared.folder, dirs_exist_ok=True)


@pytest.mark.parametrize("command", WSGI | ASGI)
def test_a_site_under_a_server(shared, command):
    server = shared.run(command)
    assert httpx.get(server.url).text == f"hello from {(WSGI | ASGI)[command]}"
    kind = "wsgi" if command in WSGI else "http"
    assert server.events().only(kind).last.names
    if command in ASGI:
        with connect(f"{server.ws_url}/ws/") as websocket:
            websocket.send("hello")
            assert websocket.recv() == "hello"
        assert "websocket.accept" in server.events().only("websocket").names
    server.stop()
    assert samples.programs(shared) == []


@pytest.mark.parametrize("command", DEVELOPMENT)
def test_a_site_under_its_development_server(shared, command):
    server = shared.run(command)
    assert httpx.get(server.url).text == f"hello from {DEVELOPMENT[command]}"
    assert {host for host, _ in server._family.listening()} == {"127.0.0.1"}
    server.stop()
    assert samples.programs(shared) == []
