"""One protovalidate rule set as a function of a value: what is wrong with it, or None.

Only the rules that are listed here are known; any other raises `UnknownRuleError` when it is compiled, so that no
annotation is silently unchecked. What each one means is fixed by protovalidate, which is the oracle of the tests.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, cast

from google.protobuf.unknown_fields import UnknownFieldSet  # type: ignore[import-not-found]

from atelier_rpc.uri import is_uri

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from buf.validate import validate_pb2
    from google.protobuf.descriptor import EnumDescriptor
    from google.protobuf.duration_pb2 import Duration
    from google.protobuf.message import Message

Problem = str | None
Number = int | float

_NUMBER_RULES: Final = frozenset({"gte", "gt", "lte", "lt", "in", "finite"})
_STRING_RULES: Final = frozenset({"min_len", "max_len", "pattern", "uuid", "uri", "in"})
_BYTES_RULES: Final = frozenset({"min_len", "max_len"})
_DURATION_RULES: Final = frozenset({"gte", "gt", "lte", "lt"})
_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


class UnknownRuleError(Exception):
    """An annotation in a proto file is of a kind that `atelier_rpc` does not evaluate yet."""


def known_rules(rules: Message, names: frozenset[str], *, where: str) -> Mapping[str, object]:
    """Return the rules that are set, by name; raise UnknownRuleError where one is not in `names`."""
    present = {field.name: value for field, value in rules.ListFields()}
    unknown = sorted(set(present) - names)
    if unknown or len(UnknownFieldSet(rules)):
        raise UnknownRuleError(f"{where}: {', '.join(unknown) or 'a rule of a newer protovalidate'}")
    return present


@dataclass(frozen=True, slots=True)
class Bounds:
    """A range of numbers, each end open, closed or absent (infinite). NaN lies in no range."""

    low: Number = -math.inf
    high: Number = math.inf
    low_open: bool = False
    high_open: bool = False

    def hold(self, value: Number) -> bool:
        """Say whether `value` lies in the range."""
        above = value > self.low or (value == self.low and not self.low_open)
        return above and (value < self.high or (value == self.high and not self.high_open))

    def wording(self, unit: str = "") -> str:
        """Return the range in words."""
        low = f"{'above' if self.low_open else 'at least'} {_plain(self.low)}{unit}"
        high = f"{'below' if self.high_open else 'at most'} {_plain(self.high)}{unit}"
        if self.low == -math.inf:
            return high
        if self.high == math.inf:
            return low
        if self.low_open or self.high_open:
            return f"{low} and {high}"
        return f"between {_plain(self.low)} and {_plain(self.high)}{unit}"


def _bounds(rules: Mapping[str, Number], *, where: str) -> Bounds | None:
    """Return the range of a rule set, or None where it has none.

    Crossed bounds mean "outside of" in protovalidate, which nobody needs here: UnknownRuleError.
    """
    if not rules.keys() & {"gte", "gt", "lte", "lt"}:
        return None
    low = rules.get("gte", rules.get("gt", -math.inf))
    high = rules.get("lte", rules.get("lt", math.inf))
    if low > high:
        raise UnknownRuleError(f"{where}: an excluded range (lower bound above the upper one)")
    return Bounds(low, high, "gt" in rules, "lt" in rules)


def number_check(rules: Message, *, where: str) -> Callable[[Number], Problem]:
    """Return the check of a number. NaN breaks every bound."""
    present = known_rules(rules, _NUMBER_RULES, where=where)
    bounds = _bounds(cast("Mapping[str, Number]", present), where=where)
    members = tuple(cast("Sequence[Number]", present.get("in", ())))
    finite = bool(present.get("finite"))
    parts = ["a finite number"] if finite else []
    parts += [bounds.wording()] if bounds else []
    parts += [f"one of {', '.join(map(_plain, members))}"] if members else []
    wording = "must be " + " ".join(parts)

    def check(value: Number) -> Problem:
        fits = bounds is None or bounds.hold(value)
        if fits and (not finite or math.isfinite(value)) and (not members or value in members):
            return None
        return f"{wording}; it is {_plain(value)}"

    return check


def duration_check(rules: Message, *, where: str) -> Callable[[Duration], Problem]:
    """Return the check of a duration."""
    present = known_rules(rules, _DURATION_RULES, where=where)
    nanoseconds = {name: cast("Duration", value).ToNanoseconds() for name, value in present.items()}
    exact = _bounds(nanoseconds, where=where) or Bounds()
    said = _bounds({name: value / 1e9 for name, value in nanoseconds.items()}, where=where) or Bounds()
    wording = f"must be {said.wording(' seconds')}"

    def check(value: Duration) -> Problem:
        # Not ToNanoseconds(), which raises for a duration out of protobuf's own range.
        return None if exact.hold(value.seconds * 10**9 + value.nanos) else wording

    return check


def string_check(rules: Message, *, where: str) -> Callable[[str], Problem]:
    """Return the check of a text. Lengths are in Unicode code points."""
    present = known_rules(rules, _STRING_RULES, where=where)
    tests: list[tuple[Callable[[str], object], str]] = []
    bounds = _lengths(present)
    if bounds is not None:
        tests.append((lambda text: bounds.hold(len(text)), f"must have {bounds.wording(' characters')}"))
    if "pattern" in present:
        pattern = str(present["pattern"])
        tests.append((_searching(pattern, where=where), f"must match {pattern}"))
    if present.get("uuid"):
        tests.append((_UUID.fullmatch, "must be a UUID"))
    if present.get("uri"):
        tests.append((is_uri, "must be a URI"))
    if "in" in present:
        members = tuple(cast("Sequence[str]", present["in"]))
        tests.append((members.__contains__, f"must be one of {', '.join(members)}"))

    def check(value: str) -> Problem:
        wrong = [wording for test, wording in tests if not test(value)]
        return "; ".join(wrong) or None

    return check


def _lengths(present: Mapping[str, object]) -> Bounds | None:
    low, high = present.get("min_len"), present.get("max_len")
    if low is None and high is None:
        return None
    # Absent ends are infinite, so that the wording names only those that are there.
    return Bounds(cast("int", low) if low else -math.inf, cast("int", high) if high is not None else math.inf)


def bytes_bounds(rules: Message, *, where: str) -> Bounds:
    """Return the range that a byte string's length must lie in."""
    return _lengths(known_rules(rules, _BYTES_RULES, where=where)) or Bounds()


