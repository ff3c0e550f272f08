"""Other clients' descriptions: real ones of each, and what is made of those that are none."""

from __future__ import annotations

from base64 import b64encode
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.errors import UnsafeName
from coldframe.inventory.foreign import decode_foreign
from coldframe.inventory.moments import parse_ns
from coldframe.inventory.rebuild import described_entry
from coldframe.names import read_path
from coldframe.retriever.safe_names import split_path
from coldframe.testing.catalogs import an_archive


def _xml(path: bytes, tail: str = "<lm>20120821T170824Z</lm>") -> str:
    return f"<m><v>4</v><p>{b64encode(path).decode()}</p>{tail}</m>"


@pytest.mark.parametrize(
    ("description", "path", "modified"),
    [
        # mt-aws-glacier: the fixtures of its own tests, and descriptions found in inventories
        ("mt2 eyJmaWxlbmFtZSI6ImZpbGUvYSIsIm10aW1lIjoiMjAxMjExMDNUMDYyOTM4WiJ9", "file/a", "2012-11-03T06:29:38Z"),
        (
            "mt2 eyJmaWxlbmFtZSI6ItC00LjRgNC10LrRgtC-0YDQuNGPL9GE0LDQudC7IiwibXRpbWUiOiIyMDEyMTEwNVQxNDAyNThaIn0",
            "директория/файл",
            "2012-11-05T14:02:58Z",
        ),
        (
            "mt2 eyJmaWxlbmFtZSI6ImZpbGUudHh0IiwibXRpbWUiOiIyMDEzMTIxOVQwODMzMDFaIn0",
            "file.txt",
            "2013-12-19T08:33:01Z",
        ),
        (
            "mt2 eyJmaWxlbmFtZSI6InZhci93d3cvbmV0Y3Y0XzExL25jZGVscmVjLmpzIiwibXRpbWUiOiIyMDA4MDgwN1QwNjUwMzFaIn0",
            "var/www/netcv4_11/ncdelrec.js",
            "2008-08-07T06:50:31Z",
        ),
        ("mt1 eyJmaWxlbmFtZSI6ImZpbGUiLCJtdGltZSI6IjIwMTIxMTE0VDIwMTYxOFoifQ", "file", "2012-11-14T20:16:18Z"),
        ("mt1 eyJmaWxlbmFtZSI6ImZpbGUiLCJtdGltZSI6MTM1MjkyNDE3OH0", "file", "2012-11-14T20:16:18Z"),
        (
            (
                "mt1 eyJmaWxlbmFtZSI6IsOQwrTDkMK4w5HCgMOQwrXDkMK6w5HCgsOQwr7DkcKAw5DCuMORwo8vYS9iL2MvZCIsI"
                "m10aW1lIjoxMzUyMTI0MTc4fQ"
            ),
            "директория/a/b/c/d",
            "2012-11-05T14:02:58Z",
        ),
        # FastGlacier: its own example of version 4; version 2 and CrushFTP have no <ce>; the first form
        (
            (
                "<m><v>4</v><p>Z2xhY2llci1kZy5wZGY=</p><lm>20120821T170824Z</lm>"
                "<ce>1:1:4340ebcf79712dc5e3ef7d50bab98ba5:54687</ce></m>"
            ),
            "glacier-dg.pdf",
            "2012-08-21T17:08:24Z",
        ),
        (
            "<m>\n  <v>3</v>\n  <p>Z2xhY2llci1kZy5wZGY=</p>\n  <lm>20120821T170824Z</lm>\n</m>",
            "glacier-dg.pdf",
            "2012-08-21T17:08:24Z",
        ),
        (
            (
                "           <m><v>4</v><p>RlgxNTAvQ0JCX2ZpZ3VyZS90ZXN0X3B5dGjDtm5fZmlsZS5jYmI=</p><lm>20190121T085242Z"
                "       </lm>        </m>"
            ),
            "FX150/CBB_figure/test_pythön_file.cbb",
            "2019-01-21T08:52:42Z",
        ),
        ("<m><v>2</v><p>YS5maXQ=</p><lm>20190121T085242</lm></m>", "a.fit", "2019-01-21T08:52:42Z"),
        (
            (
                '"<ArchiveMetadata>           <Path>       UkVOREVSRkFSTTUvQjovb25lL3R3by90aHJlZS9jaDAxX3NlcTAwNF9z'
                'aDAwMTAuMjA0NC5kcHg=   </Path></ArchiveMetadata>"'
            ),
            "RENDERFARM5/B:/one/two/three/ch01_seq004_sh0010.2044.dpx",
            None,
        ),
        # QNAP: Hybrid Backup Sync, and the Glacier app before it
        (
            "<m><v>4</v><p>L3NhbXBsZS8xMjM0LnBkZg==</p><lm>20190501T100059Z</lm></m>",
            "sample/1234.pdf",
            "2019-05-01T10:00:59Z",
        ),
        ('{"path": "/path/to/file/joujou.ova", "type": "file"}', "path/to/file/joujou.ova", None),
        # CloudBerry, its path in UTF-7
        ('{"Path":"glacier-ui.exe","UTCDateModified":"20130313T040002Z"}', "glacier-ui.exe", "2013-03-13T04:00:02Z"),
        (
            '{"Path":"dir2/+BEQEMAQ5BDs-3","UTCDateModified":"20130322T120043Z"}',
            "dir2/\u0444\u0430\u0439\u043b3",
            "2013-03-22T12:00:43Z",
        ),
        (
            '{"Path":"c:\\\\myfolder\\\\my file.txt","UTCDateModified":"20130322T120043Z","Flags":1}',
            "c/myfolder/my file.txt",
            "2013-03-22T12:00:43Z",
        ),
        ('{"Path":"a+b.txt","UTCDateModified":"20130322T120043Z"}', "a+b.txt", "2013-03-22T12:00:43Z"),
        ('{"path": "/a+AGE-b.txt", "type": "file"}', "a+AGE-b.txt", None),
        # names as they are: the AWS CLI, boto, git-annex, duplicity
        ("M33_Light_Blue_180sec__1x1_frame1.fit", "M33_Light_Blue_180sec__1x1_frame1.fit", None),
        ("SHA256E-s33566400--1f2e.fit", "SHA256E-s33566400--1f2e.fit", None),
        ("duplicity-full.20120821T170824Z.vol1.difftar.gpg", "duplicity-full.20120821T170824Z.vol1.difftar.gpg", None),
        ("backup/2013/db", "backup/2013/db", None),
        ("C:\\Subs\\Light 1\\a.fit", "C/Subs/Light 1/a.fit", None),
    ],
)
def test_real_descriptions_of_other_clients_are_read(description: str, path: str, modified: str | None) -> None:
    """Path and time come back from what each client is known to write."""
    found = decode_foreign(description)
    assert found is not None
    assert found.path == path
    assert found.modified_ns == (parse_ns(modified) if modified else None)


