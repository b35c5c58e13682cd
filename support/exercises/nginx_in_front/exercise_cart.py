"""A strict app with a large header: one item, for one site."""

COOKIE = "basket=" + "x" * 6000  # more than fits into a `proxy_buffer_size` of 4k, nginx's default on most machines


def app(environ, start_response):
    site, _, _ = environ["HTTP_HOST"].partition(":")
    status = "200 OK" if environ["PATH_INFO"] == "/item" else "404 Not Found"
    if site != "shop.example":
        status = "400 Bad Request"
    environ["wsgi.input"].read()
    start_response(status, [("Content-Type", "text/plain"), ("Set-Cookie", COOKIE)])
    return [status.encode()]
