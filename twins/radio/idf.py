"""What of ESP-IDF's interfaces is a number, or differs between versions: errors, structures, callbacks.

| what                                                 | since         | source                                        |
|------------------------------------------------------|---------------|-----------------------------------------------|
| receive callback with `esp_now_recv_info_t`          | 5.0.1         | esp_now.h of the tags v5.0, v5.0.1            |
| `ESP_ERR_ESPNOW_CHAN`; before it, `_ARG`             | 5.2           | esp_now.h; espressif/arduino-esp32 issue 7486 |
| version 2 of ESP-NOW, up to 1490 bytes               | 5.4           | esp_now.h                                     |
| up to 1470 bytes                                     | 5.4.2         | esp_now.h of the tags v5.4.1, v5.4.2          |
| send callback with `wifi_tx_info_t`                  | 5.5           | esp_now.h of the tags v5.5-dev, v5.5          |
| `espnow_max_encrypt_num` near the end of the init    | 5.0.1, 4.4.8  | esp_wifi.h; two more words since 5.3          |
"""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from twins.image import Image

OK: Final = 0
ERR_NO_MEM: Final = 0x101
ERR_INVALID_ARG: Final = 0x102
ERR_NOT_SUPPORTED: Final = 0x106
WIFI_NOT_INIT: Final = 0x3001
WIFI_NOT_STARTED: Final = 0x3002
WIFI_NOT_STOPPED: Final = 0x3003
WIFI_IF: Final = 0x3004
WIFI_MODE: Final = 0x3005
NOW_NOT_INIT: Final = 0x3065
NOW_ARG: Final = 0x3066
NOW_NO_MEM: Final = 0x3067
NOW_FULL: Final = 0x3068
NOW_NOT_FOUND: Final = 0x3069
NOW_INTERNAL: Final = 0x306A
NOW_EXIST: Final = 0x306B
NOW_IF: Final = 0x306C
NOW_CHAN: Final = 0x306D

INIT_MAGIC: Final = 0x1F2F3F4F

Version = tuple[int, int, int]
NEWEST: Final[Version] = (99, 0, 0)

_DESCRIPTOR = struct.pack("<I", 0xABCD5432)
_IDF_AT, _IDF_BYTES = 112, 32


def version_of(text: str) -> Version | None:
    """A version of ESP-IDF from its description; one in development is not yet what it will be.

    >>> version_of("v5.5.1-2-gabc"), version_of("v4.4"), version_of("v5.5-dev-12-gabc"), version_of("unknown")
    ((5, 5, 1), (4, 4, 0), (5, 4, 99), None)
    """
    match = re.search(r"(\d+)\.(\d+)(?:\.(\d+))?(-dev)?", text)
    if match is None:
        return None
    major, minor, patch = int(match[1]), int(match[2]), int(match[3] or 0)
    return (major, minor - 1, 99) if match[4] else (major, minor, patch)


def image_version(image: Image | None) -> Version | None:
    """The version of ESP-IDF that an image's application descriptor names."""
    for segment in image.segments if image is not None else ():
        at = segment.data.find(_DESCRIPTOR)
        while at >= 0:
            text = segment.data[at + _IDF_AT : at + _IDF_AT + _IDF_BYTES].split(b"\0")[0]
            found = version_of(text.decode("ascii", "replace"))
            if found is not None:
                return found
            at = segment.data.find(_DESCRIPTOR, at + 4)
    return None


def rx_ctrl(rssi: int, rate: int, channel: int, microseconds: int, length: int, noise: int) -> bytes:
    """`wifi_pkt_rx_ctrl_t` of the ESP32-S3, twelve words: esp_wifi_types (v4.4), esp_wifi_types_native.h (v5.x)."""
    high_throughput = rate >= 0x10
    first = rssi & 0xFF | (0 if high_throughput else rate & 0x1F) << 8 | int(high_throughput) << 14
    second = (rate & 7 if high_throughput else 0) | int(rate >= 0x18) << 31
    words = [first, second, (channel & 0xF) << 16, microseconds & 0xFFFFFFFF, 0, noise & 0xFF]
    return struct.pack("<12I", *words, 0, 0, 0, 0, 0, length & 0xFFF)


def tx_info(destination: int, source: int, interface: int, data: int, length: int, rate: int, failed: bool) -> bytes:
    """`wifi_tx_info_t`, esp_wifi_types_generic.h (v5.5); its length has eight bits."""
    return struct.pack("<IIIIBxxxII", destination, source, interface, data, length & 0xFF, rate, int(failed))


def encrypted_peers(init: bytes, version: Version) -> int | None:
    """How many encrypted peers `wifi_init_config_t` allows; None where it does not say, or is none."""
    at = init.find(struct.pack("<I", INIT_MAGIC))
    behind = 12 if version >= (5, 3, 0) else 4
    if at < behind or version < (4, 4, 8) or version == (5, 0, 0):
        return None
    return int(struct.unpack_from("<i", init, at - behind)[0])
