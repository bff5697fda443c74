"""What was built is found by itself."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from twins import ImageError, Twin
from twins.testing.builds import Build, build_in, find_build

IMAGES = Path(__file__).parent.parent.parent / "firmware" / "images"
Run = Callable[..., pytest.RunResult]


def put(source: str, to: Path) -> Path:
    to.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy(IMAGES / source, to))


def esp_idf(folder: Path) -> None:
    """What `idf.py build` leaves, our own image in place of its three files."""
    put("s3_mix.bin", folder / "build" / "merged.bin")
    args = {"flash_files": {"0x0": "merged.bin"}, "extra_esptool_args": {"chip": "esp32s3"}}
    (folder / "build" / "flasher_args.json").write_text(json.dumps(args))


def platformio(folder: Path, env: str) -> None:
    put("media_controller.uf2", folder / ".pio" / "build" / env / "firmware.uf2")
    put("media_controller.elf", folder / ".pio" / "build" / env / "firmware.elf")


def test_esp_idf(tmp_path: Path) -> None:
    esp_idf(tmp_path)
    found = find_build(tmp_path)
    assert found == Build(tmp_path / "build", None, "esp32s3", "ESP-IDF")
    with Twin(found.board, found.image) as twin:
        twin.run("1ms")
    assert build_in(tmp_path / "build") == build_in(tmp_path) == found


def test_pico_sdk(tmp_path: Path) -> None:
    image = put("media_controller.uf2", tmp_path / "build" / "app.uf2")
    elf = put("media_controller.elf", tmp_path / "build" / "app.elf")
    assert find_build(tmp_path) == Build(image, elf, "rp2040", "pico-sdk")
    image.unlink()
    assert find_build(tmp_path) == Build(elf, None, "rp2040", "pico-sdk")
    assert build_in(elf).chip == "rp2040"


def test_platformio_and_its_environments(tmp_path: Path) -> None:
    platformio(tmp_path, "pico")
    found = find_build(tmp_path)
    assert (found.image.name, found.elf, found.kind) == ("firmware.uf2", found.image.with_suffix(".elf"), "PlatformIO")
    platformio(tmp_path, "picow")
    with pytest.raises(ImageError, match=r"has several builds: pico, picow\. Give the path of one; .*env"):
        find_build(tmp_path)
    assert find_build(tmp_path, env="picow").image.parent.name == "picow"
    with pytest.raises(ImageError, match="no build is named 'pica': there are pico, picow"):
        find_build(tmp_path, env="pica")


def test_arduino(tmp_path: Path) -> None:
    image = put("media_controller.uf2", tmp_path / "build" / "rp2040.rp2040.rpipico" / "app.ino.uf2")
    assert find_build(tmp_path) == Build(image, None, "rp2040", "Arduino")
    folder = tmp_path / "esp" / "build" / "esp32.esp32.esp32s3"
    put("s3_mix.bin", folder / "app.ino.merged.bin")
    put("s3_mix.bin", folder / "app.ino.bootloader.bin")
    found = find_build(tmp_path / "esp")
    assert found == Build(folder, None, "esp32s3", "Arduino")
    assert build_in(tmp_path / "esp") == build_in(folder) == found
    assert found.name == "app"
    Twin(found.board, found.image).run("1ms")


def test_a_build_for_a_chip_without_a_twin_is_refused_where_no_board_is_named(tmp_path: Path) -> None:
    esp_idf(tmp_path)
    args = tmp_path / "build" / "flasher_args.json"
    args.write_text(args.read_text().replace('"esp32s3"', '"esp32c3"'))
    with pytest.raises(ImageError, match=r"a build for esp32c3 .*: there are twins of rp2040, esp32s3"):
        _ = find_build(tmp_path).board


def test_it_is_looked_for_upwards_to_the_root_of_the_tests(tmp_path: Path) -> None:
    put("media_controller.uf2", tmp_path / "build" / "app.uf2")
    inner = tmp_path / "app" / "tests"
    inner.mkdir(parents=True)
    assert find_build(inner, tmp_path).image.name == "app.uf2"
    with pytest.raises(ImageError, match=r"no firmware found in .*tests: expected build/flasher_args\.json"):
        find_build(inner)
    with pytest.raises(ImageError, match="no build folder: expected flasher_args"):
        build_in(inner)


def test_the_plugin_finds_it(project: pytest.Pytester, run: Run) -> None:
    esp_idf(project.path)
    project.makeini("[pytest]\n")
    project.makepyfile(
        """
        def test_it(twin):
            assert (twin.board.name, twin.image.chip) == ("esp32s3_devkitc", "esp32s3")
        """
    )
    run().assert_outcomes(passed=1)
    shutil.rmtree(project.path / "build")
    result = run()
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["*twins: no firmware found in *build it first*", "*"])
    platformio(project.path, "one")
    platformio(project.path, "two")
    project.makepyfile("def test_it(twin):\n    assert twin.board.name == 'pico'")
    run("--twin-env", "two").assert_outcomes(passed=1)
