"""Carry skin tone, grade and grain out in one pass, in that order: one decoding, one rounding, one encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_imaging.grain.drawing import GrainStage
from atelier_imaging.strips import Stage, render

from atelier_style.grade import GradeStage
from atelier_style.skin_tone import ToneStage

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.picture import Picture

    from atelier_style.grade_plan import GradePlan
    from atelier_style.grain_plan import GrainPlan
    from atelier_style.tone_plan import TonePlan


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What is to be done to a picture; None where a part is not asked for."""

    tone: TonePlan | None = None
    grade: GradePlan | None = None
    grain: GrainPlan | None = None

    @property
    def parameters(self) -> dict[str, object]:
        """Give the effective parameters of each part."""
        parts = {"skin_tone": self.tone, "grade": self.grade, "grain": self.grain}
        return {name: part.parameters for name, part in parts.items() if part is not None}

    @property
    def changes_colour(self) -> bool:
        """Tell whether a change of colour is asked for, by skin tone or grade."""
        toned = self.tone is not None and self.tone.recipe is not None
        return toned or (self.grade is not None and not self.grade.recipe.is_neutral)

    @property
    def is_tone_alone(self) -> bool:
        """Tell whether nothing but skin tone is asked for."""
        graded = self.grade is not None and not self.grade.recipe.is_neutral
        return not graded and (self.grain is None or self.grain.recipe is None)

    @property
    def notes(self) -> tuple[str, ...]:
        """Give every part's sentences for people."""
        parts = (self.tone, self.grade, self.grain)
        return tuple(note for part in parts if part is not None for note in part.notes)


def apply(picture: Picture, plan: Plan, check: Callable[[], None] = lambda: None) -> Picture:
    """Answer the styled picture; where the plan changes nothing, the picture itself.

    `check` is called now and then and may raise to stop the work.
    """
    stages = _stages(picture, plan)
    return picture.with_pixels(render(picture.pixels, stages, check)) if stages else picture


def _stages(picture: Picture, plan: Plan) -> list[Stage]:
    """Make the stages of the parts that change something."""
    stages: list[Stage] = []
    if plan.tone is not None and plan.tone.recipe is not None:
        stages.append(ToneStage(plan.tone.recipe, picture.pixels, picture.space))
    if plan.grade is not None and not plan.grade.recipe.is_neutral:
        stages.append(GradeStage(plan.grade.recipe, picture.pixels, picture.space))
    if plan.grain is not None and plan.grain.recipe is not None:
        stages.append(GrainStage(plan.grain.recipe, picture.height, picture.width))
    return stages
