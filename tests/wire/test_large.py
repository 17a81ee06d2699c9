"""Lengths and addresses of 4 GiB and more, and of more than 32 bits of blocks: nothing is cut off."""

import os
import struct

import scsi
from daemon import FILE_TYPES, MIB
from runner import cases

GIB = 1 << 30
BLOCK = 4096
FOUR_GIB = 4 * GIB // BLOCK
SIZE = 4 * GIB + 16 * MIB
BLOCKS = SIZE // BLOCK
DISKS = {kind: lun for lun, kind in enumerate(["ram", *FILE_TYPES])}
HUGE = len(DISKS)

MISCOMPARE = (scsi.MISCOMPARE, 0x1D, 0)


def setup(daemon):
    for kind, lun in DISKS.items():
        daemon.make_disk(f"disk{lun}", type=kind, size=SIZE, block_size=BLOCK, unmap=True)
    daemon.make_disk("huge", type="null", size=1 << 43)
    daemon.make_target(luns={**{lun: f"disk{lun}" for lun in DISKS.values()}, HUGE: "huge"})


def session(daemon):
    c = daemon.session()
    for lun in range(1, HUGE + 1):
        c.settle(lun)
    return c


def put(c, lun, lba, data):
    c.scsi(scsi.write(lba, 1, size=16), lun=lun, write=data)


def get(c, lun, lba):
    return bytes(c.scsi(scsi.read(lba, 1, size=16), lun=lun, read=BLOCK).data)


def mark(c, lun, *lbas):
    """A block of its own at each."""
    marks = {lba: os.urandom(BLOCK) for lba in lbas}
    for lba, data in marks.items():
        put(c, lun, lba, data)
    return marks


def erase(c, lun):
    c.scsi(bytes([0x48, 2, 0, 0, 0, 0, 0, 0, 0, 0]), timeout=50, lun=lun)  # SANITIZE, block erase


@cases(*DISKS.items())
def test_what_is_4_GiB_apart_is_not_one_block(daemon, _, lun):
    with session(daemon) as c:
        marks = mark(c, lun, 0, 1, FOUR_GIB, FOUR_GIB + 1, BLOCKS - 1)
        for lba, data in marks.items():
            assert get(c, lun, lba) == data, lba


@cases(*DISKS.items())
def test_UNMAP_of_4_GiB_clears_all_of_it_and_no_more(daemon, _, lun):
    with session(daemon) as c:
        marks = mark(c, lun, 0, 1, FOUR_GIB // 2, FOUR_GIB, FOUR_GIB + 1)
        data = scsi.unmap_list((1, FOUR_GIB))
        c.scsi(scsi.unmap(len(data)), lun=lun, write=data)
        for lba, was in marks.items():
            assert get(c, lun, lba) == (was if lba in (0, FOUR_GIB + 1) else bytes(BLOCK)), lba


def test_VERIFY_of_more_than_4_GiB_looks_at_its_last_block(daemon):
    lun = DISKS["ram"]
    verify = struct.pack(">BBQIBB", 0x8F, 3 << 1, 0, BLOCKS, 0, 0)  # each block is as the one that comes
    with session(daemon) as c:
        erase(c, lun)
        c.scsi(verify, timeout=50, lun=lun, write=bytes(BLOCK))
        mark(c, lun, BLOCKS - 1)
        assert c.try_scsi(verify, timeout=50, lun=lun, write=bytes(BLOCK)).sense == MISCOMPARE


@cases(*DISKS.items())
def test_SANITIZE_erases_beyond_4_GiB(daemon, _, lun):
    with session(daemon) as c:
        marks = mark(c, lun, 0, FOUR_GIB - 1, FOUR_GIB, BLOCKS - 1)
        erase(c, lun)
        for lba in marks:
            assert get(c, lun, lba) == bytes(BLOCK), lba


def lba_status(c, lun, lba):
    """[(first block, blocks, is allocated)] from LBA on."""
    cdb = struct.pack(">BBQIBB", 0x9E, 0x12, lba, 4096, 0, 0)
    data = bytes(c.scsi(cdb, lun=lun, read=4096).data)
    (length,) = struct.unpack_from(">I", data)
    rows = [struct.unpack_from(">QIB", data, at) for at in range(8, 4 + length, 16)]
    return [(first, count, status & 0xF == 0) for first, count, status in rows]


@cases(*DISKS.items())
def test_GET_LBA_STATUS_tells_of_all_blocks(daemon, _, lun):
    with session(daemon) as c:
        erase(c, lun)
        mark(c, lun, BLOCKS - 1)
        lba, seen = 0, []
        while lba < BLOCKS:
            for first, count, allocated in lba_status(c, lun, lba):
                assert first == lba and count > 0, (first, count, lba)
                lba += count
                seen.append((first, allocated))
        assert lba == BLOCKS
        assert seen[0] == (0, False) and seen[-1][1], seen


def test_a_disk_of_more_blocks_than_32_bits_says_so_and_keeps_its_end(daemon):
    blocks = (1 << 43) // 512
    with session(daemon) as c:
        assert struct.unpack(">II", c.scsi(scsi.read_capacity10(), lun=HUGE, read=8).data) == (0xFFFFFFFF, 512)
        assert struct.unpack_from(">QI", c.scsi(scsi.read_capacity16(), lun=HUGE, read=32).data) == (blocks - 1, 512)
        c.scsi(scsi.read(blocks - 1, 1, size=16), lun=HUGE, read=512)
        for lba in blocks, blocks + (1 << 32), (1 << 64) - 1:
            assert c.try_scsi(scsi.read(lba, 1, size=16), lun=HUGE, read=512).sense == scsi.LBA_OUT_OF_RANGE
        assert c.try_scsi(scsi.read(blocks - 1, 2, size=16), lun=HUGE, read=1024).sense == scsi.LBA_OUT_OF_RANGE
