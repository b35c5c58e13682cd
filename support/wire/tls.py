"""TLS records (RFC 8446 section 5.1): their type and length. What is in them is encrypted, but for the first few."""

import re
import ssl
from collections.abc import Iterable

from .stream import Message, Stream, size

ENCRYPTED = "application_data"
TYPES = {20: "change_cipher_spec", 21: "alert", 22: "handshake", 23: ENCRYPTED}
HELLOS = {1: "ClientHello", 2: "ServerHello"}  # RFC 8446 section 4
FIRST = re.compile(rb"[\x15\x16]\x03[\x00-\x04]")  # an alert or a handshake, of SSL 3.0 to TLS 1.3
HEADER = 5  # type, version, length


def begins(stream: Stream) -> bool:
    """True if what stands next in the stream is the first record of a side that speaks TLS."""
    return bool(FIRST.match(stream.data, stream.at))


def read(stream: Stream) -> None:
    """Reads records as long as there are any."""
    first = True
    while stream.left and (name := TYPES.get(stream.data[stream.at])):
        length = int.from_bytes(stream.data[stream.at + 3 : stream.at + HEADER], "big")
        came = stream.left - HEADER
        if came < 0:
            lacks = f"header: {stream.left} of {HEADER} bytes"
            stream.take_unfinished(name, "", ("header", stream.left), lacks=lacks)
        elif came < length:
            said = _said(name, stream.data[stream.at + HEADER :], first, length)
            lacks = f"{came:,} of {length:,} bytes"
            stream.take_unfinished(name, said, ("header", HEADER), ("data", came), lacks=lacks)
        else:
            body = stream.data[stream.at + HEADER : stream.at + HEADER + length]
            stream.take(name, _said(name, body, first, length), ("header", HEADER), ("data", length))
        first = False


def records(several: Iterable[Message]) -> str:
    """What several records in a row say in short."""
    lengths = [length for message in several for kind, length in message.shape if kind == "data"]
    return f"{len(lengths):,} records, {sum(lengths):,} bytes"


def _said(name: str, body: bytes, first: bool, length: int) -> str:
    """A record in short: its length, and what the first one of a side or an alert in the clear says."""
    if name == "alert" and length == len(body) == 2:
        level = {1: "warning", 2: "fatal"}.get(body[0], str(body[0]))
        return f"{level} {_description(body[1])}"
    hello = f"{HELLOS[body[0]]}, " if name == "handshake" and first and body and body[0] in HELLOS else ""
    return f"{hello}{size(length)}"


def _description(code: int) -> str:
    """An alert's description by its name in RFC 8446 section 6, or its number."""
    try:
        return ssl.AlertDescription(code).name.removeprefix("ALERT_DESCRIPTION_").lower()
    except ValueError:
        return str(code)
