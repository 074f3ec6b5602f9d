"""People by the names that they were enrolled under."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_client.identity_results import Profile


def identifier(profiles: Sequence[Profile], name: str) -> str:
    """Find the identifier of a profile by its name, or take it as it is. Errors: click.ClickException."""
    for one in profiles:
        if name in (one.name, one.id):
            return one.id
    known = ", ".join(one.name for one in profiles[:5])
    hint = (
        f"known are {known}{' …' if len(profiles) > 5 else ''}" if profiles else "`atelier identity enroll` makes one"
    )
    raise click.ClickException(f"there is no profile {name!r}; {hint}")
