"""Sentences of an answer and what each cites."""

from __future__ import annotations

import pytest

from serving.lineage import Sentence, sentences


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "An account is locked after eight tries [1]. It opens again after twenty minutes [2][1].",
            [
                Sentence("An account is locked after eight tries [1].", (1,)),
                Sentence("It opens again after twenty minutes [2][1].", (2, 1)),
            ],
        ),
        (
            "It is locked after eight tries. [1] It opens again later. [2]",
            [Sentence("It is locked after eight tries. [1]", (1,)), Sentence("It opens again later. [2]", (2,))],
        ),
        (
            "비밀번호를 다섯 번 틀리면 계정이 잠깁니다. [1] 관리자가 풀어 줄 수 있습니다. [2]",
            [
                Sentence("비밀번호를 다섯 번 틀리면 계정이 잠깁니다. [1]", (1,)),
                Sentence("관리자가 풀어 줄 수 있습니다. [2]", (2,)),
            ],
        ),
        ("The documents do not say.", [Sentence("The documents do not say.", ())]),
        ("[1] comes first.", [Sentence("[1] comes first.", (1,))]),
        ("", []),
    ],
)
def test_a_citation_belongs_to_the_sentence_before_it(text: str, expected: list[Sentence]) -> None:
    assert sentences(text) == expected
