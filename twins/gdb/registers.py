"""The registers of each chip in the order of GDB's numbers, and what describes them to GDB.

Authorities: GDB manual G.5.3 "ARM Features" for the Cortex-M0+. For the Xtensa LX7, whose register map is compiled into
`xtensa-esp32s3-elf-gdb`: OpenOCD's `tcl/target/xtensa-core-esp32s3.cfg`, registers in GDB's order, of which the first
128 are in a g packet.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Register:
    """A register: GDB's name for it, the engine's (None: not readable here), and its width."""

    name: str
    engine: str | None
    bits: int = 32


@dataclass(frozen=True)
class Layout:
    """The registers of a chip. `general` of them are in a g packet."""

    registers: tuple[Register, ...]
    general: int
    description: str
    pc: int


_TARGET = '<?xml version="1.0"?><!DOCTYPE target SYSTEM "gdb-target.dtd"><target version="1.0">{}</target>'


def _same(*names: str) -> list[Register]:
    return [Register(name, name) for name in names]


def _cortex_m() -> Layout:
    profile = _same(*(f"r{n}" for n in range(13)), "sp", "lr", "pc", "xpsr")
    system = _same("msp", "psp", "primask", "control")
    types = {"sp": ' type="data_ptr"', "pc": ' type="code_ptr"', "msp": ' type="data_ptr"', "psp": ' type="data_ptr"'}

    def feature(name: str, registers: list[Register]) -> str:
        lines = "".join(f'<reg name="{r.name}" bitsize="{r.bits}"{types.get(r.name, "")}/>' for r in registers)
        return f'<feature name="org.gnu.gdb.arm.{name}">{lines}</feature>'

    text = "<architecture>armv6s-m</architecture>" + feature("m-profile", profile) + feature("m-system", system)
    return Layout((*profile, *system), len(profile) + len(system), _TARGET.format(text), 15)


def _numbered(kind: str, numbers: dict[str, int]) -> list[Register]:
    return [Register(name, f"{kind}{number}") for name, number in numbers.items()]


def _xtensa() -> Layout:
    general = [Register("pc", "pc"), *_same(*(f"ar{n}" for n in range(64)))]
    general += _numbered("sr", {"lbeg": 0, "lend": 1, "lcount": 2, "sar": 3, "windowbase": 72, "windowstart": 73})
    general += _numbered("sr", {"configid0": 176, "configid1": 208, "ps": 230})
    general += _numbered("ur", {"threadptr": 231})
    general += _numbered("sr", {"br": 4, "scompare1": 12, "acclo": 16, "acchi": 17})
    general += _numbered("sr", {f"m{n}": 32 + n for n in range(4)})
    # Its pins are read through the GPIO matrix; the processor keeps no copy.
    general += [Register("gpioout", None)]
    general += _same(*(f"f{n}" for n in range(16)))
    general += _numbered("ur", {"fcr": 232, "fsr": 233, "accx_0": 0, "accx_1": 1})
    general += _numbered("ur", {f"qacc_h_{n}": 2 + n for n in range(5)} | {f"qacc_l_{n}": 7 + n for n in range(5)})
    general += _numbered("ur", {"sar_byte": 13, "fft_bit_width": 14} | {f"ua_state_{n}": 15 + n for n in range(4)})
    general += [Register(f"q{n}", f"q{n}", 128) for n in range(8)]
    special = {"ibreakenable": 96, "memctl": 97, "atomctl": 99, "ddr": 104, "ibreaka0": 128, "ibreaka1": 129}
    special |= {"dbreaka0": 144, "dbreaka1": 145, "dbreakc0": 160, "dbreakc1": 161}
    special |= {f"epc{n}": 176 + n for n in range(1, 8)} | {"depc": 192}
    special |= {f"eps{n}": 192 + n for n in range(2, 8)} | {f"excsave{n}": 208 + n for n in range(1, 8)}
    special |= {"cpenable": 224, "interrupt": 226, "intset": 226, "intclear": 227, "intenable": 228, "vecbase": 231}
    special |= {"exccause": 232, "debugcause": 233, "ccount": 234, "prid": 235, "icount": 236, "icountlevel": 237}
    special |= {"excvaddr": 238} | {f"ccompare{n}": 240 + n for n in range(3)} | {f"misc{n}": 244 + n for n in range(4)}
    # Registers of the trace and performance units and of the debug port follow, which nothing here has.
    more = [Register("mmid", None), *_numbered("sr", special)]
    architecture = "<architecture>xtensa</architecture>"
    return Layout((*general, *more), len(general), _TARGET.format(architecture), 0)


LAYOUTS = {"rp2040": _cortex_m(), "esp32s3": _xtensa()}
"""By the chip's name."""
