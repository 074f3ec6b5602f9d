"""The commands of `atelier models` that are about engines."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING

import click

from atelier_models.home import alone, default_home

if TYPE_CHECKING:
    from atelier_models.engines.spec import BuildSpec

PRECISIONS = click.Choice(["fp32", "fp16", "bf16"])


class ComputeCapability(click.ParamType[int]):
    """A GPU's compute capability: 89 or 8.9."""

    name = "sm"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read it."""
        from atelier_models.engines.spec import parse_sm

        if isinstance(value, int):
            return value
        try:
            return parse_sm(str(value))
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


@click.command()
@click.argument("names", metavar="[MODELS]...", nargs=-1)
@click.option("--sm", type=ComputeCapability(), required=True, help="Compute capability of the GPU, such as 89.")
@click.option("--precision", type=PRECISIONS, default="fp16", show_default=True, help="What the networks compute in.")
@click.option("--json", "as_json", is_flag=True, help="Print what is known of each engine as JSON.")
def build(names: tuple[str, ...], sm: int, precision: str, *, as_json: bool) -> None:
    """Build TensorRT engines of MODELS, or of all, and print the folder of each.

    Inside Triton's image, on a machine with the GPU, TensorRT builds what that Triton serves. Anywhere else TensorRT
    for RTX (310 MB, in an environment of its own) builds as a trial: it shows that graphs and shapes can be built, and
    its engines are never released.

    An engine is released after `atelier models parity` has compared it with its graph on the GPU.

    \b
    atelier models build --sm 89
    atelier models build upscaler_restore_x4 --sm 8.9 --precision bf16 --json
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    from atelier_models.commands import _models, _reporter
    from atelier_models.engines import making, sidecar
    from atelier_models.engines.spec import spec_of

    _, chosen = _models(names)
    home, known = default_home(), []
    with alone(home):
        for model in chosen:
            spec: BuildSpec = spec_of(model, sm, precision)  # type: ignore[arg-type]  # click has checked it
            folder = making.make(model, spec, home, _reporter())
            known.append(dataclasses.asdict(sidecar.read(folder)))
            if not as_json:
                click.echo(folder)
    if as_json:
        click.echo(json.dumps(known, indent=2))


@click.command()
@click.argument("names", metavar="[MODELS]...", nargs=-1)
@click.option("--sm", type=ComputeCapability(), required=True, help="Compute capability of the GPU, such as 89.")
@click.option("--precision", type=PRECISIONS, default="fp16", show_default=True, help="Which engines.")
@click.option("--triton", metavar="HOST:PORT", required=True, help="The Triton that serves them, on that GPU.")
@click.option("--gpu", required=True, help="The GPU's name, as nvidia-smi says it.")
@click.option("--driver", required=True, help="The driver's version, as nvidia-smi says it.")
def parity(names: tuple[str, ...], sm: int, precision: str, triton: str, gpu: str, driver: str) -> None:
    """Compare the engines of MODELS, or of all, with their graphs through Triton, and write down how far they are off.

    Without it no engine is released. Ends with 1 where one differs by more than is accepted.

    \b
    atelier models parity --sm 89 --triton localhost:8001 --gpu "NVIDIA L4" --driver 590.44
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    from atelier_models.commands import _models
    from atelier_models.engines import making
    from atelier_models.engines import parity as comparison
    from atelier_models.engines.spec import spec_of

    _, chosen = _models(names)
    home = default_home()
    for model in chosen:
        folder = making.folder_of(spec_of(model, sm, precision), home)  # type: ignore[arg-type]  # click has checked it
        measured = comparison.measure(model, precision, home, triton, gpu, driver)
        comparison.record(folder, measured)
        click.echo(f"{model.name}: {max(measured.differences.values()):.2g} of the largest value")
