"""Engines behind one API: what a twin does with one that is not the native."""

from __future__ import annotations

import inspect
import runpy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import abacus
from twins import Twin, UsageError, World, _engine, engines
from twins.cli import main
from twins.engines import Adapter, Capability, EngineApi, EngineSpec
from twins.engines.capabilities import EVERYTHING, MEANINGS, capabilities
from twins.errors import CapabilityMissing, EngineAbsent
from twins.view.runner import Runner

IMAGES = Path(__file__).parent.parent / "firmware" / "images"
CONTROLLER = IMAGES / "media_controller.uf2"


@pytest.fixture(autouse=True)
def _beads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    names = engines.names
    monkeypatch.setattr(engines, "names", names)  # puts back what install() changes
    abacus.install()
    abacus.opened.clear()
    yield
    for engine in abacus.opened:
        assert engine.closed, "an engine was left open"


def beads(board: str = "media_controller", **named: Any) -> Twin:
    return Twin(board, image=CONTROLLER, engine="abacus", **named)


# The vocabulary


def test_the_native_engine_has_every_word_of_the_api() -> None:
    words = {name for name in vars(EngineApi) if not name.startswith("_")}
    assert words <= set(dir(_engine.Engine))
    assert "snapshot" in words


def test_every_public_word_of_the_native_engine_is_in_the_api() -> None:
    """But for what makes one (`rp2040`, `esp32s3`, `restore`), and what adapters call (`use_rom`, `serve`)."""
    words = {name for name in dir(_engine.Engine) if not name.startswith("_")}
    assert words - set(vars(EngineApi)) == {"rp2040", "esp32s3", "restore", "use_rom", "serve"}


def test_a_twin_holds_the_native_engine_itself() -> None:
    with Twin("pico") as twin:
        assert type(twin.engine) is _engine.Engine
        assert (twin.engine_name, twin.capabilities) == ("native", frozenset(Capability))


def test_every_word_that_an_adapter_does_not_override_refuses() -> None:
    """None of them answers quietly but those that may: an engine may have nothing to say and nothing to hand out."""

    class Bare(Adapter):
        name = "bare"
        capabilities = frozenset()
        now = 0  # type: ignore[assignment]

        def run(self, until: int, on: bool = False) -> tuple[str, int, int, str]:
            raise NotImplementedError

        def set_outside(self, target: Any) -> None:
            raise NotImplementedError

        def close(self) -> None:
            raise NotImplementedError

    engine = Bare()
    quiet, sentences = [], set()
    for word, value in vars(EngineApi).items():
        if word.startswith("_") or word in ("now", "run", "set_outside"):
            continue
        takes = [] if isinstance(value, property) else list(inspect.signature(value).parameters)[1:]
        try:
            found = getattr(engine, word)
            if takes or callable(found):
                found(*takes)
            quiet.append(word)
        except CapabilityMissing as error:
            sentences.add(str(error).partition(" no ")[0])
    assert sentences == {"the engine bare has"}
    assert sorted(quiet) == ["consoles", "hand_out", "inbox", "take_messages"]
    with pytest.raises(CapabilityMissing, match="has no parts on pins"):
        engine.inbox.drive(3, True, 0)


def test_every_capability_has_its_words() -> None:
    assert set(MEANINGS) == set(Capability) == EVERYTHING


def test_an_unknown_capability_is_told_with_those_there_are() -> None:
    with pytest.raises(UsageError, match=r"no capability 'snapshots' of an engine: there are cores, console, parts-on"):
        capabilities(["snapshots"])


def test_the_table_of_the_documentation_is_up_to_date(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "names", lambda: abacus.KNOWN)
    tool = runpy.run_path(str(Path(__file__).parent.parent / "tools" / "engine_table.py"))
    text = tool["PAGE"].read_text(encoding="utf-8")
    assert tool["page"](text) == text, "run python tools/engine_table.py"


# Naming an engine


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("verilator", "there is no engine 'verilator': there are native, "),
        ("", "there is no engine ''"),
        ("native:", "'' is no option of native: it takes slice=…, rom=…"),
        ("native:slice", "'slice' is no option of native"),
        ("native:slice=", "'slice=' is no option of native"),
        ("native:speed=9", "'speed=9' is no option of native"),
        ("native:slice=x", "native:slice=x: expected a number of cycles"),
        ("native:slice=0", "native:slice=0: expected a number of cycles"),
        ("native:rom=real", "rom=real knows the ESP32-S3's"),
        ("native:rom=/nowhere.bin", "boot ROM"),
    ],
)
def test_a_wrong_engine_is_told(text: str, words: str) -> None:
    with pytest.raises(UsageError) as caught:
        Twin("pico", engine=text)
    assert words in str(caught.value)


def test_the_real_rom_is_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("ESP_ROM_ELF_DIR", raising=False)
    with pytest.raises(UsageError, match="ESP_ROM_ELF_DIR is not set"):
        Twin("esp32s3_devkitc", engine="native:rom=real")
    monkeypatch.setenv("ESP_ROM_ELF_DIR", str(tmp_path))
    with pytest.raises(UsageError, match=r"boot ROM .*esp32s3_rev0_rom\.elf"):
        Twin("esp32s3_devkitc", engine="native:rom=real")


def test_another_slice_is_a_variant_of_the_native_engine() -> None:
    with Twin("media_controller", image=CONTROLLER, engine="native:slice=1") as twin:
        twin.console.expect("ready", timeout="1s")
        assert twin.engine_name == "native"


