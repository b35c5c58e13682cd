%%writefile codec.py
def xor(data, key):
    return bytes(byte ^ mask for byte, mask in zip(data, key))


def encode(opcode, payload, fin=True, mask=b""):
    """The bytes of one frame; with a mask of four bytes, masked."""
    first, second, size = fin << 7 | opcode, bool(mask) << 7, len(payload)
    if size < 126:
        header = bytes([first, second | size])
    elif size < 65536:
        header = bytes([first, second | 126]) + size.to_bytes(2, "big")
    else:
        header = bytes([first, second | 127]) + size.to_bytes(8, "big")
    return header + (mask + xor(payload, mask) if mask else payload)


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
