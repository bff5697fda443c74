"""Make smooth bitmaps of the pixel font, as a C source.

Each glyph is doubled three times by the rule known as EPX (AdvMAME2x): a corner of a doubled pixel takes its
neighbours' colour where the two neighbours agree and those opposite do not. Diagonals become slopes. Boxes
of the large picture are then averaged to each size: coverage from 0 to 15, the alpha of a pixel.
"""

from __future__ import annotations

import sys
from pathlib import Path

ROWS = 9
SIZES = {12: "", 18: "", 24: "", 36: "0123456789"}  # height in pixels (divides ROWS * 8): the glyphs, or all
Bitmap = list[list[int]]


def read_glyphs(text: str) -> dict[str, Bitmap]:
    """Return the drawn glyphs: rows of 0 and 1."""
    glyphs: dict[str, Bitmap] = {}
    names: list[str] = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("="):
            names = line[1:].split()
            glyphs.update((name, []) for name in names)
        elif names and line.strip():
            drawn = line.split()
            if len(drawn) != len(names):
                raise SystemExit(f"font line {number}: {len(names)} glyphs named, {len(drawn)} drawn")
            for name, pixels in zip(names, drawn, strict=True):
                glyphs[name].append([int(pixel == "#") for pixel in pixels])
    for name, rows in glyphs.items():
        if len(rows) != ROWS or len({len(row) for row in rows}) != 1:
            raise SystemExit(f"glyph {name!r} is not {ROWS} rows of one width")
    glyphs[" "] = [[0, 0, 0]] * ROWS
    return glyphs


def double(bitmap: Bitmap) -> Bitmap:
    """Return the bitmap at twice the size, its corners cut where EPX says so."""
    height, width = len(bitmap), len(bitmap[0])

    def at(y: int, x: int) -> int:
        return bitmap[y][x] if 0 <= y < height and 0 <= x < width else 0

    result = [[0] * (2 * width) for _ in range(2 * height)]
    for y in range(height):
        for x in range(width):
            here, up, right, left, down = at(y, x), at(y - 1, x), at(y, x + 1), at(y, x - 1), at(y + 1, x)
            result[2 * y][2 * x] = up if left == up and left != down and up != right else here
            result[2 * y][2 * x + 1] = right if up == right and up != left and right != down else here
            result[2 * y + 1][2 * x] = left if down == left and down != right and left != up else here
            result[2 * y + 1][2 * x + 1] = down if right == down and right != up and down != left else here
    return result


def shrink(bitmap: Bitmap, box: int) -> Bitmap:
    """Return the mean of each box of `box` by `box`, from 0 to 15."""
    width = -(-len(bitmap[0]) // box)
    padded = [[*row, *[0] * (width * box - len(row))] for row in bitmap]
    return [
        [
            round(15 * sum(sum(row[x : x + box]) for row in padded[y : y + box]) / box**2)
            for x in range(0, width * box, box)
        ]
        for y in range(0, len(padded), box)
    ]


def main(drawing: Path, source: Path) -> None:
    """Write the C source of the font drawn in `drawing`."""
    glyphs = read_glyphs(drawing.read_text())
    smooth = {name: double(double(double(bitmap))) for name, bitmap in glyphs.items()}
    lines = ['#include "font.h"', ""]
    tables = []
    for size, chosen in SIZES.items():
        offset, data, entries = 0, [], []
        for name in sorted(chosen or smooth):
            small = shrink(smooth[name], ROWS * 8 // size)
            flat = [alpha for row in small for alpha in row]
            flat += [0] * (len(flat) % 2)
            packed = [high << 4 | low for high, low in zip(flat[::2], flat[1::2], strict=True)]
            entries.append(f"[{ord(name)}] = {{{len(small[0])}, {offset}}},")
            data += packed
            offset += len(packed)
        lines.append(f"static const unsigned char alpha_{size}[] = {{")
        lines += ["    " + "".join(f"{byte}," for byte in data[i : i + 24]) for i in range(0, len(data), 24)]
        lines.append("};")
        space = max(1, round(size / ROWS))
        tables.append(f"const struct font font_{size} = {{{size}, {space}, alpha_{size}, {{")
        tables += [f"    {entry}" for entry in entries] + ["}};"]
    source.write_text("\n".join(lines + tables) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
