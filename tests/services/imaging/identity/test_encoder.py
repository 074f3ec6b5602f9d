from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

import pytest
from atelier_imaging.identity import load_encoder

if TYPE_CHECKING:
    from pathlib import Path

PACKAGED = json.loads(
    resources.files("atelier_imaging.identity").joinpath("encoders/face_encoder.json").read_text(encoding="utf-8")
)


def test_another_encoder_is_a_file(tmp_path: Path) -> None:
    path = tmp_path / "other.json"
    path.write_text(json.dumps({**PACKAGED, "model": "other_encoder", "size": 112, "calibration": None}))
    encoder = load_encoder(str(path))
    assert (encoder.model, encoder.size, encoder.calibration) == ("other_encoder", 112, None)
    assert len(encoder.mesh_points) == len(encoder.template) == 5


def test_an_encoder_that_nobody_knows_is_not_found() -> None:
    with pytest.raises(FileNotFoundError):
        load_encoder("nobody")


@pytest.mark.parametrize("change", [{"alignment": []}, {"size": "large"}, {"alignment": [{"mesh": 1}, {"mesh": 2}]}])
def test_a_file_that_describes_no_encoder_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = tmp_path / "broken.json"
    path.write_text(json.dumps({**PACKAGED, **change}))
    with pytest.raises(ValueError, match="encoder"):
        load_encoder(str(path))


def test_the_packaged_file_holds_curves_and_nothing_of_a_single_person() -> None:
    curve = PACKAGED["calibration"]
    assert curve["people"] > 700
    assert not any(len(value) >= curve["people"] for value in curve.values() if isinstance(value, list))
