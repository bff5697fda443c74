"""ESP-NOW of firmware at function level: two stations that echo (firmware/espnow_echo) and a remote control in Python.

Error codes and limits: ESP-IDF v5.5, esp_now.h, esp_wifi.h; what is expected of each call is written there.
"""

from __future__ import annotations

import struct
from typing import Any

import pytest

from twins import Twin
from twins.radio import BROADCAST, EspNowPeer, Medium
from twins.world import World

IMAGE = "firmware/images/s3_espnow_echo"
LEFT, RIGHT, REMOTE = (f"7c:df:a1:00:00:0{n}" for n in (1, 2, 9))
CHANNEL = 6

CALLS = (
    "SEND",
    "ADD_PEER",
    "DEL_PEER",
    "MOD_PEER",
    "PEER_EXISTS",
    "PEER_NUM",
    "VERSION",
    "SET_CHANNEL",
    "GET_CHANNEL",
    "SET_MODE",
    "STOP",
    "DEINIT",
    "NOW_DEINIT",
    "SEND_TO_ALL",
    "RATE",
    "SET_PMK",
    "GET_MAC",
    "GET_PEER",
    "START",
    "BUSY",
    "SLEEP",
)
OK, INVALID_ARG, NOT_SUPPORTED = 0, 0x102, 0x106
NOT_STARTED, NOT_STOPPED = 0x3002, 0x3003
NOT_INIT, ARG, FULL, NOT_FOUND, EXIST, IF, CHAN = 0x3065, 0x3066, 0x3068, 0x3069, 0x306B, 0x306C, 0x306D


class Station:
    """One of the echoing twins, as a test talks to it."""

    def __init__(self, twin: Twin) -> None:
        self.twin = twin

    def __getattr__(self, name: str) -> Any:
        words = ["error", "failed", "ready", "received", "delivered", "undelivered", "lost", "length", "task"]
        words += ["rssi", "channel"]
        data = self.twin.memory.read("seen", 44 + 18 + 1470)
        fields: dict[str, Any] = dict(zip(words, struct.unpack_from("<11i", data), strict=True))
        fields |= {"source": data[44:50].hex(":"), "destination": data[50:56].hex(":"), "sent_to": data[56:62].hex(":")}
        fields["data"] = data[62 : 62 + fields["length"]]
        return fields[name]

    def call(
        self, what: str, mac: str = "", data: bytes = b"", *, argument: int = 0, encrypt: bool = False, channel: int = 0
    ) -> int:
        address = bytes.fromhex(mac.replace(":", "")) or bytes(6)
        told = struct.pack("<IiII6sBB", 0, 0, argument, len(data), address, encrypt, channel)
        self.twin.memory.write("mailbox", told + data)
        self.begin(what)
        self.twin.run_until(lambda: self.twin.memory.u32("mailbox") == 0, timeout="100ms")
        return int.from_bytes(self.twin.memory.read("mailbox", 8)[4:], "little", signed=True)

    def begin(self, what: str, argument: int | None = None) -> None:
        if argument is not None:
            self.twin.memory.write("mailbox", bytes(8) + argument.to_bytes(4, "little"))
        self.twin.memory.write("mailbox", (CALLS.index(what) + 1).to_bytes(4, "little"))

    @property
    def answer(self) -> int:
        return int.from_bytes(self.twin.memory.read("mailbox", 12)[8:], "little")


def station(world: World, name: str, mac: str, at: tuple[float, float] = (0, 0)) -> Station:
    return Station(world.add(Twin("xiao_esp32s3", image=f"{IMAGE}.bin", elf=f"{IMAGE}.elf", mac=mac), name=name, at=at))


def lamps(world: World) -> tuple[Station, Station, EspNowPeer]:
    left, right = station(world, "left", LEFT), station(world, "right", RIGHT, (4, 0))
    remote = world.add(EspNowPeer(REMOTE, channel=CHANNEL), name="remote", at=(2, 2))
    world.run_until(lambda: left.ready and right.ready)
    world.run("5ms")
    return left, right, remote


