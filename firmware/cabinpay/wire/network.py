"""The network that a terminal joins on the ground. Read and written only where there is Wi-Fi."""

from .schema import Record, integer, listed, octets, text

# What a terminal calls whichever gateway it talks to: the pin says which it is, not its name
SERVER_NAME = "gateway.cabinpay"


class Network(Record):
    """address: the gateway's IPv4 address, for looking up a name would block a sale; certificates: the gateway's
    present and next one as DER, of which a bundle pins those that count."""

    FIELDS = (
        (1, "ssid", text(1, 32)),
        (2, "password", text(0, 63)),
        (3, "address", text(7, 15)),
        (4, "port", integer(1, 65535)),
        (5, "certificates", listed(octets(1, 600), 1, 2)),
    )
    ssid: str
    password: str
    address: str
    port: int
    certificates: "list[bytes]"
