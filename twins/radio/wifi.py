"""Wi-Fi of an image of ESP-IDF at function level: the driver's state, its task, and the part of a station in the air.

The functions of the radio stack are intercepted by their symbols; none of the stack runs. What a function does and
refuses is esp_wifi.h (v4.4 to v6.0). Frames go to the world's medium; what comes from there wakes a task of the
firmware's own kernel, made when `esp_wifi_init` is called: priority 23 on core 0, as ESP-IDF's. In it the firmware's
callbacks run, so they may do what they may do there.

Not there: connecting, scanning, access points for others, events (`WIFI_EVENT`), promiscuous reception, power saving:
the receiver is on from start to stop. Functions for these return ESP_ERR_NOT_SUPPORTED, are counted in `refused`, and
said once.
"""

from __future__ import annotations

import logging
from collections import Counter, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from twins.errors import UsageError
from twins.intercept import Call, Guest
from twins.ports import Part
from twins.radio import idf
from twins.radio.frames import mac_text
from twins.radio.medium import QUIET, SETTLE, Heard, Packet
from twins.radio.rates import RATES
from twins.units import Duration

if TYPE_CHECKING:
    from twins.abi import Pointer
    from twins.twin import Twin
    from twins.world import World

log = logging.getLogger("twins")

FUSES_MAC = bytes.fromhex("7cdfa1010203")
"""What is in the fuses of a board whose file does not say."""

_TASK_ARGUMENT = 0x49464957
_TASK_NAME, _TASK_STACK, _TASK_PRIORITY = b"wifi\0", 6656, 23
_QUEUE_LENGTH = 64
_FOR_EVER = 0xFFFFFFFF
_STATION, _ACCESS_POINT, _BOTH = 1, 2, 3

# Where in the firmware's memory the task has what it gives to callbacks.
NAME_AT, SOURCE_AT, DESTINATION_AT, CONTROL_AT, INFO_AT, DATA_AT = 0, 8, 16, 24, 72, 104
BUFFER_BYTES = DATA_AT + 1536

# esp_wifi.h, esp_wifi_set_max_tx_power: quarters of a dBm that are set, and what they become.
_POWER_STEPS = (8, 20, 28, 34, 44, 52, 56, 60, 66, 72, 80)

_REFUSED = (
    "esp_wifi_connect",
    "esp_wifi_disconnect",
    "esp_wifi_deauth_sta",
    "esp_wifi_scan_start",
    "esp_wifi_scan_stop",
    "esp_wifi_scan_get_ap_num",
    "esp_wifi_scan_get_ap_records",
    "esp_wifi_scan_get_ap_record",
    "esp_wifi_sta_get_ap_info",
    "esp_wifi_set_promiscuous_rx_cb",
    "esp_wifi_80211_tx",
    "esp_wifi_register_80211_tx_cb",
    "esp_wifi_ap_get_sta_list",
    "esp_wifi_ap_get_sta_aid",
    "esp_wifi_set_csi",
    "esp_wifi_set_csi_rx_cb",
    "esp_wifi_set_csi_config",
    "esp_wifi_ftm_initiate_session",
    "esp_wifi_action_tx_req",
    "esp_wifi_remain_on_channel",
    "esp_wifi_set_vendor_ie",
    "esp_wifi_get_config",
    "esp_wifi_get_country",
    "esp_wifi_get_protocol",
    "esp_wifi_get_bandwidth",
    "esp_now_switch_channel_tx",
    "esp_now_remain_on_channel",
    "esp_wifi_restore",
)
_WITHOUT_EFFECT = (
    "esp_wifi_set_config",
    "esp_wifi_set_country",
    "esp_wifi_set_country_code",
    "esp_wifi_set_protocol",
    "esp_wifi_set_bandwidth",
    "esp_wifi_set_promiscuous_filter",
    "esp_wifi_set_promiscuous_ctrl_filter",
    "esp_wifi_set_inactive_time",
    "esp_wifi_set_event_mask",
    "esp_wifi_connectionless_module_set_wake_interval",
    "esp_now_set_wake_window",
    "esp_wifi_disable_pmf_config",
    "esp_wifi_config_11b_rate",
    "esp_wifi_set_dynamic_cs",
    "esp_wifi_set_rssi_threshold",
)


