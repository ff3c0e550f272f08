"""The tree hash against the vectors of the protocol reference (glacier-api 6 and 7)."""

from __future__ import annotations

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coldframe.model import MIB, ByteRange
from coldframe.testing.bodies import PatternBody, pattern
from coldframe.tree_hash import TreeHasher, combine, is_megabyte_aligned, is_tree_hash_aligned, root, tree_hash

_VECTORS = {
    "empty": (b"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    "a": (b"a", "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"),
    "hello": (b"hello", "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"),
    "one zero": (b"\0", "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"),
    "1 MiB - 1": (bytes(MIB - 1), "ca7ed0c4a8e67cbdc461c4cb0d286d2fabbd9f0c41a7f42b665f72ebaa8aec56"),
    "1 MiB": (bytes(MIB), "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58"),
    "1 MiB + 1": (bytes(MIB + 1), "28638dab8d5e1754a4ecb38b0ebe6df66c844f94aed142d4d0283d208bb786cd"),
    "2 MiB": (bytes(2 * MIB), "861890b487038d840e9d71d43bbc0fd4571453fb9d9b1f370caa3582a29b0ec7"),
    "3 MiB": (bytes(3 * MIB), "ca6cc129a4514ec765de86a4e7a49adf44842c9cac213c383ebe4071271bdf21"),
    "4 MiB": (bytes(4 * MIB), "27b557ba335a688f779a95e258a886ffa3b39b13533d6f9dcaa0497a2ed1fe18"),
    "5 MiB": (bytes(5 * MIB), "3de9bfb690ff216d907474b4aa56a6f77a8c846a08b26885d4ab2282092a757e"),
    "7 MiB": (bytes(7 * MIB), "091961d52b7a7681230b75c5652a1750690133b6762b02f012513265e80dde30"),
    "5.5 MiB of 0": (b"0" * (11 * MIB // 2), "154e26c78fd74d0c2c9b3cc4644191619dc4f2cd539ae2a74d5fd07957a3ee6a"),
    "P(2)": (pattern(2), "56000aae067539dced6beb96e22a17d7a596e8824a93fc35dd06c13fba9e9a1b"),
    "P(3)": (pattern(3), "ab17570ee8be686a3dab82afd38d793cbc47f401fc72289ab00ff6a608707378"),
    "P(5)": (pattern(5), "2c55c597970ccba9f68041f6cc6170627bf12f72ceebe677ab4da93c6260294c"),
    "P(6)": (pattern(6), "3142b59a0c032024555d174739f364e03b25b80c7d3c1b5edc80c5080643a5f2"),
    "P(6.5)": (pattern(6.5), "1bec740b9e7b5da352a727ef3b50e9b24717450758ec506d3a8d45b59ca4f759"),
}
_LINEAR = {
    "1 MiB + 1": "2cb74edba754a81d121c9db6833704a8e7d417e5b13d1a19f4a52f007d644264",
    "2 MiB": "5647f05ec18958947d32874eeb788fa396a05d0bab7c1b71f112ceb7e9b31eee",
    "3 MiB": "bbd05cf6097ac9b1f89ea29d2542c1b7b67ee46848393895f5a9e43fa1f621e5",
    "5.5 MiB of 0": "68aff0c5a91aa0491752bfb96e3fef33eb74953804f6a2f7b708d5bcefa8ff6b",
    "P(6.5)": "1b3b37b9c74be78adc6189ebc7f97c0b289c4aac4098a4a6b081f6726897ec89",
}
_LEAVES = [
    "30e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb58",
    "ee78cd29d3a534713b36e6ff6fa3668c8a8f851a542d5eb2401c25ca4e057d02",
    "2fa4430272111c7854b204001461e16f2c73725b07dde2b6d1dc4f2aa8fe18da",
    "9ed3b916b5b6b1dbe61b8844c8130657b9bc4f7ff80a07c7835989c911ad430a",
    "ef53809b40b5c00c6941da77ffbc903b1c152119d6648d2935ee7da7e1c53a5d",
    "653186269c00c0561bfcc636c14a56a857f4b9e0e27a560e5745a83c99d7ecd6",
    "1fc15a7fa5716499f176527299306aedc7f7ee9c523932efb6da89e71886726d",
]
_NODES = {
    (0, 2): "56000aae067539dced6beb96e22a17d7a596e8824a93fc35dd06c13fba9e9a1b",
    (2, 4): "d1d5b496d3337e6a861029592334a156fb35d4236b34377b7fa0d504c9f775b3",
    (4, 6): "d640872142ee0da7d1e4d1313d6ebb8087d5a2b1ff89dd954434ffde001fa769",
    (0, 4): "67b4bca77c9935ead8b071feb32ccccc142dfb5a2674650a1320f6fbcef943c6",
    (4, 7): "ab6d8ef5453c3b378223882314a706ceef45392913a31a8ee404894e8df97d91",
    (0, 7): "1bec740b9e7b5da352a727ef3b50e9b24717450758ec506d3a8d45b59ca4f759",
}
_ALIGNED = {(0, 1), (0, 2), (0, 4), (0, 7), (1, 2), (2, 3), (2, 4), (3, 4), (4, 5), (4, 6), (4, 7), (5, 6), (6, 7)}
_SIZE = 13 * MIB // 2


@pytest.mark.parametrize("name", _VECTORS)
def test_tree_hash_meets_its_vectors(name: str) -> None:
    """Every vector of 6.1, hashed at once and in buffers that fit no border."""
    data, expected = _VECTORS[name]
    hasher = TreeHasher()
    for start in range(0, len(data), 300_007):
        hasher.update(data[start : start + 300_007])
    assert tree_hash(data) == hasher.hexdigest() == expected


@pytest.mark.parametrize("name", _LINEAR)
def test_vector_is_the_data_it_says(name: str) -> None:
    """The linear hashes of 6.1 hold too, so that the vectors are known to be of the right data."""
    assert sha256(_VECTORS[name][0]).hexdigest() == _LINEAR[name]


def test_tree_hash_meets_the_worked_example() -> None:
    """Leaves and inner nodes of P(6.5), as in 6.2."""
    hasher = TreeHasher(keep_leaves=True)
    for buffer in PatternBody(_SIZE):
        hasher.update(buffer)
    assert [leaf.hex() for leaf in hasher.leaves] == _LEAVES
    for (first, last), expected in _NODES.items():
        assert root(hasher.leaves[first:last]).hex() == expected


def test_alignment_meets_the_reference() -> None:
    """Of seven leaves, exactly the thirteen ranges that section 7 lists are aligned."""
    found = {
        (first, last)
        for first in range(7)
        for last in range(first + 1, 8)
        if is_tree_hash_aligned(ByteRange(first * MIB, min(last * MIB, _SIZE)), _SIZE)
    }
    assert found == _ALIGNED


@given(leaves=st.integers(1, 70), tail=st.integers(1, MIB))
def test_alignment_is_that_of_the_tree(leaves: int, tail: int) -> None:
    """A range is aligned exactly if it is a node of the tree, found by building the tree."""
    size = (leaves - 1) * MIB + tail
    level = [(number, number + 1) for number in range(leaves)]
    nodes = set(level)
    while len(level) > 1:
        pairs = [(a[0], b[1]) for a, b in zip(level[::2], level[1::2], strict=False)]
        level = pairs + level[len(pairs) * 2 :]
        nodes |= set(level)
    for first in range(leaves):
        for last in range(first + 1, leaves + 1):
            wanted = ByteRange(first * MIB, min(last * MIB, size))
            assert is_tree_hash_aligned(wanted, size) == ((first, last) in nodes)


def test_unaligned_ranges_have_no_hash() -> None:
    """What does not lie on borders of MiB, or leaves the data, is aligned in neither sense."""
    for wanted in (ByteRange(1, MIB), ByteRange(0, MIB - 1), ByteRange(MIB // 2, 3 * MIB // 2)):
        assert not is_megabyte_aligned(wanted, _SIZE)
        assert not is_tree_hash_aligned(wanted, _SIZE)
    assert not is_tree_hash_aligned(ByteRange(0, 8 * MIB), _SIZE)
    assert not is_tree_hash_aligned(ByteRange(MIB, MIB), _SIZE)


def test_alignment_within_a_range_is_that_of_the_whole() -> None:
    """For an aligned job range, a sub-range is aligned in it exactly if it is in the archive (section 7)."""
    for leaves in range(1, 20):
        size = leaves * MIB
        for first, last in [(a, b) for a in range(leaves) for b in range(a + 1, leaves + 1)]:
            if not is_tree_hash_aligned(ByteRange(first * MIB, last * MIB), size):
                continue
            inner = (last - first) * MIB
            for start in range(first, last):
                for end in range(start + 1, last + 1):
                    in_job = is_tree_hash_aligned(ByteRange((start - first) * MIB, (end - first) * MIB), inner)
                    assert in_job == is_tree_hash_aligned(ByteRange(start * MIB, end * MIB), size)


@pytest.mark.parametrize("part_size", [MIB, 2 * MIB, 4 * MIB, 8 * MIB])
def test_parts_make_the_archive(part_size: int) -> None:
    """The hash of an archive follows from its parts' hashes for every legal part size (6.3)."""
    data = pattern(6.5)
    hashes = [tree_hash(data[start : start + part_size]) for start in range(0, len(data), part_size)]
    assert combine(hashes) == tree_hash(data)


def test_parts_of_three_mebibytes_do_not() -> None:
    """The counter-example of 6.3: parts of 3 MiB give another root."""
    data = pattern(6.5)
    hashes = [tree_hash(data[start : start + 3 * MIB]) for start in range(0, len(data), 3 * MIB)]
    assert combine(hashes) != tree_hash(data)


@given(st.lists(st.tuples(st.booleans(), st.integers(1, 3)), max_size=6), st.integers(0, 5))
def test_chunks_may_be_taken_by_their_digests(pieces: list[tuple[bool, int]], tail: int) -> None:
    """Bytes and digests of bytes, in any order, make the tree hash of all bytes."""
    hasher, data = TreeHasher(), b""
    for by_digest, count in pieces:
        chunks = [bytes([len(data) >> 20 & 255, number]) * (MIB // 2) for number in range(count)]
        data += b"".join(chunks)
        if by_digest:
            hasher.take([sha256(chunk).digest() for chunk in chunks], count * MIB)
        else:
            hasher.update(b"".join(chunks))
    if tail:
        hasher.take([sha256(b"x" * tail).digest()], tail)
    assert hasher.hexdigest() == tree_hash(data + b"x" * tail)


def test_digests_of_other_chunks_are_refused() -> None:
    """Digests that cannot be those of whole chunks would make a wrong hash."""
    hasher = TreeHasher()
    with pytest.raises(ValueError, match="chunks"):
        hasher.take([b"d" * 32], MIB + 1)
    hasher.update(b"some")
    with pytest.raises(ValueError, match="chunks"):
        hasher.take([b"d" * 32], MIB)
    ended = TreeHasher()
    ended.take([b"d" * 32], 5)
    with pytest.raises(ValueError, match="nothing can follow"):
        ended.update(b"more")
