#!/usr/bin/env python3
"""Build MicroPython for the Raspberry Pi Pico from Debian's own source packages.

Our tests boot an unmodified MicroPython. No registry carries its firmware, Debian carries all of its source: the
source packages `micropython` and `mbedtls`, and the arch-all packages `pico-sdk-source` and `tinyusb-source` of the
release named by `SUITE`. They are fetched from the mirror that this machine's apt is configured for, checked against
the signed index, and built with Debian's own cross compiler:

    python3 tools/build_micropython.py            # prints the path of firmware.uf2 on its last line

Beside firmware.uf2 lie firmware.elf (symbols) and firmware.json (what it was made of, sha256 of each). The result is
cached below build/micropython/ until this script or the compiler changes, and it is the same, byte for byte, wherever
it is built with the same compiler: both files, for the paths in the ELF are relative to the sources.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import io
import json
import lzma
import os
import shlex
import shutil
import subprocess
import sys
import tarfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from pathlib import Path

SUITE = "trixie"
SOURCE_PACKAGES = ("micropython", "mbedtls")
BINARY_PACKAGES = ("pico-sdk-source", "tinyusb-source")

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
BUILD = Path(__file__).resolve().parent.parent / "build" / "micropython"

# What the build calls, and the Debian package that has it.
TOOLS = {
    "cmake": "cmake",
    "ninja": "ninja-build",
    "make": "make",
    "gcc": "gcc",
    "dpkg-deb": "dpkg",
    "arm-none-eabi-gcc": "gcc-arm-none-eabi",
    "arm-none-eabi-ar": "binutils-arm-none-eabi",
}
HOST_LIBC, CROSS_LIBC = "libc6-dev", "libnewlib-arm-none-eabi"

# The board's own manifest also asks for onewire, ds18x20, dht and neopixel: these live in micropython-lib, which
# Debian's source package leaves out.
MANIFEST = 'freeze("$(PORT_DIR)/modules")\ninclude("$(MPY_DIR)/extmod/asyncio")\n'

FLASH_BASE = 0x1000_0000
UF2_PAYLOAD = 256
UF2_FAMILY_RP2040 = 0xE48B_FF56


class BuildError(Exception):
    """Something that the reader of the message can act on."""


def say(message: str) -> None:
    """Progress goes to stderr: stdout carries the path alone."""
    print(message, file=sys.stderr, flush=True)


def sha256(data: bytes) -> str:
    """Hexadecimal SHA-256."""
    return hashlib.sha256(data).hexdigest()


# --- where from: the machine's own apt configuration ------------------------------------------------------------------


def paragraphs(lines: Iterable[str]) -> Iterator[dict[str, str]]:
    """Read the `Key: value` paragraphs of deb822 (indices, Release files, *.sources)."""
    fields: dict[str, str] = {}
    key = ""
    for line in lines:
        line = line.rstrip("\n")
        if not line.strip():
            if fields:
                yield fields
            fields, key = {}, ""
        elif line.startswith("#"):
            continue
        elif line[0] in " \t":
            fields[key] += "\n" + line.strip()
        else:
            key, _, value = line.partition(":")
            fields[key] = value.strip()
    if fields:
        yield fields


def archives(etc_apt: Path = Path("/etc/apt")) -> list[str]:
    """Base addresses of the archives that apt reads packages of component `main` from, in apt's order."""
    found: list[str] = []
    directory = etc_apt / "sources.list.d"
    one_line = [etc_apt / "sources.list", *sorted(directory.glob("*.list"))]
    for path in filter(Path.is_file, one_line):
        for line in path.read_text().splitlines():
            words = line.partition("#")[0].split()
            if not words or words[0] not in ("deb", "deb-src"):
                continue
            if len(words) > 1 and words[1].startswith("["):
                while words and not words[1].endswith("]"):
                    del words[1]
                del words[1]
            if "main" in words[3:]:
                found.append(words[1])
    for path in sorted(directory.glob("*.sources")):
        for entry in paragraphs(path.read_text().splitlines()):
            enabled = entry.get("Enabled", "yes").lower() not in ("no", "false", "0")
            if enabled and "main" in entry.get("Components", "").split():
                found.extend(entry.get("URIs", "").split())
    return list(dict.fromkeys(uri.rstrip("/") for uri in found))


