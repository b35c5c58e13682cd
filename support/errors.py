"""The one exception of the bench: what happened and what to do, in both languages."""


class BenchError(Exception):
    """A fault on the bench.

    `en` and `ko` say the same: what happened, and what to do. `evidence` is the program's own words,
    never ours. In a notebook the three are shown alone, without a Python traceback.
    """

    def __init__(self, en: str, ko: str, evidence: str = "") -> None:
        self.en, self.ko, self.evidence = en, ko, evidence.rstrip("\n")
        super().__init__(en)

    def __str__(self) -> str:
        quoted = "".join(f"\n  | {line}" for line in self.evidence.splitlines())
        return f"{self.en}\n{self.ko}{quoted}"

    def _render_traceback_(self) -> list[str]:
        """The lines that IPython shows in place of a traceback (a hook that IPython documents)."""
        return [f"BenchError: {self}"]
