"""Rates of 802.11b/g/n in 2.4 GHz: how long a frame is on the air, how strong it leaves and how weak it may arrive.

| what                                    | value                         | source                                     |
|-----------------------------------------|-------------------------------|--------------------------------------------|
| codes of rates                          | `RATES`                       | ESP-IDF v5.5 `wifi_phy_rate_t`             |
| long, short preamble of 802.11b         | 192 us, 96 us                 | IEEE 802.11-2020, 15.2.2, 16.2.2           |
| OFDM: preamble and signal, symbol, tail | 20 us, 4 us, 6 us             | 17.3.2, 18.3.2.4 (signal extension)        |
| HT mixed format: preamble               | 36 us, symbol 4 us or 3.6 us  | 19.3.9                                     |
| SIFS, slot, DIFS; CWmin, CWmax          | 10, 20, 50 us; 31, 1023       | 16.3.4 and 10.3.2.3: a mixed b/g cell      |
| power, sensitivity                      | `Rate.power`, `.sensitivity`  | ESP32-S3-WROOM-1 datasheet v1.8, 7-2, 7-4  |

The two rates of Espressif's long range mode have a format that is not published: they are not modelled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from twins.units import US

SIFS = 10 * US
SLOT = 20 * US
DIFS = SIFS + 2 * SLOT
CW_MIN, CW_MAX = 31, 1023
ACK_BYTES = 14


@dataclass(frozen=True)
class Rate:
    """One of the rates.

    Attributes:
        code: ESP-IDF's number of it.
        preamble: ps before the first bit of the frame.
        symbol: ps that a symbol takes.
        bits: bits in a symbol.
        service: bits around the frame: service field and tail.
        extension: ps of silence that belong to the frame.
        ack: code of the rate of its acknowledgement.
        power: dBm at the antenna port.
        sensitivity: dBm that a receiver needs.
    """

    code: int
    name: str
    preamble: int
    symbol: int
    bits: float
    service: int
    extension: int
    ack: int
    power: float
    sensitivity: float

    def airtime(self, count: int) -> int:
        """How long a frame of so many bytes, frame check sequence included, is on the air, in ps.

        >>> RATES[0x00].airtime(14) // US, RATES[0x0C].airtime(1500) // US
        (304, 250)
        """
        symbols = math.ceil((self.service + 8 * count) / self.bits)
        return self.preamble + symbols * self.symbol + self.extension


def _dsss(code: int, mbps: float, preamble: int, sensitivity: float) -> Rate:
    name = f"{mbps:g} Mbps, {'long' if preamble == 192 else 'short'} preamble"
    ack = 0x00 if preamble == 192 else 0x05
    return Rate(code, name, preamble * US, US, mbps, 0, 0, ack, 20.5, sensitivity)


def _ofdm(code: int, mbps: int, ack: int, power: float, sensitivity: float) -> Rate:
    return Rate(code, f"{mbps} Mbps", 20 * US, 4 * US, 4 * mbps, 22, 6 * US, ack, power, sensitivity)


def _ht(mcs: int, bits: int, ack: int, power: float, sensitivity: float) -> tuple[Rate, Rate]:
    return (
        Rate(0x10 + mcs, f"MCS{mcs}", 36 * US, 4 * US, bits, 22, 6 * US, ack, power, sensitivity),
        Rate(0x18 + mcs, f"MCS{mcs}, short guard", 36 * US, 36 * US // 10, bits, 22, 6 * US, ack, power, sensitivity),
    )


_ALL = [
    _dsss(0x00, 1, 192, -98.2),
    _dsss(0x01, 2, 192, -95.6),
    _dsss(0x02, 5.5, 192, -92.8),
    _dsss(0x03, 11, 192, -88.5),
    _dsss(0x05, 2, 96, -95.6),
    _dsss(0x06, 5.5, 96, -92.8),
    _dsss(0x07, 11, 96, -88.5),
    _ofdm(0x0B, 6, 0x0B, 20.0, -93.0),
    _ofdm(0x0F, 9, 0x0B, 20.0, -92.0),
    _ofdm(0x0A, 12, 0x0A, 20.0, -90.8),
    _ofdm(0x0E, 18, 0x0A, 20.0, -88.5),
    _ofdm(0x09, 24, 0x09, 18.0, -85.5),
    _ofdm(0x0D, 36, 0x09, 18.0, -82.2),
    _ofdm(0x08, 48, 0x09, 18.0, -78.0),
    _ofdm(0x0C, 54, 0x09, 18.0, -76.2),
    *_ht(0, 26, 0x0B, 19.0, -93.0),
    *_ht(1, 52, 0x0A, 19.0, -90.6),
    *_ht(2, 78, 0x0A, 19.0, -88.4),
    *_ht(3, 104, 0x09, 19.0, -84.8),
    *_ht(4, 156, 0x09, 17.5, -81.6),
    *_ht(5, 208, 0x09, 17.5, -77.4),
    *_ht(6, 234, 0x09, 17.5, -75.6),
    *_ht(7, 260, 0x09, 17.5, -74.2),
]

RATES: dict[int, Rate] = {rate.code: rate for rate in _ALL}
"""The rates by ESP-IDF's number. The datasheet gives the power of the slowest and fastest rate of a kind; those between
have that of the nearer one."""

ONE_MBPS = RATES[0x00]
"""What ESP-NOW uses unless told otherwise."""
