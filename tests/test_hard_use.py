"""Hard use of what reads files: what is spoiled is refused in words, and what is written is whole or the old file."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bench import fuzz

ROUNDS = 300
"""Spoiled inputs of each kind; the seed is fixed, so it is always the same ones."""
NEVER_REFUSED = frozenset({"gdb", "rfc2217", "terminal", "page"})
"""Servers answer in their protocol."""


@pytest.mark.parametrize("kind", fuzz.KINDS)
@pytest.mark.filterwarnings("ignore:Image size:PIL.Image.DecompressionBombWarning")
def test_a_spoiled_input_is_taken_or_refused_in_words(kind: str, tmp_path: Path) -> None:
    tally = fuzz.fuzz(kind, ROUNDS, 0, tmp_path)
    if kind not in NEVER_REFUSED:
        assert tally.refused > ROUNDS // 20, f"only {tally.refused} of {ROUNDS} were refused: they are hardly spoiled"


WRITER = """
import sys
from twins.files import whole_file
letter = ord("b")
print("on", flush=True)
while True:
    with whole_file(sys.argv[1]) as partial:
        partial.write_bytes(bytes([letter]) * (1 << 20))
    letter = 97 + (letter - 96) % 26
"""


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_file(tmp_path: Path) -> None:
    path, dice = tmp_path / "flash.bin", random.Random(8)
    path.write_bytes(b"a" * (1 << 20))
    for _ in range(20):
        writer = subprocess.Popen([sys.executable, "-c", WRITER, path], stdout=subprocess.PIPE, env=os.environ)
        assert writer.stdout is not None
        writer.stdout.readline()
        time.sleep(dice.random() * 0.05)
        writer.send_signal(signal.SIGKILL)
        writer.communicate()
        data = path.read_bytes()
        assert len(data) == 1 << 20
        assert data == data[:1] * len(data)


def test_no_crate_of_the_engine_has_unsafe_code() -> None:
    assert 'unsafe_code = "deny"' in Path("engine/Cargo.toml").read_text()
    for manifest in Path("engine").glob("*/Cargo.toml"):
        text = manifest.read_text()
        denied = "[lints]\nworkspace = true" in text or ("[workspace]\n" in text and 'unsafe_code = "deny"' in text)
        assert denied, f"{manifest} neither inherits the lint nor has it itself"
    for source in Path("engine").glob("*/src/**/*.rs"):
        assert "allow(unsafe_code)" not in source.read_text(), source
