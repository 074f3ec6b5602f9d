"""Relighting against the truth: heads of known form under known light, from a folder of portraits.

The renderer and the pairs of lights are those of `tests/services/edit/truth`.
"""

from __future__ import annotations

from dataclasses import astuple
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.decode import decode

from tests.services.edit.truth.comparison import Likeness, compare
from tests.services.edit.truth.head import head_of
from tests.services.edit.truth.lights import LIGHTS, PAIRS
from tests.services.edit.truth.render import render
from tests.services.edit.truth.sitters import analysed, sitters

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atelier_imaging.models import ModelRunner

    from tests.services.edit.truth.comparison import Comparison

WAYS: Final = ("relight", "colour transfer", "nothing")
# Of a large folder every few are looked at: analysing hundreds takes minutes.
_LOOKED_AT: Final = 130

Measured = dict[tuple[str, str], "list[Comparison]"]


def measure(paths: Sequence[Path], count: int, runner: ModelRunner) -> Measured:
    """Render sitters under every light and relight each pair."""
    chosen = sitters(paths[:: max(1, len(paths) // _LOOKED_AT)], count, runner)
    measured: Measured = {pair: [] for pair in PAIRS}
    for path in chosen:
        portrait = analysed(decode(path.read_bytes()), runner)
        head = head_of(portrait, portrait.select())
        rendered = {name: render(head, light) for name, light in LIGHTS.items()}
        for source, target in PAIRS:
            one = compare(head, rendered[source], rendered[target], LIGHTS[target], runner)
            measured[source, target].append(one)
    return measured


def tables(measured: Measured) -> list[str]:
    """Write all tables as Markdown."""
    return [*_likeness(measured), *_found(measured)]


def _likeness(measured: Measured) -> list[str]:
    count = len(next(iter(measured.values())))
    lines = [
        f"Relit against rendered truth: {count} sitters, {len(measured)} pairs of lights, on the person. Mean PSNR in "
        "dB / SSIM / GMSD (the lower the better). The colour transfer is shown the target.",
        "",
        f"| from → to | {' | '.join(WAYS)} |",
        "|---|---|---|---|",
    ]
    for (source, target), each in measured.items():
        cells = [_cell([one.likeness[way] for one in each]) for way in WAYS]
        lines.append(f"| {source} → {target} | {' | '.join(cells)} |".replace("_", " "))
    everything = [one for each in measured.values() for one in each]
    lines.append(f"| **all** | {' | '.join(_cell([one.likeness[way] for one in everything]) for way in WAYS)} |")
    return [*lines, "", _wins(everything), ""]


def _cell(values: Sequence[Likeness]) -> str:
    mean = np.mean([astuple(value) for value in values], axis=0)
    return f"{mean[0]:.1f} / {mean[1]:.3f} / {mean[2]:.3f}"


def _wins(everything: Sequence[Comparison]) -> str:
    """Say how often relighting is the nearest."""
    told = []
    for way in WAYS[1:]:
        better = [
            (
                one.likeness["relight"].psnr > one.likeness[way].psnr,
                one.likeness["relight"].ssim > one.likeness[way].ssim,
                one.likeness["relight"].gmsd < one.likeness[way].gmsd,
            )
            for one in everything
        ]
        shares = 100 * np.mean(better, axis=0)
        told.append(f"than {way} in {shares[0]:.0f} / {shares[1]:.0f} / {shares[2]:.0f} %")
    return f"Relighting is nearer {', '.join(told)} of the {len(everything)} pictures."


def _found(measured: Measured) -> list[str]:
    """Compare the light that was found in each source with the one that it was rendered under."""
    lines = [
        "The light of the rendered sources, as it is found in them (median, and the 90th percentile of the error):",
        "",
        "| light | true azimuth, elevation | found | azimuth off, 90 % | elevation off, 90 % |",
        "|---|---|---|---|---|",
    ]
    for name, light in LIGHTS.items():
        keys = [one.found["key"] for (source, _), each in measured.items() if source == name for one in each]
        angles = np.array([(key["azimuth_degrees"], key["elevation_degrees"]) for key in keys])  # type: ignore[index]
        if not angles.size:
            continue
        true = np.array([light.lamps[0].azimuth_degrees, light.lamps[0].elevation_degrees])
        found, off = np.median(angles, axis=0), np.percentile(np.abs(angles - true), 90, axis=0)
        row = f"{true[0]:.0f}°, {true[1]:.0f}° | {found[0]:.0f}°, {found[1]:.0f}° | {off[0]:.0f}° | {off[1]:.0f}°"
        lines.append(f"| {name.replace('_', ' ')} | {row} |")
    return [*lines, ""]
