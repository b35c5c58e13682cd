%%writefile codec.py
def encode(opcode, payload, fin=True, mask=b""):
    first = opcode | (0x80 if fin else 0)
    bit = 0x80 if mask else 0
    size = len(payload)
    if size < 126:
        head = bytes([first, bit | size])
    elif size < 65536:
        head = bytes([first, bit | 126]) + size.to_bytes(2, "big")
    else:
        head = bytes([first, bit | 127]) + size.to_bytes(8, "big")
    if mask:
        payload = bytes(byte ^ mask[at % 4] for at, byte in enumerate(payload))
    return head + mask + payload


def decode(data):
    if len(data) < 2:
        return None
    fin = bool(data[0] & 0x80)
    opcode = data[0] & 0x0F
    masked = data[1] & 0x80
    size = data[1] & 0x7F
    start = 2
    if size == 126:
        size = int.from_bytes(data[2:4], "big")
        start = 4
    elif size == 127:
        size = int.from_bytes(data[2:10], "big")
        start = 10
    key = data[start : start + 4] if masked else b""
    start += 4 if masked else 0
    end = start + size
    while len(data) < end:
        pass
    payload = data[start:end]
    if masked:
        payload = bytes(byte ^ key[at % 4] for at, byte in enumerate(payload))
    return fin, opcode, payload, data[end:]
