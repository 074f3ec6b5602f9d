"""Words that hold a prompt to a person, out of a profile; what is said when stands in `anchors.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_identity.profile import Profile


def anchors(profile: Profile) -> tuple[str, ...]:
    """Describe a person in a few words that everybody's prompt begins with, and what is marked about this one."""
    return (*_data()["always"], *_marked(profile), *_skin(profile.ita_degrees))


def _marked(profile: Profile) -> Iterator[str]:
    for name, known in _data()["features"].items():
        proportion = profile.proportion(name)
        if proportion is not None and abs(proportion.value - known["mean"]) > known["deviation"]:
            yield known["low"] if proportion.value < known["mean"] else known["high"]


def _skin(ita_degrees: float | None) -> Iterator[str]:
    if ita_degrees is not None:
        yield next(one["word"] for one in _data()["skin"] if ita_degrees > one["above"] or one["above"] == -90)


@cache
def _data() -> dict[str, Any]:
    """Read the file. Any: TOML."""
    return tomllib.loads(resources.files("atelier_identity").joinpath("anchors.toml").read_text("utf-8"))
