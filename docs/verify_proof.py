#!/usr/bin/env python3
"""Checks an inclusion proof of `locktender audit proof SEQ --json` with nothing but Python's standard library.

usage: verify_proof.py PROOF.json VERIFIER_KEY      (VERIFIER_KEY as `locktender audit keys` prints it)
Checks that the entry hashes up to the root (RFC 6962) and that the root is signed (C2SP signed note, Ed25519).
"""
import base64, hashlib, json, sys

P, L = 2**255 - 19, 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P


def need(holds, why):  # not `assert`, which python3 -O leaves out
    if not holds:
        raise ValueError(why)


def add(a, b):  # points of Ed25519 in extended coordinates, RFC 8032 section 5.1.4
    A, B = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    C, E = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    E, F, G, H = B - A, E - C, E + C, B + A
    return (E * F % P, G * H % P, F * G % P, E * H % P)


def mul(s, p):
    q = (0, 1, 1, 0)
    while s:
        q, p, s = (add(q, p) if s & 1 else q), add(p, p), s >> 1
    return q


def point(raw):
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & (1 << 255) - 1
    x2 = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    x = pow(x2, (P + 3) // 8, P)
    if (x * x - x2) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    need(y < P and (x * x - x2) % P == 0, "the checkpoint is not signed by this key")
    x = P - x if x & 1 != sign else x
    return (x, y, 1, x * y % P)


def signed(key, sig, text):
    k = int.from_bytes(hashlib.sha512(sig[:32] + key + text).digest(), "little") % L
    s = int.from_bytes(sig[32:], "little")
    a, b = mul(s, point((4 * pow(5, -1, P) % P).to_bytes(32, "little"))), add(point(sig[:32]), mul(k, point(key)))
    return s < L and (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


def root(seq, size, entry, proof):  # RFC 9162 section 2.1.3.2
    h, node, last = hashlib.sha256(b"\0" + entry).digest(), seq, size - 1
    for p in proof:
        need(last > 0, "the proof is too long")
        if node & 1 or node == last:
            h = hashlib.sha256(b"\1" + p + h).digest()
            while node and not node & 1:
                node, last = node >> 1, last >> 1
        else:
            h = hashlib.sha256(b"\1" + h + p).digest()
        node, last = node >> 1, last >> 1
    need(last == 0, "the proof is too short")
    return h


def checkpoint(note, vkey):
    """Origin, size and root of a signed note; raises ValueError when this key did not sign it."""
    name, key_id, key = vkey.split("+", 2)
    typed = base64.b64decode(key)
    named = hashlib.sha256(name.encode() + b"\n" + typed).hexdigest()[:8] == key_id
    need(named and typed[0] == 1 and len(typed) == 33, "the verifier key is not one of a log")
    text, lines = note.split("\n\n")
    origin, size, want = text.split("\n")[:3]
    sigs = [base64.b64decode(l.split(" ")[2]) for l in lines.splitlines() if l.split(" ")[1] == name]
    own = [s[4:] for s in sigs if s[:4].hex() == key_id and len(s) == 68]
    need(any(signed(typed[1:], s, (text + "\n").encode()) for s in own), "the checkpoint is not signed by this key")
    return origin, int(size), base64.b64decode(want)


def main(path, vkey):
    with open(path, encoding="utf-8") as file:
        proof = json.load(file)
    origin, size, want = checkpoint(proof["checkpoint"], vkey)
    need(0 <= proof["seq"] < size, f"there are {size} entries")
    found = root(proof["seq"], size, proof["entry"].encode(), map(base64.b64decode, proof["proof"]))
    need(found == want, "the entry is not under this checkpoint")
    print(f"good: entry {proof['seq']} is in {origin}, one of {size}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except (ValueError, LookupError, TypeError, OSError) as error:
        sys.exit(f"bad: {error}")
