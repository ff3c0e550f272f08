"""The tree builders: the founding tree as its first user named it, small files, one large file."""

from __future__ import annotations

import os
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from coldframe.testing.trees import FRAME_COUNT, build_large_file, build_small_files, build_subs

if TYPE_CHECKING:
    from pathlib import Path


def read_tree(root: Path) -> dict[str, tuple[bytes, int]]:
    """Every file of a tree: its bytes and modification time."""
    files = sorted(path for path in root.rglob("*") if path.is_file())
    return {path.relative_to(root).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def test_subs_tree_holds_54_lights_and_the_calibration_folders(tmp_path: Path) -> None:
    """The founding tree has its names, its counts and about the size asked for."""
    paths = build_subs(str(tmp_path), total_size=FRAME_COUNT * 20_000)
    folders = Counter(os.path.relpath(os.path.dirname(path), tmp_path).replace(os.sep, "/") for path in paths)
    lights = {"Light/Luminance": 18, "Light/Red": 12, "Light/Green": 12, "Light/Blue": 12}
    assert folders == {**lights, "Bias": 8, "Dark": 8, "Flat": 8}
    assert (tmp_path / "Light/Blue/M33_Light_Blue_180sec__1x1_frame1.fit").is_file()
    assert sum(os.path.getsize(path) for path in paths) == pytest.approx(FRAME_COUNT * 20_000, rel=0.3)


def test_subs_tree_is_the_same_when_built_again(tmp_path: Path) -> None:
    """Bytes and modification times repeat, so an archived tree counts as unchanged; all frames differ."""
    build_subs(str(tmp_path / "one"), total_size=FRAME_COUNT * 20_000)
    build_subs(str(tmp_path / "two"), total_size=FRAME_COUNT * 20_000)
    one = read_tree(tmp_path / "one")
    assert one == read_tree(tmp_path / "two")
    assert len({content for content, _ in one.values()}) == FRAME_COUNT


def test_small_files_are_many_and_different(tmp_path: Path) -> None:
    """Two thousand and one files lie in three folders and no two are equal."""
    build_small_files(str(tmp_path), count=2001, size=100)
    tree = read_tree(tmp_path)
    assert Counter(name.split("/", 1)[0] for name in tree) == {"0000": 1000, "0001": 1000, "0002": 1}
    assert len({content for content, _ in tree.values()}) == 2001


def test_large_file_has_exactly_the_size_asked_for(tmp_path: Path) -> None:
    """A size that is no multiple of the writing buffer is met to the byte."""
    build_large_file(str(tmp_path / "large"), size=5_000_001)
    assert (tmp_path / "large").stat().st_size == 5_000_001
