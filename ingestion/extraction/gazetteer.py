"""Names of countries and of the cities time zones are named after, from Unicode CLDR (by Babel)."""

from __future__ import annotations

from functools import cache

_NOT_PLACES = frozenset({"UN", "EZ", "ZZ", "QO", "XA", "XB"})  # groups, pseudo-regions and the unknown


@cache
def places(language: str) -> frozenset[str]:
    """Return about 700 place names in a language (`ko` or `en`), two syllables or letters at least."""
    from babel import Locale

    locale = Locale(language)
    countries = {name for code, name in locale.territories.items() if code not in _NOT_PLACES and code != "001"}
    zones = locale.time_zones.keys() | Locale("ko").time_zones.keys()
    cities = {zone.rpartition("/")[2].replace("_", " ") for zone in zones} if language == "en" else set()
    cities |= {zone["city"] for zone in locale.time_zones.values() if "city" in zone}
    return frozenset(name for name in countries | cities if len(name) > 1)
