"""What a tap holds back for now: everything, one way, or an end."""

from collections.abc import Callable

from ..errors import BenchError

WAYS, ENDS = ("→", "←"), ("FIN", "RST")


class Hold:
    """Something that is held back until release(), or until the end of its `with` block.

    `words` name it: a way (→, ←), an end (FIN, RST), or an end of one way ("← FIN"); everything without a word. Raises
    BenchError for any other word.
    """

    def __init__(self, words: tuple[str, ...], released: Callable[["Hold"], None]) -> None:
        self._words, self._released = words, released
        self._what = {pair for word in words or WAYS for pair in _named(word)}

    def holds(self, way: str, kind: str) -> bool:
        """True if this is held: a kind (data, FIN, RST) that goes that way."""
        return (way, kind) in self._what

    def release(self) -> None:
        """Lets it go on; a second time changes nothing."""
        self._released(self)

    def __enter__(self) -> "Hold":
        return self

    def __exit__(self, *_) -> None:
        self.release()

    def __repr__(self) -> str:
        return f"<held: {', '.join(self._words) or 'everything'}>"


def _named(word: str) -> set[tuple[str, str]]:
    """What a word names, as pairs of a way and a kind."""
    parts = word.split()
    ways, ends = [part for part in parts if part in WAYS], [part for part in parts if part in ENDS]
    if not parts or len(ways) > 1 or len(ends) > 1 or len(parts) > len(ways) + len(ends):
        raise BenchError(
            f'A tap does not know how to hold {word!r}. It holds "→", "←", "FIN", "RST", an end in one direction '
            '("← FIN"), '
            "or everything: tap.hold().",
            f'도청기는 {word!r} 값을 모릅니다. "→", "←", "FIN", "RST"나 "← FIN"처럼 한 방향의 끝을 쓰세요. '
            "모두 붙잡으려면 tap.hold()로 호출합니다.",
        )
    return {(way, kind) for way in ways or WAYS for kind in ends or ("data", *ENDS)}
