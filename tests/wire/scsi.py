"""CDBs and sense data, as far as the tests need them."""

import struct

GOOD, CHECK_CONDITION, BUSY, RESERVATION_CONFLICT, TASK_SET_FULL, TASK_ABORTED = 0, 2, 8, 0x18, 0x28, 0x40
NO_SENSE, NOT_READY, MEDIUM_ERROR, ILLEGAL_REQUEST, UNIT_ATTENTION, DATA_PROTECT = 0, 2, 3, 5, 6, 7
ABORTED_COMMAND, MISCOMPARE = 0xB, 0xE

LUN_NOT_SUPPORTED = (ILLEGAL_REQUEST, 0x25, 0)
INVALID_OPCODE = (ILLEGAL_REQUEST, 0x20, 0)
INVALID_FIELD_IN_CDB = (ILLEGAL_REQUEST, 0x24, 0)
LBA_OUT_OF_RANGE = (ILLEGAL_REQUEST, 0x21, 0)
MISCOMPARED = (MISCOMPARE, 0x1D, 0)
POWER_ON = (UNIT_ATTENTION, 0x29, 0)
CAPACITY_CHANGED = (UNIT_ATTENTION, 0x2A, 9)
LUNS_CHANGED = (UNIT_ATTENTION, 0x3F, 0xE)
MODE_CHANGED = (UNIT_ATTENTION, 0x2A, 1)
INQUIRY_CHANGED = (UNIT_ATTENTION, 0x3F, 3)
MEDIUM_CHANGED = (UNIT_ATTENTION, 0x28, 0)
MEDIUM_NOT_PRESENT = (NOT_READY, 0x3A, 2)
REMOVAL_PREVENTED = (ILLEGAL_REQUEST, 0x53, 2)
SOFTWARE_WRITE_PROTECTED = (DATA_PROTECT, 0x27, 2)


def test_unit_ready():
    return bytes(6)


def request_sense(length=252, descriptor=False):
    return bytes([0x03, int(descriptor), 0, 0, length, 0])


def inquiry(length=255, page=None):
    return struct.pack(">BBBHB", 0x12, page is not None, page or 0, length, 0)


def report_luns(length=4096, select=0):
    return struct.pack(">BBBBBBIBB", 0xA0, 0, select, 0, 0, 0, length, 0, 0)


def read_capacity10():
    return b"\x25" + bytes(9)


def read_capacity16(length=32):
    return struct.pack(">BBQIBB", 0x9E, 0x10, 0, length, 0, 0)


def mode_sense6(page=0x3F, length=255):
    return bytes([0x1A, 0, page, 0, length, 0])


def mode_select6(pages, save=False):
    """(CDB, list): a header without block descriptor before PAGES."""
    data = bytes(4) + pages
    return bytes([0x15, 0x10 | save, 0, 0, len(data), 0]), data


def control_page(d_sense=False, swp=False, tas=False):
    return bytes([0x0A, 10, 0x20 | d_sense << 2, 0x10, swp << 3, tas << 6]) + bytes(6)


def caching_page(wce):
    return bytes([0x08, 18, wce << 2]) + bytes(17)


def start_stop(start=False, eject=False):
    return bytes([0x1B, 0, 0, 0, start | eject << 1, 0])


def prevent_removal(prevent=True):
    return bytes([0x1E, 0, 0, 0, prevent, 0])


def synchronize_cache10(lba=0, blocks=0):
    return struct.pack(">BBIBHB", 0x35, 0, lba, 0, blocks, 0)


def _rw(opcodes, size, lba, blocks, fua=False, dpo=False):
    flags = fua << 3 | dpo << 4
    opcode = opcodes[size]
    if size == 6:
        return struct.pack(">BBHBB", opcode, lba >> 16 & 0x1F, lba & 0xFFFF, blocks & 0xFF, 0)
    if size == 10:
        return struct.pack(">BBIBHB", opcode, flags, lba, 0, blocks, 0)
    if size == 12:
        return struct.pack(">BBIIBB", opcode, flags, lba, blocks, 0, 0)
    return struct.pack(">BBQIBB", opcode, flags, lba, blocks, 0, 0)


def read(lba, blocks, size=10, **flags):
    return _rw({6: 0x08, 10: 0x28, 12: 0xA8, 16: 0x88}, size, lba, blocks, **flags)


def write(lba, blocks, size=10, **flags):
    return _rw({6: 0x0A, 10: 0x2A, 12: 0xAA, 16: 0x8A}, size, lba, blocks, **flags)


def compare_and_write(lba, blocks, fua=False):
    return struct.pack(">BBQ3xBBB", 0x89, fua << 3, lba, blocks, 0, 0)


def unmap(length):
    return struct.pack(">BB4xBHB", 0x42, 0, 0, length, 0)


def unmap_list(*ranges):
    body = b"".join(struct.pack(">QI4x", lba, blocks) for lba, blocks in ranges)
    return struct.pack(">HH4x", len(body) + 6, len(body)) + body


class Sense(tuple):
    """(key, asc, ascq) of fixed or descriptor format sense data."""

    def __new__(cls, raw):
        code = raw[0] & 0x7F if raw else 0
        if code in (0x70, 0x71):
            assert len(raw) >= 14, f"short sense data: {raw.hex()}"
            triple = raw[2] & 0xF, raw[12], raw[13]
        elif code in (0x72, 0x73):
            triple = raw[1] & 0xF, raw[2], raw[3]
        else:
            raise AssertionError(f"not sense data: {raw.hex()}")
        self = super().__new__(cls, triple)
        self.raw = raw
        return self


def parse_luns(data):
    """LUN numbers of REPORT LUNS data: peripheral or flat addressing."""
    (length,) = struct.unpack_from(">I", data)
    assert length % 8 == 0, length
    numbers = []
    for at in range(8, min(len(data), 8 + length), 8):
        (first,) = struct.unpack_from(">H", data, at)
        assert first >> 14 in (0, 1), f"address method {first >> 14}"
        numbers.append(first & 0x3FFF if first >> 14 else first & 0xFF)
    return numbers
