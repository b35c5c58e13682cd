%%writefile codec.py
def encode(opcode, payload, fin=True, mask=b""):
    return bytes([fin * 128 + opcode, len(payload)]) + payload


def decode(data):
    fin, opcode = data[0] >> 7, data[0] & 15
    n = data[1] & 127
    return fin, opcode, data[2:2 + n], data[2 + n:]
