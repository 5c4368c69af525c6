"""Identifiers known beyond Korea: cards, accounts, e-mail, and what Britons and Americans are numbered by."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from presidio_analyzer import Pattern, PatternRecognizer
from presidio_analyzer.predefined_recognizers import (
    CryptoRecognizer,
    EmailRecognizer,
    IbanRecognizer,
    IpRecognizer,
    UkNinoRecognizer,
    UsItinRecognizer,
    UsSsnRecognizer,
)

from corpus.masking import checksums
from corpus.masking.recogniser import LEFT, RIGHT, NumberRecogniser, grouped

if TYPE_CHECKING:
    from tldextract import TLDExtract

_NETWORK = (
    "(?:4[0-9]{3}|5[1-5][0-9]{2}|2[2-7][0-9]{2}|3[47][0-9]{2}|3(?:0[0-5]|[689][0-9])[0-9]|35[2-8][0-9]"
    "|6(?:011|4[4-9][0-9]|5[0-9]{2}|2[0-9]{2})|5[068][0-9]{2}|6[0-9]{3}|9[0-9]{3}|81[0-9]{2}|1800|2131)"
)
"""First digits of the networks, Korean domestic cards (9) among them."""


def recognisers() -> list[PatternRecognizer]:
    """Return the recognisers, presidio's own wherever one does."""
    return [
        _card(),
        Email(supported_entity="EMAIL", patterns=[Pattern("address", _ADDRESS, 1.0)]),
        IbanRecognizer(supported_entity="IBAN"),
        CryptoRecognizer(supported_entity="CRYPTO_WALLET"),
        UsSsnRecognizer(_nine_digits("[0-9]{3}", "[0-9]{2}"), supported_entity="US_SSN"),
        UsItinRecognizer(
            _nine_digits("9[0-9]{2}", "(?:5[0-9]|6[0-5]|7[0-9]|8[0-8]|9[0-24-9])"), supported_entity="US_ITIN"
        ),
        UkNinoRecognizer(supported_entity="UK_NINO"),
        IpRecognizer(supported_entity="IP_ADDRESS"),
        *_in_context(),
    ]


def _nine_digits(area: str, group: str) -> list[Pattern]:
    """Return patterns of an American number; presidio's own also take a part of a longer one, such as an ISBN."""
    return [
        Pattern("groups", grouped(area, group, "[0-9]{4}", separator="[- .]"), 0.5),
        Pattern("digits", f"{LEFT}{area}{group}[0-9]{{4}}{RIGHT}", 0.15),
    ]


def _card() -> NumberRecogniser:
    four, six = "[0-9]{4}", "[0-9]{6}"
    return NumberRecogniser(
        "CARD",
        {
            grouped(_NETWORK, four, four, four): 0.75,
            grouped(_NETWORK, six, "[0-9]{4,5}"): 0.65,
            f"{LEFT}{_NETWORK}[0-9]{{11,15}}{RIGHT}": 0.6,
            f"{LEFT}{_NETWORK}[0-9]{{8,10}}{RIGHT}": 0.3,
            f"{LEFT}[0-9]{{12,19}}{RIGHT}": 0.15,
        },
        lambda digits: None if checksums.luhn(digits) and len(set(digits)) > 1 else False,
    )


def _in_context() -> list[NumberRecogniser]:
    """Return recognisers of numbers that only a word nearby makes personal."""
    return [
        NumberRecogniser(
            "UK_NHS",
            {grouped("[0-9]{3}", "[0-9]{3}", "[0-9]{4}", separator="[- ]?"): 0.3},
            lambda digits: None if checksums.nhs_number(digits) else False,
        ),
        NumberRecogniser("PASSPORT", {rf"{LEFT}(?:[A-Z][0-9]{{8}}|[A-Z]{{2}}[0-9]{{7}}|[0-9]{{9}}){RIGHT}": 0.2}),
        NumberRecogniser(
            "DRIVING_LICENCE",
            {
                rf"{LEFT}[A-Z]{{0,2}}[0-9]{{6,13}}{RIGHT}": 0.2,
                rf"{LEFT}[A-Z]?[0-9]{{3,4}}-[0-9]{{2,4}}-[0-9]{{4}}{RIGHT}": 0.2,
                rf"{LEFT}[A-Z9]{{5}}[0-9]{{6}}[A-Z9]{{2}}[A-Z0-9][A-Z]{{2}}{RIGHT}": 0.5,
            },
        ),
        NumberRecogniser("BANK_ACCOUNT", {rf"{LEFT}[0-9]{{8,9}}{RIGHT}": 0.15}),
        NumberRecogniser("CRYPTO_WALLET", {rf"{LEFT}0x[0-9a-fA-F]{{40}}{RIGHT}": 0.3}),
    ]


_ADDRESS = (
    r"(?<![A-Za-z0-9._%+-])[A-Za-z0-9_][A-Za-z0-9._%+'-]{0,63}@"
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.){1,8}[A-Za-z]{2,24}(?![A-Za-z0-9])"
)
"""Bounded in every part, so that no text makes it slow."""


class Email(EmailRecognizer):
    """Presidio's, with the list of public suffixes that comes in its package: nothing is fetched."""

    @cached_property
    def _suffix_of(self) -> TLDExtract:
        from tldextract import TLDExtract

        return TLDExtract(suffix_list_urls=(), cache_dir=None)

    def validate_result(self, pattern_text: str) -> bool:
        """Accept addresses below a public suffix; `git@host` is how repositories are named, not a person."""
        return not pattern_text.startswith("git@") and bool(self._suffix_of(pattern_text.rpartition("@")[2]).suffix)
