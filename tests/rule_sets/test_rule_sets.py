"""Rule sets: each program's tree is zipped and thinned as its set says, and none leaves out a raw light frame."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from coldframe.archiver.frames_kept import written_by
from coldframe.archiver.opening import Source
from coldframe.archiver.scan import FoundBundle, LeftOut, Rules, find_roots, scan, scan_members
from coldframe.errors import BadUsage
from coldframe.rule_sets import SHIPPED, Action, ChosenRules, Rule, RuleSet, choose_rule_sets, load_rule_set
from coldframe.rule_sets.loading import parse_own_rule_set, parse_rule_set
from rule_sets.trees import LEFT_OUT, NINA, SIRIL, TREES, ZIPPED, fits, write, xisf

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

_LIGHTS = {
    **{f"{program}/{name}": data for program, tree in TREES.items() for name, data in tree.items()},
    "process/light_00001.fit": fits(**NINA),
    "registered/M51_r.xisf": xisf("N.I.N.A. 3.1"),
    "registered/M51_r.fits": fits(),
    "calibrated/IMG_1_c.cr2": b"II*\0",
    "process/pp_light_00001.fit.fz": fits(**SIRIL),
    "registered/broken_r.xisf": b"XISF0100\xff\xff\xff\xff",
    "registered/empty_r.fit": b"",
}


def found_below(top: Path, sets: Iterable[RuleSet]) -> Iterator[Source | FoundBundle | LeftOut]:
    """What a scan finds with these sets, the members of bundles too."""
    chosen = ChosenRules(sets)
    rules = Rules(zipping=chosen, leaving=chosen)
    for found in scan(find_roots([str(top)], rules), rules):
        yield found  # type: ignore[misc]
        if isinstance(found, FoundBundle):
            yield from scan_members(found.folder, rules)  # type: ignore[misc]


def below(top: Path, locations: Iterable[str]) -> set[str]:
    """The locations as paths below `top`."""
    return {location.removeprefix(f"{top}/") for location in locations}


def is_raw_light(path: str, data: bytes) -> bool:
    """Whether a file of our trees is a frame that no processing program wrote."""
    is_frame = path.lower().rpartition(".")[2] in {"fit", "fits", "fz", "xisf", "cr2"}
    return is_frame and not written_by(data).startswith(("Siril", "PixInsight"))


@pytest.mark.parametrize("name", SHIPPED)
def test_rule_set_zips_and_leaves_out_what_its_program_makes(tmp_path: Path, name: str) -> None:
    """The tree of each program, as it names its folders and files."""
    top = tmp_path.resolve() / "tree"
    write(top, TREES[name])
    found = list(found_below(top, [load_rule_set(name)]))
    zips = below(top, (f"{each.folder.location}.zip" for each in found if isinstance(each, FoundBundle)))
    left = below(top, (each.location for each in found if isinstance(each, LeftOut)))
    taken = below(top, (each.location for each in found if isinstance(each, Source)))
    assert (zips, left) == (ZIPPED[name], LEFT_OUT[name])
    assert taken == set(TREES[name]) - LEFT_OUT[name]
    assert not [path for path in left if is_raw_light(path, TREES[name][path])]


def test_converted_frames_stay_where_their_originals_are_gone(tmp_path: Path) -> None:
    """Siril's process/light_00001.fit is all there is of a night whose lights folder is missing, or empty."""
    top = tmp_path.resolve() / "tree"
    write(top, TREES["siril"])
    shutil.rmtree(top / "M31/lights")
    for _ in range(2):
        found = found_below(top, [load_rule_set("siril")])
        left = below(top, (each.location for each in found if isinstance(each, LeftOut)))
        assert left == {"M31/process/bias_00001.fit"}
        (top / "M31/lights").mkdir(exist_ok=True)


_PARTS = st.sampled_from([*"*?r_c", "process", "registered", "LIGHT", "lights", "/", ".fit", ".xisf", "*.*", "[a-z]"])
_RULES = st.builds(
    Rule, st.just("own"), st.just(Action.LEAVE_OUT), st.lists(_PARTS, min_size=1, max_size=4).map("".join)
)


