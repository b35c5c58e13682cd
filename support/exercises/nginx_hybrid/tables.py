"""Two tables that the lesson shows: the logs of three servers side by side, and what four stacks answer."""

from ...show import Table
from .servers import HANDSHAKE, client, running, site


def logs(*servers):
    """What nginx, gunicorn and daphne wrote about one page and one socket that has ended, side by side; a Table."""
    wanted = {"nginx": (" by ", 2), "gunicorn": ("GET", 1), "daphne": ('"', 3)}
    return Table(["log of", "line"], [
        (server.name, line) for server in servers for line in server.log(*wanted[server.name]).splitlines()
    ])  # fmt: skip


def four_stacks(bench, pages, chat, uvicorn):
    """What a page and a handshake get behind nginx: from gunicorn, from a mix, and from each ASGI server alone."""
    stacks = {"wsgi": (pages, pages), "mixed": (pages, chat), "daphne": (chat, chat), "uvicorn": (uvicorn, uvicorn)}
    with running(bench) as start, client() as browser:
        front = start("nginx", site("stacks"), {"stacks": stacks})

        def status(stack, path, headers):
            return browser.get(f"{front.url}{path}", headers={"Host": stack} | headers).status_code

        return {stack: (status(stack, "/who", {}), status(stack, "/ws/", HANDSHAKE)) for stack in stacks}
