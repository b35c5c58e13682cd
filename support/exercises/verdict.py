"""The verdict of a check: right or what is wrong first, what came and what was wanted, and the exchange, folded."""

import re
from dataclasses import dataclass
from html import escape

from ..errors import Said, Saying
from ..show import code
from .exchange import Exchange

# What stands between backticks, and an ASCII word with a $ or a \, which MathJax takes for mathematics.
CODE = r"`([^`]+)`|[!-_a-~]*[$\\](?:[!-_a-~]*[A-Za-z0-9$\\])?"


@dataclass(frozen=True)
class Verdict(Saying):
    """What a check found: `passed`, and `said`, a sentence in English (`en`) and Korean (`ko`) with its `evidence`.

    Where it is not passed: `comparison`, what was wanted above what came; `waiting`, what cannot be checked before
    this is mended; `exchange`, what crossed while it was judged.
    """

    passed: bool
    said: Said
    comparison: str = ""
    waiting: Said | None = None
    exchange: Exchange | None = None

    def __bool__(self) -> bool:
        return self.passed

    @property
    def mark(self) -> str:
        return "✓" if self.passed else "✗"

    def _blocks(self) -> list[str]:
        """What stands in a box of its own: the comparison, and the request as a command."""
        curl = f"$ {self.exchange.curl}" if self.exchange and self.exchange.curl else ""
        return [block for block in (self.comparison, curl) if block]

    def __repr__(self) -> str:
        quoted = [f"| {line}" for line in self.evidence.splitlines()]
        waiting = [self.waiting.en, self.waiting.ko] if self.waiting else []
        lines = [self.ko, *quoted, *"\n".join(self._blocks()).splitlines(), *waiting]
        return "\n  ".join((f"{self.mark} {self.en}", *lines))

    def _repr_html_(self) -> str:
        name = "ok" if self.passed else "bad"
        parts = [_halves(self.said, f'<span class="{name}">{self.mark}</span> ')]
        for block in filter(None, (self.evidence, *self._blocks())):
            kind = ' class="command"' if block.startswith("$ ") else ""
            parts.append(f'<pre{kind} tabindex="0"><code>{escape(block)}</code></pre>')
        if self.waiting:
            parts.append(_halves(self.waiting))
        if self.exchange and self.exchange.html:
            parts.append(f"<details><summary>What crossed · 주고받은 내용</summary>{self.exchange.html}</details>")
        return f'<div class="bench verdict {name}">{"".join(parts)}</div>'


def _halves(said: Said, mark: str = "") -> str:
    """Both languages, each in its block."""
    return "".join(
        f'<div lang="{language}">{mark}{_prose(text)}</div>' for language, text in (("en", said.en), ("ko", said.ko))
    )


def _prose(text: str) -> str:
    """The sentence in HTML, with what is code as code."""
    parts, at = [], 0
    for found in re.finditer(CODE, text):
        parts += [escape(text[at : found.start()]), code(found[1] or found[0])]
        at = found.end()
    return "".join([*parts, escape(text[at:])])