@pytest.fixture(scope="module")
def started() -> World:
    world = World(seed=1)
    lamps(world)
    return world


@pytest.fixture
def world(started: World) -> World:
    return started.fork()


def test_without_a_world_there_is_no_radio() -> None:
    twin = Twin("xiao_esp32s3", image=f"{IMAGE}.bin", elf=f"{IMAGE}.elf")
    twin.run("50ms")
    assert (Station(twin).error, Station(twin).failed) == (NOT_SUPPORTED, 1)


def test_two_stations_and_a_remote_hear_each_other(world: World) -> None:
    left, right, remote = Station(world["left"]), Station(world["right"]), world["remote"]
    assert (left.error, right.error) == (OK, OK)
    first, second = remote.send(LEFT, b"E1"), remote.send(RIGHT, b"E2")
    world.run("20ms")
    assert (first.delivered, second.delivered) == (True, True)
    assert sorted((received.source.hex(":"), received.data) for received in remote.received) == [
        (LEFT, b"e1"),
        (RIGHT, b"e2"),
    ]
    assert (left.source, left.destination, left.data, left.channel) == (REMOTE, LEFT, b"E1", CHANNEL)
    # 20 dBm - (40.2 + 30 log 2.83) dB
    assert left.rssi == -34
    assert (left.sent_to, left.delivered, left.undelivered) == (REMOTE, 1, 0)
    # In a task of the kernel, which is none of the firmware's own.
    assert left.task == world["left"].espnow.state()["_task"] != 0


def test_everybody_hears_a_broadcast(world: World) -> None:
    left, right, remote = Station(world["left"]), Station(world["right"]), world["remote"]
    assert left.call("SEND", "ff:ff:ff:ff:ff:ff", b"all") == OK
    world.run("10ms")
    assert (right.data, right.destination, right.source) == (b"all", BROADCAST.hex(":"), LEFT)
    assert remote.received[0].data == b"all"
    assert (left.received, left.delivered) == (0, 1)


def test_one_station_sends_to_the_other_and_learns_whether_it_arrived(world: World) -> None:
    left, right = Station(world["left"]), Station(world["right"])
    assert left.call("SEND", RIGHT, b"on") == NOT_FOUND
    assert left.call("ADD_PEER", RIGHT) == OK
    assert left.call("SEND", RIGHT, b"on") == OK
    world.run("10ms")
    assert (right.received, right.data) == (1, b"on")
    assert (left.delivered, left.undelivered, left.sent_to) == (1, 0, RIGHT)
    assert right.call("SET_CHANNEL", channel=11) == OK
    assert left.call("SEND", RIGHT, b"off") == OK
    world.run("100ms")
    assert (right.received, left.delivered, left.undelivered) == (1, 1, 1)
    assert right.call("SET_CHANNEL", channel=CHANNEL) == OK
    world.move("right", (5000, 0))
    assert left.call("SEND", RIGHT, b"off") == OK
    world.run("100ms")
    assert (right.received, left.undelivered) == (1, 2)


def test_to_all_peers(world: World) -> None:
    left, right, remote = Station(world["left"]), Station(world["right"]), world["remote"]
    for mac in (RIGHT, REMOTE):
        assert left.call("ADD_PEER", mac) == OK
    assert left.call("SEND_TO_ALL", data=b"x") == OK
    world.run("30ms")
    # Three peers: everybody, and these two.
    assert left.delivered == 3
    assert right.received == 2
    assert [received.destination.hex(":") for received in remote.received] == [BROADCAST.hex(":"), REMOTE]


