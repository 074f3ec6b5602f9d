"""Rules about what an edit does to a picture."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from atelier_sdk.testing.bench import hold
from atelier_sdk.testing.calls import Caller
from atelier_sdk.testing.portrait import pixels, png, portrait
from atelier_sdk.testing.rules import Rules
from atelier_sdk.testing.shift import global_shift

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_sdk.testing.calls import Answer
    from atelier_sdk.testing.edit import Edit

MAX_SHIFT_PIXELS: Final = 0.5


class Editing(Rules):
    """An edit does what it is asked, and nothing else."""

    def test_neutral_changes_nothing(self, edit: Edit, mode: str) -> None:
        """With neutral parameters the result equals the source, pixel for pixel, in colour, grey and with alpha."""
        source = png(portrait(mode))
        got = self.bench.ask(edit, edit.unchanged, source)
        changed = _changed(pixels(source), got.pixels)
        hold(
            changed == 0,
            f"{edit} with {dict(edit.neutral)} changed {changed:.2%} of the pixels of a portrait of mode {mode}",
            "Hand out the source's own pixels where nothing is asked; do not take them through a round trip.",
        )

    def test_nothing_outside_the_mask_moves(self, edit: Edit) -> None:
        """At full effect the declared rectangles are the source's own, and the picture lies where it lay."""
        source, got = pixels(png(portrait())), self.bench.answer(edit, edit.settings[-1]).pixels
        for box in edit.untouched:
            changed = _changed(box.of(source), box.of(got))
            hold(
                changed == 0,
                f"{edit} changed {changed:.2%} of {box}, which is outside of its mask",
                "Composite through the mask, and hand out the source's pixels where it is 0.",
            )
        if edit.keeps_frame:
            shift = global_shift(source, _at_size_of(source, got))
            hold(
                shift <= MAX_SHIFT_PIXELS,
                f"{edit} moved the whole picture by {shift:.2f} px (at most {MAX_SHIFT_PIXELS})",
                "Look for a crop or a resize that is half a pixel off; `keeps_frame=False` if it is meant.",
            )

    def test_the_control_grows(self, edit: Edit) -> None:
        """Each of five settings has more effect than the one before."""
        source = pixels(png(portrait()))
        effects = [edit.effect(source, self.bench.answer(edit, setting).pixels) for setting in edit.settings]
        rises = [after > before for before, after in pairwise(effects)]
        seen = ", ".join(f"{setting:g}: {effect:.4g}" for setting, effect in zip(edit.settings, effects, strict=True))
        hold(
            all(rises),
            f"the effect of {edit} does not grow with each setting ({seen})",
            "Make the control monotone; if its effect is not a mean difference, say with `effect` what measures it.",
        )

    def test_the_report_is_true(self, edit: Edit) -> None:
        """It names the operation, both pictures as they are, and measures with a value or a reason."""
        answer = self.bench.answer(edit, edit.settings[-1])
        report, output = answer.report, answer.report.get("output", {})
        hold(bool(report.get("operation")), f"{edit}: the report names no operation", "Fill Report.operation.")
        hold(
            output.get("sha256") == answer.sha256 and report.get("input", {}).get("width") == portrait().width,
            f"{edit}: the report speaks of other pictures: in {report.get('input')}, out {output}",
            "Fill Report.input and Report.output with size and SHA-256 of the encoded files.",
        )
        hold(bool(report.get("parameters")), f"{edit}: no parameters are reported", "Report the effective parameters.")
        for measure in report.get("measures", []):
            self._check_measure(edit, measure)

    def test_two_processes_give_the_same_bytes(self, edit: Edit) -> None:
        """Same input, same request: same file and same report, whoever answers."""
        self.needs_processes()
        setting = edit.settings[-1]
        here, there = self.bench.answer(edit, setting), self._elsewhere(edit, setting)
        hold(
            here.content == there.content,
            f"two processes gave different files for {edit} = {setting:g} ({here.sha256[:12]}, {there.sha256[:12]})",
            "Draw chance from the request (seed, request_id), fix thread counts of sums, write no time into files.",
        )
        hold(
            here.lasting == there.lasting,
            f"two processes gave different reports for {edit}: {_differences(here.lasting, there.lasting)}",
            "Nothing but Report.timings may depend on when or where a call is answered.",
        )

    def _check_measure(self, edit: Edit, measure: dict[str, Any]) -> None:
        name, verdict = measure.get("name", "(no name)"), measure.get("verdict", "VERDICT_UNSPECIFIED")
        hold(
            ("value" in measure) == (verdict != "VERDICT_NOT_MEASURABLE") and bool(measure.get("explanation")),
            f"{edit}: the measure {name} is {measure}",
            "Give a value and a sentence; what cannot be measured has NOT_MEASURABLE, no value, and says why.",
        )
        hold(
            not (name == "outside_mask_difference" and verdict == "VERDICT_FAIL"),
            f"{edit}: the report itself says that pixels outside of the mask changed ({measure})",
            "Composite through the mask, and hand out the source's pixels where it is 0.",
        )

    def _elsewhere(self, edit: Edit, setting: float) -> Answer:
        caller = Caller(self.bench.second_process().channel)
        return self.bench.ask(edit, edit.at(setting), png(portrait()), caller)


def _changed(source: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Return the share of pixels that differ; 1 where sizes do."""
    return float((source != result).any(axis=2).mean()) if source.shape == result.shape else 1.0


def _at_size_of(source: NDArray[np.uint8], result: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if source.shape == result.shape:
        return result
    size = (source.shape[1], source.shape[0])
    return np.asarray(Image.fromarray(result).resize(size, Image.Resampling.BOX))


def _differences(here: dict[str, Any], there: dict[str, Any]) -> str:
    return "; ".join(
        f"{name}: {here.get(name)} and {there.get(name)}" for name in here if here[name] != there.get(name)
    )
