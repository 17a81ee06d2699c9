"""What comes after the peer did something wrong."""

from initiator import NOP_IN, NONE, NOP_OUT, FINAL, Closed
from pdu import ProtocolError


def aftermath(c, strict=True, timeout=5):
    """
    "alive" when the session still answers a NOP-Out, "closed" when the target ended it. Nothing
    else is allowed: no silence. With STRICT the rest must still be correct.
    """
    c.strict = c.strict and strict
    try:
        ping = c.request(NOP_OUT, b"alive?", immediate=True, flags=FINAL, ttt=NONE)
        c.send(ping)
        while True:
            try:
                pdu = c.pump(timeout)
            except ProtocolError:
                if strict:
                    raise
                continue
            if pdu.opcode == NOP_IN and pdu.itt == ping.itt:
                return "alive"
    except (Closed, ConnectionError):
        return "closed"


def rejects(c):
    """The Reject PDUs that came so far."""
    return [pdu for pdu in c.others if pdu.opcode == 0x3F]
