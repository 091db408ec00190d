"""The network that terminals with Wi-Fi join on the ground, from a small TOML file that holds a secret:

    ssid = "Ground"
    password = "..."
    address = "10.1.2.3"
    port = 7340
    certificate = "gate.crt"
    next = "next.crt"          # may be left out
"""

from __future__ import annotations

import ipaddress
from pathlib import Path

from cabinpay.wire.network import Network
from cabinpay.wire.schema import text

from . import certificate, codec, files, toml


def read(path: Path) -> bytes:
    """What a terminal is given; HostError where the file is not that, or others could read it."""
    files.refuse_shared(path)
    top = toml.load(path)
    network = Network(
        ssid=top.text("ssid", text(1, 32), "1 to 32 printable ASCII characters"),
        password=top.text("password", text(0, 63), "at most 63 printable ASCII characters"),
        address=top.text("address", _is_address, "the gateway's IPv4 address: a name would have to be looked up"),
        port=top.whole("port", 1, 65535),
        certificates=[certificate.load(path.parent / name) for name in _names(top)],
    )
    top.done()
    return network.pack(codec)


def _names(top: toml.Table) -> list[str]:
    wanted = ["certificate", *(["next"] if "next" in top else [])]
    return [top.text(name, bool, "the path of a .crt file") for name in wanted]


def _is_address(word: str) -> bool:
    try:
        return str(ipaddress.IPv4Address(word)) == word
    except ValueError:
        return False
