"""Who is let in with an engine: nobody whose plan, place or graph is another than the sidecar says."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest
from atelier_models.engines import parity
from atelier_models.engines.sidecar import PLAN, SIDECAR, Parity, Place, Sidecar, admit, read
from atelier_models.engines.versions import pinned
from atelier_sdk.errors import ModelUnusableError

if TYPE_CHECKING:
    from pathlib import Path

HERE = Place(pinned().tensorrt, 89)
GRAPH = "ab" * 32


def refusal(folder: Path, place: Place = HERE, graph: str = GRAPH) -> str:
    with pytest.raises(ModelUnusableError) as caught:
        admit(folder, place, graph)
    assert "atelier models build iris" in caught.value.message
    return caught.value.message


def test_an_engine_that_fits_is_admitted(release: tuple[Path, Sidecar]) -> None:
    folder, sidecar = release

    assert sidecar == admit(folder, HERE, GRAPH)


def test_an_engine_for_another_gpu_is_refused(release: tuple[Path, Sidecar]) -> None:
    assert "it is for SM 89, here is SM 90" in refusal(release[0], Place(pinned().tensorrt, 90))


def test_an_engine_of_another_tensorrt_is_refused(release: tuple[Path, Sidecar]) -> None:
    assert f"TensorRT {pinned().tensorrt} built it, here is 11.4.0" in refusal(release[0], Place("11.4.0", 89))


def test_a_truncated_plan_is_refused(release: tuple[Path, Sidecar]) -> None:
    plan = release[0] / PLAN
    plan.write_bytes(plan.read_bytes()[:-1])

    assert "has 5999 bytes and had 6000" in refusal(release[0])


def test_a_plan_of_other_content_is_refused(release: tuple[Path, Sidecar]) -> None:
    plan = release[0] / PLAN
    plan.write_bytes(b"b" + plan.read_bytes()[1:])

    assert "is not the one that was built" in refusal(release[0])


def test_a_missing_plan_is_refused(release: tuple[Path, Sidecar]) -> None:
    (release[0] / PLAN).unlink()

    assert f"{PLAN} is missing" in refusal(release[0])


def test_an_engine_of_a_graph_that_has_changed_is_refused(release: tuple[Path, Sidecar]) -> None:
    assert "the graph that it was built from is another one now" in refusal(release[0], graph="cd" * 32)


@pytest.mark.parametrize(("text", "why"), [(None, "it has no engine.json"), ("{", "cannot be read"), ("{}", "cannot")])
def test_an_engine_without_a_sidecar_is_refused(release: tuple[Path, Sidecar], text: str | None, why: str) -> None:
    (release[0] / SIDECAR).unlink()
    if text is not None:
        (release[0] / SIDECAR).write_text(text)

    assert why in refusal(release[0])


def test_an_engine_whose_parity_was_never_measured_may_be_tried_and_is_not_released(
    release: tuple[Path, Sidecar],
) -> None:
    folder, sidecar = release
    dataclasses.replace(sidecar, parity=None).write(folder)

    assert "its parity was never measured" in refusal(folder)
    assert admit(folder, HERE, GRAPH, released=False).parity is None


def test_an_engine_that_answers_otherwise_than_its_graph_is_not_released(release: tuple[Path, Sidecar]) -> None:
    folder = release[0]
    off = Parity("NVIDIA L4", "590.44", {"eye": 0.001, "iris": 0.5}, 0.03)

    with pytest.raises(ModelUnusableError, match=r"differs from its graph by 0\.5"):
        parity.record(folder, off)

    assert off == read(folder).parity
    assert "it differs from its graph by 0.5" in refusal(folder)


def test_everything_that_is_wrong_is_said_at_once(release: tuple[Path, Sidecar]) -> None:
    folder, sidecar = release
    dataclasses.replace(sidecar, builder="tensorrt_rtx_bindings", parity=None).write(folder)
    (folder / PLAN).unlink()

    said = refusal(folder, Place("11.4.0", 90), "cd" * 32)

    for wrong in ("Triton does not load", "11.4.0", "SM 90", "another one now", "is missing", "never measured"):
        assert wrong in said
