"""What is said in two languages, and the one exception of the bench that says it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Said:
    """One thing, said in English and in Korean; `evidence` is a program's own words, never ours."""

    en: str
    ko: str
    evidence: str = ""

    def __str__(self) -> str:
        quoted = "".join(f"\n  | {line}" for line in self.evidence.rstrip("\n").splitlines())
        return f"{self.en}\n{self.ko}{quoted}"

    def __add__(self, more: "Said") -> "Said":
        """Both, one sentence after the other."""
        evidence = "\n".join(filter(None, (self.evidence, more.evidence)))
        return Said(f"{self.en} {more.en}", f"{self.ko} {more.ko}", evidence)


class Saying:
    """What has something `said` gives its parts by name: `en`, `ko` and `evidence`."""

    said: Said

    @property
    def en(self) -> str:
        return self.said.en

    @property
    def ko(self) -> str:
        return self.said.ko

    @property
    def evidence(self) -> str:
        return self.said.evidence


class BenchError(Saying, Exception):
    """A fault on the bench: what happened and what to do. In a notebook it is shown without a Python traceback."""

    def __init__(self, en: str, ko: str, evidence: str = "") -> None:
        self.said = Said(en, ko, evidence.rstrip("\n"))
        super().__init__(en)

    def __str__(self) -> str:
        return str(self.said)

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows in place of a traceback (a hook that IPython documents)."""
        return [f"BenchError: {self}"]


def raised(error: BaseException) -> str:
    """The exception as Python names it, with its own words as they are: `ValueError: bad header: `."""
    words = str(error)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def expect_text(value: object, call: str) -> None:
    """Raises BenchError unless the value is a str; `call` is what was called, as one writes it."""
    if not isinstance(value, str):
        kind = type(value).__name__
        raise BenchError(
            f"{call} takes text in quotes, and this is of type {kind}.",
            f"{call}에는 따옴표로 묶은 텍스트를 넘겨야 하는데 {kind} 객체를 받았습니다.",
        )
