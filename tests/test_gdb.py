"""A debugger at a twin, at the level of the protocol; the numbers are those of the GDB manual, appendix E."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.gdb_client import Client, debug
from twins import Twin, UsageError
from twins.cli import main
from twins.gdb import GdbServer
from twins.gdb.registers import LAYOUTS

PC, SP, XPSR = 15, 13, 16


def reset_address(twin: Twin) -> int:
    """The second word of the RP2040's vector table; the reset vector of the Xtensa (core-isa.h)."""
    return twin.memory.u32(4) & ~1 if twin.board.chip.name == "rp2040" else 0x4000_0400


@pytest.fixture
def pico(images: Path) -> Twin:
    return Twin("media_controller", image=images / "media_controller.elf")


@pytest.fixture
def s3(images: Path) -> Twin:
    return Twin("esp32s3_devkitc", image=images / "s3_mix.bin", elf=images / "s3_mix.elf")


def both(images: Path) -> list[tuple[Twin, int]]:
    """A twin of each chip, and the number of its PC."""
    return [
        (Twin("media_controller", image=images / "media_controller.elf"), PC),
        (Twin("esp32s3_devkitc", image=images / "s3_mix.bin", elf=images / "s3_mix.elf"), 0),
    ]


def test_the_chip_stands_before_its_first_instruction_until_a_debugger_comes(images: Path) -> None:
    for twin, pc in both(images):

        def look(client: Client, twin: Twin = twin, pc: int = pc) -> None:
            assert client.ask("?").startswith("T02thread:1;")
            assert client.register(pc) == reset_address(twin)
            assert twin.now == 0

        debug(twin, look, wait=True)


def test_a_breakpoint_in_flash_stops_before_its_instruction_and_time_stands_still(images: Path) -> None:
    for twin, pc in both(images):
        main_function = twin.symbols["main" if "main" in twin.symbols else "app_main"].address & ~1

        def look(client: Client, twin: Twin = twin, pc: int = pc, at: int = main_function) -> None:
            assert client.ask(f"Z0,{at:x},2") == "OK"
            assert client.ask("vCont;c").startswith("T05thread:1;")
            assert client.register(pc) == at
            then = twin.now
            for _ in range(20):
                client.ask("g")
            assert twin.now == then > 0
            assert client.ask(f"z0,{at:x},2") == "OK"
            assert client.ask("vCont;s:1;c").startswith("T05thread:1;")
            assert client.register(pc) != at

        debug(twin, look, wait=True)


def test_each_step_is_one_instruction_of_the_chosen_core(images: Path) -> None:
    for twin, _ in both(images):
        twin.run("300ms")

        def look(client: Client, twin: Twin = twin) -> None:
            client.ask("?")
            before = twin.instructions[0]
            for _ in range(50):
                assert client.ask("vCont;s:1;c").startswith("T05thread:1;")
            assert 50 <= twin.instructions[0] - before <= 50 + twin.board.chip.name.count("esp32s3") * 50

        debug(twin, look)


def test_a_watchpoint_stops_before_the_store_and_names_its_address(pico: Twin) -> None:
    address = pico.memory.address("frame") if "frame" in pico.symbols else 0x2002_584C

    def look(client: Client) -> None:
        client.ask("?")
        assert client.ask(f"Z2,{address:x},4") == "OK"
        assert f"watch:{address:x};" in client.ask("c")
        where = client.register(PC)
        assert client.ask(f"z2,{address:x},4") == "OK"
        assert client.ask("s").startswith("T05")
        assert client.register(PC) != where

    debug(pico, look, wait=True)


@pytest.mark.parametrize(("kind", "word"), [(2, "watch"), (3, "rwatch"), (4, "awatch")])
def test_watchpoints_meet_loads_and_stores_as_they_should(kind: int, word: str) -> None:
    # ldr r1, [r0]; str r1, [r0]; ldrb r1, [r0, #3]; b . (ARMv6-M ARM A6.7)
    code = bytes.fromhex("0168 0160 c178 fee7")
    with Twin("pico") as twin:
        twin.memory.write(0x2000_0000, code)
        twin.engine.start_at(0x2000_0000)

        def look(client: Client) -> None:
            client.ask("?")
            assert client.ask("P0=00010020") == "OK"
            assert client.ask(f"Z{kind},20000103,1") == "OK"
            stops = {2: [2], 3: [0, 4], 4: [0, 2, 4]}[kind]
            for offset in stops:
                answer = client.ask("c")
                assert f"{word}:20000103;" in answer, answer
                assert client.register(PC) == 0x2000_0000 + offset
            client.ask(f"z{kind},20000103,1")

        debug(twin, look, wait=True)


