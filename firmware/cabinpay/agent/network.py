"""A session on a board with Wi-Fi: it also takes the network to join. Its secret leaves the terminal in no message."""

import hashlib

from cabinpay.wire import cose
from cabinpay.wire.network import Network
from cabinpay.wire.schema import U32, integer, octets, row
from cabinpay.wire.trust import MAINTAIN

from .door import STATEMENT
from .errors import Refused
from .files import read_whole, write_whole
from .session import Session

NAME = "network"
_MOST = 2048
_piece = row(integer(0, U32), octets(1, 200))


def load(files, codec):
    """The Network, or None where there is none that can be used."""
    try:
        body = read_whole(files, NAME)
        return body and Network.unpack(body, codec)
    except (ValueError, OSError):
        return None


class NetworkSession(Session):
    def __init__(self, terminal, channel=b""):
        super().__init__(terminal, channel)
        self._ops["network"] = (_piece, self._network)
        self._ops["join"] = (row(STATEMENT), self._join)

    def _reset(self):
        super()._reset()
        self._given = bytearray()

    def _network(self, offset, piece):
        if offset != len(self._given) or offset + len(piece) > _MOST:
            self._given = bytearray()
            raise Refused("network_piece", "A network comes in order and has at most %d bytes." % _MOST)
        self._given.extend(piece)
        return len(self._given)

    def _join(self, signed):
        """Takes what was given over, where a ground key with right maintain names its SHA-256 in this session."""
        data, self._given = bytes(self._given), bytearray()
        _, payload = self._open_ground(signed, cose.AAD_MAINTENANCE, MAINTAIN)
        named = [self._terminal.keys.kid, self._session_nonce, hashlib.sha256(data).digest()]
        if self._codec.decode(payload) != named:
            raise Refused("network_session", "This network was meant for another terminal or session.")
        Network.unpack(data, self._codec)
        write_whole(self._terminal.files, NAME, data)
        return len(data)
