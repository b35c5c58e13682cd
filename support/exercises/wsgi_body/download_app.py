"""The learner's download, recorded; a file that is thrown away open is told of in the log.

/unasked closes it before its first piece.
"""

import warnings

from download import app as download

from support import record

warnings.simplefilter("always", ResourceWarning)
recorded = record(download)


def app(environ, start_response):
    """The download; for /unasked no content, and the download is closed before anybody asks for a piece."""
    if environ["PATH_INFO"] != "/unasked":
        return recorded(environ, start_response)
    body = recorded(environ, lambda *said: lambda data: None)
    if hasattr(body, "close"):
        body.close()
    start_response("204 No Content", [])
    return []