def items_bounds(rules: validate_pb2.RepeatedRules) -> Bounds:
    """Return the range that the number of items must lie in."""
    return Bounds(rules.min_items or -math.inf, rules.max_items if rules.HasField("max_items") else math.inf)


def enum_check(rules: Message, kind: EnumDescriptor, *, where: str) -> Callable[[int], Problem]:
    """Return the check of an enum's number."""
    present = known_rules(rules, frozenset({"defined_only", "in"}), where=where)
    accepted = set(kind.values_by_number) if present.get("defined_only") else None
    if "in" in present:
        members = set(cast("Sequence[int]", present["in"]))
        accepted = members if accepted is None else members & accepted
    names = ", ".join(kind.values_by_number[number].name for number in sorted(accepted or ()))

    def check(value: int) -> Problem:
        return None if accepted is None or value in accepted else f"must be one of {names}; it is {value}"

    return check


def _searching(pattern: str, *, where: str) -> Callable[[str], object]:
    """Return RE2's unanchored, ASCII search by Python's `re`.

    The one difference that matters to our patterns is `$`: in Python it also matches before a final newline.
    """
    if pattern.endswith("$") and not pattern.endswith("\\$"):
        pattern = pattern[:-1] + r"\Z"
    if "$" in pattern.replace("\\$", ""):
        raise UnknownRuleError(f"{where}: a pattern with $ inside")
    return re.compile(pattern, re.ASCII).search


def _plain(value: Number) -> str:
    """Return a number as people write it; floats come from float32 and carry seven digits."""
    return str(value) if isinstance(value, int) else f"{value:.7g}"
