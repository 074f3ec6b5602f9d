from __future__ import annotations

import numpy as np
import pytest
from atelier_sdk.errors import LutMalformedError
from atelier_style.cube import Cube, identity, parse_cube, write_cube
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

VALUES = st.floats(-0.5, 1.5, width=32)
TWO = "0 0 0\n1 0 0\n0 1 0\n1 1 0\n0 0 1\n1 0 1\n0 1 1\n1 1 1\n"


@given(st.integers(2, 5).flatmap(lambda n: hnp.arrays(np.float32, (n, n, n, 3), elements=VALUES)), st.text(max_size=20))
def test_a_3d_table_survives_writing_and_reading_to_six_decimals(table: np.ndarray, title: str) -> None:
    read = parse_cube(write_cube(Cube(table, title=title)))
    assert np.abs(read.table - table).max() <= 6e-7


@given(st.integers(2, 40).flatmap(lambda n: hnp.arrays(np.float32, (n, 3), elements=VALUES)))
def test_a_1d_table_survives_with_its_domain(table: np.ndarray) -> None:
    cube = Cube(table, domain_min=(-0.25, 0.0, 0.125), domain_max=(1.5, 2.0, 4.0))
    read = parse_cube(write_cube(cube))
    assert (read.domain_min, read.domain_max) == (cube.domain_min, cube.domain_max)
    assert np.abs(read.table - table).max() <= 6e-7


def test_red_runs_fastest_in_the_file() -> None:
    cube = parse_cube(b"LUT_3D_SIZE 2\n" + TWO.encode())
    assert np.array_equal(cube.table, identity(2).table)


@pytest.mark.parametrize(
    "head",
    [
        'TITLE "a look"\nLUT_3D_SIZE 2\n',
        "# a comment\n\nLUT_3D_SIZE 2\n# another\n",
        "LUT_3D_SIZE 2\nDOMAIN_MIN 0 0 0\nDOMAIN_MAX 1 1 1\n",
        "LUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE 0.0 1.0\n",
        "\ufefflut_3d_size 2\n",
    ],
)
@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
def test_what_grading_programs_write_is_read(head: str, ending: str) -> None:
    cube = parse_cube((head + TWO).replace("\n", ending).encode())
    assert np.array_equal(cube.table, identity(2).table)


def test_an_input_range_is_the_domain_of_all_channels() -> None:
    cube = parse_cube(b"LUT_3D_SIZE 2\nLUT_3D_INPUT_RANGE -0.5 2\n" + TWO.encode())
    assert (cube.domain_min, cube.domain_max) == ((-0.5,) * 3, (2.0,) * 3)


def test_a_title_is_read_without_its_quotes() -> None:
    assert parse_cube(b'TITLE "Golden hour"\nLUT_3D_SIZE 2\n' + TWO.encode()).title == "Golden hour"


@pytest.mark.parametrize(
    ("text", "line", "expected"),
    [
        ("", 1, "LUT_1D_SIZE or LUT_3D_SIZE"),
        (TWO, 1, "LUT_1D_SIZE or LUT_3D_SIZE"),
        ("LUT_3D_SIZE\n" + TWO, 1, "a whole number from 2 to 129"),
        ("LUT_3D_SIZE two\n" + TWO, 1, "a whole number from 2 to 129"),
        ("LUT_3D_SIZE 1\n0 0 0\n", 1, "a whole number from 2 to 129"),
        ("LUT_3D_SIZE 4096\n", 1, "a whole number from 2 to 129"),
        ("LUT_1D_SIZE 99999999999\n", 1, "a whole number from 2 to 65536"),
        ("LUT_3D_SIZE 2\nLUT_3D_SIZE 2\n" + TWO, 2, "only once"),
        ("LUT_1D_SIZE 2\nLUT_3D_SIZE 2\n" + TWO, 2, "one LUT size"),
        ("LUT_3D_SIZE 2\nDOMAIN_MIN 0 0\n" + TWO, 2, "3 finite numbers"),
        ("LUT_3D_SIZE 2\nDOMAIN_MAX 1 1 inf\n" + TWO, 2, "3 finite numbers"),
        ("LUT_3D_SIZE 2\nDOMAIN_MIN 1 1 1\n" + TWO, 3, "DOMAIN_MIN below DOMAIN_MAX"),
        ("LUT_3D_SIZE 2\nLUT_IN_VIDEO_RANGE\n" + TWO, 2, "one of TITLE"),
        ("<html>\n", 1, "one of TITLE"),
        ("LUT_3D_SIZE 2\n0 0 0\n1 0 zero\n", 3, "three finite numbers"),
        ("LUT_3D_SIZE 2\n0 0 0\n1 0\n0 1 0 1\n" + TWO, 3, "three finite numbers"),
        ("LUT_3D_SIZE 2\n0 nan 0\n" + TWO, 2, "three finite numbers"),
        ("LUT_3D_SIZE 2\n0 0 1e300\n" + TWO, 2, "three finite numbers"),
        ("LUT_3D_SIZE 2\nnan 0 0\n" + TWO, 2, "three finite numbers"),
        ("LUT_3D_SIZE 2\n0 0 0\nTITLE late\n" + TWO, 3, "three finite numbers"),
        ("LUT_3D_SIZE 2\n# short\n0 0 0\n\n1 1 1\n", 5, "8 rows of three numbers"),
        ("LUT_3D_SIZE 2\n" + TWO + "0.5 0.5 0.5\n", 10, "the end of the file after 8 rows"),
    ],
)
def test_a_malformed_file_is_refused_with_its_line_and_what_was_expected(text: str, line: int, expected: str) -> None:
    with pytest.raises(LutMalformedError) as refusal:
        parse_cube(text.encode())
    assert refusal.value.metadata["line"] == str(line)
    assert expected in refusal.value.metadata["expected"]
    assert [violation.field for violation in refusal.value.violations] == ["grade.lut"]


@given(st.binary(max_size=300))
def test_no_bytes_do_worse_than_being_refused(junk: bytes) -> None:
    with pytest.raises(LutMalformedError):
        parse_cube(junk)


def test_a_file_above_the_limit_is_refused_unread() -> None:
    with pytest.raises(LutMalformedError, match="at most 4194304 bytes"):
        parse_cube(b"#" * (4 * 1024 * 1024 + 1))


def test_at_strength_zero_a_table_is_the_identity_of_its_domain() -> None:
    cube = Cube(np.random.default_rng(0).random((3, 3, 3, 3), dtype=np.float32), (-1.0, 0.0, 0.0), (1.0, 2.0, 3.0))
    assert np.array_equal(cube.at_strength(0.0).table, cube.nodes())
