"""`atelier plugins`: what is installed, what each plugin brings, whether it can be used."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from atelier_gateway import plugins as gateway_plugins
from atelier_gateway.settings import GatewaySettings
from atelier_rpc.settings import read
from atelier_sdk.manifest import load_manifest, remove_manifest
from rich.console import Console
from rich.table import Table
from rich.text import Text

from atelier_local import paths
from atelier_local.commands import SaysWhy
from atelier_local.errors import StackError
from atelier_local.plugin_check import checks
from atelier_local.plugin_kustomize import write_component
from atelier_local.plugin_new import new

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_sdk import Capability
    from atelier_sdk.plugin import PluginStatus

_STYLES = {"active": "green", "troubled": "yellow", "refused": "bold red", "broken": "bold red"}


@click.group()
def plugins() -> None:
    """See, check, add and write plugins.

    \b
    Examples:
      atelier plugins list                what is installed, and what is wrong with it
      atelier plugins show lens           limits, models, hooks
      atelier plugins check lens          whether it can be used, point by point
      atelier plugins add ../venv-toning  plugins of an environment of their own
      atelier plugins manifest lens --kustomize k8s/plugins/lens   for a cluster
      atelier plugins new mono            a working one to start from
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines


@plugins.command("list", cls=SaysWhy)
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def list_(*, as_json: bool) -> None:
    """List the plugins as a gateway would load them now.

    `atelier status` and CatalogService.ListPlugins say how those of a running stack are.
    """
    statuses = _loaded()[0]
    if as_json:
        click.echo(json.dumps([asdict(status) for status in statuses], indent=2))
    else:
        Console().print(_table(statuses))


@plugins.command(cls=SaysWhy)
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def show(name: str, *, as_json: bool) -> None:
    """Show what the plugin NAME brings.

    Its capabilities with their limits and models, and its hooks in call order.
    """
    status, capabilities = _find(name)
    described = {**asdict(status), "capabilities": [_described(one) for one in capabilities]}
    if as_json:
        click.echo(json.dumps(described, indent=2))
        return
    click.echo(f"{name} {status.version} of {status.distribution}, plugin API {status.api or '?'}: {status.state}")
    if status.detail:
        click.echo(status.detail)
    for capability in described["capabilities"]:
        click.echo()
        _print_values(capability)
    click.echo(f"\nhooks, in call order: {', '.join(status.hooks) or 'none'}")


@plugins.command(cls=SaysWhy)
@click.argument("name")
@click.pass_context
def check(ctx: click.Context, /, name: str) -> None:
    """Check whether the plugin NAME can be used, point by point.

    It imports and suits this plugin API; its names are free; its API is complete and commented; its commands exist; its
    processes, started once, say that they are well.

    Exit status: 0 all is well, 1 something is not.
    """
    status, capabilities = _find(name)
    well = True
    for point in checks(status, capabilities):
        well &= not point.wrong
        mark = click.style("ok  ", fg="green") if not point.wrong else click.style("no  ", fg="red", bold=True)
        click.echo(f"{mark}{point.what}{': ' if point.wrong else ''}{point.wrong}")
    ctx.exit(0 if well else 1)


@plugins.command(cls=SaysWhy)
@click.argument("environment", type=click.Path(exists=True, path_type=Path))
def add(environment: Path) -> None:
    """Add the plugins of another ENVIRONMENT.

    ENVIRONMENT is its folder, or its Python. That environment is asked once what its plugins say; add it again after a
    change. It needs atelier-sdk and the plugins, and may hold versions of anything else that this one could not.
    """
    python = environment if environment.is_file() else environment / "bin" / "python"
    if not python.is_file():
        raise click.ClickException(f"{environment} is no environment: it has no bin/python")
    with tempfile.TemporaryDirectory() as draft:
        # Isolated: what this process's environment adds to the path is none of the other's business.
        command = (str(python.absolute()), "-I", "-m", "atelier_sdk.manifest", draft)
        asked = subprocess.run(command, capture_output=True, text=True, check=False)
        written = [Path(line) for line in asked.stdout.splitlines()]
        if asked.returncode or not written:
            why = asked.stderr.strip() or "it has no plugin that brings a capability"
            raise click.ClickException(f"{environment} cannot be added: {why}")
        for path in written:
            manifest = load_manifest(path)
            click.echo(f"added {manifest.name} {manifest.version}")
            _move(path, _manifests())


