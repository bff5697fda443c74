"""The air between stations: times, losses, collisions, acknowledgements. Authorities are named in `twins/radio`."""

from __future__ import annotations

import pytest

from twins import UsageError
from twins.radio import BROADCAST, EspNowFrame, EspNowPeer, Medium, PathLoss
from twins.radio.rates import RATES
from twins.units import Duration, us
from twins.world import World

ONE, TWO, THREE = (f"7c:df:a1:00:00:0{n}" for n in (1, 2, 3))

# Preamble, then 43 bytes of frame around the data at 1 Mbps (ESP-IDF guide, Frame Format): what is on the air.
AROUND = 24 + 1 + 3 + 4 + 7 + 4


def airtime(data: int) -> int:
    return us(192 + 8 * (AROUND + data))


def pair(world: World, *, distance: float = 5, channels: tuple[int, int] = (6, 6)) -> tuple[EspNowPeer, EspNowPeer]:
    one = world.add(EspNowPeer(ONE, channel=channels[0]), name="one")
    two = world.add(EspNowPeer(TWO, channel=channels[1]), name="two", at=(distance, 0))
    return one, two


def test_a_frame_takes_its_time() -> None:
    world = World()
    one, two = pair(world)
    sent = one.send(TWO, b"on")
    world.run("10ms")
    (aired,) = world.air.frames
    assert aired.until - aired.at == airtime(2)
    # After DIFS (802.11-2020 10.3.2.3: SIFS and two slots, 50 us with long slots), and the software's 150 us.
    assert aired.at == us(150 + 50)
    assert two.received[0].at == aired.until + us(100)
    assert (two.received[0].source.hex(":"), two.received[0].data) == (ONE, b"on")
    assert sent.delivered is True


@pytest.mark.parametrize(
    ("code", "count", "expected"),
    [
        (0x00, 14, 304),  # an acknowledgement at 1 Mbps: 192 + 112
        (0x03, 1500, 192 + 1091),  # 11 Mbps: 12000 bits
        (0x0B, 14, 20 + 24 + 6),  # 6 Mbps: 22 + 112 bits in 6 symbols of 24
        (0x0C, 1500, 20 + 4 * 56 + 6),  # 54 Mbps: 216 bits a symbol
        (0x10, 1500, 36 + 4 * 463 + 6),  # MCS0: 26 bits a symbol
    ],
)
def test_airtime_by_rate(code: int, count: int, expected: int) -> None:
    assert RATES[code].airtime(count) == us(expected)


def test_the_frame_is_the_one_of_the_guide() -> None:
    data = bytes(range(256)) * 2
    frame = EspNowFrame(b"\x7c\xdf\xa1\0\0\1", BROADCAST, data, 2, 9)
    encoded = frame.encode()
    assert encoded[4:10] == BROADCAST
    assert encoded[16:22] == BROADCAST
    assert encoded[24:28].hex() == "7f18fe34"
    # 250 + 250 + 12 bytes in three elements, the first two with "more data" (bit 4) beside version 2.
    assert encoded[32:39].hex() == "ddff18fe340412"
    assert encoded[32 + 257 : 39 + 257].hex() == "ddff18fe340412"
    assert encoded[32 + 514 : 39 + 514].hex() == "dd1118fe340402"
    assert len(encoded) == 32 + 3 * 7 + 512
    assert EspNowFrame.decode(encoded) == frame


def test_nobody_there_means_five_repetitions_and_a_failure() -> None:
    world = World()
    one, _ = pair(world)
    sent = one.send(THREE, b"on")
    world.run("100ms")
    assert sent.delivered is False
    assert [aired.attempt for aired in world.air.frames] == [0, 1, 2, 3, 4, 5]
    assert [bool(aired.bytes[1] & 0x08) for aired in world.air.frames] == [False] + 5 * [True]


def test_a_broadcast_is_sent_once_and_not_acknowledged() -> None:
    world = World(air=Medium(loss=1))
    one, two = pair(world)
    sent = one.send(None, b"all")
    world.run("20ms")
    assert sent.delivered is True
    assert two.received == []
    (aired,) = world.air.frames
    assert aired.lost == {"two": "chance"}


