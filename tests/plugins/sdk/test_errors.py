from __future__ import annotations

import inspect
import re
from collections import Counter
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier_sdk import errors
from atelier_sdk.errors import AtelierError, FieldOutOfRangeError, FieldViolation, QueueFullError

if TYPE_CHECKING:
    from collections.abc import Iterator

Kind = type[AtelierError]


def below(kind: Kind) -> Iterator[Kind]:
    """A class and all that derive from it in this module, in the order of their definition."""
    yield kind
    for subclass in kind.__subclasses__():
        if subclass.__module__ == errors.__name__:
            yield from below(subclass)


def drawn(kind: Kind, rows: list[str], head: str = "", branch: str = "") -> None:
    """Draw the tree of classes as the module's docstring does: class, code where it is new, reason where it is new."""
    parent = kind.__mro__[1]
    status = kind.status if kind.status != getattr(parent, "status", None) else ""
    reason = kind.reason if "reason" in vars(kind) else ""
    rows.append(f"{branch}{kind.__name__} {status} {reason}".rstrip())
    children = kind.__subclasses__()
    for child in children:
        last = child is children[-1]
        drawn(child, rows, head + ("    " if last else "│   "), head + ("└── " if last else "├── "))


def words(rows: list[str]) -> list[str]:
    """Rows without the widths of their columns."""
    return [re.sub(r"(?<=\w) +", " ", row) for row in rows]


ALL = list(below(AtelierError))


def test_the_docstring_draws_the_tree_as_it_is() -> None:
    rows: list[str] = []
    drawn(AtelierError, rows)
    documented = [row for row in (errors.__doc__ or "").splitlines() if re.match(r"(AtelierError| *[│├└])", row)]
    assert words(rows) == words(documented)


def test_classes_stand_in_the_order_of_the_tree() -> None:
    lines = [inspect.getsourcelines(kind)[1] for kind in ALL]
    assert sorted(lines) == lines


def test_reasons_are_unique() -> None:
    counts = Counter(vars(kind)["reason"] for kind in ALL if "reason" in vars(kind))
    assert [reason for reason, count in counts.items() if count > 1] == []


def test_reasons_are_upper_snake() -> None:
    assert [kind.reason for kind in ALL if not re.fullmatch(r"[A-Z]+(_[A-Z]+)*", kind.reason)] == []


def test_statuses_are_canonical_codes_and_never_ok() -> None:
    canonical = {code.name for code in grpc.StatusCode} - {"OK"}
    assert [kind.__name__ for kind in ALL if kind.status not in canonical] == []


def test_a_leaf_has_a_reason_of_its_own_and_its_name_says_it() -> None:
    for kind in ALL:
        if not kind.__subclasses__():
            assert "reason" in vars(kind), kind.__name__
            assert kind.__name__.removesuffix("Error").upper() == kind.reason.replace("_", "")


def test_each_class_says_in_one_sentence_what_it_means() -> None:
    wrong = [kind.__name__ for kind in ALL if not re.match(r"[A-Z].*\.$", (kind.__doc__ or "").splitlines()[0])]
    assert wrong == []


def test_a_child_has_its_parents_code() -> None:
    mixed = [
        kind.__name__ for kind in ALL if kind.__mro__[1] not in (AtelierError, Exception) and "status" in vars(kind)
    ]
    assert mixed == []


def test_an_error_carries_what_it_was_raised_with() -> None:
    violation = FieldViolation("grade.strength", "must be between 0 and 1")
    error = FieldOutOfRangeError("1 field breaks the contract", metadata={"count": "1"}, violations=(violation,))
    assert (str(error), error.message) == ("1 field breaks the contract", "1 field breaks the contract")
    assert ({"count": "1"}, (violation,), None) == (error.metadata, error.violations, error.retry_after_seconds)


def test_waiting_can_be_advised() -> None:
    assert QueueFullError("full", retry_after_seconds=0.5).retry_after_seconds == pytest.approx(0.5)
