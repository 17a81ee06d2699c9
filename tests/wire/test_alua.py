"""Asymmetric access: two portal groups, their states by the operator and by an initiator."""

import struct

import scsi
from daemon import TARGET, free_port
from initiator import Connection
from runner import cases

PORT_STATE_CHANGED = (scsi.UNIT_ATTENTION, 0x2A, 6)
STANDBY = (scsi.NOT_READY, 0x04, 0x0B)
UNAVAILABLE = (scsi.NOT_READY, 0x04, 0x0C)
TRANSITION = (scsi.NOT_READY, 0x04, 0x0A)


def setup(daemon):
    daemon.other_port = free_port()
    daemon.make_disk()
    daemon.call("portal_group.create", tag=2,
                portals=[{"address": "127.0.0.1", "port": daemon.other_port}])  # fmt: skip
    daemon.make_target(portal_groups=[1, 2])


def second_path(daemon, settle=True):
    c = Connection(("127.0.0.1", daemon.other_port))
    c.login(TARGET)
    if settle:
        c.settle()
    return c


def report():
    return struct.pack(">BB4xIBB", 0xA3, 0x0A, 255, 0, 0)


def set_states(c, **states):
    body = bytes(4) + b"".join(struct.pack(">BxH", s, int(tag[1:])) for tag, s in states.items())
    cdb = struct.pack(">BB4xIBB", 0xA4, 0x0A, len(body), 0, 0)
    return c.try_scsi(cdb, write=body)


def groups(c):
    """{tag: (state, preferred)}"""
    data = bytes(c.scsi(report(), read=255).data)
    (length,) = struct.unpack_from(">I", data)
    assert length == len(data) - 4
    found = {}
    for at in range(4, len(data), 12):
        state, _, tag, _, _, _, ports, _, port = struct.unpack_from(">BBHBBBBHH", data, at)
        assert (ports, port) == (1, tag)
        found[tag] = state & 0xF, bool(state & 0x80)
    return found


def attention(c):
    return tuple(c.try_scsi(scsi.test_unit_ready()).sense)


def test_groups_of_the_target_are_reported_and_INQUIRY_tells_of_them(daemon):
    with daemon.session() as c, second_path(daemon) as d:
        assert groups(c) == groups(d) == {1: (0, False), 2: (0, False)}
        assert bytes(c.scsi(scsi.inquiry(36), read=36).data)[5] & 0x30 == 0x30


@cases(("standby", 2, STANDBY), ("unavailable", 3, UNAVAILABLE), ("transitioning", 15, TRANSITION))
def test_the_operators_state_stops_one_path_and_not_the_other(daemon, name, number, sense):
    with daemon.session() as c, second_path(daemon) as d:
        changed = daemon.call("portal_group.update", tag=2, alua_state=name, preferred=True)
        assert changed["portal_group"]["alua_state"] == name
        try:
            assert attention(c) == attention(d) == PORT_STATE_CHANGED
            assert groups(c) == groups(d) == {1: (0, False), 2: (number, True)}
            c.scsi(scsi.write(0, 1), write=bytes(512))
            assert d.try_scsi(scsi.read(0, 1), read=512).sense == sense
            assert d.try_scsi(scsi.write(0, 1), write=bytes(512)).sense == sense
            d.scsi(scsi.inquiry(36), read=36)
            with second_path(daemon, settle=False) as late:
                assert attention(late) == scsi.POWER_ON
                assert late.try_scsi(scsi.read(0, 1), read=512).sense == sense
        finally:
            daemon.call("portal_group.update", tag=2, alua_state="optimized", preferred=False)
        assert attention(c) == attention(d) == PORT_STATE_CHANGED
        d.scsi(scsi.read(0, 1), read=512)


def test_an_initiator_moves_the_disk_to_the_other_path(daemon):
    with daemon.session() as c, second_path(daemon) as d:
        assert set_states(c, g1=2, g2=0).status == scsi.GOOD
        assert attention(d) == PORT_STATE_CHANGED
        assert c.try_scsi(scsi.test_unit_ready()).sense == STANDBY  # who asked is not told
        d.scsi(scsi.read(0, 1), read=512)
        assert set_states(d, g1=0).status == scsi.GOOD
        assert attention(c) == PORT_STATE_CHANGED
        c.scsi(scsi.read(0, 1), read=512)


def test_what_an_initiator_says_is_for_one_disk_and_ends_with_the_operators_word(daemon):
    daemon.make_disk("disk1")
    daemon.call("lun.create", target=TARGET, lun=1, backstore="disk1")
    with daemon.session() as c, second_path(daemon) as d:
        assert set_states(c, g2=3).status == scsi.GOOD
        d.settle(1)
        d.scsi(scsi.read(0, 1), lun=1, read=512)
        assert attention(d) == PORT_STATE_CHANGED
        assert d.try_scsi(scsi.read(0, 1), read=512).sense == UNAVAILABLE
        daemon.call("portal_group.update", tag=2, alua_state="non_optimized")
        assert attention(d) == PORT_STATE_CHANGED
        d.scsi(scsi.read(0, 1), read=512)
        assert attention(c) == PORT_STATE_CHANGED
        assert groups(c)[2] == (1, False)
    daemon.call("portal_group.update", tag=2, alua_state="optimized")
    daemon.call("lun.delete", target=TARGET, lun=1, force=True)