def apt_proxies() -> dict[str, str]:
    """Proxies that apt was told to use; those of the environment hold where apt has none."""
    proxies = dict(urllib.request.getproxies())
    if shutil.which("apt-config"):
        for scheme in ("http", "https"):
            answer = run("apt-config", "shell", "PROXY", f"Acquire::{scheme}::Proxy").stdout
            for word in shlex.split(answer):
                value = word.partition("=")[2]
                if value and value != "DIRECT":
                    proxies[scheme] = value
    return proxies


class Archive:
    """One release of one Debian archive: everything read through it was promised by its signed Release file."""

    def __init__(self, base: str, opener: urllib.request.OpenerDirector) -> None:
        self.base = base
        self._open = opener
        release = next(paragraphs(self._signed(self._get(f"dists/{SUITE}/InRelease")).splitlines()))
        if release.get("Origin") != "Debian" or release.get("Codename") != SUITE:
            raise BuildError(f"{base} is not Debian {SUITE}: its Release file says {release.get('Label')!r}")
        self.release = release
        self._promised = {
            path: (digest, int(size))
            for digest, size, path in (line.split() for line in release["SHA256"].split("\n") if line)
        }

    def _get(self, path: str) -> bytes:
        with self._open.open(f"{self.base}/{path}", timeout=60) as answer:
            return bytes(answer.read())

    def _signed(self, in_release: bytes) -> str:
        """The text inside the signature. Trust needs one good signature and no bad one."""
        if not shutil.which("gpgv") or not KEYRING.exists():
            say(
                "warning: cannot check Debian's signature (needs the packages gpgv and debian-archive-keyring); "
                "going on with checksums alone"
            )
            body = in_release.decode().partition("\n\n")[2]
            return body.partition("-----BEGIN PGP SIGNATURE-----")[0]
        BUILD.mkdir(parents=True, exist_ok=True)
        wrapped, text = BUILD / "InRelease", BUILD / "Release"
        wrapped.write_bytes(in_release)
        text.unlink(missing_ok=True)
        verdict = subprocess.run(
            ["gpgv", "--status-fd", "1", "--keyring", KEYRING, "--output", text, wrapped],
            capture_output=True,
            text=True,
            check=False,
        )
        kinds = {line.split()[1] for line in verdict.stdout.splitlines() if line.startswith("[GNUPG:] ")}
        if "VALIDSIG" not in kinds or "BADSIG" in kinds:
            raise BuildError(
                f"Debian's signature on {self.base}/dists/{SUITE}/InRelease does not hold:\n{verdict.stderr}"
            )
        return text.read_text()

    def fetch(self, path: str, digest: str, size: int) -> bytes:
        """A file of the pool whose size and sha256 the index gave."""
        try:
            data = self._get(path)
        except urllib.error.URLError as error:
            raise BuildError(f"cannot fetch {path} from the apt mirror: {error}") from error
        if len(data) != size or sha256(data) != digest:
            raise BuildError(
                f"{path} is not the file that the index promises: expected {size} bytes with sha256 {digest}, "
                f"got {len(data)} bytes with {sha256(data)}"
            )
        return data

    def index(self, path: str) -> Iterator[dict[str, str]]:
        """The paragraphs of an xz-compressed index, by its hash so that a mirror update cannot fall in between."""
        if path not in self._promised:
            raise BuildError(f"the Release file of Debian {SUITE} lists no {path}")
        digest, size = self._promised[path]
        folder = path.rpartition("/")[0]
        by_hash = self.release.get("Acquire-By-Hash") == "yes"
        place = f"{folder}/by-hash/SHA256/{digest}" if by_hash else path
        data = self.fetch(f"dists/{SUITE}/{place}", digest, size)
        with io.TextIOWrapper(lzma.LZMAFile(io.BytesIO(data)), encoding="utf-8") as lines:
            yield from paragraphs(lines)