def test_several_engines_are_read_with_their_options() -> None:
    specs = EngineSpec.parse_list("abacus,native:slice=1,rom=x,abacus:late=2,wrong=3")
    assert [str(spec) for spec in specs] == ["abacus", "native:slice=1,rom=x", "abacus:late=2,wrong=3"]


def test_a_board_of_another_chip_is_told() -> None:
    with pytest.raises(UsageError, match="abacus runs RP2040; board esp32s3_devkitc has an ESP32-S3"):
        Twin("esp32s3_devkitc", engine="abacus")


def test_an_engine_that_is_not_here_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(abacus, "here", False)
    with pytest.raises(EngineAbsent, match="the engine abacus is not on this machine: string some beads"):
        beads()


# A twin on it


def test_consoles_reset_and_flash_are_the_same_words_on_every_engine() -> None:
    with beads() as twin:
        twin.console.expect("2 beads", timeout="10ms")
        twin.run("10ms")
        twin.reset()
        assert [why for _, why in twin.resets] == ["RunPin"]
        flash = next(iter(twin.image.segments)) if twin.image else None
        assert flash is not None
        assert abacus.opened[0].flash[0][:16] == flash.data[:16]
        assert (twin.engine_name, Capability.FORK in twin.capabilities) == ("abacus", False)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda twin: twin.snapshot(), "the engine abacus has no snapshots: run with engine native"),
        (lambda twin: twin.fork(), "the engine abacus has no snapshots"),
        (lambda twin: twin.lcd, "the engine abacus has no parts on pins: run with engine native"),
        (lambda twin: twin.pins["GPIO3"].level, "has no parts on pins"),
        (lambda twin: twin.pins["GPIO3"].drive(True), "has no parts on pins"),
        (lambda twin: twin.memory.read(0x2000_0000, 4), "has no way into the memory"),
        (lambda twin: twin.registers(), "has no way to the registers"),
        (lambda twin: twin.trace.sha256, "has no trace of its pins"),
        (lambda twin: twin.trace.record_pins(), "has no trace of its pins"),
        (lambda twin: twin.unimplemented, "has no ledger of what it does not model"),
        (lambda twin: twin.usb.plugged, "has no USB host"),
        (lambda twin: twin.intercept("main", print), "has no interception by symbol"),
        (lambda twin: twin.set_slice(1), "has no way to run both cores"),
    ],
)
def test_what_it_lacks_is_one_sentence(ask: Any, words: str) -> None:
    with beads() as twin:
        twin.run("1ms")
        with pytest.raises(CapabilityMissing) as caught:
            ask(twin)
        assert words in str(caught.value)
        assert "\n" not in str(caught.value)


def test_parts_that_are_not_there_are_told_at_power_on(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", "twins"), beads() as twin:
        assert list(twin) == []
    assert [record.getMessage() for record in caplog.records] == [
        "the engine abacus has no parts on pins: run with engine native; without: lcd, knob, battery"
    ]


def test_a_snapshot_of_the_native_engine_does_not_go_into_another() -> None:
    with Twin("media_controller", image=CONTROLLER) as native:
        snapshot = native.snapshot()
    with beads() as twin, pytest.raises(CapabilityMissing, match="has no snapshots"):
        twin.restore(snapshot)


def test_an_error_at_power_on_ends_the_engine(tmp_path: Path) -> None:
    flash = tmp_path / "flash.bin"
    flash.write_bytes(b"short")
    with pytest.raises(UsageError, match="5 bytes"):
        beads(flash=flash)
    assert abacus.opened[0].closed


def test_a_world_holds_twins_of_several_engines() -> None:
    world = World()
    with beads() as one, Twin("pico") as other:
        world.add(one)
        world.add(other)
        world.run("3ms")
        assert one.now == other.now
        with pytest.raises(CapabilityMissing, match="abacus has no snapshots"):
            world.snapshot()


def test_the_live_view_of_it_has_no_power_cycle() -> None:
    with Runner(beads(), pace=None, running=True) as runner:
        runner.do(lambda: runner.twin.run("2ms")).result(timeout=10)
        with pytest.raises(CapabilityMissing, match="abacus has no snapshots"):
            runner.do(runner.power_cycle).result(timeout=10)
        assert runner.do(lambda: "beads" in runner.twin.console.log.decode()).result(timeout=10)


# The command line


def test_run_says_which_engine_ran(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["run", "pico", str(CONTROLLER), "--engine", "abacus", "--until", "4 beads", "--json"])
    shown = capsys.readouterr().out
    assert code == 0
    assert '"engine": "abacus"' in shown
    assert '"trace_sha256": null, "unimplemented": null' in shown


def test_a_run_for_people_names_the_engine(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "pico", str(CONTROLLER), "--engine", "abacus", "--for", "5ms"]) == 0
    assert "s on the engine abacus: " in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--engine", "verilator"], "twins: there is no engine 'verilator'"),
        (["--engine", "abacus", "--frame", "lcd=x.png"], "twins: the engine abacus has no parts on pins"),
        (["--engine", "abacus", "--vcd", "x.vcd"], "twins: the engine abacus has no trace of its pins"),
        (["--allow-open-ports"], "twins: --allow-open-ports: the engine native opens none"),
    ],
)
def test_a_run_that_cannot_be_is_bad_use(
    arguments: list[str],
    words: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["run", "media_controller", str(CONTROLLER), *arguments]) == 2
    assert words in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