def test_another_channel_hears_nothing() -> None:
    world = World()
    one, two = pair(world, channels=(6, 11))
    sent = one.send(TWO, b"on")
    world.run("100ms")
    assert (two.received, sent.delivered) == ([], False)
    assert world.air.frames[0].received_by == ()
    two.channel = 6
    sent = one.send(TWO, b"on")
    world.run("10ms")
    assert (len(two.received), sent.delivered) == (1, True)


def test_distance_weakens_until_nothing_arrives() -> None:
    world = World()
    one, two = pair(world, distance=10)
    one.send(TWO, b"on")
    world.run("10ms")
    # 20 dBm - (40.2 + 30 log 10) dB
    assert two.received[0].rssi == round(20 - 70.2)
    # -98.2 dBm is what 1 Mbps needs (WROOM-1 datasheet, table 7-4): 78 dB below 20 - 40.2, 10^2.6 = 398 m.
    for metres, arrives in ((390, True), (405, False)):
        world.move("two", (metres, 0))
        before = len(two.received)
        sent = one.send(TWO, b"on")
        world.run("100ms")
        assert (len(two.received) > before, sent.delivered) == (arrives, arrives)


def test_a_faster_rate_does_not_reach_as_far() -> None:
    world = World(air=Medium(path=PathLoss(exponent=2)))
    fast = world.add(EspNowPeer(ONE, rate=0x0C, power=14), name="fast")
    slow = world.add(EspNowPeer(TWO, rate=0x00, power=14), name="slow")
    far = world.add(EspNowPeer(THREE), name="far", at=(400, 0))
    fast.send(None, b"fast")
    world.run("5ms")
    slow.send(None, b"slow")
    world.run("20ms")
    assert [received.data for received in far.received] == [b"slow"]


def losses(seed: int, count: int = 300) -> list[int]:
    world = World(seed=seed, air=Medium(loss=0.3))
    one, two = pair(world)
    for n in range(count):
        world.at(Duration(us(2000) * (n + 1)), lambda world, n=n: one.send(None, n.to_bytes(2, "little")))
    world.run("1s")
    return [int.from_bytes(received.data, "little") for received in two.received]


def test_thirty_percent_are_lost_and_the_seed_says_which() -> None:
    first = losses(1)
    # 300 frames: 210 expected, standard deviation 7.9; four of them.
    assert 178 <= len(first) <= 242
    assert losses(1) == first
    assert losses(2) != first


def test_repetition_makes_up_for_losses_and_doubles_are_dropped() -> None:
    world = World(seed=5, air=Medium(loss=0.3))
    one, two = pair(world)
    sent = []
    for n in range(100):
        world.at(Duration(us(20_000) * (n + 1)), lambda world, n=n: sent.append(one.send(TWO, bytes([n]))))
    world.run("2.1s")
    # Frame and acknowledgement arrive with 0.49; none of six times: 1.8 %.
    assert sum(bool(one_sent.delivered) for one_sent in sent) >= 93
    data = [received.data[0] for received in two.received]
    assert data == sorted(set(data))
    again = [aired for aired in world.air.frames if aired.attempt and "two" in aired.received_by]
    arrived_twice = {aired.frame.sequence for aired in again} & {
        aired.frame.sequence for aired in world.air.frames if not aired.attempt and "two" in aired.received_by
    }
    assert arrived_twice, "no acknowledgement was lost: the test shows nothing"


def test_two_at_the_same_moment_collide_and_then_take_turns() -> None:
    world = World()
    left = world.add(EspNowPeer(ONE), name="left", at=(-10, 0))
    right = world.add(EspNowPeer(TWO), name="right", at=(10, 0))
    middle = world.add(EspNowPeer(THREE), name="middle")
    sent = [left.send(THREE, b"left"), right.send(THREE, b"right")]
    world.run("50ms")
    first = world.air.frames[:2]
    assert [aired.lost["middle"] for aired in first] == ["collision", "collision"]
    assert first[0].at == first[1].at
    assert [one_sent.delivered for one_sent in sent] == [True, True]
    assert sorted(received.data for received in middle.received) == [b"left", b"right"]