def open_archive() -> Archive:
    """The first archive of apt's configuration that has the release."""
    bases = archives()
    if not bases:
        raise BuildError("no Debian archive with component main in /etc/apt/sources.list or sources.list.d")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler(apt_proxies()))
    refusals = []
    for base in bases:
        if not base.startswith(("http://", "https://", "file:/")):
            refusals.append(f"{base}: only http, https and file are understood")
            continue
        try:
            return Archive(base, opener)
        except (urllib.error.URLError, TimeoutError, BuildError) as error:
            refusals.append(f"{base}: {error}")
    listing = "\n  ".join(refusals)
    raise BuildError(f"none of the archives that apt is configured for offers Debian {SUITE}:\n  {listing}")


# --- what: the packages -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Ingredient:
    """One file of one package."""

    package: str
    version: str
    path: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """File name."""
        return self.path.rpartition("/")[2]


def newest(versions: Mapping[str, dict[str, str]]) -> dict[str, str]:
    """Debian's own order of versions."""
    best = ""
    for version in versions:
        if not best or not subprocess.run(["dpkg", "--compare-versions", version, "gt", best], check=False).returncode:
            best = version
    return versions[best]


def choose(index: Iterator[dict[str, str]], names: Iterable[str], where: str) -> dict[str, dict[str, str]]:
    """The newest paragraph of each named package."""
    found: dict[str, dict[str, dict[str, str]]] = {name: {} for name in names}
    for entry in index:
        if entry.get("Package") in found and entry.get("Extra-Source-Only") != "yes":
            found[entry["Package"]][entry["Version"]] = entry
    for name, versions in found.items():
        if not versions:
            raise BuildError(f"Debian {SUITE} has no package {name} in its {where} index")
    return {name: newest(versions) for name, versions in found.items()}


def ingredients(archive: Archive) -> list[Ingredient]:
    """Everything to fetch: upstream tarballs, Debian's changelog of MicroPython (it dates the build), two .debs."""
    wanted = []
    sources = choose(archive.index("main/source/Sources.xz"), SOURCE_PACKAGES, "source")
    for name, entry in sources.items():
        for line in entry["Checksums-Sha256"].split("\n"):
            if not line:
                continue
            digest, size, file = line.split()
            if ".orig.tar." in file or (name == "micropython" and ".debian.tar." in file):
                path = f"{entry['Directory']}/{file}"
                wanted.append(Ingredient(name, entry["Version"], path, digest, int(size)))
    binaries = choose(archive.index("main/binary-all/Packages.xz"), BINARY_PACKAGES, "arch-all")
    for name, entry in binaries.items():
        wanted.append(Ingredient(name, entry["Version"], entry["Filename"], entry["SHA256"], int(entry["Size"])))
    return wanted


# --- with what: the tools ---------------------------------------------------------------------------------------------


def run(*command: str | Path, **options: object) -> subprocess.CompletedProcess[str]:
    """Run a command whose output we want; failure is the caller's to judge."""
    return subprocess.run(command, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload, no-any-return]


def missing_packages() -> list[str]:
    """Debian packages that the build needs and this machine lacks."""
    lacking = [package for tool, package in TOOLS.items() if not shutil.which(tool)]
    for compiler, package in (("gcc", HOST_LIBC), ("arm-none-eabi-gcc", CROSS_LIBC)):
        probe = "#include <stdlib.h>\n#include <string.h>\n"
        if not shutil.which(compiler) or run(compiler, "-E", "-", "-o", os.devnull, input=probe).returncode:
            lacking.append(package)
    return list(dict.fromkeys(lacking))


def have_tools() -> None:
    """Install what is missing where we may, else say what to install."""
    lacking = missing_packages()
    if not lacking:
        return
    command = ["apt-get", "install", "--yes", "--no-install-recommends", *lacking]
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise BuildError(
            "building MicroPython needs Debian packages that are missing. Run:\n  sudo " + " ".join(command)
        )
    say("installing " + " ".join(lacking))
    quiet = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    for step in (["apt-get", "update"], command):
        outcome = run(*step, env=quiet)
        if outcome.returncode:
            raise BuildError(f"`{' '.join(step)}` failed:\n{outcome.stderr or outcome.stdout}")
    if still := missing_packages():
        raise BuildError("apt-get installed everything, and these are still not usable: " + " ".join(still))


# --- how: unpack, build, wrap -----------------------------------------------------------------------------------------


