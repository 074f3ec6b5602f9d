"""The denoising loop in a repository: Triton's model `diffusion_loop`, which draws with a checkpoint.

Its code is the generate service's, installed in the Python environment that it runs in; the repository holds its
configuration and one line that imports it. The checkpoint stays where it is.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import HostUnsuitableError

from atelier_models.catalogue import TritonSettings
from atelier_models.targets import CLASSES, QUEUE, Running
from atelier_models.triton_config import batching_text, border_text, instances_text, parameters_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.targets import Target

MODEL: Final = "diffusion_loop"
CODE: Final = b"from atelier_generate.loop.model import TritonPythonModel  # noqa: F401 (Triton looks for it here)\n"

_CHOICE, _HERE = "ATELIER_GENERATOR", "triton"
_PREFIX: Final = "ATELIER_GENERATOR_"
_ENVIRONMENT: Final = "ATELIER_GENERATOR_ENVIRONMENT"
# What Triton's Python backend calls the environment that a model runs in.
_TRITONS: Final = "EXECUTION_ENV_PATH"
# A candidate takes seconds, so that who waits for others' waits for minutes: a call's own deadline is what ends that.
_LONGEST_WAIT_MILLISECONDS: Final = 600_000
_BORDERS: Final = (
    ("input", "order", "UINT8", (-1,)),
    ("output", "about", "UINT8", (-1,)),
    ("output", "step", "INT32", (2,)),
    ("output", "preview", "UINT8", (-1, -1, 3)),
    ("output", "candidate", "FP32", (-1, -1, 3)),
)


@dataclass(frozen=True, slots=True)
class Loop:
    """How the loop is set up: its `parameters` are variables of the generate service's backend `diffusers`.

    `environment` is the virtual environment that it runs in; empty: Triton's own Python.
    """

    parameters: Mapping[str, str]
    environment: str = ""


def configured(environ: Mapping[str, str], target: Target, home: Path) -> Loop | None:
    """Return the loop that the environment asks for by ATELIER_GENERATOR=triton; None where it asks for none.

    On this machine it runs in the environment that ATELIER_GENERATOR_ENVIRONMENT names, or in this process's own, with
    this `home`; a container has its own.

    Raises HostUnsuitableError where that environment is none for this Triton, or has no PyTorch.
    """
    if environ.get(_CHOICE) != _HERE:
        return None
    parameters = {
        name: value
        for name, value in sorted(environ.items())
        if name.startswith(_PREFIX) and name != _ENVIRONMENT and value
    }
    asked = environ.get(_ENVIRONMENT, "")
    if target != "local":
        return Loop(parameters, asked)
    folder = Path(asked or sys.prefix).absolute()
    _require_environment(folder)
    return Loop({**parameters, "ATELIER_HOME": str(home)}, str(folder))


def loop_files(loop: Loop, target: Target) -> dict[Path, bytes]:
    """Return the files of the loop by their path in the repository."""
    text = _config_text(_running(loop, target))
    return {Path(MODEL, "config.pbtxt"): text.encode(), Path(MODEL, "1", "model.py"): CODE}


def _require_environment(folder: Path) -> None:
    """Raise HostUnsuitableError where Triton could not run the loop in a folder."""
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    needed = (folder / "bin" / "activate", folder / "lib" / python / "site-packages" / "torch")
    missing = [path for path in needed if not path.exists()]
    if missing:
        raise HostUnsuitableError(
            f"{MODEL} cannot run in {folder}: {missing[0]} is not there. Set {_ENVIRONMENT} to a virtual environment "
            f"of {python} with `pip install 'atelier-generate[diffusion]'`.",
            metadata={"model": MODEL, "missing": str(missing[0])},
        )


def _running(loop: Loop, target: Target) -> Running:
    """Return how it runs: one order after the other, on each GPU where there are some.

    It takes no turns with what else fills a GPU alone: its own turn would be seconds, and requests of the others are
    refused after two.
    """
    bounded = target != "local"
    triton = TritonSettings(
        max_batch=0,
        preferred_batches=(),
        queue_delay_microseconds=0,
        queue_size=QUEUE if bounded else 0,
        queue_timeout_milliseconds=_LONGEST_WAIT_MILLISECONDS if bounded else 0,
        priorities=CLASSES if bounded else 0,
        instances=1,
        warm_up_batches=(),
    )
    environment = {_TRITONS: loop.environment} if loop.environment else {}
    return Running("python", target == "gpu", triton, {**loop.parameters, **environment})


def _config_text(running: Running) -> str:
    """Return the configuration. Requests are not batched: each has sizes and a number of responses of its own."""
    lines = [
        f'name: "{MODEL}"',
        f'backend: "{running.backend}"',
        f"max_batch_size: {running.triton.max_batch}",
        *(border_text(kind, name, shape, data_type) for kind, name, data_type, shape in _BORDERS),
        instances_text(running),
        "version_policy { latest { num_versions: 1 } }",
        "model_transaction_policy { decoupled: true }",
        *([batching_text(running.triton)] if running.triton.queue_size else []),
        *parameters_text(running),
    ]
    return "\n".join(lines) + "\n"