def test_who_hears_the_other_waits() -> None:
    world = World()
    left = world.add(EspNowPeer(ONE), name="left", at=(-10, 0))
    right = world.add(EspNowPeer(TWO), name="right", at=(10, 0))
    middle = world.add(EspNowPeer(THREE), name="middle")
    left.send(THREE, bytes(100))
    world.at("300us", lambda world: right.send(THREE, b"right"))
    world.run("50ms")
    one, other = world.air.frames
    assert other.at > one.until + us(10 + 304)  # the acknowledgement, too
    assert len(middle.received) == 2


def test_who_does_not_hear_the_other_collides() -> None:
    world = World()
    left = world.add(EspNowPeer(ONE), name="left", at=(-100, 0))
    right = world.add(EspNowPeer(TWO), name="right", at=(100, 0))
    middle = world.add(EspNowPeer(THREE), name="middle")
    left.send(None, bytes(100))
    world.at("300us", lambda world: right.send(None, b"right"))
    world.run("50ms")
    assert middle.received == []
    assert [aired.lost["middle"] for aired in world.air.frames] == ["collision", "collision"]


def test_the_much_stronger_one_is_heard() -> None:
    world = World()
    near = world.add(EspNowPeer(ONE), name="near", at=(1, 0))
    world.add(EspNowPeer(TWO), name="far", at=(200, 0))
    middle = world.add(EspNowPeer(THREE), name="middle")
    near.send(None, bytes(100))
    world.at("300us", lambda world: world["far"].send(None, b"far"))
    world.run("50ms")
    assert [received.source.hex(":") for received in middle.received] == [ONE]


def test_what_is_too_long_is_refused_or_dropped() -> None:
    world = World()
    new = world.add(EspNowPeer(ONE), name="new")
    old = world.add(EspNowPeer(TWO, version=1), name="old", at=(1, 0))
    for length in (0, 1471):
        with pytest.raises(UsageError, match=f"{length} bytes: ESP-NOW version 2 takes 1 to 1470"):
            new.send(TWO, bytes(length))
    with pytest.raises(UsageError, match="251 bytes: ESP-NOW version 1 takes 1 to 250"):
        old.send(ONE, bytes(251))
    sent = new.send(TWO, bytes(251))
    new.send(TWO, bytes(250))
    world.run("50ms")
    # At the MAC layer it arrived: the acknowledgement says nothing of what the software makes of it.
    assert sent.delivered is True
    assert [len(received.data) for received in old.received] == [250]


def test_a_frame_in_flight_is_in_the_snapshot() -> None:
    world = World(seed=3, air=Medium(loss=0.3))
    one, two = pair(world)
    for _ in range(5):
        one.send(TWO, bytes(200))
    world.run("5ms")
    picture = world.snapshot()
    fork = World.from_snapshot(picture)
    world.run("100ms")
    fork.run("100ms")
    assert fork.sha256 == world.sha256
    assert fork["two"].received == two.received
    assert len(two.received) > len(fork.air.frames) - len(world.air.frames) == 0
    done = two.received[:]
    world.restore(picture)
    assert len(two.received) < len(done)
    world.run("100ms")
    assert two.received == done


def test_replies_are_given_from_the_handler() -> None:
    world = World()
    one, two = pair(world)
    two.on_receive = lambda peer, received: peer.send(received.source, b"re:" + received.data)
    one.send(TWO, b"hello")
    world.run("20ms")
    assert [received.data for received in one.received] == [b"re:hello"]


def test_wrong_arguments_say_what_is_right() -> None:
    with pytest.raises(UsageError, match="channel 15: expected 1 to 14"):
        EspNowPeer(ONE, channel=15)
    with pytest.raises(UsageError, match="is no MAC address: write six bytes"):
        EspNowPeer("7c:df:a1")
    with pytest.raises(UsageError, match="expected a chance from 0 to 1"):
        Medium(loss=30)
    with pytest.raises(UsageError, match="in no world yet"):
        EspNowPeer(ONE).send(TWO, b"on")
