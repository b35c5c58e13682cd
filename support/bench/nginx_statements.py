"""The text of an nginx configuration, cut into statements as nginx cuts it, and changed word by word.

The rule is that of nginx's own ngx_conf_read_token, and not crossplane's: `server_name a${b;listen 80;` holds a
`listen` that nginx obeys and crossplane 0.5.8 does not see. The tests hold ours against both.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

TOKEN = re.compile(
    r"""[ \t\r\n]* (?:
        (?P<comment> \#[^\n]* )
      | (?P<end> [;{}] )
      | (?P<quoted> " (?: \\. | [^"\\] )* " | ' (?: \\. | [^'\\] )* ' )
      | (?P<word> (?!["']) (?: \\. | \$\{* | [^ \t\r\n;{\\$] )+ )  # neither `}` nor a quote ends a word
    )""",
    re.VERBOSE | re.DOTALL,
)
ESCAPE = re.compile(r"\\([\"'\\trn])")
ESCAPED = {"t": "\t", "r": "\r", "n": "\n"}


@dataclass(frozen=True)
class Word:
    """A word of a statement: what it means to nginx, and where it stands in the text."""

    text: str
    start: int
    stop: int


@dataclass(frozen=True)
class Statement:
    """A directive (`end` is ";"), the head of a block ("{") or the end of one ("}")."""

    words: tuple[Word, ...]
    end: str
    stop: int  # where the text goes on

    def __str__(self) -> str:
        return " ".join(word.text for word in self.words)

    @property
    def start(self) -> int:
        """Where its first word begins."""
        return self.words[0].start

    @property
    def name(self) -> str:
        """The directive's name."""
        return self.words[0].text

    @property
    def values(self) -> tuple[Word, ...]:
        """What is said to the directive."""
        return self.words[1:]


@lru_cache(maxsize=256)
def statements(text: str) -> tuple[Statement, ...]:
    """The statements of a configuration, up to the place from which nginx would not read on either."""
    found, words, place = [], [], 0
    while token := TOKEN.match(text, place):
        place = token.end()
        kind = token.lastgroup
        if kind == "end":
            found.append(Statement(tuple(words), token["end"], place))
            words = []
        elif kind != "comment":
            written = token[kind][1:-1] if kind == "quoted" else token[kind]
            meant = ESCAPE.sub(lambda escape: ESCAPED.get(escape[1], escape[1]), written)
            words.append(Word(meant, token.start(kind), place))
    return tuple(found)


def top_level(text: str) -> set[str]:
    """The names of the statements that stand in no block; those of blocks end in " {"."""
    names, depth = set(), 0
    for statement in statements(text):
        if depth == 0 and statement.words:
            names.add(f"{statement.name} {{" if statement.end == "{" else statement.name)
        depth += {"{": 1, "}": -1}.get(statement.end, 0)
    return names


def quoted(word: str) -> str:
    """The word as it is written in a configuration, whatever it holds."""
    if re.fullmatch(r"[\w./:=@%+,*-]+", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


@dataclass
class File:
    """One text of a configuration: `source` is what the learner calls it, `target` is the name of its copy."""

    text: str
    source: str
    target: str
    edits: list[tuple[int, int, str]] = field(default_factory=list)

    def put(self, word: Word, new: str) -> None:
        """Writes something else in the place of a word."""
        self.edits.append((word.start, word.stop, new))

    def replace(self, statement: Statement, new: str = "") -> None:
        """Writes something else, or nothing, in the place of a directive; the lines below stay where they are."""
        lines = self.text.count("\n", statement.start, statement.stop)
        self.edits.append((statement.start, statement.stop, new + "\n" * lines))

    def number(self, place: int) -> int:
        """The number of the line in which that place of the text lies."""
        return self.text.count("\n", 0, place) + 1

    def line(self, number: int) -> str:
        """That line, without the space around it; "" where there is none."""
        return "".join(self.text.split("\n")[number - 1 : number]).strip()

    @property
    def changed(self) -> str:
        """The text with all that was put into it."""
        parts, place = [], 0
        for start, stop, new in sorted(self.edits):
            parts += [self.text[place:start], new]
            place = stop
        return "".join([*parts, self.text[place:]])