@pytest.mark.parametrize(
    ("description", "label"),
    [
        ("", ""),
        ("   ", ""),
        ("..", ""),
        ("no name at all", "no name at all"),
        ("lights and/or darks", "lights and_or darks"),
        ("mt2 eyJtdGltZSI6IjAifQ==", "mt2 eyJtdGltZSI6IjAifQ=="),  # real: a client that forgot the name
        ("mt2 !!!", "mt2 !!!"),
        ("mt2 zzz", "mt2 zzz"),
        ("mt3 eyJmaWxlbmFtZSI6ImZpbGUifQ", "mt3 eyJmaWxlbmFtZSI6ImZpbGUifQ"),
        ('{"type": "metadata"}', '{"type"_ "metadata"}'),  # real: QNAP's own
        ('{"path": "a.fit", "type": "directory"}', '{"path"_ "a.fit", "type"_ "directory"}'),
        ('{"path": 7}', '{"path"_ 7}'),
        ('{"path": "\\ud800"}', '{"path"_ "_ud800"}'),
        ('{"path": "a\\u0000b"}', '{"path"_ "a_u0000b"}'),
        ("{" * 4000, "{" * 60),
        ('{"a":' * 700, ('{"a"_' * 12)[:-1]),
        ("<m><v>4</v></m>", "<m><v>4<_v><_m>"),
        ("<m><v>4</v><p>%%%</p></m>", "<m><v>4<_v><p>%%%<_p><_m>"),
        (_xml(b"Subs/Light/"), None),  # a folder: as a file it would stand in its way
        (_xml(b"\xff\xfe"), None),
        (_xml(b"../.."), None),
        ("photos/2012/", "photos_2012"),
        ("x" * 5000 + ".fit", "x" * 60),
    ],
)
def test_what_names_no_file_keeps_its_text_apart(description: str, label: str | None) -> None:
    """A description that no form fits is a searchable name below a folder of the archive's own."""
    path = described_entry(replace(an_archive(7), description=description)).path
    assert path.startswith("archive/000000000007")
    if label is not None:
        assert path == ("archive/000000000007" + (f"/{label}" if label else ""))


_CLIMBING = (
    "../../etc/passwd",
    "/etc/passwd",
    "..\\..\\a.txt",
    "C:\\..\\a.txt",
    "\\\\nas\\..\\a.txt",
    "bytes:..%2F..%2Fa.txt",
)


@pytest.mark.parametrize("path", _CLIMBING)
def test_no_form_climbs_out_of_a_folder(path: str) -> None:
    """However a path is written and by which client, it can be placed inside a folder, and only there."""
    for description in (path, _xml(path.encode()), f'{{"path": "{path}"}}'.replace("\\", "\\\\")):
        text = described_entry(replace(an_archive(7), description=description)).path
        assert ".." not in read_path(text).split("/")
        for windows in (False, True):
            assert split_path(text, windows=windows)


@given(st.text(max_size=300) | st.builds(_xml, st.binary(max_size=60)))
def test_any_description_makes_a_path(description: str) -> None:
    """Whatever it holds, there is a path, and placing it is at worst refused."""
    text = described_entry(replace(an_archive(7), description=description)).path
    assert text
    text.encode("utf-8")
    for windows in (False, True):
        with suppress(UnsafeName):
            assert ".." not in split_path(text, windows=windows)
