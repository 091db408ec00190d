import network


class Wlan:
    """Wi-Fi of a chip, as a station; its radio is off between visits."""

    # TLS takes 20 KB in two blocks, and the session runs beside it
    needs = 61440
    first = 20

    def __init__(self):
        self._station = network.WLAN(network.STA_IF)

    def join(self, ssid, password):
        self._station.active(True)
        self._station.connect(ssid, password)

    def joined(self):
        return self._station.isconnected()

    def leave(self):
        self._station.disconnect()
        self._station.active(False)
