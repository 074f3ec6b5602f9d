from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from atelier_models import environments
from atelier_models.environments import Environment, ensure_environment
from atelier_sdk.errors import RegistryUnreachableError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.deploy.models.conftest import Listener

TOY = Environment("toy", "a toy", "toy==1.0\n")


@pytest.fixture
def published(publish: Callable[[str, str, dict[str, bytes]], Path]) -> Path:
    return publish("toy", "py3-none-any", {"toy/__init__.py": b"COLOUR = 'red'\n"})


def test_an_environment_holds_its_packages_and_is_made_once(
    published: Path, tmp_path: Path, listener: Listener
) -> None:
    folder = ensure_environment(TOY, tmp_path, listener)
    seen = subprocess.run(
        [folder / "bin" / "python", "-c", "import toy; print(toy.COLOUR)"], capture_output=True, text=True, check=True
    )
    assert seen.stdout == "red\n"
    assert ensure_environment(TOY, tmp_path, listener) == folder
    assert listener.steps == ["Installing a toy"]


def test_a_half_made_environment_is_made_again(published: Path, tmp_path: Path, listener: Listener) -> None:
    folder = TOY.path(tmp_path)
    (folder / "lib").mkdir(parents=True)
    (folder / "rubbish").touch()
    ensure_environment(TOY, tmp_path, listener)
    assert (environments.complete(TOY, tmp_path), (folder / "rubbish").exists()) == (True, False)


def test_an_environment_whose_finish_fails_does_not_count_as_made(
    published: Path, tmp_path: Path, listener: Listener
) -> None:
    def fail(folder: Path) -> None:
        raise FileNotFoundError(folder)

    with pytest.raises(FileNotFoundError):
        ensure_environment(TOY, tmp_path, listener, fail)
    assert not environments.complete(TOY, tmp_path)


def test_a_package_that_cannot_be_had_is_told_in_a_sentence(registry: Path, tmp_path: Path, listener: Listener) -> None:
    with pytest.raises(RegistryUnreachableError, match=r"pip could not install a toy .*No matching distribution"):
        ensure_environment(TOY, tmp_path, listener)
    assert not environments.complete(TOY, tmp_path)


def test_other_requirements_are_another_environment(tmp_path: Path) -> None:
    other = Environment("toy", "a toy", "toy==1.1\n")
    assert TOY.path(tmp_path) != other.path(tmp_path)


@pytest.mark.parametrize("make", [environments.for_conversion, environments.for_triton, environments.for_npm])
def test_every_requirement_is_pinned(make: object) -> None:
    assert callable(make)
    lines = [line for line in make().requirements.splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if line.count("==") != 1] == []


def test_triton_gets_a_numpy_below_2() -> None:
    assert "\nnumpy==1.26.4\n" in environments.for_triton().requirements