class Wifi(Part):
    """A station whose software is in a twin. `EspNow` adds what it says.

    Attributes:
        refused: functions that are not modelled, by name: how often they were called.
    """

    runs = True
    FUNCTIONS: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "esp_wifi_init": ("ptr",),
        "esp_wifi_deinit": (),
        "esp_wifi_set_mode": ("u32",),
        "esp_wifi_get_mode": ("ptr",),
        "esp_wifi_start": (),
        "esp_wifi_stop": (),
        "esp_wifi_set_storage": ("u32",),
        "esp_wifi_set_ps": ("u32",),
        "esp_wifi_get_ps": ("ptr",),
        "esp_wifi_set_channel": ("u8", "u32"),
        "esp_wifi_get_channel": ("ptr", "ptr"),
        "esp_wifi_set_mac": ("u32", "ptr"),
        "esp_wifi_get_mac": ("u32", "ptr"),
        "esp_wifi_set_promiscuous": ("bool",),
        "esp_wifi_get_promiscuous": ("ptr",),
        "esp_wifi_set_max_tx_power": ("i8",),
        "esp_wifi_get_max_tx_power": ("ptr",),
        "esp_wifi_config_espnow_rate": ("u32", "u32"),
    }

    def __init__(self, twin: Twin, name: str, world: World) -> None:
        super().__init__()
        self.name = name
        self.refused: Counter[str] = Counter()
        self.version = idf.image_version(twin.image) or idf.NEWEST
        base = twin.board.mac or FUSES_MAC
        self.macs = [base, base[:5] + bytes([base[5] + 1 & 0xFF])]
        self._resets = len(twin.resets)
        self._world: World | None = world
        self._forget()

    def _forget(self) -> None:
        """What a reset leaves: nothing."""
        self.initialised = self.started = self.promiscuous = False
        self.mode, self.power_save, self.home = 0, 1, 1
        self.power = 80
        self._rate = self._rate_before = 0
        self._rate_from = self._ready_at = 0
        self._encrypted_max = 7
        self._buffer = self._queue = self._task = 0
        self._pending: deque[tuple[Any, ...]] = deque()

    def attach_to(self, twin: Twin) -> None:
        """Takes the place of the image's functions."""
        symbols = twin.symbols
        for function, args in self.FUNCTIONS.items():
            if function in symbols:
                twin.intercept(function, getattr(self, function), args=args)
        for functions, handler in ((_REFUSED, self.refuse), (_WITHOUT_EFFECT, self.accept)):
            for function in functions:
                if function in symbols and function not in self.FUNCTIONS:
                    twin.intercept(function, handler)

    # What snapshots keep

    def state(self) -> dict[str, Any]:
        world, self._world = self._world, None
        try:
            return super().state()
        finally:
            self._world = world

    def restore(self, state: Mapping[str, Any]) -> None:
        world = self._world
        super().restore(state)
        self._world = world

    # The part of a station

    @property
    def twin(self) -> Twin:
        """The twin whose radio it is."""
        return self.host  # type: ignore[return-value]

    @property
    def world(self) -> World:
        """The world it is in."""
        if self._world is None:
            raise UsageError(f"{self.name}: its radio is in no world any more")
        return self._world

    def _awake(self) -> None:
        """After a reset the firmware begins anew, and so does the radio."""
        if len(self.twin.resets) != self._resets:
            self._resets = len(self.twin.resets)
            self._forget()

    @property
    def addresses(self) -> tuple[bytes, ...]:
        """Those of the interfaces that are on; before, that of the chip."""
        if not self.started:
            return (self.macs[0],)
        return tuple(mac for bit, mac in zip((_STATION, _ACCESS_POINT), self.macs, strict=True) if self.mode & bit)

    @property
    def channel(self) -> int | None:
        """The channel it is on; None while no interface is, or the chip sleeps."""
        self._awake()
        on = self.started and self.mode & _BOTH and not self._sleeps()
        return self.home if on else None

    def _sleeps(self) -> bool:
        """Deep and light sleep stop both processors, and take the radio's supply."""
        engine = self.twin.engine
        return not (engine.is_running(0) or engine.is_running(1))

    @property
    def power_limit(self) -> float:
        """What `esp_wifi_set_max_tx_power` allows, in dBm."""
        return self.power / 4

    def rate_at(self, at: int) -> int:
        """The code of its rate at a moment: a new one holds a moment after it was set."""
        return self._rate if at >= self._rate_from else self._rate_before

    def transmit(self, packet: Packet) -> None:
        """Hands a packet to the air, now or when the radio has started."""
        air = self.world.air
        air.send(self, packet, max(self.world.now, self._ready_at))

    def heard(self, heard: Heard) -> None:
        """A frame has arrived."""
        self._wake("heard", heard)

    def sent(self, packet: Packet, acknowledged: bool) -> None:
        """The medium has done with a packet."""
        self._wake("sent", packet, acknowledged)

    def _wake(self, *event: Any) -> None:
        self._awake()
        if not self._task:
            return
        self._pending.append(event)
        self.twin.call_soon(*self._queue_send())

    # The driver's task

    def _queue_send(self) -> tuple[Any, ...]:
        if "xQueueGenericSend" in self.twin.symbols:
            return ("xQueueGenericSend", self._queue, 0, 0, 0)
        return ("xQueueSendToBack", self._queue, 0, 0)

    def _queue_create(self) -> tuple[Any, ...]:
        if "xQueueGenericCreate" in self.twin.symbols:
            return ("xQueueGenericCreate", _QUEUE_LENGTH, 0, 0)
        return ("xQueueCreate", _QUEUE_LENGTH, 0)

    def esp_wifi_init(self, call: Call, config: Pointer) -> int | Guest:
        """Makes the driver's buffer, queue and task, with the firmware's own functions; then it is that task."""
        self._awake()
        if config.address == _TASK_ARGUMENT:
            return self._next(call, 0)
        if self.initialised:
            return idf.OK
        if not config:
            return idf.ERR_INVALID_ARG
        try:
            told = idf.encrypted_peers(config.read(256), self.version)
        except UsageError:
            told = None
        self._encrypted_max = 7 if told is None else max(0, min(told, 17))
        allocate = "pvPortMalloc" if "pvPortMalloc" in self.twin.symbols else "malloc"
        return call.guest(allocate, BUFFER_BYTES, returns="u32", then=self._allocated)

    def _allocated(self, call: Call, address: int) -> int | Guest:
        if not address:
            return idf.ERR_NO_MEM
        self._buffer = address
        self.twin.memory.write(address + NAME_AT, _TASK_NAME)
        return call.guest(*self._queue_create(), returns="u32", then=self._queue_made)

    def _queue_made(self, call: Call, queue: int) -> int | Guest:
        if not queue:
            return idf.ERR_NO_MEM
        self._queue = queue
        body = self.twin.symbols["esp_wifi_init"].address
        return call.guest(
            "xTaskCreatePinnedToCore",
            *(body, self._buffer + NAME_AT, _TASK_STACK, _TASK_ARGUMENT, _TASK_PRIORITY, self._buffer + INFO_AT, 0),
            then=self._task_made,
        )

    def _task_made(self, call: Call, made: int) -> int:
        if made != 1:
            return idf.ERR_NO_MEM
        self._task = self.twin.memory.u32(self._buffer + INFO_AT)
        self.initialised = True
        return idf.OK

    def _next(self, call: Call, _: int) -> Guest:
        """The task: what has happened, or waiting for it."""
        while self._pending:
            event, *args = self._pending.popleft()
            guest: Guest | None = getattr(self, f"_{event}_in_task")(call, *args)
            if guest is not None:
                return guest
        return call.guest("xQueueReceive", self._queue, 0, _FOR_EVER, then=self._next)

    # esp_wifi.h

    def refuse(self, call: Call) -> int:
        """A function that is not there."""
        self.refused[call.name] += 1
        if self.refused[call.name] == 1:
            log.warning("%s: %s: %s is not modelled: ESP_ERR_NOT_SUPPORTED", Duration(self.now), self.name, call.name)
        return idf.ERR_NOT_SUPPORTED

    def accept(self, call: Call) -> int:
        """A function on which nothing here depends."""
        self.refused[call.name] += 1
        if self.refused[call.name] == 1:
            log.warning("%s: %s: %s has no effect here", Duration(self.now), self.name, call.name)
        return idf.OK

    def esp_wifi_deinit(self, call: Call) -> int:
        """The driver goes away; its task waits for ever."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if self.started:
            return idf.WIFI_NOT_STOPPED
        self._forget()
        return idf.OK

    def esp_wifi_set_mode(self, call: Call, mode: int) -> int:
        """Off, station, access point, both."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if mode > _BOTH:
            return idf.ERR_INVALID_ARG
        self.mode = mode
        return idf.OK

    def esp_wifi_get_mode(self, call: Call, mode: Pointer) -> int:
        """What `esp_wifi_set_mode` said."""
        return self._tell(mode, self.mode.to_bytes(4, "little"))

    def _tell(self, where: Pointer, value: bytes) -> int:
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if not where:
            return idf.ERR_INVALID_ARG
        where.write(value)
        return idf.OK

    def esp_wifi_start(self, call: Call) -> int:
        """The radio is on, and can send a little later."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if not self.started:
            self.started, self.home = True, 1
            self._ready_at = self.world.now + QUIET
        return idf.OK

    def esp_wifi_stop(self, call: Call) -> int:
        """The radio is off."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        self.started = False
        return idf.OK

    def esp_wifi_set_storage(self, call: Call, storage: int) -> int:
        """Where settings are kept: there are none to keep."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        return idf.OK if storage <= 1 else idf.ERR_INVALID_ARG

    def esp_wifi_set_ps(self, call: Call, kind: int) -> int:
        """Kept and told; the receiver is on all the same, as it is without an access point."""
        self._awake()
        if kind > 2:
            return idf.ERR_INVALID_ARG
        self.power_save = kind
        return idf.OK

    def esp_wifi_get_ps(self, call: Call, kind: Pointer) -> int:
        """What `esp_wifi_set_ps` said; WIFI_PS_MIN_MODEM before."""
        return self._tell(kind, self.power_save.to_bytes(4, "little"))

    def esp_wifi_set_channel(self, call: Call, primary: int, second: int) -> int:
        """The channel of all interfaces. The second one is of no consequence here."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if not (self.started or self.promiscuous):
            return idf.WIFI_NOT_STARTED
        if not 1 <= primary <= 14 or second > 2:
            return idf.ERR_INVALID_ARG
        self.home = primary
        return idf.OK

    def esp_wifi_get_channel(self, call: Call, primary: Pointer, second: Pointer) -> int:
        """The channel, and none beside it."""
        if not second:
            return idf.ERR_INVALID_ARG
        done = self._tell(primary, bytes([self.home]))
        if done == idf.OK:
            second.write(bytes(4))
        return done

    def esp_wifi_set_mac(self, call: Call, interface: int, mac: Pointer) -> int:
        """Another address."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if interface > 1:
            return idf.WIFI_IF
        if not mac or mac.u8() & 1 or mac.read(6) == self.macs[1 - interface]:
            return idf.ERR_INVALID_ARG
        self.macs[interface] = mac.read(6)
        log.info("%s: %s: its address is now %s", Duration(self.now), self.name, mac_text(self.macs[interface]))
        return idf.OK

    def esp_wifi_get_mac(self, call: Call, interface: int, mac: Pointer) -> int:
        """The address: the fuses' for a station, one more for an access point."""
        return idf.WIFI_IF if interface > 1 else self._tell(mac, self.macs[interface])

    def esp_wifi_set_promiscuous(self, call: Call, on: bool) -> int:
        """Kept and told; it lets the channel be set without an interface."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        self.promiscuous = on
        return idf.OK

    def esp_wifi_get_promiscuous(self, call: Call, on: Pointer) -> int:
        """What `esp_wifi_set_promiscuous` said."""
        return self._tell(on, bytes([self.promiscuous]))

    def esp_wifi_set_max_tx_power(self, call: Call, quarters: int) -> int:
        """In quarters of a dBm, 8 to 84; it becomes the step at or below it."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if not self.started:
            return idf.WIFI_NOT_STARTED
        if not 8 <= quarters <= 84:
            return idf.ERR_INVALID_ARG
        self.power = max(step for step in _POWER_STEPS if step <= quarters)
        return idf.OK

    def esp_wifi_get_max_tx_power(self, call: Call, quarters: Pointer) -> int:
        """The step that it became."""
        self._awake()
        if self.initialised and not self.started:
            return idf.WIFI_NOT_STARTED
        return self._tell(quarters, bytes([self.power]))

    def esp_wifi_config_espnow_rate(self, call: Call, interface: int, rate: int) -> int:
        """The rate of all ESP-NOW frames."""
        self._awake()
        if not self.initialised:
            return idf.WIFI_NOT_INIT
        if interface > 1:
            return idf.WIFI_IF
        return self.use_rate(call, rate)

    def use_rate(self, call: Call, rate: int) -> int:
        """Another rate from a moment later on; the long range mode's are refused."""
        if rate not in RATES:
            return self.refuse(call)
        now = self.world.now
        self._rate_before = self.rate_at(now)
        self._rate, self._rate_from = rate, now + SETTLE
        return idf.OK