@plugins.command(cls=SaysWhy)
@click.argument("name")
def remove(name: str) -> None:
    """Remove the plugin NAME of another environment.

    The environment itself is left as it is.
    """
    if not remove_manifest(name, _manifests()):
        raise click.ClickException(f"no plugin {name} of another environment was added")
    click.echo(f"removed {name}")


@plugins.command(cls=SaysWhy)
@click.argument("name")
@click.option(
    "--kustomize",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the component: made where it is missing, written over where it is there.",
)
@click.option("--image", help="Image that its processes run in; `atelier-NAME` unless said.")
def manifest(name: str, folder: Path, image: str | None) -> None:
    """Write the plugin NAME for a cluster: a kustomize component that an overlay lists.

    Deployment, headless service, account and budget of each capability, and the file by which the gateway knows the
    plugin without having it installed.

    \b
      atelier plugins manifest toning --kustomize k8s/plugins/toning --image registry.example.com/toning:1.0
    """  # noqa: D301 - \b is click's sign for a paragraph that keeps its lines
    status, capabilities = _find(name)
    if not capabilities:
        raise click.ClickException(f"{name} brings no capability, so nothing of it runs in a cluster by itself")
    for file in write_component(status, tuple(capabilities), image or f"atelier-{name}", folder):
        click.echo(folder / file)


def _environ() -> dict[str, str]:
    return {**os.environ, "ATELIER_HOME": str(paths.home())}


def _manifests() -> Path:
    variables = {name: value for name, value in _environ().items() if name in gateway_plugins.VARIABLES}
    settings = read(GatewaySettings, variables)
    return gateway_plugins.manifests_folder(settings.plugin_manifests, settings.home)


def _loaded() -> tuple[tuple[PluginStatus, ...], tuple[Capability, ...]]:
    host = gateway_plugins.plugins_of(_environ())
    capabilities = gateway_plugins.capabilities(host)
    return host.statuses(), capabilities


def _find(name: str) -> tuple[PluginStatus, list[Capability]]:
    statuses, capabilities = _loaded()
    status = next((one for one in statuses if one.name == name), None)
    if status is None:
        raise StackError(f"no plugin is called {name!r}; there are: {', '.join(one.name for one in statuses)}")
    return status, [one for one in capabilities if one.name in status.capabilities]


def _table(statuses: Sequence[PluginStatus]) -> Table:
    shown = Table(box=None, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("name", "version", "api", "capabilities", "hooks", "state"):
        shown.add_column(column, overflow="fold")
    for one in statuses:
        state = Text(one.state.value, style=_STYLES.get(one.state.value, "dim"))
        detail = f"  {one.detail}" if one.detail else ""
        hooks = " ".join(hook.removeprefix("atelier_") for hook in one.hooks)
        shown.add_row(
            Text(one.name, style="bold"), one.version, one.api, " ".join(one.capabilities), hooks, state.append(detail)
        )
    return shown


def _described(capability: Capability) -> dict[str, Any]:
    """Describe a capability without its descriptors. Any: JSON."""
    described = asdict(capability)
    del described["descriptors"]
    return described


def _print_values(values: dict[str, Any]) -> None:
    for key, value in values.items():
        if isinstance(value, dict):
            click.echo(f"{key:12} {', '.join(f'{name} {one}' for name, one in value.items())}")
        else:
            click.echo(f"{key:12} {' '.join(value) if isinstance(value, tuple) else value}")


def _move(manifest: Path, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    remove_manifest(manifest.stem, folder)
    for path in manifest.parent.glob(f"{manifest.stem}.*"):
        (folder / path.name).write_bytes(path.read_bytes())


plugins.add_command(new)
