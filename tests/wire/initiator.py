"""
A small iSCSI initiator that checks every PDU it gets, and can speak wrongly.

Connection: a socket with digests and sequence numbers. Login, discovery, SCSI commands with their
data, task management, NOP, text and logout; send() and send_raw() send whatever is wanted.
"""

import os
import socket
import time

import scsi
from pdu import *  # noqa: F403
from pdu import ProtocolError, Pdu, check_reply, crc32c, text_decode, text_encode

INITIATOR = "iqn.2026-01.org.blockgate.test:initiator"

DEFAULTS = {  # of the standard, where a key was not negotiated
    "HeaderDigest": "None", "DataDigest": "None", "InitialR2T": "Yes", "ImmediateData": "Yes",
    "MaxBurstLength": "262144", "FirstBurstLength": "65536", "MaxOutstandingR2T": "1",
    "MaxRecvDataSegmentLength": "8192", "MaxConnections": "1", "ErrorRecoveryLevel": "0",
    "DefaultTime2Wait": "2", "DefaultTime2Retain": "20", "DataPDUInOrder": "Yes",
    "DataSequenceInOrder": "Yes",
}  # fmt: skip
OFFER = {  # what a usual login offers
    "HeaderDigest": "None", "DataDigest": "None", "InitialR2T": "No", "ImmediateData": "Yes",
    "MaxBurstLength": "16776192", "FirstBurstLength": "262144", "MaxOutstandingR2T": "8",
    "MaxRecvDataSegmentLength": "262144", "MaxConnections": "1", "ErrorRecoveryLevel": "0",
    "DefaultTime2Wait": "2", "DefaultTime2Retain": "0", "DataPDUInOrder": "Yes",
    "DataSequenceInOrder": "Yes",
}  # fmt: skip


class Closed(Exception):
    """The target closed the connection."""


class LoginFailed(Exception):
    def __init__(self, pdu):
        super().__init__(f"login failed with status {pdu.status_class:#x}/{pdu.status_detail:#x}")
        self.pdu = pdu
        self.status = (pdu.status_class, pdu.status_detail)


class CheckCondition(Exception):
    def __init__(self, task):
        super().__init__(f"cdb {task.cdb.hex()}: status {task.status:#x} sense {task.sense}")
        self.task = task
        self.sense = task.sense


def serial_less(a, b):
    """a < b by RFC 1982 arithmetic."""
    return a != b and (b - a) & 0xFFFFFFFF < 0x80000000


def lun_field(number, method=None):
    """LUN number as the 8-byte field: peripheral below 256, else flat."""
    if method is None:
        method = 0 if number < 256 else 1
    return bytes([method << 6 | number >> 8, number & 0xFF]) + bytes(6)


class Task:
    """A SCSI command under way, and how it ended."""

    def __init__(self, itt, cdb, lun, expected, is_read, write):
        self.itt, self.cdb, self.lun, self.expected = itt, cdb, lun, expected
        self.is_read, self.write = is_read, write
        self.data = bytearray()
        self.pdus = []  # all that came for it
        self.r2ts = []
        self.done = False
        self.status = self.sense = self.response = None
        self.residual = self.over = self.under = 0
        self.data_sn = self.r2t_sn = self.burst = 0
        self.unsolicited = 0

    def check_residual(self):
        assert not (self.over and self.under), self
        if not (self.over or self.under):
            assert self.residual == 0, f"residual {self.residual} without its flag"
        if self.is_read and self.status == scsi.GOOD:
            got = len(self.data)
            want = self.expected - (self.residual if self.under else 0)
            if got != want:
                raise ProtocolError(f"{got} bytes came, residuals say {want}: {self.cdb.hex()}")


