from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.deduplication import Signature, SignatureScheme, near_duplicates, sign, similarities, similarity
from ingestion.deduplication.signatures import signature_of
from ingestion.errors import IngestionError

SCHEME = SignatureScheme()
SETS = st.lists(st.integers(0, 2**32 - 1), unique=True, min_size=64, max_size=200)
POLICY_KO = " ".join(
    f"{number}조. 직원은 해마다 {number + 14}일의 휴가를 쓰며 남은 날은 이듬해 {number}월까지 옮길 수 있습니다."
    for number in range(1, 30)
)
POLICY_EN = " ".join(
    f"Section {number}. Employees take {number + 14} days of leave a year and may carry {number} days over to the next."
    for number in range(1, 30)
)


def signature(hashes: list[int]) -> Signature:
    return signature_of(np.array(hashes, np.uint32), SCHEME)


@pytest.mark.parametrize("shared", [0, 300, 1_000, 1_600, 1_900, 2_000])
def test_similarity_is_within_five_standard_errors_of_the_truth(shared: int) -> None:
    numbers = np.random.default_rng(shared).choice(2**32, 4_000 - shared, replace=False).astype(np.uint32)
    truth = shared / (4_000 - shared)
    found = similarity(signature_of(numbers[:2_000], SCHEME), signature_of(numbers[-2_000:], SCHEME))
    assert abs(found - truth) <= 5 * np.sqrt(truth * (1 - truth) / SCHEME.permutations)


@given(SETS, SETS)
def test_similarity_is_symmetric_and_no_more_than_the_sizes_allow(one: list[int], other: list[int]) -> None:
    found = similarity(signature(one), signature(other))
    assert found == similarity(signature(other), signature(one))
    assert 0 <= found <= min(len(one), len(other)) / max(len(one), len(other))


def test_similarity_of_a_part_is_at_most_its_share_of_the_whole() -> None:
    values = signature(list(range(64))).values
    assert similarity(Signature(values, 80), Signature(values, 100)) == 0.8


@given(SETS)
def test_similarity_of_a_document_to_itself_is_1(hashes: list[int]) -> None:
    assert similarity(signature(hashes), signature(hashes)) == 1


@given(SETS, st.lists(SETS, max_size=4))
def test_similarities_are_those_of_the_pairs(one: list[int], many: list[list[int]]) -> None:
    others = [signature(hashes) for hashes in many]
    assert similarities(signature(one), others).tolist() == [similarity(signature(one), other) for other in others]


def test_an_empty_signature_is_similar_to_nothing() -> None:
    empty, full = sign("짧은 글", SCHEME), sign(POLICY_KO, SCHEME)
    assert similarities(empty, [empty, full]).tolist() == [0, 0]
    assert similarity(full, empty) == 0


def test_similarities_refuse_signatures_of_another_scheme() -> None:
    with pytest.raises(IngestionError, match="different schemes"):
        similarity(sign(POLICY_EN, SCHEME), sign(POLICY_EN, SignatureScheme(permutations=64)))


@pytest.mark.parametrize(("policy", "other"), [(POLICY_KO, POLICY_EN), (POLICY_EN, POLICY_KO)])
def test_near_duplicates_are_the_edited_and_the_respaced_copy(policy: str, other: str) -> None:
    candidates = {
        "other": sign(other, SCHEME),
        "edited": sign(policy.replace("21", "30"), SCHEME),
        "respaced": sign(policy.replace(" ", "\n"), SCHEME),
        "half": sign(policy[: len(policy) // 2], SCHEME),
    }
    found = near_duplicates(sign(policy, SCHEME), candidates, 0.8)
    assert [name for name, _ in found] == ["respaced", "edited"]
    assert found[0][1] == 1
    assert 0.8 <= found[1][1] < 1


def test_near_duplicates_include_the_threshold_and_may_be_none() -> None:
    one, other = sign(POLICY_EN, SCHEME), sign(POLICY_EN.replace("21", "30"), SCHEME)
    exactly = similarity(one, other)
    assert near_duplicates(one, {7: other}, exactly) == [(7, exactly)]
    assert near_duplicates(one, {7: other}, np.nextafter(exactly, 2)) == []
    assert near_duplicates(one, {}, 0.5) == []