def test_peers_are_counted_and_limited(world: World) -> None:
    left = Station(world["left"])
    assert left.call("ADD_PEER", RIGHT) == OK
    assert left.call("ADD_PEER", RIGHT) == EXIST
    assert left.call("PEER_EXISTS", RIGHT) == 1
    assert left.call("PEER_EXISTS", REMOTE) == 0
    assert left.call("MOD_PEER", REMOTE) == NOT_FOUND
    assert left.call("MOD_PEER", RIGHT, channel=3) == OK
    assert (left.call("GET_PEER", RIGHT), left.answer) == (OK, 3)
    assert left.call("GET_PEER", REMOTE) == NOT_FOUND
    assert left.call("SEND", RIGHT, b"x") == CHAN
    assert left.call("ADD_PEER", REMOTE, channel=15) == ARG
    assert left.call("DEL_PEER", RIGHT) == OK
    assert left.call("DEL_PEER", RIGHT) == NOT_FOUND
    # Twenty in all, everybody among them; seven encrypted by default.
    for n in range(7):
        assert left.call("ADD_PEER", f"02:00:00:00:00:{n:02x}", encrypt=True) == OK
    assert left.call("ADD_PEER", "02:00:00:00:00:07", encrypt=True) == FULL
    for n in range(7, 19):
        assert left.call("ADD_PEER", f"02:00:00:00:00:{n:02x}") == OK
    assert left.call("ADD_PEER", "02:00:00:00:00:13") == FULL
    assert (left.call("PEER_NUM"), left.answer) == (OK, 20 << 16 | 7)


def test_what_cannot_be_sent_is_refused(world: World) -> None:
    left = Station(world["left"])
    assert left.call("ADD_PEER", RIGHT) == OK
    assert left.call("SEND", RIGHT, bytes(1471)) == ARG
    assert left.call("SEND", RIGHT, b"") == ARG
    assert left.call("SET_MODE", argument=2) == OK  # an access point has no station interface
    assert left.call("SEND", RIGHT, b"x") == IF
    assert left.call("SET_MODE", argument=1) == OK
    assert left.call("STOP") == OK
    assert left.call("SEND", RIGHT, b"x") == IF
    assert left.call("SET_CHANNEL", channel=3) == NOT_STARTED
    assert left.call("START") == OK
    assert left.call("SET_CHANNEL", channel=0) == INVALID_ARG
    assert left.call("DEINIT") == NOT_STOPPED
    assert left.call("NOW_DEINIT") == OK
    assert left.call("SEND", RIGHT, b"x") == NOT_INIT
    assert left.call("ADD_PEER", RIGHT) == NOT_INIT
    assert left.call("RATE", argument=0x29) == NOT_SUPPORTED  # long range
    assert world["left"].espnow.refused["esp_wifi_config_espnow_rate"] == 1


def test_long_frames_of_version_2(world: World) -> None:
    left, right = Station(world["left"]), Station(world["right"])
    assert (left.call("VERSION"), left.answer) == (OK, 2)
    assert left.call("ADD_PEER", RIGHT) == OK
    data = bytes(n * 7 & 0xFF for n in range(1470))
    assert left.call("SEND", RIGHT, data) == OK
    world.run("30ms")
    assert right.data == data
    # One that knows version 1 only drops it, but its MAC layer has acknowledged.
    world["right"].espnow.version = (5, 3, 0)
    assert (right.call("VERSION"), right.answer) == (OK, 1)
    assert left.call("SEND", RIGHT, data) == OK
    world.run("30ms")
    assert (right.received, left.delivered) == (1, 2)
    assert world["right"].espnow.dropped == {"too long for this version": 1}
    assert right.call("ADD_PEER", LEFT) == OK
    assert right.call("SEND", LEFT, bytes(251)) == ARG


def test_addresses_and_channels_are_told(world: World) -> None:
    left = Station(world["left"])
    assert (left.call("GET_CHANNEL"), left.answer) == (OK, CHANNEL)
    for interface, mac in ((0, LEFT), (1, "7c:df:a1:00:00:02")):
        assert left.call("GET_MAC", argument=interface) == OK
        assert world["left"].memory.read("mailbox", 22)[16:].hex(":") == mac
    assert left.call("GET_MAC", argument=2) == 0x3004


