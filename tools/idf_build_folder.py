"""Lays a merged image of an ESP32-S3 out as ESP-IDF's build folder: its parts as files, and flasher_args.json.

usage: python tools/idf_build_folder.py IMAGE.bin FOLDER

For the documentation's tests, which stand where somebody has run `idf.py build`.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

from twins.espimage import TABLE_OFFSET, TABLE_SIZE, contents, flash_parts


def lay_out(image: Path, folder: Path) -> None:
    """Writes the folder; the image's ELF goes along where there is one."""
    data = image.read_bytes()
    files = {TABLE_OFFSET: ("partition_table/partition-table.bin", data[TABLE_OFFSET : TABLE_OFFSET + TABLE_SIZE])}
    for content in contents(flash_parts(image)[0]):
        if content.app is not None:
            name = "bootloader/bootloader.bin" if content.label == "bootloader" else f"{image.stem}.bin"
            files[content.offset] = (name, data[content.offset :][: content.app.size])
    for name, part in files.values():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(part)
    if image.with_suffix(".elf").is_file():
        shutil.copy(image.with_suffix(".elf"), folder)
    names = ("bootloader", "partition-table", "app")
    named = {
        name: {"offset": f"{offset:#x}", "file": file, "encrypted": "false"}
        for name, (offset, (file, _)) in zip(names, sorted(files.items()), strict=True)
    }
    args = {
        "flash_settings": {"flash_mode": "dio", "flash_size": "8MB", "flash_freq": "80m"},
        "flash_files": {f"{offset:#x}": name for offset, (name, _) in sorted(files.items())},
        **named,
        "extra_esptool_args": {"chip": "esp32s3"},
    }
    (folder / "flasher_args.json").write_text(json.dumps(args, indent=1))


if __name__ == "__main__":
    lay_out(Path(sys.argv[1]), Path(sys.argv[2]))
