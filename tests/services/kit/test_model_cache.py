"""The init container: fills its folder, or ends with a sentence."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from atelier_rpc.artifacts import open_store
from atelier_rpc.releases import publish

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def release(tmp_path: Path) -> str:
    (tmp_path / "model.onnx").write_bytes(b"graph")
    return publish({"models/a/1/model.onnx": tmp_path / "model.onnx"}, open_store((tmp_path / "store").as_uri()))


def run(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "atelier_service.model_cache"],
        env={"ATELIER_HOME": str(tmp_path / "home"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_folder_is_filled_and_filled_again_without_work(tmp_path: Path, release: str) -> None:
    for missing in (1, 0):
        done = run(tmp_path, ATELIER_MODELS_URL=(tmp_path / "store").as_uri(), ATELIER_MODELS_SHA256=release)
        assert (done.returncode, f'"missing": {missing}' in done.stdout + done.stderr) == (0, True), done.stderr
    assert (tmp_path / "home/models/a/1/model.onnx").read_bytes() == b"graph"


@pytest.mark.parametrize(
    ("url", "sha256", "sentence"),
    [
        ("", "", "ATELIER_MODELS_URL: it must be given"),
        ("store", "7", "ATELIER_MODELS_SHA256: it is no SHA-256"),
        ("store", "0" * 64, "The store of models does not give manifests/000"),
        ("empty", "", "The store of models does not give latest"),
    ],
)
def test_what_cannot_be_had_ends_with_a_sentence(
    tmp_path: Path, release: str, url: str, sha256: str, sentence: str
) -> None:
    done = run(tmp_path, ATELIER_MODELS_URL=(tmp_path / url).as_uri() if url else "", ATELIER_MODELS_SHA256=sha256)
    assert done.returncode != 0
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