def test_registers_and_memory_are_written(images: Path) -> None:
    for twin, _ in both(images):
        ram = 0x2000_1000 if twin.board.chip.name == "rp2040" else 0x3FC9_8000
        layout = LAYOUTS[twin.board.chip.name]

        def look(client: Client, ram: int = ram, general: int = layout.general, twin: Twin = twin) -> None:
            assert client.ask(f"M{ram:x},4:01020304") == "OK"
            assert client.word(ram) == 0x0403_0201
            assert client.ask(f"X{ram:x},3:".encode() + b"\x7d\x03\x7d\x04A") == "OK"  # escaped # and $
            assert bytes.fromhex(client.ask(f"m{ram:x},4")) == b"#$A\x04"
            number = 5
            assert client.ask(f"P{number:x}=78563412") == "OK"
            assert client.register(number) == 0x1234_5678
            whole = client.ask("g")
            assert len(whole) == 2 * sum(
                register.bits // 8 for register in LAYOUTS[twin.board.chip.name].registers[:general]
            )
            assert client.ask("G" + whole.replace("xx", "00")) == "OK"
            assert client.ask("g") == whole

        debug(twin, look, wait=True)


def test_flash_is_not_written_and_it_is_said_why(images: Path) -> None:
    for twin, _ in both(images):
        flash = 0x1000_0000 if twin.board.chip.name == "rp2040" else 0x4000_0000

        def look(client: Client, flash: int = flash) -> None:
            answer = client.ask(f"M{flash:x},1:00")
            assert answer.startswith("E."), answer
            assert "the twin's image" in answer
            assert "the twin's image" in client.ask("vFlashErase:10000000,1000")

        debug(twin, look, wait=True)


def test_an_interrupt_stops_a_running_twin_where_it_is(pico: Twin) -> None:
    def look(client: Client) -> None:
        client.ask("?")
        client.send("c")
        client.raw(b"\x03")
        assert client.receive().startswith("T02thread:")
        then = pico.now
        client.ask("g")
        assert pico.now == then

    debug(pico, look)


def test_both_cores_are_threads_with_names(pico: Twin) -> None:
    def look(client: Client) -> None:
        assert client.ask("qfThreadInfo") == "m1,2"
        assert client.ask("qsThreadInfo") == "l"
        assert "core 1" in bytes.fromhex(client.ask("qThreadExtraInfo,2")).decode()
        listed = client.ask("qXfer:threads:read::0,1000")
        assert 'id="1" core="0" name="core0"' in listed
        assert 'id="2" core="1" name="core1"' in listed
        assert client.ask("T1") == client.ask("T2") == "OK"
        assert client.ask("T3") == "E01"
        assert client.ask("Hg2") == "OK"
        assert client.ask("qC") == "QC2"
        assert client.ask("Hg9") == "E01"

    debug(pico, look, wait=True)


def test_the_core_that_meets_a_breakpoint_is_told(images: Path) -> None:
    with Twin("pico", image=images / "media_controller_dual_bench.elf") as twin:
        twin.run("200ms")
        pc = twin.registers(1)["pc"]

        def look(client: Client) -> None:
            client.ask("?")
            client.ask("Hg2")
            for _ in range(3):
                client.ask("vCont;s:2;c")
            client.ask(f"Z1,{client.register(PC):x},2")
            assert client.ask("vCont;c").startswith("T05thread:2;core:1;")

        assert pc
        debug(twin, look)


def test_monitor_reset_halts_at_the_reset_vector(images: Path) -> None:
    for twin, pc in both(images):
        twin.run("50ms")

        def look(client: Client, twin: Twin = twin, pc: int = pc) -> None:
            client.ask("?")
            assert client.monitor("reset") == ""
            assert client.register(pc) == reset_address(twin)
            assert len(twin.resets) == 1
            assert "core 0: awake" in client.monitor("info")
            assert "reset" in client.monitor("help")
            assert "no command 'fly'" in client.monitor("fly")

        debug(twin, look)


def test_a_lockup_is_a_signal_and_not_the_end_of_the_run() -> None:
    with Twin("pico") as twin:
        twin.engine.start_at(0x7000_0000)  # nothing is there: HardFault, whose frame has no place either

        def look(client: Client) -> None:
            client.ask("?")
            assert client.ask("Pd=00000070") == "OK"
            client.send("c")
            said = client.receive()
            assert said.startswith("O")
            assert "lock" in bytes.fromhex(said[1:]).decode()
            assert client.receive().startswith("T0b")

        debug(twin, look, wait=True)


