"""The families of checkpoints are data, and what the pull command knows fits them."""

from __future__ import annotations

import pytest
from atelier_edit.diffusion.families import families


def test_families_state_their_licence_and_their_pipeline() -> None:
    told = {name: (family.pipeline, family.licence) for name, family in families().items()}
    assert told == {
        "flux2-klein-4b": ("Flux2KleinPipeline", "Apache-2.0"),
        "qwen-image-edit-2509": ("QwenImageEditPlusPipeline", "Apache-2.0"),
    }


def test_the_distilled_checkpoint_is_asked_for_four_steps_without_guidance() -> None:
    family = families()["flux2-klein-4b"]
    assert (family.steps, family.call) == (4, {"guidance_scale": 1.0})


def test_an_adapter_for_few_steps_brings_its_own_arguments() -> None:
    family = families()["qwen-image-edit-2509"]
    assert (family.steps, family.call["true_cfg_scale"]) == (40, 4.0)
    assert family.lightning is not None
    assert (family.lightning.steps, family.lightning.call) == (4, {"true_cfg_scale": 1.0})
    # ln 3: the adapter's own shift.
    assert family.lightning.scheduler["max_shift"] == pytest.approx(1.0986, abs=1e-4)
