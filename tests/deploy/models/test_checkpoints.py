from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from atelier_models import checkpoints
from atelier_models.commands import models
from atelier_models.progress import Silent
from atelier_sdk.errors import HostUnsuitableError, ModelUnusableError, RegistryUnreachableError
from click.testing import CliRunner

PAGE = Path(__file__).parents[3] / "docs" / "30-models.md"
QWEN = checkpoints.load()["qwen-image-edit-2509"]
FLUX = checkpoints.load()["flux2-klein-4b"]


class Hub(ModuleType):
    """A model hub that gives out small files."""

    def __init__(self, pipeline: str = "Flux2KleinPipeline") -> None:
        super().__init__("huggingface_hub")
        self.asked: list[tuple[str, str, str]] = []
        self.pipeline = pipeline
        self.reachable = True

    def model_info(self, repository: str, *, revision: str) -> SimpleNamespace:
        if not self.reachable:
            raise ConnectionError(f"no route to the hub for {repository}")
        return SimpleNamespace(sha="c0ffee" if revision == "main" else revision)

    def snapshot_download(
        self, repository: str, *, revision: str, local_dir: Path, allow_patterns: list[str], ignore_patterns: list[str]
    ) -> None:
        assert "*.safetensors" in allow_patterns
        assert "*.bin" in ignore_patterns
        self.asked.append(("snapshot", repository, revision))
        local_dir.mkdir(parents=True, exist_ok=True)
        (local_dir / "model_index.json").write_text(json.dumps({"_class_name": self.pipeline}))

    def hf_hub_download(self, repository: str, file: str, *, revision: str) -> str:
        assert revision == "main"
        self.asked.append(("file", repository, file))
        return __file__


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch) -> Hub:
    hub = Hub()
    errors = ModuleType("huggingface_hub.errors")
    errors.HTTPError = RuntimeError  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "huggingface_hub", hub)
    monkeypatch.setitem(sys.modules, "huggingface_hub.errors", errors)
    return hub


def holding(folder: Path, pipeline: str) -> Path:
    folder.mkdir(parents=True)
    (folder / "model_index.json").write_text(json.dumps({"_class_name": pipeline}))
    return folder


def test_each_states_its_licence() -> None:
    told = {name: (one.repository, one.licence) for name, one in checkpoints.load().items()}
    assert told == {
        "flux1-schnell": ("black-forest-labs/FLUX.1-schnell", "Apache-2.0"),
        "flux2-klein-4b": ("black-forest-labs/FLUX.2-klein-4B", "Apache-2.0"),
        "qwen-image-edit-2509": ("Qwen/Qwen-Image-Edit-2509", "Apache-2.0"),
        "qwen-image": ("Qwen/Qwen-Image", "Apache-2.0"),
        "reenactment": ("KwaiVGI/LivePortrait", "MIT"),
        "sdxl": ("stabilityai/stable-diffusion-xl-base-1.0", "CreativeML-OpenRAIL++-M"),
        "z-image-turbo": ("Tongyi-MAI/Z-Image-Turbo", "Apache-2.0"),
    }


def test_it_is_fetched_at_one_commit_which_is_written_down(hub: Hub, tmp_path: Path) -> None:
    folder = checkpoints.pull(FLUX, tmp_path, Silent())
    assert folder == tmp_path / "checkpoints" / "flux2-klein-4b"
    assert hub.asked == [("snapshot", FLUX.repository, "c0ffee")]
    record = json.loads((folder / "checkpoint.json").read_text())
    assert record == {"repository": FLUX.repository, "commit": "c0ffee", "licence": "Apache-2.0"}


def test_it_is_fetched_once_for_each_commit(hub: Hub, tmp_path: Path) -> None:
    for revision in (None, None, "0a1b2c", "0a1b2c"):
        checkpoints.pull(FLUX, tmp_path, Silent(), revision)
    assert [asked[2] for asked in hub.asked] == ["c0ffee", "0a1b2c"]


def test_an_adapter_comes_along(hub: Hub, tmp_path: Path) -> None:
    hub.pipeline = QWEN.pipeline
    folder = checkpoints.pull(QWEN, tmp_path, Silent())
    assert QWEN.adapter is not None
    assert hub.asked[1] == ("file", QWEN.adapter.repository, QWEN.adapter.file)
    assert (folder / "lightning.safetensors").read_bytes() == Path(__file__).read_bytes()


def test_what_is_not_complete_is_not_taken_for_installed(hub: Hub, tmp_path: Path) -> None:
    hub.pipeline = "SomethingElse"
    with pytest.raises(ModelUnusableError, match="names SomethingElse, not Flux2KleinPipeline"):
        checkpoints.pull(FLUX, tmp_path, Silent())
    hub.pipeline = FLUX.pipeline
    checkpoints.pull(FLUX, tmp_path, Silent())
    assert len(hub.asked) == 2


def test_a_hub_that_does_not_answer_is_said(hub: Hub, tmp_path: Path) -> None:
    hub.reachable = False
    with pytest.raises(RegistryUnreachableError, match=r"no route to the hub.*--folder"):
        checkpoints.pull(FLUX, tmp_path, Silent())


def test_without_the_hubs_client_the_command_is_told_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(HostUnsuitableError, match=r"pip install 'atelier-edit\[diffusion\]'"):
        checkpoints.pull(FLUX, tmp_path, Silent())


def test_a_folder_that_holds_it_is_linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "home"))
    source = holding(tmp_path / "elsewhere", FLUX.pipeline)
    done = CliRunner().invoke(models, ["pull", "flux2-klein-4b", "--folder", str(source)])
    folder = tmp_path / "home" / "checkpoints" / "flux2-klein-4b"
    assert (done.exit_code, done.stdout.strip(), folder.resolve()) == (0, str(folder), source)


def test_a_folder_that_holds_another_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ATELIER_HOME", str(tmp_path / "home"))
    source = holding(tmp_path / "elsewhere", QWEN.pipeline)
    done = CliRunner().invoke(models, ["pull", "flux2-klein-4b", "--folder", str(source)])
    assert (done.exit_code, "does not hold FLUX.2 klein 4B" in done.stderr) == (1, True)


@pytest.mark.parametrize("arguments", [["--revision", "abc"], ["face-api", "--revision", "abc"]])
def test_options_of_checkpoints_go_with_one_checkpoint(arguments: list[str]) -> None:
    done = CliRunner().invoke(models, ["pull", *arguments])
    assert (done.exit_code, "the name of one checkpoint" in done.stderr) == (2, True)


def test_the_page_lists_each_with_its_licence() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    for name, one in checkpoints.load().items():
        (row,) = (row for row in rows if row.startswith(f"| `{name}` ("))
        assert row.split(" | ")[1].startswith(one.licence), name