@pytest.fixture(scope="module")
def frames(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All trees, and frames whose names and folders look processed."""
    top = tmp_path_factory.mktemp("frames").resolve()
    write(top, _LIGHTS)
    return top


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rules=st.lists(_RULES, min_size=1, max_size=3))
def test_no_rule_set_leaves_out_a_raw_light_frame(frames: Path, rules: list[Rule]) -> None:
    """Whatever a set says, a user's own too: all sets that come with coldframe and any patterns besides."""
    everything = Rule("own", Action.LEAVE_OUT, "*")
    for chosen in (rules, [everything, *rules]):
        sets = [*(load_rule_set(name) for name in SHIPPED), RuleSet("own", "own", tuple(chosen))]
        found = list(found_below(frames, sets))
        left = below(frames, (each.location for each in found if isinstance(each, LeftOut)))
        assert not [path for path in left if path in _LIGHTS and is_raw_light(path, _LIGHTS[path])]
        taken = below(frames, (each.location for each in found if isinstance(each, Source)))
        assert taken >= {path for path, data in _LIGHTS.items() if is_raw_light(path, data)}


def test_folder_that_a_rule_names_is_left_out_with_all_in_it_but_frames(tmp_path: Path) -> None:
    """As `--exclude` would, except for what cannot be made again."""
    top = tmp_path.resolve() / "tree"
    write(top, {"old/a/notes.txt": b"x", "old/a/raw.fit": fits(**NINA), "old/b.fit": fits(**SIRIL), "new.txt": b"x"})
    found = list(found_below(top, [parse_rule_set("own", {"leave_out": ["old"]})]))
    assert below(top, (each.location for each in found if isinstance(each, Source))) == {"new.txt", "old/a/raw.fit"}
    assert [each.note for each in found if isinstance(each, Source) and each.note] == [
        "rule set own, 'old' matches, but this is a frame of which no processing program says that it wrote it"
    ]


@pytest.mark.parametrize(
    ("data", "writer"),
    [
        (fits(**SIRIL), "Siril 1.2.6"),
        (fits(**NINA), ""),
        (fits(PROGRAM="4.43"), "4.43"),
        (fits(SOFTWARE="Astro Pixel Processor 2.0"), "Astro Pixel Processor 2.0"),
        (xisf("PixInsight 1.8.9-2"), "PixInsight 1.8.9-2"),
        (xisf("N.I.N.A. 3.1"), "N.I.N.A. 3.1"),
        (b"XISF0100\0", ""),
        (b"SIMPLE  =", ""),
        (b"", ""),
    ],
)
def test_header_tells_who_wrote_a_frame(data: bytes, writer: str) -> None:
    """Not who took it: its keywords stay with a frame through all processing."""
    assert written_by(data) == writer


@pytest.mark.parametrize(
    ("table", "told"),
    [
        ({"zap": []}, "'zap' is not known of a rule set"),
        ({"zip": "Bias"}, "zip wants a list"),
        ({"zip": [5]}, "5 is no rule"),
        ({"zip": [""]}, "pattern wants a text"),
        ({"leave_out": [{"pattern": "a", "why": "b"}]}, "is no rule"),
        ({"leave_out": [{"pattern": "*.fit", "beside": "lights"}]}, "wants a pattern that begins with a folder"),
    ],
)
def test_wrong_rule_set_is_told(table: Mapping[str, object], told: str) -> None:
    """A set that says something unknown is refused."""
    with pytest.raises(ValueError, match=told):
        parse_own_rule_set("own", table)


@pytest.mark.parametrize("name", ["nina", "none"])
def test_own_rule_set_takes_no_name_that_is_taken(name: str) -> None:
    """One name means one thing."""
    with pytest.raises(ValueError, match="take another name"):
        parse_own_rule_set(name, {})


def test_rule_sets_are_chosen_by_name() -> None:
    """Each once, in the order given; `none` is none; an unknown one names those there are."""
    own = {"mine": parse_own_rule_set("mine", {"zip": ["Kal"]})}
    assert [each.name for each in choose_rule_sets(["wbpp", "mine", "wbpp"], own)] == ["wbpp", "mine"]
    assert choose_rule_sets(["none"], own) == ()
    with pytest.raises(BadUsage, match="did you mean 'nina'"):
        choose_rule_sets(["nena"], own)
    with pytest.raises(BadUsage, match="there are nina, sgp, asiair, ekos, siril, wbpp, mine"):
        choose_rule_sets(["???"], own)
