"""How archives are cut into parts."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.archiver.cut import cut, round_part_size
from coldframe.errors import BadUsage, LimitRefused
from coldframe.model import GIB, MAX_ARCHIVE_SIZE, MAX_PART_SIZE, MAX_PARTS, MIB

PART_SIZES = [MIB << power for power in range(13)]


@pytest.mark.parametrize("part_size", PART_SIZES)
def test_cut_keeps_a_part_size_to_its_last_byte(part_size: int) -> None:
    """Ten thousand full parts are cut with each of the 13 legal part sizes; a byte more takes the next one."""
    assert cut(MAX_PARTS * part_size, part_size=MIB).part_size == part_size
    assert cut(MAX_PARTS * part_size - 1, part_size=MIB).part_size == part_size
    if part_size == MAX_PART_SIZE:
        with pytest.raises(LimitRefused):
            cut(MAX_PARTS * part_size + 1, part_size=MIB)
    else:
        assert cut(MAX_PARTS * part_size + 1, part_size=MIB).part_size == 2 * part_size


@pytest.mark.parametrize("part_size", PART_SIZES)
def test_cut_is_single_up_to_one_part(part_size: int) -> None:
    """What fits one part goes in one request; a byte more makes two parts."""
    assert cut(1, part_size=part_size).is_single
    assert cut(part_size, part_size=part_size).is_single
    assert cut(part_size + 1, part_size=part_size).count == 2


def test_cut_refuses_more_than_any_archive_holds() -> None:
    """More than 40,000 GiB is refused, with the limit in the message."""
    with pytest.raises(LimitRefused, match="40,000 GiB"):
        cut(MAX_ARCHIVE_SIZE + 1, part_size=MIB)


def test_cut_has_no_empty_archive() -> None:
    """An archive holds at least one byte."""
    with pytest.raises(ValueError, match="at least one byte"):
        cut(0, part_size=MIB)


def test_round_part_size_takes_the_next_power_of_two() -> None:
    """A configured part size need not be legal; the next legal one is used, and beyond 4 GiB there is none."""
    assert [round_part_size(size) for size in (1, MIB, MIB + 1, 3 * MIB, GIB + 1)] == [
        MIB,
        MIB,
        2 * MIB,
        4 * MIB,
        2 * GIB,
    ]
    with pytest.raises(BadUsage):
        round_part_size(MAX_PART_SIZE + 1)


@given(size=st.integers(1, MAX_ARCHIVE_SIZE), wanted=st.integers(1, MAX_PART_SIZE))
def test_cut_finds_the_smallest_part_size_that_fits(size: int, wanted: int) -> None:
    """The part size is legal, at least the wanted one, and the next smaller one would be neither."""
    plan = cut(size, part_size=wanted)
    assert plan.part_size in PART_SIZES
    assert plan.part_size >= wanted
    assert plan.count <= MAX_PARTS
    half = plan.part_size // 2
    assert half < MIB or half < wanted or -(-size // half) > MAX_PARTS


@given(size=st.integers(1, 64 * MIB), wanted=st.integers(1, 8 * MIB))
def test_parts_cover_everything_once(size: int, wanted: int) -> None:
    """The parts lie one behind the other from the first byte to the last; all but the last are full."""
    plan = cut(size, part_size=wanted)
    parts = list(plan.parts())
    assert parts[0].start == 0
    assert parts[-1].end == size
    assert all(left.end == right.start for left, right in itertools.pairwise(parts))
    assert all(part.size == plan.part_size for part in parts[:-1])
    assert len(parts) == plan.count
