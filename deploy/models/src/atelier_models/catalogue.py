"""The model catalogue as typed values.

`catalogue.toml` lists sources (one file each, of a package registry or of this package) and models (one graph inside a
source, its contract and how Triton serves it). Loading is strict: an unknown, missing or impossible value stops with a
sentence.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import tomllib
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Literal, TypeVar, get_args

from atelier_models.home import default_home

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# `committed` comes with this package; `adopted` was added on this machine (adoption.py).
Registry = Literal["pip", "npm", "committed", "adopted"]
Converter = Literal["tflite", "face-api", "onnx", "adopted"]
Precision = Literal["float32", "bfloat16"]
Value = TypeVar("Value")


class CatalogueError(ValueError):
    """The catalogue file is not as it must be; the message names the entry and the key."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file of a package registry or of this package, and its licence (SPDX). `size` is in bytes."""

    name: str
    registry: Registry
    package: str
    version: str
    file: str
    size: int
    sha256: str
    license: str
    homepage: str


@dataclass(frozen=True, slots=True)
class Input:
    """A float32 input: its name in the source file, its shape without the batch, the range of its values.

    A size of -1 is free; `sample` is the shape without such that the model is tried, checked and warmed up with.
    """

    tensor: str
    shape: tuple[int, ...]
    range: tuple[float, float]
    sample: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Output:
    """A float32 output: name in the source file, shape without the batch, largest accepted difference."""

    tensor: str
    shape: tuple[int, ...]
    tolerance: float


@dataclass(frozen=True, slots=True)
class TritonSettings:
    """How Triton serves a model: batching, queue, priorities, copies and warm-up.

    A `queue_size`, `queue_timeout_milliseconds` or `priorities` of 0 is no limit, no time limit and no priorities.
    """

    max_batch: int
    preferred_batches: tuple[int, ...]
    queue_delay_microseconds: int
    queue_size: int
    queue_timeout_milliseconds: int
    priorities: int
    instances: int
    warm_up_batches: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Model:
    """One graph: where it lies, what it takes and gives, how it is converted, checked and served.

    `precision` is what its convolutions may be computed in, where the processor has it.
    """

    name: str
    version: str
    title: str
    source: str
    member: str
    member_sha256: str
    license: str
    converter: Converter
    precision: Precision
    card: str
    inputs: Mapping[str, Input]
    outputs: Mapping[str, Output]
    triton: TritonSettings

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of all inputs and outputs by the contract's names, without the batch."""
        return {name: border.shape for name, border in self._borders()}

    @property
    def tensors(self) -> dict[str, str]:
        """Names in the source file, mapped to the contract's."""
        return {border.tensor: name for name, border in self._borders()}

    def _borders(self) -> list[tuple[str, Input | Output]]:
        return [*self.inputs.items(), *self.outputs.items()]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Sources and models by name, in the order of the file."""

    sources: Mapping[str, Source]
    models: Mapping[str, Model]

    def needed(self) -> tuple[Source, ...]:
        """Return the sources that the models need: what is pulled when nothing is named."""
        names = dict.fromkeys(model.source for model in self.models.values())
        return tuple(self.sources[name] for name in names)


def parse(text: str) -> Catalogue:
    """Read a catalogue from TOML. Raises `CatalogueError`."""
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise CatalogueError(f"the catalogue is not TOML: {error}") from error
    defaults = document["defaults"]["triton"]
    sources = [_build(Source, entry, f"source {entry.get('name')}") for entry in document["source"]]
    models = [_model(entry, defaults) for entry in document["model"]]
    catalogue = Catalogue({source.name: source for source in sources}, {model.name: model for model in models})
    _check(catalogue, len(sources), len(models))
    return catalogue


def load() -> Catalogue:
    """Return the catalogue that comes with this package, what was adopted on this machine, and what plugins bring."""
    from atelier_models.plugin_models import plugin_catalogues, with_plugins

    entries = sorted(adopted_folder(default_home()).glob("*.toml"))
    own = _parsed("\n".join([own_text(), *(entry.read_text(encoding="utf-8") for entry in entries)]))
    return with_plugins(own, plugin_catalogues())


def own_text() -> str:
    """Return the file that comes with this package."""
    return resources.files("atelier_models").joinpath("catalogue.toml").read_text(encoding="utf-8")


def defaults_text() -> str:
    """Return the part of that file that entries of other files rest on."""
    defaults = tomllib.loads(own_text())["defaults"]["triton"]
    return "\n".join(["[defaults.triton]", *(f"{key} = {json.dumps(value)}" for key, value in defaults.items())])


def adopted_folder(home: Path) -> Path:
    """Return where the entries of adopted models lie."""
    return home / "catalogue"


_parsed = functools.cache(parse)


def _model(entry: dict[str, object], defaults: dict[str, object]) -> Model:
    where = f"model {entry.get('name')}"
    triton = {**defaults, **_table(entry.get("triton", {}), where)}
    borders = {
        "inputs": {
            key: _build(Input, {"sample": value.get("shape"), **value}, where)
            for key, value in _tables(entry.get("inputs"), where)
        },
        "outputs": {key: _build(Output, value, where) for key, value in _tables(entry.get("outputs"), where)},
    }
    return _build(Model, {**entry, **borders, "triton": _build(TritonSettings, triton, where)}, where)


def _table(value: object, where: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise CatalogueError(f"{where}: expected a table, found {value!r}")
    return value


def _tables(value: object, where: str) -> list[tuple[str, dict[str, object]]]:
    return [(key, _table(entry, where)) for key, entry in _table(value, where).items()]


def _build(kind: type[Value], entry: dict[str, object], where: str) -> Value:
    """Make a dataclass of exactly the keys it declares; lists become tuples."""
    fields = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]  # every kind is a dataclass
    if wrong := fields ^ entry.keys():
        raise CatalogueError(f"{where}: missing or unknown key {', '.join(sorted(wrong))}")
    return kind(**{key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()})


def _check(catalogue: Catalogue, sources: int, models: int) -> None:
    """Hold what the types cannot."""
    if len(catalogue.sources) != sources or len(catalogue.models) != models:
        raise CatalogueError("two entries have the same name")
    for source in catalogue.sources.values():
        _among(source.registry, get_args(Registry), f"source {source.name}: registry")
    for model in catalogue.models.values():
        where = f"model {model.name}"
        _among(model.source, tuple(catalogue.sources), f"{where}: source")
        _among(model.converter, get_args(Converter), f"{where}: converter")
        _among(model.precision, get_args(Precision), f"{where}: precision")
        if any(-1 in border.sample for border in model.inputs.values()):
            raise CatalogueError(f"{where}: an input of free size needs a sample")
        triton = model.triton
        if max((*triton.preferred_batches, *triton.warm_up_batches)) > triton.max_batch:
            raise CatalogueError(f"{where}: a batch is larger than max_batch {triton.max_batch}")


def _among(value: str, allowed: tuple[str, ...], where: str) -> None:
    if value not in allowed:
        raise CatalogueError(f"{where} is {value!r}, not one of {', '.join(allowed)}")
