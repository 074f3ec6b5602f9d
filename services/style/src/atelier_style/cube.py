"""Read and write `.cube` files, the exchange format of colour lookup tables (Adobe Cube LUT Specification 1.0).

Besides the specification's keywords, `LUT_1D_INPUT_RANGE` and `LUT_3D_INPUT_RANGE`, which DaVinci Resolve writes, are
understood. Whatever else a file holds is refused with the number of its line and what was expected there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NoReturn

import numpy as np
from atelier_sdk.errors import FieldViolation, LutMalformedError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

EXPORT_SIZE = 33
SIZES = {1: (2, 65_536), 3: (2, 129)}
_LARGEST = float(np.finfo(np.float32).max)
MAX_BYTES = 4 * 1024 * 1024
KEYWORDS = (
    "TITLE",
    "DOMAIN_MIN",
    "DOMAIN_MAX",
    "LUT_1D_SIZE",
    "LUT_3D_SIZE",
    "LUT_1D_INPUT_RANGE",
    "LUT_3D_INPUT_RANGE",
)
Triple = tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Cube:
    """A lookup table on display-encoded RGB.

    `table` is float32: (n, n, n, 3), indexed by red, green, blue, for a 3D table, or (n, 3) for a 1D one, which maps
    each channel by itself. Its nodes spread evenly from `domain_min` to `domain_max`. Values may leave 0..1; whoever
    applies the table clips them.
    """

    table: NDArray[np.float32]
    domain_min: Triple = (0.0, 0.0, 0.0)
    domain_max: Triple = (1.0, 1.0, 1.0)
    title: str = ""

    @property
    def size(self) -> int:
        """Give the number of nodes along one axis."""
        return len(self.table)

    def nodes(self) -> NDArray[np.float32]:
        """Give the input value at each node, in the shape of `table`."""
        axes = [np.linspace(lo, hi, self.size) for lo, hi in zip(self.domain_min, self.domain_max, strict=True)]
        if self.table.ndim == 2:
            return np.stack(axes, axis=-1).astype(np.float32)
        return np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).astype(np.float32)

    def at_strength(self, strength: float) -> Cube:
        """Blend with the identity: 0 maps every colour of the domain to itself, 1 is the table as it stands.

        Interpolation is linear in the table, so blending the table blends the pictures.
        """
        if strength == 1.0:
            return self
        nodes = self.nodes()
        table = nodes + np.float32(strength) * (self.table - nodes)
        return Cube(table, self.domain_min, self.domain_max, self.title)


def identity(size: int = EXPORT_SIZE) -> Cube:
    """Make the 3D table that maps every colour to itself."""
    blank = Cube(np.empty((size, size, size, 3), np.float32))
    return Cube(blank.nodes())


def parse_cube(text: bytes) -> Cube:
    """Read a `.cube` file.

    Raises LutMalformedError with the line and what was expected there.
    """
    if len(text) > MAX_BYTES:
        _refuse(1, f"a file of at most {MAX_BYTES} bytes", f"{len(text)} bytes")
    lines = re.split(r"\r\n|\n|\r", text.decode("utf-8-sig", errors="replace"))
    header, start = _read_header(lines)
    rows, numbers = _data_rows(lines, start)
    values = _to_array(rows, numbers)
    size = header.size
    expected = size**header.dimensions
    if len(values) > expected:
        _refuse(numbers[expected], f"the end of the file after {expected} rows", rows[expected])
    if len(values) < expected:
        last = numbers[-1] if numbers else len(lines)
        _refuse(last, f"{expected} rows of three numbers", f"{len(values)} rows up to the file's end")
    if header.dimensions == 1:
        return Cube(values, header.domain_min, header.domain_max, header.title)
    # Red runs fastest in the file; in the table it is the first index.
    table = np.ascontiguousarray(values.reshape(size, size, size, 3).transpose(2, 1, 0, 3))
    return Cube(table, header.domain_min, header.domain_max, header.title)


def write_cube(cube: Cube) -> bytes:
    """Write a `.cube` file with six decimals, a fifteenth of a step of 16-bit colour."""
    dimensions = 1 if cube.table.ndim == 2 else 3
    title = re.sub(r"[^\x20-\x7e]|\"", "_", cube.title)
    head = [f'TITLE "{title}"'] if title else []
    head.append(f"LUT_{dimensions}D_SIZE {cube.size}")
    if cube.domain_min != (0.0, 0.0, 0.0) or cube.domain_max != (1.0, 1.0, 1.0):
        head.append("DOMAIN_MIN {:.9g} {:.9g} {:.9g}".format(*cube.domain_min))
        head.append("DOMAIN_MAX {:.9g} {:.9g} {:.9g}".format(*cube.domain_max))
    values = cube.table if dimensions == 1 else cube.table.transpose(2, 1, 0, 3)
    body = ["%.6f %.6f %.6f" % tuple(row) for row in values.reshape(-1, 3).tolist()]  # noqa: UP031 (twice as fast)
    return ("\n".join(head + body) + "\n").encode("ascii")


@dataclass(slots=True)
class _Header:
    """What the lines before the rows say."""

    title: str = ""
    dimensions: int = 0
    size: int = 0
    domain_min: Triple = (0.0, 0.0, 0.0)
    domain_max: Triple = (1.0, 1.0, 1.0)
    seen: set[str] = field(default_factory=set)


def _read_header(lines: Sequence[str]) -> tuple[_Header, int]:
    """Read up to the first row of numbers; answer what was read and that row's index."""
    header = _Header()
    for index, line in enumerate(lines):
        words = line.split()
        if not words or words[0].startswith("#"):
            continue
        if words[0][0] in "+-.0123456789" or words[0].lower() in {"nan", "inf"}:
            break
        _read_keyword(header, words, line, index + 1)
    else:
        index = len(lines)
    if not header.size:
        _refuse(min(index + 1, len(lines)), "LUT_1D_SIZE or LUT_3D_SIZE before the rows", "none")
    for low, high in zip(header.domain_min, header.domain_max, strict=True):
        if not low < high:
            _refuse(min(index + 1, len(lines)), "DOMAIN_MIN below DOMAIN_MAX", f"{low:g} and {high:g}")
    return header, index