def unpack(archive_file: Path, into: Path) -> None:
    """Unpack a .deb, or a tarball without its top folder."""
    into.mkdir(parents=True)
    if archive_file.suffix == ".deb":
        outcome = run("dpkg-deb", "--extract", archive_file, into)
        if outcome.returncode:
            raise BuildError(f"dpkg-deb cannot unpack {archive_file.name}: {outcome.stderr}")
        return
    with tarfile.open(archive_file) as tar:
        members = tar.getmembers()
        if len({member.name.partition("/")[0] for member in members}) == 1 and ".debian." not in archive_file.name:
            top = members[0].name.partition("/")[0] + "/"
            members = [member for member in members if member.name.startswith(top)]
            for member in members:
                member.name = member.name.removeprefix(top)
                if member.islnk():
                    member.linkname = member.linkname.removeprefix(top)
        tar.extractall(into, members)


def logged(log: Path, what: str, *command: str | Path, env: dict[str, str]) -> None:
    """Run one step of the build with its output in a file; on failure show the file's end."""
    started = time.monotonic()
    with log.open("w") as out:
        outcome = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, env=env, check=False)
    if outcome.returncode:
        tail = "\n".join(line[:400] for line in log.read_text(errors="replace").splitlines()[-25:])
        raise BuildError(f"{what} failed; the end of {log}:\n{tail}")
    say(f"  {what}: {time.monotonic() - started:.0f} s")


def changelog_date(debian: Path) -> int:
    """Seconds since 1970 of the newest entry: the date that the firmware reports as its own."""
    for line in (debian / "debian" / "changelog").read_text(encoding="utf-8").splitlines():
        if line.startswith(" -- "):
            return int(parsedate_to_datetime(line.partition(">  ")[2]).timestamp())
    raise BuildError("Debian's changelog of micropython has no dated entry")


def uf2(binary: bytes) -> bytes:
    """Wrap a flash image as UF2: 512-byte blocks of 256 bytes of payload (the format's own specification)."""
    chunks = [binary[at : at + UF2_PAYLOAD] for at in range(0, len(binary), UF2_PAYLOAD)]
    blocks = []
    for number, chunk in enumerate(chunks):
        header = (
            0x0A32_4655,
            0x9E5D_5157,
            0x0000_2000,  # the last word of the header is a family id
            FLASH_BASE + number * UF2_PAYLOAD,
            UF2_PAYLOAD,
            number,
            len(chunks),
            UF2_FAMILY_RP2040,
        )
        block = b"".join(word.to_bytes(4, "little") for word in header) + chunk.ljust(476, b"\0")
        blocks.append(block + (0x0AB1_6F30).to_bytes(4, "little"))
    return b"".join(blocks)


def compile_firmware(work: Path, epoch: int) -> Path:
    """Build mpy-cross for this machine, then the firmware with it. Returns the folder of firmware.elf and .bin."""
    port = work / "micropython" / "ports" / "rp2"
    lib = work / "micropython" / "lib"
    for name, place in (
        ("mbedtls", work / "mbedtls"),
        ("pico-sdk", work / "pico-sdk-source" / "usr" / "src" / "pico-sdk"),
        ("tinyusb", work / "tinyusb-source" / "usr" / "src" / "tinyusb"),
    ):
        shutil.rmtree(lib / name, ignore_errors=True)
        shutil.copytree(place, lib / name, ignore_dangling_symlinks=True)
    # The build only looks whether micropython-lib is there; our manifest takes nothing from it.
    (lib / "micropython-lib").mkdir(exist_ok=True)
    (lib / "micropython-lib" / "README.md").touch()
    (work / "manifest.py").write_text(MANIFEST)

    # The linker asks for libstdc++, of which MicroPython (C only) uses nothing: an empty one spares a 1.6 GB package.
    empty = work / "no-libstdc++"
    empty.mkdir()
    if outcome := run("arm-none-eabi-ar", "rcs", empty / "libstdc++.a").returncode:
        raise BuildError(f"arm-none-eabi-ar cannot make an empty archive (exit code {outcome})")

    # No path and no date of this machine reaches the image, and no setting of its user reaches the build.
    where = f"-ffile-prefix-map={work}=. -fdebug-prefix-map={work}=."  # the assembler is told the latter only
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(work),
        "LC_ALL": "C.UTF-8",
        "PYTHONHASHSEED": "0",
        "SOURCE_DATE_EPOCH": str(epoch),
        "GIT_CEILING_DIRECTORIES": str(work.parent),
        "CFLAGS": where,
        "ASMFLAGS": where,
        "CXXFLAGS": f"{where} -DPICO_CXX_DISABLE_ALLOCATION_OVERRIDES=1",
        "LDFLAGS": f"-L{empty}",
    }
    jobs = f"-j{len(os.sched_getaffinity(0))}"
    cross = work / "micropython" / "mpy-cross"
    host = {key: value for key, value in env.items() if not key.endswith("FLAGS")}
    logged(work / "mpy-cross.log", "mpy-cross", "make", jobs, "-C", cross, env=host)

    out = work / "out"
    env |= {"MICROPY_MPYCROSS": str(cross / "build" / "mpy-cross"), "PICO_SDK_PATH": str(lib / "pico-sdk")}
    logged(
        work / "configure.log",
        "configure",
        "cmake",
        *("-G", "Ninja", "-S", port, "-B", out),
        "-DMICROPY_BOARD=RPI_PICO",
        f"-DMICROPY_FROZEN_MANIFEST={work / 'manifest.py'}",
        "-DPICO_NO_PICOTOOL=1",  # picotool would only write the UF2, which `uf2` above does
        env=env,
    )
    logged(work / "firmware.log", "firmware", "ninja", jobs, "-C", out, env=env)
    return out


