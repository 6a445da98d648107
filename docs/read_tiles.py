#!/usr/bin/env python3
"""Reads a log as C2SP tlog-tiles lays it out, with nothing but Python's standard library and none of our code.

usage: read_tiles.py LOG VERIFIER_KEY SEQ [OLD_CHECKPOINT]      (LOG: its directory, or the URL that it is served at)
Takes the signed `checkpoint`, finds entry SEQ in its bundle, hashes from tiles an inclusion proof to the root and, with
an older checkpoint, a consistency proof, and checks both as RFC 9162 says. Partial tiles are asked for by the width that
the size of the tree gives them; where one is gone, the full tile that replaced it is read.
"""
import hashlib, os, sys, urllib.request

sys.dont_write_bytecode = True
from verify_proof import checkpoint, root

WIDTH, HASH = 256, 32


def node(left, right):
    return hashlib.sha256(b"\1" + left + right).digest()


def split(n):  # the largest power of two below n
    return 1 << (n - 1).bit_length() - 1


class Log:
    def __init__(self, where, vkey):
        self.where, self.seen = where, {}
        self.origin, self.size, self.root = checkpoint(self.fetch("checkpoint").decode(), vkey)

    def fetch(self, path):
        if self.where.startswith(("http://", "https://")):
            return urllib.request.urlopen(f"{self.where.rstrip('/')}/{path}", timeout=30).read()
        with open(os.path.join(self.where, path), "rb") as file:
            return file.read()

    def tile(self, level, index, width):
        """The bytes of a tile, or of a bundle when `level` is `entries`; `width` is what the size of the tree gives it."""
        if (level, index) not in self.seen:
            digits = f"{index:03d}" if index < 1000 else f"{index:0{-(-len(str(index)) // 3) * 3}d}"
            groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
            full = f"tile/{level}/" + "/".join(["x" + g for g in groups[:-1]] + groups[-1:])
            try:
                self.seen[level, index] = self.fetch(full if width == WIDTH else f"{full}.p/{width}")
            except OSError:
                if width == WIDTH:
                    raise
                self.seen[level, index] = self.fetch(full)
        return self.seen[level, index]

    def hashes(self, level, first, count):
        """`count` hashes of complete subtrees of 256^level leaves, from the `first` one on, all in one tile."""
        index = first // WIDTH
        tile = self.tile(level, index, min(WIDTH, self.size // WIDTH**level - index * WIDTH))
        at = first % WIDTH
        found = [tile[i * HASH : (i + 1) * HASH] for i in range(at, at + count)]
        if any(len(h) != HASH for h in found):
            raise ValueError(f"tile {level}/{index} is cut off")
        return found

    def range(self, start, end):  # MTH(D[start:end])
        n = end - start
        if n & (n - 1) == 0 and start % n == 0:  # a complete subtree: it, or what it is made of, is in a tile
            level = (n.bit_length() - 1) // 8
            row = self.hashes(level, start // WIDTH**level, n // WIDTH**level)
            while len(row) > 1:
                row = [node(*row[i : i + 2]) for i in range(0, len(row), 2)]
            return row[0]
        k = split(n)
        return node(self.range(start, start + k), self.range(start + k, end))

    def entry(self, seq):
        index = seq // WIDTH
        bundle = self.tile("entries", index, min(WIDTH, self.size - index * WIDTH))
        at = 0
        for _ in range(seq % WIDTH):
            at += 2 + int.from_bytes(bundle[at : at + 2], "big")
        length = int.from_bytes(bundle[at : at + 2], "big")
        entry = bundle[at + 2 : at + 2 + length]
        if len(entry) != length or length == 0:
            raise ValueError(f"entry {seq} is cut off")
        return entry

    def inclusion(self, seq, start, end):  # RFC 9162 section 2.1.3.1
        if end - start == 1:
            return []
        k = start + split(end - start)
        if seq < k:
            return self.inclusion(seq, start, k) + [self.range(k, end)]
        return self.inclusion(seq, k, end) + [self.range(start, k)]

    def consistency(self, m, start, end, whole):  # RFC 9162 section 2.1.4.1
        if m == end:
            return [] if whole else [self.range(start, end)]
        k = start + split(end - start)
        if m <= k:
            return self.consistency(m, start, k, whole) + [self.range(k, end)]
        return self.consistency(m, k, end, False) + [self.range(start, k)]


def consistent(m, old, n, new, proof):  # RFC 9162 section 2.1.4.2
    if m == n:
        return old == new and not proof
    if m == 0:
        return not proof
    path = ([old] if m & (m - 1) == 0 else []) + proof
    fn, sn = m - 1, n - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = path[0]
    for c in path[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = node(c, fr), node(c, sr)
            while fn and not fn & 1:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = node(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return fr == old and sr == new and sn == 0


def main(where, vkey, seq, old=None):
    log, seq = Log(where, vkey), int(seq)
    if not 0 <= seq < log.size:
        raise ValueError(f"there are {log.size} entries")
    if root(seq, log.size, log.entry(seq), log.inclusion(seq, 0, log.size)) != log.root:
        raise ValueError(f"entry {seq} is not under the checkpoint")
    said = f"entry {seq} is in {log.origin}, one of {log.size}"
    if old is not None:
        with open(old, encoding="utf-8") as file:
            _, m, before = checkpoint(file.read(), vkey)
        if m > log.size or not consistent(m, before, log.size, log.root, log.consistency(m, 0, log.size, True) if m else []):
            raise ValueError(f"the log does not extend the checkpoint of {m} entries")
        said += f"; it extends the checkpoint of {m}"
    print(f"good: {said}")


if __name__ == "__main__":
    try:
        main(*sys.argv[1:5])
    except (ValueError, OSError) as error:
        sys.exit(f"bad: {error}")