def _read_keyword(header: _Header, words: Sequence[str], line: str, number: int) -> None:
    """Take one keyword line into the header."""
    keyword = words[0].upper()
    if keyword not in KEYWORDS:
        _refuse(number, "a row of three numbers or one of " + ", ".join(KEYWORDS), line)
    if keyword in header.seen:
        _refuse(number, f"{keyword} only once", line)
    header.seen.add(keyword)
    if keyword == "TITLE":
        header.title = line.split(None, 1)[1].strip().strip('"')[:250] if len(words) > 1 else ""
    elif keyword.endswith("_SIZE"):
        _read_size(header, keyword, words, number)
    elif keyword.startswith("DOMAIN"):
        red, green, blue = _numbers(words, 3, number)
        if keyword == "DOMAIN_MIN":
            header.domain_min = (red, green, blue)
        else:
            header.domain_max = (red, green, blue)
    else:
        low, high = _numbers(words, 2, number)
        header.domain_min, header.domain_max = (low, low, low), (high, high, high)


def _read_size(header: _Header, keyword: str, words: Sequence[str], number: int) -> None:
    """Take LUT_1D_SIZE or LUT_3D_SIZE into the header."""
    if header.size:
        _refuse(number, "one LUT size (a 1D shaper before a 3D table is not read)", " ".join(words))
    dimensions = int(keyword[4])
    low, high = SIZES[dimensions]
    expected = f"{keyword} and a whole number from {low} to {high}"
    if len(words) != 2 or not re.fullmatch(r"[0-9]{1,9}", words[1]):
        _refuse(number, expected, " ".join(words))
    if not low <= int(words[1]) <= high:
        _refuse(number, expected, words[1])
    header.dimensions, header.size = dimensions, int(words[1])


def _numbers(words: Sequence[str], count: int, number: int) -> list[float]:
    """Read the numbers behind a keyword."""
    try:
        values = [float(word) for word in words[1:]]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        _refuse(number, f"{words[0]} and {count} finite numbers", " ".join(words))
    return values


def _data_rows(lines: Sequence[str], start: int) -> tuple[list[str], list[int]]:
    """Pick the rows that hold numbers, with their line numbers."""
    rows, numbers = [], []
    for number, line in enumerate(lines[start:], start + 1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            rows.append(stripped)
            numbers.append(number)
    return rows, numbers


def _to_array(rows: Sequence[str], numbers: Sequence[int]) -> NDArray[np.float32]:
    """Turn rows into float32 (n, 3), or refuse the first row that is not three finite numbers."""
    words = [row.split() for row in rows]
    try:
        values = np.array(words, dtype=np.float64).reshape(-1, 3)
    except ValueError:
        values = None
    if values is not None and len(values) == len(rows) and (np.abs(values) <= _LARGEST).all():
        return values.astype(np.float32)
    for row, number in zip(words, numbers, strict=True):
        if not _is_triple(row):
            _refuse(number, "a row of three finite numbers", " ".join(row))
    raise AssertionError("every row is a triple, so the array was made")


def _is_triple(words: Sequence[str]) -> bool:
    """Tell whether the words are three numbers that float32 can hold."""
    try:
        return len(words) == 3 and all(abs(float(word)) <= _LARGEST for word in words)
    except ValueError:
        return False


def _refuse(line: int, expected: str, found: str) -> NoReturn:
    """Raise the error that names the line."""
    shown = re.sub(r"[^\x20-\x7e]", "?", found.strip())[:48]
    message = f"line {line} of the .cube file: expected {expected}, found {shown!r}"
    raise LutMalformedError(
        message,
        metadata={"line": str(line), "expected": expected, "found": shown},
        violations=(FieldViolation("grade.lut", message),),
    )
