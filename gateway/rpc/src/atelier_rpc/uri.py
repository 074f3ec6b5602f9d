"""What is a URI, by RFC 3986 (with zone identifiers of RFC 6874), as one regular expression."""

from __future__ import annotations

import ipaddress
import re
from typing import Final

_PCT: Final = r"%[0-9A-Fa-f]{2}"
_UNRESERVED: Final = r"A-Za-z0-9\-._~"
_SUB: Final = r"!$&'()*+,;="
_PCHAR: Final = rf"(?:[{_UNRESERVED}{_SUB}:@]|{_PCT})"
_SEGMENTS: Final = rf"(?:/{_PCHAR}*)*"
_USERINFO: Final = rf"(?:[{_UNRESERVED}{_SUB}:]|{_PCT})*"
_V6: Final = rf"(?P<v6>[0-9A-Fa-f:.]+)(?:%25(?P<zone>(?:[{_UNRESERVED}]|{_PCT})+))?"
_LITERAL: Final = rf"\[(?:{_V6}|v[0-9A-Fa-f]+\.[{_UNRESERVED}{_SUB}:]+)\]"
_NAME: Final = rf"(?P<name>(?:[{_UNRESERVED}{_SUB}]|{_PCT})*)"
_AUTHORITY: Final = rf"(?:{_USERINFO}@)?(?:{_LITERAL}|{_NAME})(?::[0-9]*)?"
_HIER: Final = rf"(?://{_AUTHORITY}{_SEGMENTS}|/(?:{_PCHAR}+{_SEGMENTS})?|{_PCHAR}+{_SEGMENTS}|)"
_QUERY: Final = rf"(?:[{_UNRESERVED}{_SUB}:@/?]|{_PCT})*"
_URI: Final = re.compile(rf"[A-Za-z][A-Za-z0-9+.\-]*:{_HIER}(?:\?{_QUERY})?(?:#{_QUERY})?", re.ASCII)


def is_uri(text: str) -> bool:
    """Say whether `text` is an absolute URI."""
    match = _URI.fullmatch(text)
    if match is None:
        return False
    encoded = [part for part in (match["name"], match["zone"]) if part]
    return _is_v6(match["v6"]) and all(_decodes(part) for part in encoded)


def _is_v6(text: str | None) -> bool:
    if text is None:
        return True
    try:
        ipaddress.IPv6Address(text)
    except ValueError:
        return False
    return True


def _decodes(part: str) -> bool:
    """Say whether percent-encoded bytes are UTF-8, which RFC 3986 (3.2.2) asks of a host."""
    raw = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), part.encode())
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
