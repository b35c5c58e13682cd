"""An app whose answers come in three pieces, each at a word from the check, behind the learner's middleware."""

from streaming import streaming

HEADERS = {
    "/events": [("Content-Type", "text/event-stream")],
    "/typed": [("content-type", "Text/Event-Stream; charset=utf-8")],
    "/report": [("Content-Type", "text/plain")],
}
COOKIES = [("Set-Cookie", "one=1"), ("Set-Cookie", "two=2")]


@streaming
def app(environ, start_response):
    start_response("200 Fine", HEADERS[environ["PATH_INFO"]] + COOKIES)
    return _pieces()


def _pieces():
    with open("exercise-go", encoding="utf-8") as words:
        for piece in ("one", "two", "three"):
            words.readline()
            yield f"data: {piece}\n\n".encode()
        words.readline()