def test_nothing_of_a_debugger_is_left_behind_it(pico: Twin) -> None:
    untouched = pico.fork()

    def look(client: Client) -> None:
        client.ask("?")
        client.ask(f"Z0,{pico.symbols['main'].address & ~1:x},2")
        client.ask("Z2,20000000,4")
        assert client.ask("D") == "OK"

    debug(pico, look, wait=True)
    end = pico.now + 300_000_000_000
    pico.advance(end)
    untouched.advance(end)
    assert pico.trace.sha256 == untouched.trace.sha256


def test_packets_that_make_no_sense_are_answered_and_do_no_harm(pico: Twin) -> None:
    bad = ["m", "m,", "mzz,4", "m-1,4", "m100000000,4", "M20000000,4:00", "M20000000", "X", "G00", "Gzz", "p", "pfff"]
    bad += [
        "P",
        "P0",
        "P0=zz",
        "P0=00",
        "Z",
        "Z0",
        "Z0,,",
        "Z0,-1,2",
        "Z9,0,0",
        "Z2,0,ffffffff",
        "H",
        "Hx1",
        "Hgq",
        "T",
    ]
    bad += ["vCont;", "vCont;x", "vCont;s:99", "qXfer:features:read", "qXfer:features:read:target.xml:zz", "qRcmd,z"]
    bad += ["qThreadExtraInfo,", "qThreadExtraInfo,99", "vBogus", "!", "", "\x00\xff", "i", "R00"]

    def look(client: Client) -> None:
        for body in bad:
            answer = client.ask(body.encode("latin-1"))
            assert answer == "" or answer.startswith("E"), (body, answer)
        client.raw(b"$m20000000,4#00")  # wrong checksum: not acknowledged
        client.raw(b"\x00\xff+++---###" + b"$" + b"z" * 40_000)
        assert client.ask("qC").startswith("QC")

    debug(pico, look, wait=True)


def test_what_is_supported_is_told_and_acknowledgements_can_be_left_out(pico: Twin) -> None:
    def look(client: Client) -> None:
        assert "PacketSize=4000" in client.ask("qSupported:multiprocess+")
        assert client.ask("QStartNoAckMode") == "OK"
        assert client.ask("vCont?") == "vCont;c;C;s;S"
        assert client.ask("qAttached") == "1"
        text = client.ask("qXfer:features:read:target.xml:0,ffff")
        assert text[0] == "l"
        assert "org.gnu.gdb.arm.m-profile" in text

    debug(pico, look, wait=True)


def test_the_registers_of_the_xtensa_come_in_the_order_of_its_gdb(s3: Twin) -> None:
    names = [register.name for register in LAYOUTS["esp32s3"].registers]
    # OpenOCD, tcl/target/xtensa-core-esp32s3.cfg: position in the list of xtreg lines.
    expected = {"pc": 0, "ar0": 1, "ar63": 64, "lbeg": 65, "windowbase": 69, "ps": 73, "threadptr": 74, "m3": 82}
    expected |= {"gpioout": 83, "f0": 84, "fcr": 100, "accx_0": 102, "sar_byte": 114, "q7": 127, "mmid": 128}
    expected |= {"ibreakenable": 129, "epc1": 139, "cpenable": 160, "exccause": 166, "misc3": 179}
    assert {name: names.index(name) for name in expected} == expected
    s3.run("100ms")

    def look(client: Client) -> None:
        client.ask("?")
        base = client.register(69)
        for number in range(16):
            assert client.register(1 + (4 * base + number) % 64) == s3.registers(0)[f"a{number}"]
        assert client.register(73) == s3.registers(0)["ps"]
        assert len(client.ask("p7f")) == 32

    debug(s3, look)


def test_a_second_debugger_is_turned_away_and_a_second_server_refused(pico: Twin) -> None:
    def look(client: Client) -> None:
        assert client.ask("qC") == "QC1"
        server = pico.live.debugger
        assert server is not None
        with Client(server.address) as other:
            client.ask("qC")
            assert other.receive() == ""

    debug(pico, look, wait=True)
    server = GdbServer(pico)
    with pytest.raises(UsageError, match="a server for debuggers already"):
        GdbServer(pico)
    with pytest.raises(UsageError, match="cannot serve a debugger on port"):
        GdbServer(Twin("pico"), server.address[1])


def test_a_port_that_does_not_exist_is_exit_2(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["gdb", "pico", str(images / "idle.elf"), "--port", "99999"]) == 2
    assert "no such port" in capsys.readouterr().err
