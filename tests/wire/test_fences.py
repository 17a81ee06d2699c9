"""
Whoever is fenced off changes nothing, by no command: by a reservation, by the state of its target
port, by a read-only export.

Which commands there are, the target says itself (REPORT SUPPORTED OPERATION CODES). WAYS has for
each a CDB that does something where nothing stops it; one that is new here is sent with a range,
or a parameter list, of its size. What is let through stands below, from SPC-4 tables 71 and 72,
SPC-2 table 9 and SBC-3 table 13; everything else is a conflict.
"""

import os
import struct

import scsi
from daemon import MIB, TARGET, free_port
from initiator import Connection
from runner import cases

READ_ONLY = TARGET + "-to-read"
SIZE = MIB
BLOCKS = SIZE // 512
PATTERN = os.urandom(4096) * (SIZE // 4096)
ONE = PATTERN[:512]
OTHER = bytes(byte ^ 0xFF for byte in ONE)

WE, EA, WERO, EARO, WEAR, EAAR = 1, 3, 5, 6, 7, 8
REGISTER, RESERVE, RELEASE, CLEAR, PREEMPT, PREEMPT_AND_ABORT, REGISTER_AND_IGNORE, MOVE = range(8)
HOLDER, VICTIM = 0xA, 0xB

WRITE_PROTECTED = (scsi.DATA_PROTECT, 0x27, 0)
PORT_STATES = {"standby": 0x0B, "unavailable": 0x0C, "transitioning": 0x0A}


def setup(daemon):
    daemon.other_port = free_port()
    daemon.make_disk(size=SIZE, unmap=True, removable=True)
    daemon.call("portal_group.create", tag=2,
                portals=[{"address": "127.0.0.1", "port": daemon.other_port}])  # fmt: skip
    daemon.make_target(portal_groups=[1, 2])
    daemon.call("target.create", name=READ_ONLY, luns=[{"lun": 0, "backstore": "disk0", "read_only": True}],
                acls=[{"initiator": "*"}])  # fmt: skip


# --- commands ---


def range10(opcode, flags=0):
    return lambda _: struct.pack(">BBIBHB", opcode, flags, 0, 0, 1, 0)


def range12(opcode, flags=0):
    return lambda _: struct.pack(">BBIIBB", opcode, flags, 0, 1, 0, 0)


def range16(opcode, flags=0):
    return lambda _: struct.pack(">BBQIBB", opcode, flags, 0, 1, 0, 0)


def bytes_of(*values):
    return lambda _: bytes(values)


def allocation(opcode, action, length=252):
    """Where bytes 10 to 13, 6 to 9 or 7 and 8 are a length."""
    cdb = bytearray({3: 16, 4: 16, 5: 12}.get(opcode >> 5, 10))
    cdb[:2] = opcode, action
    at, size = {16: (10, 4), 12: (6, 4), 10: (7, 2)}[len(cdb)]
    cdb[at : at + size] = length.to_bytes(size, "big")
    return bytes(cdb)


def reads(opcode, action=0):
    return lambda _: allocation(opcode, action)


def listed(opcode, action, data):
    """A command with DATA as its parameter list."""
    return lambda c: (allocation(opcode, action, len(data(c))), data(c))


def with_data(cdb, data):
    return lambda c: (cdb(c), data)


def pr_out(action, kind=WE, key=VICTIM, new_key=0, aptpl=False):
    body = struct.pack(">QQ4xB3x", key, new_key, aptpl)
    return struct.pack(">BBBHIB", 0x5F, action, kind, 0, len(body), 0), body


def pr_move():
    port = b"iqn.2026-01.org.blockgate.test:fences,i,0x00023d000001\0"
    name = struct.pack(">BBH", 0x45, 0, (len(port) + 3) // 4 * 4) + port + bytes(-len(port) % 4)
    body = struct.pack(">QQBBHI", VICTIM, 0xC, 0, 0, 1, len(name)) + name
    return struct.pack(">BBBHIB", 0x5F, MOVE, 0, 0, len(body), 0), body


def naa_of(c):
    """The NAA designator of VPD 83h."""
    page = bytes(c.scsi(scsi.inquiry(255, page=0x83), read=255).data)
    at = 4
    while page[at + 1] & 0x3F != 3:
        at += 4 + page[at + 3]
    return page[at + 4 : at + 4 + page[at + 3]]


def copy_list(c):
    naa = naa_of(c)
    target = struct.pack(">BBHBBBB20sI", 0xE4, 0, 0, 1, 3, 0, len(naa), naa, 512)
    segment = struct.pack(">BBHHHHHQQ", 2, 0, 0x18, 0, 0, 0, 1, 7, 0)
    return struct.pack(">BBHIII", 7, 0, len(target), 0, len(segment), 0) + target + segment


def ranges(lba, blocks):
    return struct.pack(">HQI4x", 16, lba, blocks)


def token_list(c):
    return struct.pack(">H12x", 30) + ranges(8, 1)


def zero_token_list(c):
    """Block 0 becomes what the block device zero ROD token stands for."""
    token = struct.pack(">I2xH504x", 0xFFFF0001, 504)
    return struct.pack(">H14x", 550) + token + struct.pack("6x") + ranges(0, 1)


def mode_list(header):
    return lambda c: bytes(header) + scsi.control_page(tas=True)


# By opcode and service action: what is sent, from the connection it is sent by. Alone: a CDB.
WAYS = {
    (0x00, 0): bytes_of(0, 0, 0, 0, 0, 0),
    (0x03, 0): bytes_of(3, 0, 0, 0, 252, 0),
    (0x08, 0): bytes_of(8, 0, 0, 0, 1, 0),
    (0x0A, 0): with_data(bytes_of(0x0A, 0, 0, 0, 1, 0), OTHER),
    (0x12, 0): bytes_of(0x12, 0, 0, 0, 252, 0),
    (0x15, 0): lambda c: (bytes([0x15, 0x10, 0, 0, 16, 0]), mode_list(4)(c)),
    (0x16, 0): bytes_of(0x16, 0, 0, 0, 0, 0),
    (0x17, 0): bytes_of(0x17, 0, 0, 0, 0, 0),
    (0x1A, 0): bytes_of(0x1A, 0, 0x3F, 0, 252, 0),
    (0x1B, 0): bytes_of(0x1B, 0, 0, 0, 0, 0),  # stop
    (0x1E, 0): bytes_of(0x1E, 0, 0, 0, 1, 0),  # prevent
    (0x25, 0): bytes_of(0x25, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    (0x28, 0): range10(0x28),
    (0x2A, 0): with_data(range10(0x2A), OTHER),
    (0x2E, 0): with_data(range10(0x2E, 2), OTHER),
    (0x2F, 0): range10(0x2F),
    (0x34, 0): range10(0x34),
    (0x35, 0): range10(0x35),
    (0x37, 0): bytes_of(0x37, 0, 0x0D, 0, 0, 0, 0, 0, 252, 0),
    (0x41, 0): with_data(range10(0x41), OTHER),
    (0x42, 0): listed(0x42, 0, lambda c: scsi.unmap_list((0, 8))),
    (0x48, 1): listed(0x48, 1, lambda c: struct.pack(">BBH", 1, 0, 512) + OTHER),
    (0x48, 2): bytes_of(0x48, 2, 0, 0, 0, 0, 0, 0, 0, 0),
    (0x48, 0x1F): bytes_of(0x48, 0x1F, 0, 0, 0, 0, 0, 0, 0, 0),
    (0x4D, 0): bytes_of(0x4D, 0, 0x40, 0, 0, 0, 0, 0, 252, 0),
    (0x55, 0): lambda c: (bytes([0x55, 0x10, 0, 0, 0, 0, 0, 0, 20, 0]), mode_list(8)(c)),
    (0x56, 0): bytes_of(0x56, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    (0x57, 0): bytes_of(0x57, 0, 0, 0, 0, 0, 0, 0, 0, 0),
    (0x5A, 0): bytes_of(0x5A, 0, 0x3F, 0, 0, 0, 0, 0, 252, 0),
    **{(0x5E, action): reads(0x5E, action) for action in range(4)},
    (0x5F, REGISTER): lambda c: pr_out(REGISTER, kind=0, new_key=0xC),
    **{(0x5F, action): lambda c, action=action: pr_out(action) for action in (RESERVE, RELEASE, CLEAR)},
    **{(0x5F, action): lambda c, action=action: pr_out(action, new_key=HOLDER) for action in (PREEMPT, PREEMPT_AND_ABORT)},
    (0x5F, REGISTER_AND_IGNORE): lambda c: pr_out(REGISTER_AND_IGNORE, kind=0, new_key=0),
    (0x5F, MOVE): lambda c: pr_move(),
    (0x83, 0): listed(0x83, 0, copy_list),
    (0x83, 0x10): listed(0x83, 0x10, token_list),
    (0x83, 0x11): listed(0x83, 0x11, zero_token_list),
    **{(0x84, action): reads(0x84, action) for action in (0, 3, 4, 7)},
    (0x88, 0): range16(0x88),
    (0x89, 0): with_data(lambda _: struct.pack(">BBQ3xBBB", 0x89, 0, 0, 1, 0, 0), ONE + OTHER),
    (0x8A, 0): with_data(range16(0x8A), OTHER),
    (0x8B, 0): with_data(range16(0x8B), OTHER),
    (0x8E, 0): with_data(range16(0x8E, 2), OTHER),
    (0x8F, 0): range16(0x8F),
    (0x90, 0): range16(0x90),
    (0x91, 0): range16(0x91),
    (0x93, 0): with_data(range16(0x93, 8), bytes(512)),  # with UNMAP
    (0x9C, 0): with_data(lambda _: struct.pack(">BBQHHBB", 0x9C, 0, 0, 0, 1, 0, 0), OTHER),
    (0x9E, 0x10): reads(0x9E, 0x10),
    (0x9E, 0x12): reads(0x9E, 0x12),
    (0xA0, 0): reads(0xA0),
    (0xA3, 0x0A): reads(0xA3, 0x0A),
    (0xA3, 0x0C): reads(0xA3, 0x0C),
    (0xA3, 0x0D): reads(0xA3, 0x0D),
    (0xA4, 0x0A): listed(0xA4, 0x0A, lambda c: struct.pack(">4xBBH", 2, 0, 1)),  # the holder's: standby
    (0xA8, 0): range12(0xA8),
    (0xAA, 0): with_data(range12(0xAA), OTHER),
    (0xAE, 0): with_data(range12(0xAE, 2), OTHER),
    (0xAF, 0): range12(0xAF),
    (0xB7, 0): bytes_of(0xB7, 0x0D, 0, 0, 0, 0, 0, 0, 0, 252, 0, 0),
}

# by one block at 0
WRITERS = {(opcode, 0) for opcode in (0x0A, 0x2A, 0x2E, 0x41, 0x42, 0x89, 0x8A, 0x8B, 0x8E, 0x93, 0x9C, 0xAA, 0xAE)}
WRITERS |= {(0x83, 0x11)}

PR_IN = {(0x5E, action) for action in range(4)}
NEVER_STOPPED = {(0x00, 0), (0x03, 0), (0x12, 0), (0x25, 0), (0x4D, 0), (0x9E, 0x10), (0xA0, 0), (0xA3, 0x0A)} | PR_IN
# by a reservation that lets others read
READERS = {(opcode, 0) for opcode in (0x08, 0x1A, 0x28, 0x2F, 0x34, 0x37, 0x5A, 0x88, 0x8F, 0x90, 0xA8, 0xAF, 0xB7)}
READERS |= {(0x83, 0x10), (0x84, 0x07), (0x9E, 0x12), (0xA3, 0x0C), (0xA3, 0x0D)}
# with a service action key of zero, by somebody who is not registered: "do nothing" (table 68)
DOES_NOTHING = {(0x5F, REGISTER_AND_IGNORE)}
# where another has it by RESERVE; RELEASE of who has nothing releases nothing
PASSES_RESERVE = {(0x03, 0), (0x12, 0), (0x17, 0), (0x25, 0), (0x4D, 0), (0x57, 0), (0x9E, 0x10), (0xA0, 0), (0xA3, 0x0A)}
# SPC-4 sections 5.15.2.4.4 and 5.15.2.4.5
IN_TRANSITION = {(0x03, 0), (0x12, 0), (0xA0, 0), (0xA3, 0x0A)}
IN_UNAVAILABLE = IN_TRANSITION | {(0xA4, 0x0A)}
IN_STANDBY = IN_UNAVAILABLE | {(0x4D, 0), (0x15, 0), (0x55, 0), (0x1A, 0), (0x5A, 0), (0xA3, 0x0C), (0xA3, 0x0D)}
IN_STANDBY |= PR_IN | {(0x5F, action) for action in range(8)}
PASSES_STATE = {"standby": IN_STANDBY, "unavailable": IN_UNAVAILABLE, "transitioning": IN_TRANSITION}


def reported(c):
    """All that the target says it has: (opcode, service action), as long as its CDB is."""
    cdb = struct.pack(">BB4xIBB", 0xA3, 0x0C, 16384, 0, 0)
    data = bytes(c.scsi(cdb, read=16384).data)
    rows = [struct.unpack_from(">BxHxBH", data, at) for at in range(4, len(data), 8)]
    return {(opcode, action if flags & 1 else 0): length for opcode, action, flags, length in rows}


def generic(opcode, action, length):
    """For what has no row yet: one block, or one list, at its usual place."""
    cdb = bytearray(length)
    cdb[:2] = opcode, action
    at, size = {16: (10, 4), 12: (6, 4), 10: (7, 2), 6: (4, 1)}[length]
    cdb[at : at + size] = (1).to_bytes(size, "big")
    return bytes(cdb), OTHER


def send(c, command, length, asks=None):
    """The outcome of COMMAND: its task. ASKS: who can find out what has to be known for it."""
    way = WAYS[command](asks or c) if command in WAYS else generic(*command, length)
    cdb, data = way if isinstance(way, tuple) else (way, b"")
    return c.try_scsi(cdb, write=data, read=0 if data else 16384)


def is_conflict(task):
    return task.status == scsi.RESERVATION_CONFLICT


def name_of(command):
    return f"{command[0]:02X}h/{command[1]:02X}h"


# --- what must stay as it is ---


def fill(c):
    for lba in range(0, BLOCKS, 128):
        c.scsi(scsi.write(lba, 128), write=PATTERN[lba * 512 : (lba + 128) * 512])


def medium(c):
    return b"".join(bytes(c.scsi(scsi.read(lba, 128), read=65536).data) for lba in range(0, BLOCKS, 128))


def state(c):
    """Everything of the unit that C can tell and that a command might change."""
    cdbs = {
        "ready": scsi.test_unit_ready(),
        "modes": scsi.mode_sense6(),
        "capacity": scsi.read_capacity16(),
        "keys": allocation(0x5E, 0),
        "reservation": allocation(0x5E, 1),
        "port states": allocation(0xA3, 0x0A),
    }
    return {name: bytes(c.scsi(cdb, read=0 if name == "ready" else 252).data) for name, cdb in cdbs.items()}


def second_path(daemon):
    c = Connection(("127.0.0.1", daemon.other_port))
    c.login(TARGET)
    return c


def persist(c, action, **how):
    cdb, body = pr_out(action, **how)
    c.scsi(cdb, write=body)


def clear(daemon):
    """Nobody holds anything any more, and the unit is as new."""
    with daemon.session() as c:
        persist(c, REGISTER_AND_IGNORE, kind=0, key=0, new_key=0xD)
        persist(c, CLEAR, kind=0, key=0xD)
        c.scsi(bytes([0x1B, 0, 0, 0, 1, 0]))
        cdb, data = scsi.mode_select6(scsi.control_page())
        c.scsi(cdb, write=data)


def assert_fenced(holder, victim, passes):
    """VICTIM sends everything there is: what is not in PASSES is a conflict, and nothing changes."""
    commands = reported(holder)
    before = state(holder)
    assert medium(holder) == PATTERN
    assert WRITERS <= set(commands) | {(0x9C, 0)}
    for command, length in commands.items():
        task = send(victim, command, length, asks=holder)
        if command in passes:
            assert not is_conflict(task), f"{name_of(command)} is a conflict"
            assert task.sense is None or task.sense[0] != scsi.UNIT_ATTENTION, (name_of(command), task.sense)
        else:
            assert is_conflict(task), f"{name_of(command)}: {task.status:#x} {task.sense}"
        assert medium(holder)[:4096] == PATTERN[:4096], f"{name_of(command)} has changed the medium"
    assert medium(holder) == PATTERN
    assert state(holder) == before
    assert holder.settle() == []


# --- tests ---


def test_each_command_does_something_where_nothing_stops_it(start_daemon):
    daemon = start_daemon()
    setup(daemon)
    with daemon.session() as c:
        commands = reported(c)
        fill(c)
        for command, length in commands.items():
            if command not in WAYS or command[0] in (0x48, 0x5F):
                continue
            task = send(c, command, length)
            about_no_copy = command in ((0x84, 0), (0x84, 4), (0x84, 7)) and task.sense == scsi.INVALID_FIELD_IN_CDB
            assert task.status == scsi.GOOD or about_no_copy, (name_of(command), task.sense)
            if command == (0xA4, 0x0A):
                c.scsi(allocation(0xA4, 0x0A, 8), write=struct.pack(">4xBBH", 0, 0, 1))
            c.scsi(bytes([0x1B, 0, 0, 0, 1, 0]))  # it may have been stopped
            changed = bytes(c.scsi(scsi.read(0, 1), read=512).data) != ONE
            assert changed == (command in WRITERS or command == (0x83, 0)), name_of(command)
            c.scsi(scsi.write(0, 8), write=PATTERN[:4096])


@cases(
    ("never registered", WE), ("never registered", EA), ("never registered", WERO),
    ("never registered", EARO), ("never registered", WEAR), ("never registered", EAAR),
    ("preempted", WE), ("preempted", EA), ("preempted", WERO),
    ("preempted", EARO), ("preempted", WEAR), ("preempted", EAAR),
    ("registered", WE), ("registered", EA),
)  # fmt: skip
def test_who_is_fenced_off_by_a_persistent_reservation_changes_nothing(daemon, who, kind):
    with daemon.session() as holder, daemon.session() as victim:
        fill(holder)
        try:
            if who != "never registered":
                persist(victim, REGISTER, kind=0, key=0, new_key=VICTIM)
            persist(holder, REGISTER, kind=0, key=0, new_key=HOLDER)
            if who == "preempted":
                persist(victim, RESERVE, kind=kind)
                key = 0 if kind in (WEAR, EAAR) else VICTIM
                persist(holder, PREEMPT_AND_ABORT, kind=kind, key=HOLDER, new_key=key)
            else:
                persist(holder, RESERVE, kind=kind, key=HOLDER)
            holder.settle()
            victim.settle()
            passes = NEVER_STOPPED | DOES_NOTHING | (READERS if kind in (WE, WERO, WEAR) else set())
            if who == "registered":
                assert_registered_is_fenced(holder, victim, passes)
            else:
                assert_fenced(holder, victim, passes)
        finally:
            clear(daemon)


def assert_registered_is_fenced(holder, victim, passes):
    """Its PERSISTENT RESERVE OUT may do what is its right (CLEAR, PREEMPT): it is left out."""
    everything = reported(holder)
    fence = {c: n for c, n in everything.items() if c[0] != 0x5F}
    for command, length in fence.items():
        task = send(victim, command, length, asks=holder)
        assert is_conflict(task) != (command in passes), f"{name_of(command)}: {task.status:#x} {task.sense}"
    assert medium(holder) == PATTERN


def test_who_is_kept_out_by_RESERVE_changes_nothing(daemon):
    with daemon.session() as holder, daemon.session() as victim:
        fill(holder)
        for reserve, release in ((0x16, 0x17), (0x56, 0x57)):
            length = 6 if reserve == 0x16 else 10
            commands, before = reported(holder), state(holder)
            holder.scsi(bytes([reserve]) + bytes(length - 1))
            for command, size in commands.items():
                task = send(victim, command, size, asks=holder)
                assert is_conflict(task) != (command in PASSES_RESERVE), f"{name_of(command)}: {task.status:#x} {task.sense}"
            assert medium(holder) == PATTERN
            holder.scsi(bytes([release]) + bytes(length - 1))
            assert state(holder) == before
            victim.settle()


@cases(*PORT_STATES)
def test_through_a_port_that_is_not_active_nothing_is_changed(daemon, name):
    refused = scsi.NOT_READY, 0x04, PORT_STATES[name]
    with daemon.session() as c, second_path(daemon) as d:
        fill(c)
        try:
            daemon.call("portal_group.update", tag=2, alua_state=name)
            c.settle()
            commands = reported(c)
            while (task := d.try_scsi(scsi.test_unit_ready())).sense[0] == scsi.UNIT_ATTENTION:
                pass
            assert task.sense == refused
            for command, length in commands.items():
                if command == (0xA4, 0x0A):
                    continue  # is how an initiator moves a disk: test_alua.py
                task = send(d, command, length, asks=c)
                if command in PASSES_STATE[name]:
                    assert task.sense != refused, name_of(command)
                else:
                    assert task.sense == refused, f"{name_of(command)}: {task.status:#x} {task.sense}"
            assert c.settle() in ([], [scsi.MODE_CHANGED])  # MODE SELECT, in standby
            assert medium(c) == PATTERN
        finally:
            daemon.call("portal_group.update", tag=2, alua_state="optimized")
            clear(daemon)


def test_who_may_only_read_changes_nothing(daemon):
    with daemon.session() as c, daemon.session(READ_ONLY) as reader:
        fill(c)
        try:
            for command, length in reported(c).items():
                if command[0] in (0xA4, 0x5F):
                    continue  # about who may, not about the medium
                task = send(reader, command, length)
                if command in WRITERS or command in ((0x48, 1), (0x48, 2)):
                    assert task.sense == WRITE_PROTECTED, f"{name_of(command)}: {task.status:#x} {task.sense}"
                for undo in bytes([0x17, 0, 0, 0, 0, 0]), bytes([0x1E, 0, 0, 0, 0, 0]), bytes([0x1B, 0, 0, 0, 1, 0]):
                    reader.try_scsi(undo)  # what it has reserved, or prevented, or stopped
                c.settle()
                assert medium(c)[:4096] == PATTERN[:4096], name_of(command)
            assert medium(c) == PATTERN
        finally:
            clear(daemon)
