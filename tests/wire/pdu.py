"""iSCSI PDUs as bytes (RFC 7143 section 11): build any, right or wrong; parse what a target sends."""

import struct

NOP_OUT, SCSI_COMMAND, TASK_MGMT, LOGIN, TEXT, DATA_OUT, LOGOUT, SNACK = 0, 1, 2, 3, 4, 5, 6, 0x10
NOP_IN, SCSI_RESPONSE, TASK_MGMT_RESPONSE, LOGIN_RESPONSE = 0x20, 0x21, 0x22, 0x23
TEXT_RESPONSE, DATA_IN, LOGOUT_RESPONSE, R2T, ASYNC, REJECT = 0x24, 0x25, 0x26, 0x31, 0x32, 0x3F

NAMES = {
    NOP_OUT: "NOP-Out", SCSI_COMMAND: "SCSI Command", TASK_MGMT: "Task Management",
    LOGIN: "Login", TEXT: "Text", DATA_OUT: "Data-Out", LOGOUT: "Logout", SNACK: "SNACK",
    NOP_IN: "NOP-In", SCSI_RESPONSE: "SCSI Response", TASK_MGMT_RESPONSE: "TMF Response",
    LOGIN_RESPONSE: "Login Response", TEXT_RESPONSE: "Text Response", DATA_IN: "Data-In",
    LOGOUT_RESPONSE: "Logout Response", R2T: "R2T", ASYNC: "Async", REJECT: "Reject",
}  # fmt: skip

NONE = 0xFFFFFFFF  # the reserved tag

# Flags of byte 1
FINAL, CONTINUE, TRANSIT = 0x80, 0x40, 0x80
READ, WRITE = 0x40, 0x20
ACK, RESIDUAL_OVER, RESIDUAL_UNDER, STATUS = 0x40, 0x04, 0x02, 0x01
UNTAGGED, SIMPLE, ORDERED, HEAD_OF_QUEUE, ACA = 0, 1, 2, 3, 4
SECURITY, OPERATIONAL, FULL_FEATURE = 0, 1, 3

# name: (offset, size); those that all opcodes have, then those of each
_COMMON = {"byte0": (0, 1), "flags": (1, 1), "byte2": (2, 1), "byte3": (3, 1), "ahs_length": (4, 1),
           "data_length": (5, 3), "lun": (8, 8), "itt": (16, 4)}  # fmt: skip
_REPLY = {"statsn": (24, 4), "expcmdsn": (28, 4), "maxcmdsn": (32, 4)}
_REQUEST = {"cmdsn": (24, 4), "expstatsn": (28, 4)}
_LOGIN = {"isid": (8, 6), "tsih": (14, 2)}
FIELDS = {
    NOP_OUT: {"ttt": (20, 4), **_REQUEST},
    SCSI_COMMAND: {"expected": (20, 4), **_REQUEST, "cdb": (32, 16)},
    TASK_MGMT: {"ref_itt": (20, 4), **_REQUEST, "refcmdsn": (32, 4), "expdatasn": (36, 4)},
    LOGIN: {"version_max": (2, 1), "version_min": (3, 1), **_LOGIN, "cid": (20, 2), **_REQUEST},
    TEXT: {"ttt": (20, 4), **_REQUEST},
    DATA_OUT: {"ttt": (20, 4), "expstatsn": (28, 4), "datasn": (36, 4), "offset": (40, 4)},
    LOGOUT: {"cid": (20, 2), **_REQUEST},
    SNACK: {"ttt": (20, 4), "expstatsn": (28, 4), "begrun": (40, 4), "runlength": (44, 4)},
    NOP_IN: {"ttt": (20, 4), **_REPLY},
    SCSI_RESPONSE: {"response": (2, 1), "status": (3, 1), "snack_tag": (20, 4), **_REPLY,
                    "expdatasn": (36, 4), "bidi_residual": (40, 4), "residual": (44, 4)},
    TASK_MGMT_RESPONSE: {"response": (2, 1), **_REPLY},
    LOGIN_RESPONSE: {"version_max": (2, 1), "version_active": (3, 1), **_LOGIN, **_REPLY,
                     "status_class": (36, 1), "status_detail": (37, 1)},
    TEXT_RESPONSE: {"ttt": (20, 4), **_REPLY},
    DATA_IN: {"status": (3, 1), "ttt": (20, 4), **_REPLY, "datasn": (36, 4), "offset": (40, 4),
              "residual": (44, 4)},
    LOGOUT_RESPONSE: {"response": (2, 1), **_REPLY, "time2wait": (40, 2), "time2retain": (42, 2)},
    R2T: {"ttt": (20, 4), **_REPLY, "r2tsn": (36, 4), "offset": (40, 4), "length": (44, 4)},
    ASYNC: {**_REPLY, "event": (36, 1), "vcode": (37, 1), "parameter1": (38, 2),
            "parameter2": (40, 2), "parameter3": (42, 2)},
    REJECT: {"reason": (2, 1), **_REPLY, "datasn": (36, 4)},
}  # fmt: skip