def test_a_faster_rate_holds_soon_after(world: World) -> None:
    left = Station(world["left"])
    assert left.call("RATE", argument=0x0B) == OK
    world.run("2ms")
    assert left.call("SEND", "ff:ff:ff:ff:ff:ff", bytes(100)) == OK
    world.run("10ms")
    aired = world.air.frames[-1]
    assert aired.rate == "6 Mbps"
    # 22 + 8 x 143 bits in symbols of 24: 49
    assert aired.until - aired.at == (20 + 4 * 49 + 6) * 1_000_000


def test_encrypted_frames_reach_only_who_has_the_key(world: World, caplog: pytest.LogCaptureFixture) -> None:
    left, right = Station(world["left"]), Station(world["right"])
    assert left.call("ADD_PEER", RIGHT, encrypt=True) == OK
    assert "frames are carried in clear" in caplog.text
    assert left.call("SEND", RIGHT, b"secret") == OK
    world.run("10ms")
    assert (right.received, left.delivered) == (0, 1)
    assert world["right"].espnow.dropped == {"another key": 1}
    assert right.call("ADD_PEER", LEFT, encrypt=True) == OK
    assert left.call("SEND", RIGHT, b"secret") == OK
    world.run("10ms")
    assert right.data == b"secret"
    assert left.call("SET_PMK", data=b"another pmk 1234") == OK
    assert left.call("SEND", RIGHT, b"secret") == OK
    world.run("10ms")
    assert right.received == 1


@pytest.mark.parametrize(
    ("version", "received", "sent"),
    [((4, 4, 7), "mac", "mac"), ((5, 0, 0), "mac", "mac"), ((5, 0, 1), "info", "mac"), ((5, 5, 0), "info", "info")],
)
def test_callbacks_of_each_generation(world: World, version: tuple[int, int, int], received: str, sent: str) -> None:
    twin, remote = world["left"], world["remote"]
    twin.espnow.version = version
    told = {}

    def on_receive(_: Any, first: Any, data: Any, length: int) -> None:
        told["info" if first.read(6).hex(":") != REMOTE else "mac"] = data.read(length)
        told["source"] = (first.pointer() if received == "info" else first).read(6).hex(":")

    def on_sent(_: Any, first: Any, status: int) -> None:
        told["to"] = (first.pointer() if sent == "info" else first).read(6).hex(":")
        told["status"] = status

    twin.intercept("received", on_receive, args=("ptr", "ptr", "i32"), returns="void")
    twin.intercept("sent", on_sent, args=("ptr", "u32"), returns="void")
    remote.send(LEFT, b"hello")
    Station(twin).call("ADD_PEER", REMOTE)
    remote.channel = None
    Station(twin).call("SEND", REMOTE, b"x")
    world.run("100ms")
    assert told == {received: b"hello", "source": REMOTE, "to": REMOTE, "status": 1}


def test_thirty_percent_loss_and_the_same_again() -> None:
    def play(names: str, portion: str) -> tuple[str, list[bytes], int, int]:
        world = World(seed=7, air=Medium(loss=0.3, retries=0))
        stations = {name: station(world, name, {"l": LEFT, "r": RIGHT}[name]) for name in names}
        remote = world.add(EspNowPeer(REMOTE, channel=CHANNEL), name="remote", at=(3, 3))
        for n in range(40):
            to = (LEFT, RIGHT)[n % 2]
            world.at(f"{100 + 7 * n}ms", lambda world, to=to, n=n: world["remote"].send(to, b"E" + bytes([n])))
        while world.now < 400 * 10**9:
            world.run(portion)
        return world.sha256, [one.data for one in remote.received], stations["l"].received, stations["r"].received

    reference = play("lr", "50ms")
    _, answers, left, right = reference
    # 20 frames to each: 14 expected, standard deviation 2.05; 49 % of the answers come back.
    assert 7 <= left <= 20
    assert 7 <= right <= 20
    assert 8 <= len(answers) <= left + right
    assert play("rl", "50ms") == reference
    assert play("lr", "12.5ms") == reference


