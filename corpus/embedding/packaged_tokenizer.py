"""Builds the packaged model's tokenizer: XLM-RoBERTa's unigram vocabulary, NFKC and metaspaces."""

from __future__ import annotations

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

BEGIN, PAD, END, UNKNOWN = 0, 1, 2, 3
"""Token ids of `<s>`, `<pad>`, `</s>` and `<unk>`."""

# The published model normalises with SentencePiece's `nmt_nfkc`, which is NFKC except for what
# follows: control characters vanish, other invisible ones become spaces, and the fullwidth
# tilde, common in Korean and Japanese, stays what it is.
_REMOVED = "[\u0001-\u0008\u000b\u000e-\u001f\u007f\u008f\u009f]"
_SPACES = "[\t\n\u000c\r\u1680\u200b-\u200f\u2028\u2029\u2581\ufeff\ufffd]"
_TILDE, _STAND_IN = "\uff5e", "\ue000"


def build_tokenizer(pieces: list[tuple[str, float]]) -> Tokenizer:
    """Return a tokenizer over `pieces` (text and log probability, by token id).

    Surrounding white space carries no meaning and is dropped at the end, as in the published
    model. Runs of unknown characters become one `<unk>`, also as there.
    """
    tokenizer = Tokenizer(models.Unigram(pieces, unk_id=UNKNOWN, byte_fallback=False))
    tokenizer.normalizer = normalizers.Sequence(
        [
            # NFKC would turn the tilde into "~": a private-use character carries it past.
            normalizers.Replace(_TILDE, _STAND_IN),
            normalizers.Replace(Regex(_REMOVED), ""),
            normalizers.Replace(Regex(_SPACES), " "),
            normalizers.NFKC(),
            normalizers.Replace(_STAND_IN, _TILDE),
            normalizers.Replace(Regex(" {2,}"), " "),
            normalizers.Strip(left=False, right=True),
        ]
    )
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.decoder = decoders.Metaspace(replacement="▁", prepend_scheme="always")
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", BEGIN), ("</s>", END)]
    )
    return tokenizer
