"""Two tables that the lesson shows: the logs of three servers side by side, and what four stacks answer."""

from ...show import Table
from ..drive import ask, handshake
from .servers import serving, site


def logs(*servers):
    """What nginx, gunicorn and daphne wrote about one page and one socket that has ended, side by side; a Table."""
    wanted = {"nginx": (" by ", 2), "gunicorn": ("GET", 1), "daphne": ('"', 3)}
    return Table(["log of", "line"], [
        (server.name, line) for server in servers for line in server.log(*wanted[server.name]).splitlines()
    ])  # fmt: skip


def four_stacks(bench, pages, chat, uvicorn):
    """What a page and a handshake get behind nginx: from gunicorn, from a mix, and from each ASGI server alone."""
    stacks = {"wsgi": (pages, pages), "mixed": (pages, chat), "daphne": (chat, chat), "uvicorn": (uvicorn, uvicorn)}
    with serving(bench) as serve:
        front = serve(site=site("stacks"), names={"stacks": stacks})
        return {
            stack: (ask(front, "GET /who", {"Host": stack}).code, handshake(front, "/ws/", {"Host": stack}).code)
            for stack in stacks
        }
