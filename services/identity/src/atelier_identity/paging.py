"""Places in a list of rows, the newest first, and moments as the database holds them."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Final

from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    return (moment - _EPOCH) // _MICROSECOND


def moment(microseconds: int) -> datetime:
    """Return the moment of microseconds since 1970."""
    return _EPOCH + microseconds * _MICROSECOND


def token(create_time: int, identifier: str) -> str:
    """Return the token of the page that follows a row."""
    return base64.urlsafe_b64encode(f"{create_time} {identifier}".encode()).decode()


def place(token: str) -> tuple[int, str]:
    """Read a token: creation time and identifier of the row before the page. Raises FieldOutOfRangeError."""
    try:
        created, identifier = base64.urlsafe_b64decode(token).decode("ascii").split(" ")
        return int(created), identifier
    except ValueError:
        rule = "must be the next_page_token of an earlier answer"
        raise FieldOutOfRangeError(f"page_token {rule}.", violations=(FieldViolation("page_token", rule),)) from None