def recipe() -> dict[str, str]:
    """What decides whether a cached image still stands."""
    compiler = (
        run("arm-none-eabi-gcc", "--version").stdout.partition("\n")[0] if shutil.which("arm-none-eabi-gcc") else ""
    )
    return {"script": sha256(Path(__file__).read_bytes()), "compiler": compiler}


def build() -> Path:
    """Fetch, unpack and build; returns the folder with the finished image."""
    have_tools()
    archive = open_archive()
    parts = ingredients(archive)
    version = next(part.version for part in parts if part.package == "micropython")
    done = BUILD / version
    say(f"building MicroPython {version} from Debian {SUITE} (log files in {BUILD / 'work'})")

    downloads, work = BUILD / "downloads", BUILD / "work"
    shutil.rmtree(work, ignore_errors=True)
    downloads.mkdir(parents=True, exist_ok=True)
    for part in parts:
        kept = downloads / part.name
        if not kept.exists() or sha256(kept.read_bytes()) != part.sha256:
            kept.write_bytes(archive.fetch(part.path, part.sha256, part.size))
        unpack(kept, work / (part.package if ".debian." not in part.name else "debian"))

    out = compile_firmware(work, changelog_date(work / "debian"))
    image = uf2((out / "firmware.bin").read_bytes())
    shutil.rmtree(done, ignore_errors=True)
    done.mkdir(parents=True)
    shutil.copy(out / "firmware.elf", done)
    (done / "firmware.uf2").write_bytes(image)
    made_of = {part.name: {"package": part.package, "version": part.version, "sha256": part.sha256} for part in parts}
    about = {
        "version": version,
        "recipe": recipe(),
        "sha256": {
            "firmware.uf2": sha256(image),
            "firmware.elf": sha256((done / "firmware.elf").read_bytes()),
        },
        "made_of": made_of,
    }
    (done / "firmware.json").write_text(json.dumps(about, indent=2) + "\n")
    shutil.rmtree(work)
    return done


def cached() -> Path | None:
    """A finished image of this very recipe, if there is one."""
    for about in sorted(BUILD.glob("*/firmware.json")):
        record = json.loads(about.read_text())
        intact = all(
            (about.parent / name).is_file() and sha256((about.parent / name).read_bytes()) == digest
            for name, digest in record["sha256"].items()
        )
        if intact and record["recipe"] == recipe():
            return about.parent
    return None


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--again", action="store_true", help="build even if a finished image is there")
    again = parser.parse_args().again
    BUILD.mkdir(parents=True, exist_ok=True)
    with (BUILD / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # test workers ask at the same time: one builds, the others wait
        try:
            folder = (None if again else cached()) or build()
        except BuildError as error:
            say(f"build_micropython: {error}")
            return 1
    print(folder / "firmware.uf2")
    return 0


if __name__ == "__main__":
    sys.exit(main())