# Bits of byte 1 that the target must set, and those that it may set.
_REPLY_FLAGS = {
    NOP_IN: (0x80, 0), SCSI_RESPONSE: (0x80, 0x1E), TASK_MGMT_RESPONSE: (0x80, 0),
    LOGIN_RESPONSE: (0, 0xCF), TEXT_RESPONSE: (0, 0xC0), DATA_IN: (0, 0xC7),
    LOGOUT_RESPONSE: (0x80, 0), R2T: (0x80, 0), ASYNC: (0x80, 0), REJECT: (0x80, 0),
}  # fmt: skip


class ProtocolError(AssertionError):
    """The target broke the standard."""


class Pdu:
    """A header (48 bytes), additional header segments and data; fields by their names."""

    def __init__(self, opcode, data=b"", ahs=b"", immediate=False, **fields):
        self.__dict__.update(bhs=bytearray(48), ahs=ahs, data=bytes(data), opcode=opcode)
        self.bhs[0] = opcode | (0x40 if immediate else 0)
        self.data_length = len(self.data)
        self.ahs_length = len(ahs) // 4
        for name, value in fields.items():
            setattr(self, name, value)

    @classmethod
    def parsed(cls, bhs, ahs, data):
        pdu = cls(bhs[0] & 0x3F)
        pdu.__dict__.update(bhs=bytearray(bhs), ahs=ahs, data=data)
        return pdu

    def _where(self, name):
        where = FIELDS.get(self.opcode, {}).get(name) or _COMMON.get(name)
        if where is None:
            raise AttributeError(f"{NAMES.get(self.opcode, hex(self.opcode))} has no {name}")
        return where

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        offset, size = self._where(name)
        raw = self.bhs[offset : offset + size]
        return bytes(raw) if name in ("cdb", "isid") else int.from_bytes(raw, "big")

    def __setattr__(self, name, value):
        if name in self.__dict__:
            self.__dict__[name] = value
            return
        offset, size = self._where(name)
        raw = value.ljust(size, b"\0") if isinstance(value, bytes) else value.to_bytes(size, "big")
        self.bhs[offset : offset + size] = raw[:size]

    def encode(self, header_digest=False, data_digest=False, damage=None):
        """The bytes on the wire. DAMAGE: "header" or "data" spoils that digest."""
        out = bytearray(self.bhs) + self.ahs
        if header_digest:
            out += struct.pack("<I", crc32c(out) ^ (damage == "header"))
        if self.data:
            padded = self.data + bytes(-len(self.data) % 4)
            out += padded
            if data_digest:
                out += struct.pack("<I", crc32c(padded) ^ (damage == "data"))
        return bytes(out)

    def __repr__(self):
        names = {**_COMMON, **FIELDS.get(self.opcode, {})}
        shown = []
        for name in names:
            value = getattr(self, name)
            shown.append(f"{name}={value.hex() if isinstance(value, bytes) else hex(value)}")
        text = self.data[:64]
        return f"<{NAMES.get(self.opcode, hex(self.opcode))} {' '.join(shown)} data={text!r}>"


def check_reply(pdu):
    """What holds for every PDU of a target, whatever it answers."""
    if pdu.opcode not in _REPLY_FLAGS:
        raise ProtocolError(f"not a target's opcode: {pdu!r}")
    if pdu.bhs[0] & 0xC0:
        raise ProtocolError(f"reserved bits in byte 0: {pdu!r}")
    must, may = _REPLY_FLAGS[pdu.opcode]
    if pdu.flags & must != must or pdu.flags & ~(must | may):
        raise ProtocolError(f"flags {pdu.flags:#x}: {pdu!r}")
    if pdu.ahs:
        raise ProtocolError(f"a target sends no AHS: {pdu!r}")
    if pdu.opcode in (R2T, TASK_MGMT_RESPONSE, LOGOUT_RESPONSE) and pdu.data:
        raise ProtocolError(f"unexpected data: {pdu!r}")


def text_encode(keys):
    """[(key, value)] or {key: value} as key=value pairs, each ended by a zero byte."""
    pairs = keys.items() if isinstance(keys, dict) else keys
    return b"".join(f"{key}={value}".encode() + b"\0" for key, value in pairs)


def text_decode(data):
    """[(key, value)]; every pair must be well formed."""
    if not data:
        return []
    if not data.endswith(b"\0"):
        raise ProtocolError(f"text without a zero byte at its end: {data[-64:]!r}")
    pairs = []
    for part in data[:-1].split(b"\0"):
        key, equals, value = part.partition(b"=")
        if not equals or not key:
            raise ProtocolError(f"not key=value: {part!r}")
        pairs.append((key.decode(), value.decode()))
    return pairs


def _make_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0x82F63B78 if n & 1 else 0)
        table.append(n)
    return tuple(table)


_TABLE = _make_table()


def crc32c(data):
    table, crc = _TABLE, 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


assert crc32c(bytes(32)) == 0x8A9136AA and crc32c(b"\xff" * 32) == 0x62A8AB43  # RFC 7143 A.4
