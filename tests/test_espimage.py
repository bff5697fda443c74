"""Flash contents for the ESP32-S3: what is refused. Formats: ESP-IDF esp_app_format.h, esp_flash_partitions.h."""

from __future__ import annotations

import hashlib
import json
import shutil
import struct
from pathlib import Path

import pytest

from twins import Image
from twins.cli import main
from twins.errors import ImageError
from twins.image import chip_of


def app(
    chip: int = 9,
    payload: bytes = b"\x01\x02\x03\x04",
    *,
    damage: bool = False,
    hashed: bool = True,
    address: int = 0x403C_8700,
) -> bytes:
    """An image of one segment with its checksum, and its hash."""
    header = struct.pack("<BBBBI", 0xE9, 1, 2, 0x3F, 0x403C_8700) + bytes([0xEE, 0, 0, 0])
    header += struct.pack("<HBHH4xB", chip, 0, 0, 99, int(hashed))
    body = header + struct.pack("<II", address, len(payload)) + payload
    checksum = 0xEF
    for byte in payload:
        checksum ^= byte
    body += b"\0" * (15 - len(body) % 16) + bytes([checksum ^ int(damage)])
    return body + hashlib.sha256(body).digest() if hashed else body


def table(*lines: tuple[str, int, int, int, int]) -> bytes:
    """A partition table of (label, type, subtype, offset, size), with its MD5."""
    rows = b"".join(
        struct.pack("<HBBII16sI", 0x50AA, kind, sub, offset, size, label.encode(), 0)
        for label, kind, sub, offset, size in lines
    )
    rows += b"\xeb\xeb" + b"\xff" * 14 + hashlib.md5(rows, usedforsecurity=False).digest()
    return rows.ljust(0xC00, b"\xff")


def write(folder: Path, **files: bytes) -> Path:
    """Files of these names and contents."""
    for name, data in files.items():
        (folder / f"{name}.bin").write_bytes(data)
    return folder


def load(text: str | Path, flash: int = 8 << 20) -> Image:
    """As a twin loads it."""
    return Image.load(text, "esp32s3", flash_size=flash)


def test_separate_files_go_where_they_are_said_to_go(tmp_path: Path) -> None:
    write(tmp_path, boot=app(), table=table(("factory", 0, 0, 0x10000, 0x100000)), app=app(payload=b"abcd"))
    image = load(f"0x0={tmp_path}/boot.bin,0x8000={tmp_path}/table.bin,0x10000={tmp_path}/app.bin")
    assert [segment.address for segment in image.segments] == [0, 0x8000, 0x10000]


def test_a_build_folder_of_esp_idf_names_its_files(tmp_path: Path) -> None:
    write(tmp_path, boot=app(), table=table(("factory", 0, 0, 0x10000, 0x100000)), app=app())
    files = {"0x0": "boot.bin", "0x8000": "table.bin", "0x10000": "app.bin"}
    args = {"flash_files": files, "app": {"file": "app.bin"}, "extra_esptool_args": {"chip": "esp32s3"}}
    (tmp_path / "flasher_args.json").write_text(json.dumps(args))
    assert len(load(tmp_path).segments) == 3
    args["extra_esptool_args"] = {"chip": "esp32c3"}
    (tmp_path / "flasher_args.json").write_text(json.dumps(args))
    with pytest.raises(ImageError, match="a build for esp32c3: this board has an esp32s3"):
        load(tmp_path)


def test_a_platformio_folder_is_known_by_its_files(tmp_path: Path) -> None:
    write(tmp_path, bootloader=app(), partitions=table(("app0", 0, 0x10, 0x10000, 0x100000)), firmware=app())
    assert [segment.address for segment in load(tmp_path).segments] == [0, 0x8000, 0x10000]


def test_a_platformio_application_goes_where_the_projects_table_has_it(tmp_path: Path) -> None:
    """PlatformIO's espressif32 flashes to ESP32_APP_OFFSET, which it takes from the project's partitions.csv."""
    lines = (
        ("otadata", 1, 0, 0xE000, 0x2000),
        ("app0", 0, 0x10, 0x20000, 0x100000),
        ("app1", 0, 0x11, 0x120000, 0x100000),
    )
    write(tmp_path, bootloader=app(), partitions=table(*lines), firmware=app())
    assert [segment.address for segment in load(tmp_path).segments] == [0, 0x8000, 0x20000]
    write(tmp_path, partitions=table(*lines, ("factory", 0, 0, 0x220000, 0x100000)))
    assert [segment.address for segment in load(tmp_path).segments] == [0, 0x8000, 0x220000]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (app(chip=0), r"an image for ESP32 \(chip id 0\): this board has an ESP32-S3"),
        (app(damage=True), "the checksum is 0x.., and the segments give 0x"),
        (app()[:-1] + b"\0", "the SHA-256 at its end is wrong"),
        (app()[:40], "truncated"),
        (b"hello, world, this is no image", "it starts with 68, expected e9"),
    ],
)
def test_a_damaged_bootloader_is_refused(tmp_path: Path, data: bytes, message: str) -> None:
    write(tmp_path, merged=data)
    with pytest.raises(ImageError, match=message):
        load(tmp_path / "merged.bin")


