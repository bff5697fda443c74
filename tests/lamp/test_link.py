"""The lamp's remote control by ESP-NOW: commands, ACKs, losses, duplicates, strangers; two lamps in one world.

The layout on the air is that of the lamp's public remote control (AnyDr/JinnyLamp, j_espnow_proto.h): magic 0x4A4E,
version 1, type, source and destination node, sequence; CTRL of 20 bytes, ACK of 22 with a snapshot of the state.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import pytest
from conftest import IMAGES
from control import POWER_OFF, POWER_ON, counters, power

from twins import Twin
from twins.radio import EspNowPeer
from twins.world import World

LAMP, OTHER, REMOTE, STRANGER = (f"7c:df:a1:00:{last}" for last in ("01:6f", "02:70", "09:09", "66:66"))
NODE, OTHER_NODE, REMOTE_NODE, EVERYBODY = 0x016F, 0x0270, 2, 0xFFFF
MAGIC, VERSION, CTRL, ACK, HELLO = 0x4A4E, 1, 1, 2, 3
SET_POWER, SET_ANIM, SET_PAUSE, SET_BRIGHT, SET_SPEED, OTA_START, SET_VOLUME = range(1, 8)

LINK_STATS = (
    *("node", "received", "overflows", "wrong_length", "wrong_magic", "wrong_version", "wrong_type"),
    *(
        "wrong_destination",
        "wrong_peer",
        "unknown_command",
        "commands",
        "rejected",
        "duplicates",
        "acks",
        "acks_failed",
    ),
    "ota_requests",
)


@dataclass(frozen=True)
class Acked:
    """An ACK as it came."""

    source: int
    sequence: int
    effect: int
    brightness: int
    paused: int
    speed: int
    state_seq: int

    @classmethod
    def of(cls, data: bytes) -> Acked:
        magic, version, kind, source, destination, *rest = struct.unpack("<HBBHHIHBBHI", data)
        assert (magic, version, kind, destination) == (MAGIC, VERSION, ACK, REMOTE_NODE)
        return cls(source, *rest)


def ctrl(sequence: int, command: int, value: int, node: int = NODE, **other: int) -> bytes:
    """A CTRL message; `other` are fields of its header to get wrong."""
    header = {"magic": MAGIC, "version": VERSION, "kind": CTRL, "source": REMOTE_NODE} | other
    return struct.pack(
        "<HBBHHIBBHI",
        *(header["magic"], header["version"], header["kind"], header["source"], node, sequence),
        *(command, 0, value, 0),
    )


class Remote:
    """The remote control, as a test holds it."""

    def __init__(self, world: World, name: str = "remote") -> None:
        self.world = world
        self.peer: EspNowPeer = world[name]  # type: ignore[assignment]
        self.sequence = 100

    def send(self, command: int, value: int, node: int = NODE, to: str | None = LAMP, **header: int) -> list[Acked]:
        """Sends once; the ACKs of the next 30 ms."""
        self.sequence += 1
        return self.raw(ctrl(self.sequence, command, value, node, **header), to)

    def raw(self, data: bytes, to: str | None = LAMP) -> list[Acked]:
        known = len(self.peer.received)
        self.peer.send(to, data)
        self.world.run("30ms")
        return [Acked.of(received.data) for received in self.peer.received[known:]]

    def insist(self, command: int, value: int, most: int = 20) -> tuple[Acked, int]:
        """Repeats a command with its number until it is acknowledged; the ACK, and how often it was sent."""
        self.sequence += 1
        for sent in range(1, most + 1):
            for acked in self.raw(ctrl(self.sequence, command, value)):
                if acked.sequence == self.sequence:
                    return acked, sent
        raise AssertionError(f"no ACK of {most} tries")


def link(lamp: Any) -> dict[str, int]:
    return counters(lamp, "j_espnow_stats", *LINK_STATS)


def change(lamp: Any, before: dict[str, int]) -> dict[str, int]:
    return {name: value - before[name] for name, value in link(lamp).items() if value != before[name]}


def add_lamp(world: World, name: str, mac: str, at: tuple[float, float]) -> Twin:
    lamp = Twin("jinny_lamp", image=IMAGES / "jinny_lamp.bin", elf=IMAGES / "jinny_lamp.elf", mac=mac)
    return world.add(lamp, name=name, at=at)


@pytest.fixture(scope="module")
def room() -> World:
    """A lamp with light, its remote control and a stranger."""
    world = World(seed=3)
    lamp = add_lamp(world, "lamp", LAMP, (0, 0))
    world.add(EspNowPeer(REMOTE, channel=1), name="remote", at=(3, 0))
    world.add(EspNowPeer(STRANGER, channel=1), name="stranger", at=(0, 3))
    world.run_until(lambda: power(lamp) == POWER_ON and link(lamp)["node"] == NODE, timeout="5s")
    return world


@pytest.fixture
def world(room: World) -> World:
    return room.fork()


@pytest.fixture
def remote(world: World) -> Remote:
    return Remote(world)


def test_every_command_is_carried_out_and_acknowledged_with_the_state(world: World, remote: Remote) -> None:
    lamp = world["lamp"]
    (first,) = remote.send(SET_PAUSE, 0)
    assert (first.source, first.sequence, first.paused) == (NODE, remote.sequence, 0)
    seq = first.state_seq
    for command, value, field in (
        (SET_ANIM, 7, "effect"),
        (SET_PAUSE, 1, "paused"),
        (SET_BRIGHT, 201, "brightness"),
        (SET_SPEED, 155, "speed"),
    ):
        (acked,) = remote.send(command, value)
        seq += 1
        assert (acked.sequence, getattr(acked, field), acked.state_seq) == (remote.sequence, value, seq)
    for on, power_state in ((0, POWER_OFF), (1, POWER_ON)):
        (acked,) = remote.send(SET_POWER, on)
        seq += 1
        assert (acked.sequence, acked.state_seq) == (remote.sequence, seq)
        world.run_until(lambda: power(lamp) == power_state, timeout="2s")  # noqa: B023
        assert lamp.voice.outputs[11] is bool(on)
    (acked,) = remote.send(OTA_START, 0)
    assert (acked.sequence, acked.state_seq, link(lamp)["ota_requests"]) == (remote.sequence, seq, 1)
    total = lamp.voice.played.total
    (acked,) = remote.send(SET_VOLUME, 80)
    assert (acked.sequence, acked.state_seq) == (remote.sequence, seq)
    world.run("300ms")
    assert lamp.voice.played.since(total).max() == pytest.approx(0.25 * 0.8, rel=0.01)
    assert link(lamp)["acks"] == link(lamp)["commands"] == 9
    assert link(lamp)["acks_failed"] == 0


@pytest.mark.parametrize(
    ("command", "value"),
    [
        (SET_POWER, 2),
        (SET_ANIM, 9999),
        (SET_PAUSE, 7),
        (SET_BRIGHT, 256),
        (SET_SPEED, 9),
        (SET_SPEED, 301),
        (SET_VOLUME, 101),
    ],
)
def test_a_value_out_of_range_is_acknowledged_with_the_state_as_it_was(
    world: World, remote: Remote, command: int, value: int
) -> None:
    (before,) = remote.send(SET_PAUSE, 0)
    counted = link(world["lamp"])
    (acked,) = remote.send(command, value)
    assert acked == Acked(**{**vars(before), "sequence": remote.sequence})
    assert change(world["lamp"], counted) == {"received": 1, "commands": 1, "rejected": 1, "acks": 1}


@pytest.mark.parametrize(
    ("header", "node", "counter"),
    [
        ({"magic": 0x4E4A}, NODE, "wrong_magic"),
        ({"version": 2}, NODE, "wrong_version"),
        ({"kind": ACK}, NODE, "wrong_type"),
        ({"kind": HELLO}, NODE, "wrong_type"),
        ({}, OTHER_NODE, "wrong_destination"),
        ({"source": 3}, NODE, "wrong_peer"),
    ],
)
def test_what_is_not_meant_for_the_lamp_is_ignored_and_counted(
    world: World, remote: Remote, header: dict[str, int], node: int, counter: str
) -> None:
    remote.send(SET_PAUSE, 0)
    before = link(world["lamp"])
    assert remote.send(SET_BRIGHT, 1, node, **header) == []
    assert change(world["lamp"], before) == {"received": 1, counter: 1}
    (acked,) = remote.send(SET_PAUSE, 0)
    assert acked.brightness != 1


@pytest.mark.parametrize("length", [1, 11, 12, 19, 21, 250])
def test_a_wrong_length_is_ignored_and_counted(world: World, remote: Remote, length: int) -> None:
    before = link(world["lamp"])
    assert remote.raw((ctrl(1, SET_BRIGHT, 1) + bytes(230))[:length]) == []
    assert change(world["lamp"], before) == {"received": 1, "wrong_length": 1}


def test_an_unknown_command_is_counted_and_not_acknowledged(world: World, remote: Remote) -> None:
    before = link(world["lamp"])
    assert remote.send(99, 0) == []
    assert change(world["lamp"], before) == {"received": 1, "unknown_command": 1}


def test_a_lamp_with_a_remote_control_does_not_listen_to_others(world: World, remote: Remote) -> None:
    """Even with the right node; before that, the first one who speaks is taken."""
    remote.send(SET_BRIGHT, 50)
    stranger = Remote(world, "stranger")
    before = link(world["lamp"])
    assert stranger.send(SET_BRIGHT, 200) == []
    assert change(world["lamp"], before) == {"received": 1, "wrong_peer": 1}
    (acked,) = remote.send(SET_PAUSE, 0)
    assert acked.brightness == 50


def test_a_command_that_comes_twice_is_carried_out_once_and_acknowledged_twice(world: World, remote: Remote) -> None:
    (first,) = remote.send(SET_BRIGHT, 60)
    remote.send(SET_BRIGHT, 70)
    before = link(world["lamp"])
    (again,) = remote.raw(ctrl(first.sequence, SET_BRIGHT, 60))
    assert (again.sequence, again.brightness, again.state_seq) == (first.sequence, 70, first.state_seq + 1)
    assert change(world["lamp"], before) == {"received": 1, "duplicates": 1, "acks": 1}


def test_a_remote_control_that_starts_again_with_its_numbers_is_heard(world: World, remote: Remote) -> None:
    """j_espnow_link.c: a number counts as a repetition for two seconds."""
    (first,) = remote.send(SET_BRIGHT, 60)
    world.run("2s")
    (again,) = remote.raw(ctrl(first.sequence, SET_BRIGHT, 90))
    assert (again.brightness, again.state_seq) == (90, first.state_seq + 1)


def test_thirty_percent_loss_loses_no_command_and_doubles_none(world: World, remote: Remote) -> None:
    """The radio does not repeat either: what is lost is repeated by the remote control alone."""
    lamp = world["lamp"]
    (before,) = remote.send(SET_PAUSE, 0)
    counted = link(lamp)
    world.air.loss, world.air.retries = 0.3, 0
    sent = 0
    for n in range(40):
        acked, times = remote.insist(SET_BRIGHT, n)
        sent += times
        assert (acked.brightness, acked.state_seq) == (n, before.state_seq + 1 + n)
    moved = change(lamp, counted)
    assert moved["commands"] == 40
    assert moved["received"] == moved["commands"] + moved["duplicates"] == moved["acks"]
    assert moved["duplicates"] > 0
    assert 40 * 1.3 < sent < 40 * 3  # 1 / 0.7 for the command, and as much for its ACK
    assert moved["acks_failed"] > 0


def test_a_flood_is_survived(world: World, remote: Remote) -> None:
    remote.send(SET_PAUSE, 0)
    for n in range(60):
        remote.peer.send(LAMP, ctrl(1000 + n, SET_BRIGHT, n))
    world.run("200ms")
    seen = link(world["lamp"])
    assert seen["received"] == 61
    assert seen["commands"] + seen["overflows"] == 61
    (acked,) = remote.send(SET_PAUSE, 1)
    assert acked.paused == 1


def test_two_lamps_and_one_remote_control() -> None:
    world = World(seed=4)
    one, two = add_lamp(world, "one", LAMP, (0, 0)), add_lamp(world, "two", OTHER, (5, 0))
    world.add(EspNowPeer(REMOTE, channel=1), name="remote", at=(2, 2))
    world.run_until(lambda: link(one)["node"] == NODE and link(two)["node"] == OTHER_NODE, timeout="5s")
    world.run("100ms")
    remote = Remote(world)
    (acked,) = remote.send(SET_BRIGHT, 11)
    assert (acked.source, acked.brightness) == (NODE, 11)
    (acked,) = remote.send(SET_BRIGHT, 22, OTHER_NODE, OTHER)
    assert (acked.source, acked.brightness) == (OTHER_NODE, 22)
    # To everybody's address, for one of them; then for all.
    (acked,) = remote.send(SET_SPEED, 33, OTHER_NODE, None)
    assert (acked.source, acked.speed) == (OTHER_NODE, 33)
    assert link(one)["wrong_destination"] == 1
    both = remote.send(SET_ANIM, 3, EVERYBODY, None)
    assert {(acked.source, acked.effect, acked.brightness) for acked in both} == {(NODE, 3, 11), (OTHER_NODE, 3, 22)}
    assert (link(one)["commands"], link(two)["commands"]) == (2, 3)


def test_without_a_radio_the_lamp_says_so_and_goes_on(lamp: Twin) -> None:
    """ESP_ERR_NOT_SUPPORTED is 0x106."""
    assert b"j_espnow_link did not start: error 106" in lamp.console.log
    frames = lamp.matrix.frames
    lamp.run("1s")
    assert lamp.matrix.frames - frames == pytest.approx(22, abs=1)
