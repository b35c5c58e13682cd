"""An app whose every call lasts until its word comes, from the named pipe of its path; it counts calls at once."""

from pathlib import Path

running = []


def app(environ, start_response):
    """Begins at once, with how many calls run in this process; ends when the word has come."""
    name = environ["PATH_INFO"][1:]
    running.append(name)
    start_response("200 OK", [("Content-Type", "text/plain")])
    try:
        yield f"{len(running)} at once\n".encode()
        Path(name).read_text()
        yield b"done\n"
    finally:
        running.remove(name)