def test_parts_may_not_overlap_or_end_behind_the_flash(tmp_path: Path) -> None:
    write(tmp_path, boot=app().ljust(0x9000, b"\xff"), table=table(), app=app())
    with pytest.raises(ImageError, match=r"overlapping parts: .* fills flash 0x0 to 0x9000"):
        load(f"0x0={tmp_path}/boot.bin,0x8000={tmp_path}/table.bin")
    write(tmp_path, boot=app())
    with pytest.raises(ImageError, match="behind the board's flash of 1024 KB"):
        load(f"0x0={tmp_path}/boot.bin,0x100000={tmp_path}/app.bin", 1 << 20)
    with pytest.raises(ImageError, match="nothing is written to flash 0x0"):
        load(f"0x10000={tmp_path}/app.bin")


def test_a_partition_may_not_end_behind_the_flash(tmp_path: Path) -> None:
    write(tmp_path, boot=app(), table=table(("big", 1, 2, 0x9000, 0x100_0000)))
    with pytest.raises(ImageError, match="partition 'big' ends at 0x1009000"):
        load(f"0x0={tmp_path}/boot.bin,0x8000={tmp_path}/table.bin")


def test_a_folder_without_a_build_says_what_was_expected(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match=r"no build folder: expected flasher_args\.json"):
        load(tmp_path)


def described(project: bytes, version: bytes, idf: bytes) -> bytes:
    """The 256 bytes of ESP-IDF's esp_app_desc_t: magic, secure version, reserved, then the texts."""
    texts = version.ljust(32, b"\0") + project.ljust(32, b"\0") + b"12:00:00".ljust(16, b"\0")
    texts += b"Nov 21 2026".ljust(16, b"\0") + idf.ljust(32, b"\0")
    return (struct.pack("<I12x", 0xABCD_5432) + texts).ljust(256, b"\0")


def test_info_names_what_is_in_the_flash(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    payload = described(b"lamp", b"1.2", b"v5.3.5")
    lines = ("nvs", 1, 2, 0x9000, 0x6000), ("factory", 0, 0, 0x10000, 0x100000)
    write(tmp_path, boot=app(), table=table(*lines), app=app(payload=payload))
    files = f"0x0={tmp_path}/boot.bin,0x8000={tmp_path}/table.bin,0x10000={tmp_path}/app.bin"
    assert main(["info", files, "--json"]) == 0
    boot, nvs, factory = json.loads(capsys.readouterr().out)["contents"]
    assert (boot["label"], boot["entry"], boot["project"]) == ("bootloader", 0x403C_8700, None)
    assert (nvs["label"], nvs["offset"], nvs["entry"]) == ("nvs", 0x9000, None)
    assert (factory["project"], factory["version"], factory["idf"]) == ("lamp", "1.2", "v5.3.5")
    assert factory["built"] == "Nov 21 2026 12:00:00"
    assert main(["info", files]) == 0
    assert "factory          at 0x010000,  1024 KB  lamp 1.2, ESP-IDF v5.3.5" in capsys.readouterr().out


def test_info_knows_the_chip_of_a_file_by_its_first_bytes(tmp_path: Path) -> None:
    write(tmp_path, app=app())
    uf2 = struct.pack(
        "<8I", 0x0A32_4655, 0x9E5D_5157, 0x2000, 0, 256, 0, 1, 0xC47E_5767
    )  # Microsoft's list of families
    (tmp_path / "a.uf2").write_bytes(uf2)
    assert chip_of(tmp_path / "app.bin") == "esp32s3"
    assert chip_of(tmp_path / "a.uf2") == "esp32s3"
    assert chip_of(tmp_path) == "esp32s3"


def test_an_application_alone_is_refused_and_its_folder_asked_for(tmp_path: Path) -> None:
    write(tmp_path, app=app(address=0x4200_0020))
    with pytest.raises(ImageError, match=r"app\.bin: an application alone, .* give the build folder"):
        load(tmp_path / "app.bin")


@pytest.mark.parametrize(("chip", "name"), [(9, "ESP32-S3"), (5, "ESP32-C3")])
def test_an_rp2040_refuses_an_image_of_another_chip(tmp_path: Path, chip: int, name: str) -> None:
    write(tmp_path, app=app(chip))
    with pytest.raises(ImageError, match=f"an image for {name}: this board has an RP2040"):
        Image.load(tmp_path / "app.bin", "rp2040")


def test_a_build_folder_is_an_image_of_an_rp2040_too(tmp_path: Path) -> None:
    for name in ("media_controller.uf2", "media_controller.elf"):
        shutil.copy(Path("firmware/images", name), tmp_path)
    image = Image.load(tmp_path, "rp2040")
    assert (image.path, image.kind, "main" in image.symbols) == (tmp_path / "media_controller.uf2", "uf2", True)
    assert chip_of(tmp_path) == "rp2040"
    with pytest.raises(ImageError, match="a build for rp2040: this board has an esp32s3"):
        load(tmp_path)