class Connection:
    def __init__(self, address, name=INITIATOR, isid=None, timeout=5.0, receive_buffer=None):
        self.name = name
        self.isid = isid or b"\x80" + os.urandom(5)
        self.timeout = timeout
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        self.sock = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(timeout)
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            self.sock.connect(address)
        except BaseException:
            self.sock.close()
            raise
        self.header_digest = self.data_digest = False
        self.cmdsn, self.tsih, self.next_itt = 1, 0, 1
        self.statsn = None  # the next one expected
        self.expcmdsn = self.maxcmdsn = None
        self.params = dict(DEFAULTS)  # what was agreed
        self.receive_limit = 8192  # our MaxRecvDataSegmentLength
        self.tasks = {}
        self.others = []  # replies that belong to no command
        self.pings = 0
        self.answer_pings = True
        self.strict = True
        self.corrupt = None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    # --- bytes and PDUs ---

    def send_raw(self, raw):
        self.sock.sendall(raw)

    def send(self, pdu, damage=None):
        self.send_raw(pdu.encode(self.header_digest, self.data_digest, damage))

    def _receive(self, n, deadline):
        out = bytearray()
        while len(out) < n:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"{len(out)} of {n} bytes came in time")
            self.sock.settimeout(left)
            try:
                part = self.sock.recv(min(n - len(out), 1 << 20))
            except ConnectionResetError:
                raise Closed("reset") from None
            finally:
                self.sock.settimeout(self.timeout)
            if not part:
                raise Closed(f"closed after {len(out)} of {n} bytes")
            out += part
        return bytes(out)

    def recv(self, timeout=None):
        """The next PDU, with everything checked that holds for any."""
        deadline = time.monotonic() + (timeout or self.timeout)
        bhs = self._receive(48, deadline)
        ahs = self._receive(bhs[4] * 4, deadline)
        if self.header_digest:
            digest = int.from_bytes(self._receive(4, deadline), "little")
            if digest != crc32c(bhs + ahs):
                raise ProtocolError("wrong header digest")
        length = int.from_bytes(bhs[5:8], "big")
        padded = self._receive(length + -length % 4, deadline)
        if self.data_digest and length:
            digest = int.from_bytes(self._receive(4, deadline), "little")
            if digest != crc32c(padded):
                raise ProtocolError("wrong data digest")
        if any(padded[length:]):
            raise ProtocolError("padding is not zero")
        pdu = Pdu.parsed(bhs, ahs, padded[:length])
        if self.strict:
            check_reply(pdu)
            if length > self.receive_limit:
                raise ProtocolError(f"{length} bytes of data, our limit is {self.receive_limit}")
            self._check_numbers(pdu)
        return pdu

    def _check_numbers(self, pdu):
        counts = not (
            pdu.opcode == R2T
            or (pdu.opcode == DATA_IN and not pdu.flags & STATUS)
            or (pdu.opcode == NOP_IN and pdu.itt == NONE)
        )
        if pdu.opcode == DATA_IN and not pdu.flags & STATUS:
            pass  # StatSN is reserved
        elif self.statsn is None:
            self.statsn = pdu.statsn
        elif pdu.statsn != self.statsn:
            raise ProtocolError(f"StatSN is {pdu.statsn}, expected {self.statsn}: {pdu!r}")
        if counts:
            self.statsn = (self.statsn + 1) & 0xFFFFFFFF
        if self.expcmdsn is not None:
            if serial_less(pdu.expcmdsn, self.expcmdsn):
                raise ProtocolError(f"ExpCmdSN went back from {self.expcmdsn}: {pdu!r}")
            if serial_less(pdu.maxcmdsn, self.maxcmdsn):
                raise ProtocolError(f"MaxCmdSN went back from {self.maxcmdsn}: {pdu!r}")
        if serial_less(pdu.maxcmdsn, (pdu.expcmdsn - 1) & 0xFFFFFFFF):
            raise ProtocolError(f"MaxCmdSN is below ExpCmdSN - 1: {pdu!r}")
        self.expcmdsn, self.maxcmdsn = pdu.expcmdsn, pdu.maxcmdsn

    def expect_close(self, timeout=None):
        """The target closes; what it still sends before is returned."""
        got = []
        deadline = time.monotonic() + (timeout or self.timeout)
        try:
            while True:
                got.append(self.recv(max(deadline - time.monotonic(), 0.001)))
        except Closed:
            return got
        except (BrokenPipeError, ConnectionError):
            return got

    def _itt(self):
        itt = self.next_itt
        self.next_itt += 1
        return itt

    def request(self, opcode, data=b"", ahs=b"", immediate=False, **fields):
        """A request PDU with the numbers that are due; CmdSN moves on unless immediate."""
        fields.setdefault("itt", self._itt())
        fields.setdefault("expstatsn", self.statsn or 0)
        if opcode not in (DATA_OUT, SNACK) and "cmdsn" not in fields:
            fields["cmdsn"] = self.cmdsn
            if not immediate and opcode != LOGIN:
                self.cmdsn = (self.cmdsn + 1) & 0xFFFFFFFF
        return Pdu(opcode, data, ahs, immediate, **fields)

    # --- login ---

    def login_send(self, keys, csg, nsg=None, more=False, **fields):
        flags = csg << 2 | (0 if nsg is None else TRANSIT | nsg) | (CONTINUE if more else 0)
        fields = {"flags": flags, "isid": self.isid, "tsih": self.tsih, "itt": 0, **fields}
        data = keys if isinstance(keys, bytes) else text_encode(keys)
        self.send(self.request(LOGIN, data, immediate=True, **fields))

    def login_step(self, keys, csg, nsg=None, more=False, **fields):
        """One login request and its response: (pdu, keys). Raises LoginFailed."""
        self.login_send(keys, csg, nsg, more, **fields)
        return self.login_receive()

    def login_receive(self):
        pdu = self.recv()
        if pdu.opcode != LOGIN_RESPONSE:
            raise ProtocolError(f"expected a login response: {pdu!r}")
        if pdu.status_class:
            raise LoginFailed(pdu)
        if pdu.isid != self.isid:
            raise ProtocolError(f"ISID {pdu.isid.hex()} is not ours")
        return pdu, dict(text_decode(pdu.data)) if not pdu.flags & CONTINUE else None

    def first_keys(self, target=None, discovery=False):
        keys = {"InitiatorName": self.name}
        if discovery:
            keys["SessionType"] = "Discovery"
        if target:
            keys["TargetName"] = target
        return keys

    def login(self, target=None, discovery=False, security=False, raw=None, **offer):
        """
        Log in to TARGET, offering OFFER over the usual keys (None takes one away); with RAW only
        what is in it. Returns what the target answered.
        """
        keys = dict(OFFER) if raw is None else {}
        keys.update(raw if raw is not None else offer)
        keys = {key: value for key, value in keys.items() if value is not None}
        first = self.first_keys(target, discovery)
        answers = {}
        if security:
            pdu, got = self.login_step({**first, "AuthMethod": "None"}, SECURITY, OPERATIONAL)
            answers.update(got)
            if pdu.flags != (TRANSIT | SECURITY << 2 | OPERATIONAL):
                raise ProtocolError(f"target did not go to the operational stage: {pdu!r}")
            first = {}
        pdu, got = self.login_step({**first, **keys}, OPERATIONAL, FULL_FEATURE)
        answers.update(got)
        steps = 0
        while not pdu.flags & TRANSIT:
            steps += 1
            if steps > 8:
                raise ProtocolError("login does not end")
            pdu, got = self.login_step({}, OPERATIONAL, FULL_FEATURE)
            answers.update(got)
        if pdu.flags != (TRANSIT | OPERATIONAL << 2 | FULL_FEATURE):
            raise ProtocolError(f"login ended with flags {pdu.flags:#x}")
        self.logged_in(pdu, keys, answers)
        return answers

    def logged_in(self, pdu, offered, answers):
        if not pdu.tsih:
            raise ProtocolError("TSIH is zero at the end of the login")
        self.tsih = pdu.tsih
        self.params = dict(DEFAULTS)
        for key, value in answers.items():
            if value not in ("Irrelevant", "Reject", "NotUnderstood"):
                self.params[key] = value
        self.header_digest = self.params["HeaderDigest"] == "CRC32C"
        self.data_digest = self.params["DataDigest"] == "CRC32C"
        self.receive_limit = int(offered.get("MaxRecvDataSegmentLength", 8192))

    def number(self, key):
        return int(self.params[key], 0)

    # --- SCSI commands ---

    def submit(self, cdb, lun=0, read=0, write=b"", expected=None, immediate=False, attr=SIMPLE,
               unsolicited=None, **fields):  # fmt: skip
        """
        Send a command with its immediate and unsolicited data. UNSOLICITED: (immediate bytes,
        bytes in Data-Out PDUs) instead of as much as was agreed. Returns a Task.
        """
        data = bytes(write)
        if expected is None:
            expected = len(data) or read
        now, later = self._unsolicited(len(data)) if unsolicited is None else unsolicited
        flags = attr | (READ if read else 0) | (WRITE if data else 0) | (0 if later else FINAL)
        lun = lun if isinstance(lun, bytes) else lun_field(lun)
        fields = {"flags": flags, "lun": lun, "expected": expected, "cdb": cdb, **fields}
        pdu = self.request(SCSI_COMMAND, data[:now], immediate=immediate, **fields)
        task = Task(pdu.itt, cdb, lun, expected, bool(read), data)
        task.unsolicited = now + later
        self.tasks[pdu.itt] = task
        self.send(pdu)
        if later:
            self.data_out(task, now, later)
        return task

    def _unsolicited(self, length):
        limit = min(length, self.number("FirstBurstLength"))
        now = later = 0
        if self.params["ImmediateData"] == "Yes":
            now = min(limit, self.number("MaxRecvDataSegmentLength"))
        if self.params["InitialR2T"] == "No":
            later = limit - now
        return now, later

    def data_out(self, task, offset, length, ttt=NONE, **fields):
        """One sequence of Data-Out PDUs."""
        limit = self.number("MaxRecvDataSegmentLength")
        sn = 0
        while length:
            part = min(length, limit)
            length -= part
            values = {"flags": 0 if length else FINAL, "lun": task.lun, "itt": task.itt, "ttt": ttt,
                      "datasn": sn, "offset": offset, **fields}  # fmt: skip
            self.send(self.request(DATA_OUT, task.write[offset : offset + part], **values))
            offset += part
            sn += 1

    def pump(self, timeout=None):
        """Receive one PDU and do what it asks for. Returns it."""
        pdu = self.recv(timeout)
        if pdu.opcode in (DATA_IN, SCSI_RESPONSE, R2T):
            task = self.tasks.get(pdu.itt)
            if task is None:
                raise ProtocolError(f"for no command under way: {pdu!r}")
            task.pdus.append(pdu)
            _HANDLERS[pdu.opcode](self, task, pdu)
        elif pdu.opcode == NOP_IN and pdu.itt == NONE and pdu.ttt != NONE:
            self.pings += 1
            if self.answer_pings:
                self.send(self.request(NOP_OUT, pdu.data, immediate=True, flags=FINAL, itt=NONE,
                                       ttt=pdu.ttt, lun=pdu.lun))  # fmt: skip
            else:
                self.others.append(pdu)
        else:
            self.others.append(pdu)
        return pdu

    def _data_in(self, task, pdu):
        if not task.is_read:
            raise ProtocolError(f"Data-In for a command that does not read: {pdu!r}")
        if pdu.datasn != task.data_sn or pdu.offset != len(task.data):
            raise ProtocolError(f"out of order, {len(task.data)} bytes came so far: {pdu!r}")
        task.data_sn += 1
        task.data += pdu.data
        task.burst += len(pdu.data)
        if task.burst > self.number("MaxBurstLength"):
            raise ProtocolError(f"sequence longer than MaxBurstLength: {pdu!r}")
        if len(task.data) > task.expected:
            raise ProtocolError(f"more than the expected {task.expected} bytes: {pdu!r}")
        if pdu.flags & FINAL:
            task.burst = 0
        if pdu.flags & STATUS:
            if not pdu.flags & FINAL:
                raise ProtocolError(f"status without the F bit: {pdu!r}")
            self._ended(task, pdu, pdu.flags & RESIDUAL_OVER, pdu.flags & RESIDUAL_UNDER)
        elif pdu.flags & (RESIDUAL_OVER | RESIDUAL_UNDER):
            raise ProtocolError(f"residual without status: {pdu!r}")

    def _response(self, task, pdu):
        task.response = pdu.response
        if len(pdu.data) >= 2:
            length = int.from_bytes(pdu.data[:2], "big")
            assert 2 + length <= len(pdu.data), f"sense longer than the data: {pdu!r}"
            if length:
                task.sense = scsi.Sense(pdu.data[2 : 2 + length])
        if task.is_read and pdu.response == 0 and pdu.status == 0 and pdu.expdatasn != task.data_sn:
            raise ProtocolError(f"ExpDataSN is not {task.data_sn}: {pdu!r}")
        self._ended(task, pdu, pdu.flags & RESIDUAL_OVER, pdu.flags & RESIDUAL_UNDER)

    def _ended(self, task, pdu, over, under):
        task.status, task.residual = pdu.status, pdu.residual
        task.over, task.under = bool(over), bool(under)
        task.done = True
        del self.tasks[task.itt]
        if not task.response:
            task.check_residual()
        if task.status == scsi.CHECK_CONDITION and task.sense is None:
            raise ProtocolError(f"CHECK CONDITION without sense: {pdu!r}")

    def _r2t(self, task, pdu):
        if pdu.ttt == NONE or pdu.r2tsn != task.r2t_sn:
            raise ProtocolError(f"R2TSN is not {task.r2t_sn}: {pdu!r}")
        if not 0 < pdu.length <= self.number("MaxBurstLength"):
            raise ProtocolError(f"asks for more than MaxBurstLength, or nothing: {pdu!r}")
        want = task.r2ts[-1].offset + task.r2ts[-1].length if task.r2ts else task.unsolicited
        if pdu.offset != want:
            raise ProtocolError(f"asks for offset {pdu.offset}, {want} is next: {pdu!r}")
        if pdu.offset + pdu.length > task.expected:
            raise ProtocolError(f"asks for more than there is: {pdu!r}")
        task.r2t_sn += 1
        task.r2ts.append(pdu)
        self.on_r2t(task, pdu)

    def on_r2t(self, task, pdu):
        self.data_out(task, pdu.offset, pdu.length, pdu.ttt)

    def wait(self, task, timeout=None):
        deadline = time.monotonic() + (timeout or self.timeout)
        while not task.done:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no answer to {task.cdb.hex()}")
            self.pump(left)
        return task

    def try_scsi(self, cdb, timeout=None, **how):
        """Run a command to its end, whatever that is. Returns the Task."""
        return self.wait(self.submit(cdb, **how), timeout)

    def scsi(self, cdb, timeout=None, **how):
        """Run a command that must end with GOOD. Returns the Task."""
        task = self.try_scsi(cdb, timeout, **how)
        if task.response or task.status:
            raise CheckCondition(task)
        return task

    def scsi_after_attentions(self, cdb, **how):
        """As scsi(), but what others do meanwhile (a reset, say) is news, not an error."""
        for _ in range(16):
            task = self.try_scsi(cdb, **how)
            if task.status != scsi.CHECK_CONDITION or task.sense[0] != scsi.UNIT_ATTENTION:
                break
        if task.response or task.status:
            raise CheckCondition(task)
        return task

    def settle(self, lun=0):
        """Take unit attentions until the LUN is ready. Returns them as (key, asc, ascq)."""
        taken = []
        for _ in range(16):
            task = self.try_scsi(scsi.test_unit_ready(), lun=lun)
            if task.status == scsi.GOOD:
                return taken
            if task.status != scsi.CHECK_CONDITION or task.sense[0] != scsi.UNIT_ATTENTION:
                raise CheckCondition(task)
            taken.append(tuple(task.sense))
        raise AssertionError(f"unit attentions do not end: {taken}")

    # --- everything else ---

    def expect(self, opcode, itt=None, timeout=None):
        """The next reply of that kind, meanwhile serving commands and pings."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while True:
            for pdu in self.others:
                if pdu.opcode == opcode and itt in (None, pdu.itt):
                    self.others.remove(pdu)
                    return pdu
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError(f"no {NAMES[opcode]} came; others: {self.others}")
            self.pump(left)

    def nop(self, data=b"", immediate=True, **fields):
        fields = {"flags": FINAL, "ttt": NONE, **fields}
        pdu = self.request(NOP_OUT, data, immediate=immediate, **fields)
        self.send(pdu)
        reply = self.expect(NOP_IN, pdu.itt)
        if reply.ttt != NONE:
            raise ProtocolError(f"answer to a NOP-Out with a transfer tag: {reply!r}")
        return reply

    def task_management(self, function, lun=0, task=None, immediate=True, **fields):
        """Send a task management request. Returns the response code."""
        lun = lun if isinstance(lun, bytes) else lun_field(lun)
        fields = {"flags": FINAL | function, "lun": lun, "ref_itt": task.itt if task else NONE,
                  **fields}  # fmt: skip
        pdu = self.request(TASK_MGMT, immediate=immediate, **fields)
        self.send(pdu)
        return self.expect(TASK_MGMT_RESPONSE, pdu.itt).response

    def text(self, keys, **fields):
        """A text exchange: [(key, value)], with continued answers put together."""
        data, ttt = b"", NONE
        itt = fields.pop("itt", None) or self._itt()
        request = text_encode(keys)
        while True:
            fields = {"flags": FINAL, **fields}
            self.send(self.request(TEXT, request, itt=itt, ttt=ttt, **fields))
            reply = self.expect(TEXT_RESPONSE, itt)
            data += reply.data
            if reply.flags & FINAL:
                if reply.flags & CONTINUE or reply.ttt != NONE:
                    raise ProtocolError(f"final and continued: {reply!r}")
                return text_decode(data)
            if reply.ttt == NONE:
                raise ProtocolError(f"not final, but without a transfer tag: {reply!r}")
            request, ttt = b"", reply.ttt

    def send_targets(self, what="All"):
        """{target: [address,tag]} of SendTargets."""
        targets, last = {}, None
        for key, value in self.text({"SendTargets": what}):
            if key == "TargetName":
                last = targets.setdefault(value, [])
            else:
                assert key == "TargetAddress", key
                last.append(value)
        return targets

    def logout(self, reason=0, cid=0, immediate=False, **fields):
        """Logout; returns the response code. The target closes after success."""
        fields = {"flags": FINAL | reason, "cid": cid, **fields}
        pdu = self.request(LOGOUT, immediate=immediate, **fields)
        self.send(pdu)
        return self.expect(LOGOUT_RESPONSE, pdu.itt).response


_HANDLERS = {DATA_IN: Connection._data_in, SCSI_RESPONSE: Connection._response, R2T: Connection._r2t}
