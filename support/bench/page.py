"""A page of a site, to look at in the notebook."""

from html import escape

from ..errors import BenchError
from .server import Server


class Page:
    """A link to a page, made by `Bench.page`; `url` is its address.

    The course's JupyterLab shows it as a frame (support/upkeep/lab/extension/static/page.js): directly, or through
    jupyter-server-proxy where the browser is on another machine than the kernel. Elsewhere it stays a link. A frame of
    our own would not do: 127.0.0.1 is the browser's machine, and an untrusted notebook loses frames.
    """

    def __init__(self, site: Server, path: str = "/") -> None:
        if not hasattr(site, "url"):
            kind = type(site).__name__
            raise BenchError(
                f"{kind} is not a server. A page belongs to a site that is running: bench.page(site).",
                f"{kind} 객체는 서버가 아닙니다. 실행 중인 사이트를 넘기세요: bench.page(site)",
            )
        if not path.startswith("/"):
            raise BenchError(
                f'A path begins with "/": write "/{path}".', f'경로는 "/"로 시작해야 합니다. "/{path}"로 쓰세요.'
            )
        self.site, self.url = site, site.url + path

    def __repr__(self) -> str:
        return f"{self.site.name}: {self.url}"

    def _repr_html_(self) -> str:
        url, name = escape(self.url), escape(self.site.name)
        title = f"A page of {name} · {name}의 페이지"
        return f'<a class="bench-page" href="{url}" title="{title}" target="_blank" rel="noopener">{url}</a>'
