"""HTTP/2 frames (RFC 9113 section 4), read by hyperframe; the headers in them by hpack."""

import hpack
from hyperframe import frame as frames
from hyperframe.exceptions import HyperframeError

from .stream import Stream, cut, short, size

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"  # what a client says first (RFC 9113 section 3.4)
HEADER = 9
NAMES = (
    "DATA",
    "HEADERS",
    "PRIORITY",
    "RST_STREAM",
    "SETTINGS",
    "PUSH_PROMISE",
    "PING",
    "GOAWAY",
    "WINDOW_UPDATE",
    "CONTINUATION",
)
LONGEST = 120  # characters of a frame's content that are told


def begins(stream: Stream) -> bool:
    """True if the stream begins as a client of HTTP/2 does, or with as much of it as came."""
    known = PREFACE.index(b"\r\n")  # before that it may be anything
    return stream.data[: len(PREFACE)] == PREFACE[: max(known, len(stream.data))]


def read(stream: Stream) -> None:
    """Reads the preface, if it stands next, and frames to the end of the stream."""
    said = min(stream.left, len(PREFACE))
    if said and stream.data.startswith(PREFACE[:said], stream.at) and stream.data[stream.at] == PREFACE[0]:
        _take_preface(stream, said)
    headers = _Headers()
    while stream.left:
        _take(stream, headers)


def _take_preface(stream: Stream, said: int) -> None:
    if said == len(PREFACE):
        stream.take("preface", short(PREFACE), ("framing", said))
    else:
        text = short(PREFACE[:said])
        stream.take_unfinished("preface", text, ("framing", said), lacks=f"{said} of {len(PREFACE)} bytes")


def _take(stream: Stream, headers: "_Headers") -> None:
    """Takes the next frame, or what there is of it."""
    raw = stream.data[stream.at : stream.at + HEADER]
    kind = raw[3] if len(raw) > 3 else None
    name = "frame" if kind is None else NAMES[kind] if kind < len(NAMES) else f"type {kind}"
    if len(raw) < HEADER:
        lacks = f"header: {len(raw)} of {HEADER} bytes"
        stream.take_unfinished(name, "", ("header", len(raw)), lacks=lacks)
        return
    length = int.from_bytes(raw[:3], "big")
    body = stream.data[stream.at + HEADER : stream.at + HEADER + length]
    shape = [("header", HEADER), ("data", len(body))]
    if len(body) < length:
        said = f"stream {int.from_bytes(raw[5:], 'big') & 0x7FFFFFFF}"
        stream.take_unfinished(name, said, *shape, lacks=f"{len(body):,} of {length:,} bytes")
        return
    try:
        said, note = _said(raw, body, headers), ""
    except (HyperframeError, hpack.HPACKError) as error:
        said, note = size(length), f"{type(error).__module__.partition('.')[0]}: {error}"
    stream.take(name, said, *shape, note=note)


def _said(raw: bytes, body: bytes, headers: "_Headers") -> str:
    """A frame in short: stream, length, flags, and what it carries."""
    frame, length = frames.Frame.parse_frame_header(memoryview(raw))
    frame.parse_body(memoryview(body))
    flags = " ".join(flag.name for flag in frame.defined_flags if flag.name in frame.flags)
    carried = _carried(frame, headers)
    return "  ".join(each for each in (f"stream {frame.stream_id}", size(length), flags, carried) if each)


def _carried(frame: frames.Frame, headers: "_Headers") -> str:
    """What a frame carries: its data, its headers, or hyperframe's words for it."""
    if isinstance(frame, frames.DataFrame):
        return short(frame.data)
    if isinstance(frame, frames.HeadersFrame | frames.PushPromiseFrame | frames.ContinuationFrame):
        return headers.read(frame)
    if isinstance(frame, frames.ExtensionFrame) or not frame.body_len:
        return ""
    return cut(repr(frame).partition("): ")[2], LONGEST)


class _Headers:
    """The headers of one direction: one compression context (RFC 7541), and a list that may take several frames."""

    def __init__(self) -> None:
        self._decoder, self._block = hpack.Decoder(), b""

    def read(self, frame: frames.Frame) -> str:
        """The headers that the frame completes, in short."""
        self._block += frame.data
        if "END_HEADERS" not in frame.flags:
            return ""
        block, self._block = self._block, b""
        pairs = [f"{short(name)}: {short(value)}" for name, value in self._decoder.decode(block, raw=True)]
        return cut(", ".join(pairs), LONGEST)
