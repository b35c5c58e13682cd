%%writefile codec.py
import struct


def xor(data, key):
    return bytes(byte ^ key[at % 4] for at, byte in enumerate(data))


def encode(opcode, payload, fin=True, mask=b""):
    frame = bytearray()
    frame.append((0x80 if fin else 0) | opcode)
    length = len(payload)
    mask_bit = 0x80 if mask else 0
    if length <= 125:
        frame.append(mask_bit | length)
    elif length <= 0xFFFF:
        frame.append(mask_bit | 126)
        frame += struct.pack("!H", length)
    else:
        frame.append(mask_bit | 127)
        frame += struct.pack("!I", length)
    if mask:
        frame += mask
        payload = bytes(b ^ mask[i % 4] for i, b in enumerate(payload))
    return bytes(frame + payload)


def decode(data):
    """The first frame as (fin, opcode, payload, rest); None if it is not complete yet."""
    if len(data) < 2:
        return None
    size, at = data[1] & 0x7F, 2
    if extended := {126: 2, 127: 8}.get(size, 0):
        size, at = int.from_bytes(data[2 : 2 + extended], "big"), 2 + extended
    start = at + (4 if data[1] & 0x80 else 0)
    if len(data) < start + size:
        return None
    payload, key = data[start : start + size], data[at:start]
    return bool(data[0] & 0x80), data[0] & 0x0F, xor(payload, key) if key else payload, data[start + size :]
