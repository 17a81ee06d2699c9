"""CHAP from the initiator's side (RFC 7143 section 12.1.3), step by step."""

import base64
import hashlib
import os

from initiator import FULL_FEATURE, OPERATIONAL, SECURITY, TRANSIT, ProtocolError

DIGESTS = {5: "md5", 6: "sha1", 7: "sha256", 8: "sha3_256"}


WRITE = {  # a binary value as text
    "hexadecimal": lambda data: "0x" + data.hex(),
    "HEXADECIMAL": lambda data: "0X" + data.hex().upper(),
    "base64": lambda data: "0b" + base64.b64encode(data).decode(),
}


def binary(text):
    """The bytes of a value as the target writes it: hexadecimal."""
    if not text.startswith("0x"):
        raise ProtocolError(f"not a hexadecimal value: {text}")
    return bytes.fromhex(text[2:])


def response(algorithm, identifier, secret, challenge):
    data = bytes([identifier]) + secret.encode() + challenge
    return hashlib.new(DIGESTS[algorithm], data).digest()


class Chap:
    """What connection C has to prove to TARGET (None: for discovery)."""

    def __init__(self, c, target, user, secret, write=WRITE["hexadecimal"]):
        self.c, self.user, self.secret, self.write = c, user, secret, write
        self.first = c.first_keys(target, discovery=target is None)

    def choose(self, methods="CHAP,None", nsg=None):
        pdu, answers = self.c.login_step({**self.first, "AuthMethod": methods}, SECURITY, nsg)
        if answers.get("AuthMethod") != "CHAP" or pdu.flags & TRANSIT:
            raise ProtocolError(f"CHAP was not chosen: {answers} {pdu!r}")
        return answers

    def ask(self, algorithms="8,7,6,5", nsg=None):
        """The target's challenge."""
        pdu, answers = self.c.login_step({"CHAP_A": algorithms}, SECURITY, nsg)
        if pdu.flags & TRANSIT or set(answers) != {"CHAP_A", "CHAP_I", "CHAP_C"}:
            raise ProtocolError(f"not a challenge: {answers} {pdu!r}")
        self.algorithm, self.identifier = int(answers["CHAP_A"]), int(answers["CHAP_I"])
        self.challenge = binary(answers["CHAP_C"])
        if not 0 <= self.identifier <= 255 or len(self.challenge) < 16:
            raise ProtocolError(f"a weak challenge: {answers}")
        return self.challenge

    def proof(self, **other):
        """The keys of the right answer; OTHER ones in their place, None for none."""
        right = response(self.algorithm, self.identifier, self.secret, self.challenge)
        keys = {"CHAP_N": self.user, "CHAP_R": self.write(right), **other}
        return {key: value for key, value in keys.items() if value is not None}

    def prove(self, nsg=OPERATIONAL, **other):
        pdu, answers = self.c.login_step(self.proof(**other), SECURITY, nsg)
        if bool(pdu.flags & TRANSIT) != (nsg is not None):
            raise ProtocolError(f"the target did not go on: {pdu!r}")
        return answers

    def prove_mutually(self, user, secret, challenge=None, identifier=7):
        """Also wants the target to prove that it is USER."""
        challenge = challenge or os.urandom(16)
        answers = self.prove(CHAP_I=identifier, CHAP_C=self.write(challenge))
        right = response(self.algorithm, identifier, secret, challenge)
        if answers.get("CHAP_N") != user or binary(answers.get("CHAP_R", "0x")) != right:
            raise ProtocolError(f"that is not {user}: {answers}")

    def finish(self):
        """The operational stage, then the full feature phase."""
        pdu, answers = self.c.login_step({}, OPERATIONAL, FULL_FEATURE)
        self.c.logged_in(pdu, {}, answers)

    def login(self, algorithms="8,7,6,5"):
        self.choose()
        self.ask(algorithms)
        self.prove()
        self.finish()
