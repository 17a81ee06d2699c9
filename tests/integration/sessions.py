#!/usr/bin/env python3
"""Log in many times and hold the sessions.

usage: sessions.py ADDRESS PORT TARGET COUNT

Prints "ready" when all are logged in; then each line of standard input, a number, logs in that
many more and prints "ready" again. At its end logs out by closing. NOP-Ins that ask for an answer
get one.
"""

import selectors
import socket
import struct
import sys

NO_TAG = 0xFFFFFFFF


def pdu(opcode, flags, itt, cmdsn, expstatsn, data=b"", lun=bytes(8), ttt=0):
    """A request: the fields that login and NOP-Out have in common."""
    header = struct.pack(">BBHI8sIIII16x", opcode, flags, 0, len(data), lun, itt, ttt, cmdsn, expstatsn)
    return header + data + bytes(-len(data) % 4)


class Session:
    def __init__(self, address, port, target, number):
        self.socket = socket.create_connection((address, port), 30)
        keys = {
            "InitiatorName": f"iqn.2026-01.org.example:holder-{number}",
            "TargetName": target,
            "SessionType": "Normal",
        }
        text = b"".join(f"{key}={value}\0".encode() for key, value in keys.items())
        # From operational negotiation to full feature; the ISID is random-format, with our number.
        isid = struct.pack(">BHBH", 0x80, 0, 0, number & 0xFFFF)
        self.socket.sendall(pdu(0x43, 0x87, 1, 1, 0, text, isid + bytes(2)))
        header = self.receive()
        status_class, status_detail = header[36], header[37]
        if header[0] != 0x23 or status_class != 0 or not header[1] & 0x80:
            raise SystemExit(f"login {number}: opcode {header[0]:#x}, flags {header[1]:#x}, "
                             f"status {status_class:#04x}{status_detail:02x}")

    def receive(self):
        header = self.exactly(48)
        length = int.from_bytes(header[5:8], "big")
        self.exactly(4 * header[4] + length + -length % 4)
        return header

    def exactly(self, length):
        data = b""
        while len(data) < length:
            part = self.socket.recv(length - len(data))
            if not part:
                raise SystemExit("the target closed a connection")
            data += part
        return data

    def answer(self):
        header = self.receive()
        ttt = struct.unpack(">I", header[20:24])[0]
        if header[0] == 0x20 and ttt != NO_TAG:
            statsn, expcmdsn = struct.unpack(">II", header[24:32])
            self.socket.sendall(pdu(0x40, 0x80, NO_TAG, expcmdsn, statsn, b"", header[8:16], ttt))


def main(address, port, target, count):
    watch = selectors.DefaultSelector()
    watch.register(sys.stdin, selectors.EVENT_READ)
    sessions = []

    def add(more):
        for _ in range(more):
            sessions.append(Session(address, int(port), target, len(sessions)))
            watch.register(sessions[-1].socket, selectors.EVENT_READ, sessions[-1])
        print("ready", flush=True)

    add(int(count))
    while True:
        for key, _ in watch.select():
            if key.data:
                key.data.answer()
                continue
            line = sys.stdin.readline()
            if not line:
                return
            add(int(line))


if __name__ == "__main__":
    if len(sys.argv) != 5:
        sys.exit(__doc__)
    main(*sys.argv[1:])
