from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from datasketch import MinHash, MinHashLSH
from hypothesis import given
from hypothesis import strategies as st

from ingestion.deduplication import Signature, SignatureScheme, band_hashes, from_bytes, shingle_hashes, sign, to_bytes
from ingestion.deduplication.signatures import signature_of

SMALL = SignatureScheme(permutations=16, bands=4, shingle_size=5, min_shingles=1)
HASHES = st.lists(st.integers(0, 2**32 - 1), unique=True, max_size=300)
SENTENCES = [
    "로그인하려면 재설정 링크를 열어 새 비밀번호를 정하세요.",
    "링크는 서른 분 동안 유효하며 그 뒤에는 다시 요청해야 합니다.",
    "Backups run every night and are kept for fourteen days.",
    "A restored copy is checked before anybody may use it.",
]


def as_is(number: int) -> int:
    return number


@given(HASHES)
def test_signature_of_is_the_one_datasketch_makes_of_the_same_hashes(hashes: list[int]) -> None:
    minhash = MinHash(SMALL.permutations, SMALL.seed, hashfunc=as_is)
    for number in hashes:
        minhash.update(number)
    signature = signature_of(np.array(hashes, np.uint32), SMALL)
    assert np.array_equal(signature.values, minhash.hashvalues)
    assert signature.values.dtype == np.uint32
    assert signature.shingle_count == len(hashes)


def test_signature_of_more_than_a_block_is_still_datasketchs() -> None:
    scheme = SignatureScheme(permutations=1024)
    hashes = np.arange(5_000, dtype=np.uint32) * np.uint32(2_654_435_761)
    minhash = MinHash(1024, scheme.seed, hashfunc=as_is)
    minhash.update_batch(hashes.tolist())
    assert np.array_equal(signature_of(hashes, scheme).values, minhash.hashvalues)


def test_sign_of_one_text_leaves_the_next_alone() -> None:
    one, other = SENTENCES[0] * 3, SENTENCES[2] * 3
    expected = sign(other, SMALL).values
    sign(one, SMALL)
    assert np.array_equal(sign(other, SMALL).values, expected)


def test_shared_bands_are_datasketchs_candidates() -> None:
    scheme = SignatureScheme(permutations=64, bands=16, min_shingles=1)
    generator = np.random.default_rng(7)
    pool = generator.choice(2**32, 3_000, replace=False).astype(np.uint32)
    sets = [pool[start : start + 1_000] for start in range(0, 2_000, 50)]
    index = MinHashLSH(num_perm=64, params=(16, 4))
    signatures = [signature_of(hashes, scheme) for hashes in sets]
    for place, signature in enumerate(signatures):
        index.insert(place, MinHash(hashvalues=signature.values, scheme="affine32"))
    bands = [set(band_hashes(signature, scheme)) for signature in signatures]
    asked = MinHash(hashvalues=signatures[0].values, scheme="affine32")
    candidates = {place for place, other in enumerate(bands) if other & bands[0]}
    assert candidates == set(index.query(asked))
    assert 1 < len(candidates) < len(sets)


def test_band_hashes_are_one_signed_bigint_per_band() -> None:
    found = band_hashes(sign(" ".join(SENTENCES), SMALL), SMALL)
    assert len(found) == SMALL.bands
    assert all(-(2**63) <= number < 2**63 for number in found)


def test_band_hashes_of_equal_values_differ_by_place_and_scheme() -> None:
    signature = Signature(np.full(SMALL.permutations, 5, np.uint32), 100)
    here, there = (set(band_hashes(signature, scheme)) for scheme in (SMALL, replace(SMALL, shingle_size=6)))
    assert len(here) == SMALL.bands
    assert here.isdisjoint(there)


def test_a_stored_signature_still_means_the_same() -> None:
    """Kept signatures are compared with new ones: whatever changes these numbers needs another scheme name."""
    scheme = SignatureScheme(permutations=4, bands=2, min_shingles=1)
    signature = sign(" ".join(SENTENCES), scheme)
    assert scheme.name == "minhash-1/p4/b2/s7/m1/seed1/datasketch-affine32"
    assert shingle_hashes(SENTENCES[0], 7)[:2].tolist() == [202606598, 205285882]
    assert signature.values.tolist() == [72496020, 31399759, 748060, 23062303]
    assert band_hashes(signature, scheme) == [6719207254391253676, 6851313561067599618]


@pytest.mark.parametrize("text", ["", "회의록", "Minutes of the meeting", "가나다라 " * 200])
def test_a_short_or_monotonous_text_has_an_empty_signature_and_no_bands(text: str) -> None:
    signature = sign(text, SignatureScheme())
    assert signature.is_empty
    assert band_hashes(signature, SignatureScheme()) == []


@given(HASHES)
def test_from_bytes_reads_what_to_bytes_wrote(hashes: list[int]) -> None:
    signature = signature_of(np.array(hashes, np.uint32), SMALL)
    found = from_bytes(to_bytes(signature), signature.shingle_count)
    assert np.array_equal(found.values, signature.values)
    assert found.shingle_count == signature.shingle_count


def test_to_bytes_is_little_endian() -> None:
    assert to_bytes(Signature(np.array([1, 258], np.uint32), 9)) == b"\x01\0\0\0\x02\x01\0\0"


@pytest.mark.parametrize(
    "wrong", [{"permutations": 0}, {"bands": 0}, {"bands": 24}, {"shingle_size": -1}, {"min_shingles": 0}]
)
def test_scheme_refuses_numbers_that_make_no_sense(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"positive|divide"):
        SignatureScheme(**wrong)


def test_scheme_name_tells_every_setting() -> None:
    settings = {"permutations": 256, "bands": 64, "shingle_size": 9, "min_shingles": 7, "seed": 2}
    names = {replace(SignatureScheme(), **{name: value}).name for name, value in settings.items()}
    assert len(names | {SignatureScheme().name}) == len(settings) + 1


def test_scheme_recall_misses_hardly_a_near_duplicate_and_proposes_hardly_a_stranger() -> None:
    scheme = SignatureScheme()
    assert scheme.rows == 4
    assert scheme.recall(1) == 1
    assert scheme.recall(0.7) > 0.999
    assert scheme.recall(0.02) < 1e-5
