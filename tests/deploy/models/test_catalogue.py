from __future__ import annotations

import re
from importlib import resources

import pytest
from atelier_models import catalogue
from atelier_models.catalogue import CatalogueError

PACKAGED = resources.files("atelier_models").joinpath("catalogue.toml").read_text(encoding="utf-8")


def test_the_packaged_catalogue_holds_the_contract_of_the_perception_models() -> None:
    expected = {
        "face_detector": {"image": (128, 128, 3), "boxes": (896, 16), "scores": (896, 1)},
        "face_mesh": {"image": (192, 192, 3), "points": (1404,), "presence": (1,)},
        "iris": {"image": (64, 64, 3), "eye": (213,), "iris": (15,)},
        "person_segmenter": {"image": (256, 256, 3), "mask": (256, 256, 1)},
        "face_encoder": {"image": (150, 150, 3), "embedding": (128,)},
        "face_expression": {"image": (112, 112, 3), "probabilities": (7,)},
        "face_age": {"image": (112, 112, 3), "age": (1,), "sex": (2,)},
    }
    models = catalogue.load().models
    assert expected == {name: models[name].shapes for name in expected}


def test_ranges_of_the_inputs_are_those_the_models_were_trained_with() -> None:
    expected = {
        "face_detector": (-1.0, 1.0),
        "face_mesh": (0.0, 1.0),
        "iris": (0.0, 1.0),
        "person_segmenter": (0.0, 1.0),
        "face_encoder": (0.0, 1.0),
    }
    models = catalogue.load().models
    assert expected == {name: models[name].inputs["image"].range for name in expected}


def test_every_checksum_is_a_sha_256() -> None:
    known = catalogue.load()
    sums = [source.sha256 for source in known.sources.values()] + [m.member_sha256 for m in known.models.values()]
    assert [text for text in sums if not re.fullmatch(r"[0-9a-f]{64}", text)] == []


def test_only_sources_of_models_are_needed() -> None:
    without = PACKAGED[: PACKAGED.index('[[model]]\nname = "face_encoder"')]
    assert [source.name for source in catalogue.parse(without).needed()] == ["mediapipe"]


def test_a_model_takes_what_it_does_not_say_from_the_defaults() -> None:
    models = catalogue.load().models
    assert (models["iris"].triton.max_batch, models["person_segmenter"].triton.max_batch) == (8, 4)
    assert models["person_segmenter"].triton.instances == models["iris"].triton.instances


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('converter = "tflite"', 'converter = "magic"', "converter is 'magic', not one of tflite"),
        ('precision = "float32"', "", "missing or unknown key precision"),
        ('license = "Apache-2.0"', 'license = "Apache-2.0"\nlicence = "MIT"', "missing or unknown key licence"),
        ('source = "mediapipe"', 'source = "nowhere"', "source is 'nowhere', not one of mediapipe, face-api"),
        ('registry = "pip"', 'registry = "ftp"', "registry is 'ftp', not one of pip, npm"),
        ('name = "face_mesh"', 'name = "iris"', "two entries have the same name"),
        ("max_batch = 4", "max_batch = 1", "a batch is larger than max_batch 1"),
        ("shape = [64, 64, 3]", "shape = [-1, -1, 3]", "an input of free size needs a sample"),
        ("shape = [64, 64, 3]", "shape = [64, 64, 3", "not TOML"),
    ],
)
def test_a_wrong_entry_stops_with_a_sentence_that_names_it(old: str, new: str, complaint: str) -> None:
    assert old in PACKAGED
    with pytest.raises(CatalogueError, match=re.escape(complaint)):
        catalogue.parse(PACKAGED.replace(old, new))
