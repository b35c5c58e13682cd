"""WebSocket frames (RFC 6455 section 5.2), read by websockets, which is given the bytes of one frame at a time."""

from websockets.exceptions import ProtocolError
from websockets.extensions.permessage_deflate import PerMessageDeflate
from websockets.frames import Frame, Opcode, apply_mask
from websockets.streams import StreamReader

from .stream import Stream, cut, short

LONGEST = 60  # characters of a text that are told


def read(stream: Stream, masked: bool, deflated: bool) -> None:
    """Reads frames to the end of the stream; `masked` is what they should be, and True for a client's."""
    # Each direction has a compression context of its own (RFC 7692 section 7.1.1).
    inflates = [PerMessageDeflate(False, False, 15, 15)] if deflated else []
    while stream.left:
        try:
            name = Opcode(stream.data[stream.at] & 0x0F).name
        except ValueError:
            said = short(stream.data[stream.at :])
            stream.take("not a frame", said, ("data", stream.left), note="websockets: invalid opcode")
            return
        _take(stream, name, masked, inflates)


def _take(stream: Stream, name: str, masked: bool, inflates: list) -> None:
    """Takes the next frame, or what there is of it."""
    header, mask, length = _lengths(stream)
    if stream.left < header + mask:
        lacks = f"header: {stream.left} of {header + mask} bytes"
        shape = [("header", min(header, stream.left)), ("mask", max(0, stream.left - header))]
        stream.take_unfinished(name, "", *shape, lacks=lacks)
        return
    came = min(length, stream.left - header - mask)
    deflated = bool(inflates) and bool(stream.data[stream.at] & 0x40)  # RSV1 (RFC 7692 section 6)
    shape = [("header", header), ("mask", mask), ("deflated" if deflated else "data", came)]
    raw = stream.data[stream.at : stream.at + header + mask + came]
    if came < length:
        # What is compressed cannot be read before it is complete.
        said = _said("BINARY" if deflated else name, _unmasked(raw, header, mask))
        stream.take_unfinished(name, said, *shape, lacks=f"{came:,} of {length:,} bytes")
        return
    data, objection = _parse(raw, bool(mask), inflates)
    if data is None:
        data = _unmasked(raw, header, mask)
    elif bool(mask) != masked:
        objection = "incorrect masking"
    said = _said(name, data) + ("" if raw[0] & 0x80 else "  (FIN bit 0: more follows)")
    stream.take(name, said, *shape, note=f"websockets: {objection}" if objection else "")


def _lengths(stream: Stream) -> tuple[int, int, int]:
    """How long the header is, the mask, and the payload; the first two are the least that is missing at the end."""
    second = stream.data[stream.at + 1] if stream.left > 1 else 0
    extended = {126: 2, 127: 8}.get(second & 0x7F, 0)
    header = 2 + extended
    size = stream.data[stream.at + 2 : stream.at + header] if extended else bytes([second & 0x7F])
    return header, 4 if second & 0x80 else 0, int.from_bytes(size, "big")


def _parse(raw: bytes, masked: bool, inflates: list) -> tuple[bytes | None, str]:
    """The payload as websockets reads it, or None and what it objects."""
    reader = StreamReader()
    reader.feed_data(raw)
    try:
        next(Frame.parse(reader.read_exact, mask=masked, extensions=inflates))
    except StopIteration as done:
        return bytes(done.value.data), ""
    except ProtocolError as error:
        return None, str(error)
    raise AssertionError("a frame that is complete and is not")


def _unmasked(raw: bytes, header: int, mask: int) -> bytes:
    """The payload as it stands, without its mask (RFC 6455 section 5.3)."""
    key, data = raw[header : header + mask], raw[header + mask :]
    return bytes(apply_mask(data, key)) if mask else data


def _said(name: str, data: bytes) -> str:
    """A payload in short: text as text, a Close as its code and reason, else the bytes."""
    if name == "CLOSE" and len(data) >= 2:
        return cut(f"{int.from_bytes(data[:2], 'big')} {data[2:].decode(errors='replace')}".rstrip(), LONGEST)
    if name == "TEXT":
        return repr(cut(data.decode(errors="replace"), LONGEST))
    return short(data, LONGEST)
