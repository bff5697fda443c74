"""Packets of GDB's remote serial protocol (GDB manual, appendix E.1 "Overview", E.9 "Packet Acknowledgment")."""

from __future__ import annotations

from collections.abc import Iterator

LONGEST = 0x4000
"""Bytes in a packet that are taken; told as PacketSize."""
INTERRUPT = b"\x03"
ESCAPE = 0x7D
ESCAPED = frozenset(b"#$}*")


class Framing:
    """Finds packets in what a client sends, and acknowledges them."""

    def __init__(self) -> None:
        self.acknowledges = True
        self._rest = bytearray()

    def feed(self, data: bytes) -> Iterator[tuple[bytes | None, bytes]]:
        """For each thing that came: a packet's contents, `INTERRUPT`, or None; and what to send for it at once.

        >>> list(Framing().feed(b"+$qC#b4"))
        [(b'qC', b'+')]
        >>> list(Framing().feed(b"$qC#00"))
        [(None, b'-')]
        """
        self._rest += data
        while self._rest:
            first = self._rest[:1]
            if first == INTERRUPT:
                del self._rest[:1]
                yield INTERRUPT, b""
            elif first != b"$":  # an acknowledgement, or noise
                del self._rest[:1]
            else:
                end = self._rest.find(b"#")
                # Unescaped, it only begins a packet: the one before was broken off.
                begin = self._rest.rfind(b"$", 0, end) if end >= 0 else 0
                if begin > 0:
                    del self._rest[:begin]
                    continue
                if end < 0 or len(self._rest) < end + 3:
                    if len(self._rest) > 2 * LONGEST:
                        self._rest.clear()
                        yield None, self._acknowledge(b"-")
                    return
                body, given = bytes(self._rest[1:end]), bytes(self._rest[end + 1 : end + 3])
                del self._rest[: end + 3]
                if given.lower() == b"%02x" % (sum(body) & 0xFF):
                    yield body, self._acknowledge(b"+")
                else:
                    yield None, self._acknowledge(b"-")

    def _acknowledge(self, sign: bytes) -> bytes:
        return sign if self.acknowledges else b""


def packet(body: bytes) -> bytes:
    """A packet around contents that are escaped already.

    >>> packet(b"OK")
    b'$OK#9a'
    """
    return b"$" + body + b"#%02x" % (sum(body) & 0xFF)


def escape(data: bytes) -> bytes:
    """Binary data as it stands in a packet.

    >>> escape(b"a}#")
    b'a}]}\\x03'
    """
    found = bytearray()
    for byte in data:
        found += bytes([ESCAPE, byte ^ 0x20]) if byte in ESCAPED else bytes([byte])
    return bytes(found)


def unescape(data: bytes) -> bytes:
    """The binary data that stands so in a packet.

    >>> unescape(escape(bytes(range(256)))) == bytes(range(256))
    True
    """
    found, rest = bytearray(), iter(data)
    for byte in rest:
        if byte == ESCAPE:
            byte = next(rest, 0x20) ^ 0x20
        found.append(byte)
    return bytes(found)
