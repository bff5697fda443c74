"""Radio between twins: the air (`Medium`), ESP-NOW in a twin (`EspNow`), and devices in Python (`EspNowPeer`)."""

from twins.radio.espnow import EspNow
from twins.radio.frames import BROADCAST, EspNowFrame
from twins.radio.medium import Aired, Medium, PathLoss
from twins.radio.peer import EspNowPeer, Received, Sent

__all__ = [
    "BROADCAST",
    "Aired",
    "EspNow",
    "EspNowFrame",
    "EspNowPeer",
    "Medium",
    "PathLoss",
    "Received",
    "Sent",
]