def test_a_fork_has_what_is_in_flight(world: World) -> None:
    remote = world["remote"]
    for n in range(4):
        remote.send(LEFT, b"E" + bytes([n]) * 100)
    for _ in range(6):
        world.run("700us")
        fork = world.fork()
        reference = world.fork()
        world.run("25ms")
        fork.run("25ms")
        assert fork.sha256 == world.sha256
        assert fork["remote"].received == remote.received
        assert len(remote.received) == 4
        world, remote = reference, reference["remote"]


def test_after_a_reset_the_radio_begins_anew(world: World) -> None:
    left, remote = Station(world["left"]), world["remote"]
    left.call("ADD_PEER", RIGHT)
    assert len(world["left"].espnow.peers) == 2
    remote.send(LEFT, b"E1")
    world.run("900us")
    world["left"].reset()
    world.run("300us")
    assert world["left"].espnow.channel is None
    world.air.retries = 0
    sent = remote.send(LEFT, b"E2")
    world.run_until(lambda: left.ready and world["left"].espnow.channel == CHANNEL)
    world.run("50ms")
    assert sent.delivered is False
    assert len(world["left"].espnow.peers) == 1
    remote.send(LEFT, b"E3")
    world.run("20ms")
    assert [received.data for received in remote.received][-1] == b"e3"


def test_a_busy_core_hears_within_a_millisecond_in_any_portions(started: World) -> None:
    def play(portion: str) -> tuple[str, int]:
        world = started.fork()
        left, remote = Station(world["left"]), world["remote"]
        left.begin("BUSY", 8000)
        world.run("2ms")
        remote.send(LEFT, b"E1")
        while not left.received:
            world.run(portion)
        heard = world.now
        while world.now < started.now + 30 * 10**9:
            world.advance(min(world.now + 1_700_000_000, started.now + 30 * 10**9))
        assert remote.received[0].data == b"e1"
        # While the core is busy only the callback runs; the echo is sent behind that.
        assert remote.received[0].at > started.now + 8 * 10**9
        return world.sha256, heard

    reference, heard = play("50us")
    assert heard < started.now + (2 + 2) * 10**9
    assert play("170us")[0] == reference
    assert play("7us")[0] == reference


def test_a_chip_that_sleeps_hears_nothing(world: World) -> None:
    left, remote = Station(world["left"]), world["remote"]
    left.begin("SLEEP", 13_600)  # about 100 ms of the 136 kHz clock
    world.run("10ms")
    assert world["left"].espnow.channel is None
    sent = remote.send(LEFT, b"E1")
    world.run("50ms")
    assert (sent.delivered, remote.received) == (False, [])
    world.run_until(lambda: world["left"].espnow.channel == CHANNEL)
    world.run("5ms")
    remote.send(LEFT, b"E2")
    world.run("20ms")
    assert [received.data for received in remote.received] == [b"e2"]


def test_a_fork_of_the_twin_alone_has_no_radio(world: World, caplog: pytest.LogCaptureFixture) -> None:
    alone = Station(world["left"].fork())
    assert "nobody stands in for esp_wifi_init, " in caplog.text
    assert alone.call("GET_CHANNEL") == NOT_SUPPORTED
    assert Station(world["left"]).call("GET_CHANNEL") == OK


def test_a_sleeping_core_hears_now_and_not_in_its_past(world: World) -> None:
    heard: list[int] = []
    world["left"].intercept("received", lambda call: heard.append(call.now), watch=True)
    world.run("300us")
    world["remote"].send(LEFT, b"x")
    world.run("3ms")
    arrived = world.air.frames[-1].until + 100_000_000
    assert 0 <= heard[0] - arrived < 20_000_000
