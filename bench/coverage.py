"""Inputs found by coverage: atheris (libFuzzer) over what reads boards, scripts, diagrams, images and the rest.

``pip install atheris``, which a build of the package does not need, then ``python -m bench.coverage board out/corpus
-max_total_time=600``: a kind of `bench.fuzz`, a folder for what was found, and libFuzzer's own options. It ends at the
first input that ends in anything but a `TwinError`, and leaves that input in a file. Results are in `docs/security.md`.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path

import atheris  # type: ignore[import-not-found, unused-ignore]

# What is imported before this line is not measured: the standard library, numpy and the like.
with atheris.instrument_imports(include=["twins", "peripherals"]):
    from bench import fuzz
    from twins.errors import TwinError

KINDS = [name for name in fuzz.KINDS if name not in ("gdb", "rfc2217", "terminal", "page")]
"""Servers answer in threads and slices of time, where coverage says little."""
LONGEST = 20_000
"""Bytes; longer originals are no seeds: libFuzzer changes one place of an input at a time."""


def main() -> None:
    """Runs libFuzzer until it has found something, or until its options end it."""
    if len(sys.argv) < 3 or sys.argv[1] not in KINDS:
        sys.exit(f"python -m bench.coverage KIND FOLDER [-OPTION=VALUE ...]; KIND is one of {', '.join(KINDS)}")
    kind = fuzz.KINDS[sys.argv[1]]
    corpus = Path(sys.argv[2])
    corpus.mkdir(parents=True, exist_ok=True)
    for number, whole in enumerate(kind.originals()):
        (corpus / f"original-{number}").write_bytes(whole[:LONGEST])
    with ExitStack() as stack:
        one = stack.enter_context(kind.opened(Path(stack.enter_context(tempfile.TemporaryDirectory()))))

        def take(data: bytes) -> None:
            with suppress(TwinError):
                one(data)

        # libFuzzer's arguments are like those of a command: its own name first.
        options = [f"-max_len={LONGEST}", "-len_control=0", f"-timeout={fuzz.HANGS}", *sys.argv[3:]]
        atheris.Setup(["coverage", str(corpus), *options], take)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
