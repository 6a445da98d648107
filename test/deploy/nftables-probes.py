"""Servers and probes of the nftables scene: TCP and UDP echo, and ICMP, over IPv4 and IPv6."""

import socket
import struct
import sys
import threading
import time

GATE, WORLD = "10.77.0.1", "10.78.0.2"


def tcp(address, port):
    socket.create_connection((address, port), 2).close()


def udp(address, port):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as s:
        s.settimeout(2)
        s.connect((address, port))
        s.send(b"x")
        s.recv(10)


def icmp(address):
    six = ":" in address
    proto = socket.IPPROTO_ICMPV6 if six else socket.IPPROTO_ICMP
    with socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, proto) as s:
        kind = 128 if six else 8
        body = struct.pack("!BBHHH", kind, 0, 0, 7, 1)
        words = sum(struct.unpack("!4H", body))
        body = struct.pack("!BBHHH", kind, 0, ~(words + (words >> 16)) & 0xFFFF, 7, 1)
        s.connect((address, 0))
        s.send(body)
        end = time.monotonic() + 2
        while True:
            s.settimeout(max(0.01, end - time.monotonic()))
            data = s.recv(2000)
            if data[0 if six else 20] == kind + (1 if six else -8):
                return


FROM_BOX = {
    "the gate's proxy": lambda: tcp(GATE, 3128),
    "the gate's admin door": lambda: tcp(GATE, 9128),
    "another port of the host": lambda: tcp(GATE, 8080),
    "the host over IPv6": lambda: tcp("fd77::1", 3128),
    "the host's other address": lambda: tcp("10.78.0.1", 3128),
    "the world over TCP": lambda: tcp(WORLD, 443),
    "the world over IPv6": lambda: tcp("fd78::2", 443),
    "the world over UDP (DNS, QUIC)": lambda: udp(WORLD, 443),
    "the world over UDP and IPv6": lambda: udp("fd78::2", 443),
    "the host over UDP": lambda: udp(GATE, 3128),
    "the world over ICMP": lambda: icmp(WORLD),
    "the world over ICMPv6": lambda: icmp("fd78::2"),
    "the host over ICMP": lambda: icmp(GATE),
}
FROM_WORLD = {"a sandbox from the world": lambda: tcp("10.77.0.2", 22)}


def report(label, probes):
    for name, probe in probes.items():
        try:
            probe()
            print(label, name, "open", sep="\t", flush=True)
        except OSError:
            print(label, name, "closed", sep="\t", flush=True)


def answer_udp(s):
    while True:
        data, peer = s.recvfrom(10)
        s.sendto(data, peer)


def serve(ports):
    for port in ports:
        s = socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True)
        threading.Thread(target=lambda s=s: [s.accept() for _ in iter(int, 1)], daemon=True).start()
        for family, any_address in ((socket.AF_INET, "0.0.0.0"), (socket.AF_INET6, "::")):
            u = socket.socket(family, socket.SOCK_DGRAM)
            if family == socket.AF_INET6:
                u.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            u.bind((any_address, port))
            threading.Thread(target=answer_udp, args=(u,), daemon=True).start()
    threading.Event().wait()


def wait(places):
    for place in places:
        address, port = place.rsplit(":", 1)
        for _ in range(300):
            try:
                tcp(address, int(port))
                break
            except OSError:
                time.sleep(0.1)
        else:
            sys.exit(f"{place} never answered")


command, *rest = sys.argv[1:]
if command == "serve":
    serve([int(port) for port in rest])
elif command == "wait":
    wait(rest)
elif command == "try":
    report(rest[0], FROM_BOX)
else:
    report(rest[0], FROM_WORLD)
