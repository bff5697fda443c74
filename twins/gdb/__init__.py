"""A debugger at a twin: GDB's remote serial protocol on a port of this machine.

``arm-none-eabi-gdb firmware.elf -ex 'target remote :3333'``, or ``gdb-multiarch``, or ``xtensa-esp32s3-elf-gdb``.
"""

from twins.gdb.server import GdbServer

__all__ = ["GdbServer"]
