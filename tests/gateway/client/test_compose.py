"""A brief from the client and the command line."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

import pytest
from atelier.v1 import generate_pb2, generate_pb2_grpc, light_pb2
from atelier_client import Atelier
from atelier_client.commands.compose import compose
from atelier_client.direction import direction_of, path_of, short_names
from atelier_rpc.validation import violations
from click.testing import CliRunner

from tests.gateway.client.toys import serving

if TYPE_CHECKING:
    from collections.abc import Iterator


class ToyComposer(generate_pb2_grpc.GenerateServiceServicer):
    """Composes the text as it stands, and keeps what it was asked."""

    asked: generate_pb2.ComposeRequest

    def Compose(  # noqa: N802 - the RPC's name
        self, request: generate_pb2.ComposeRequest, context: object
    ) -> generate_pb2.ComposeResponse:
        del context
        self.asked = request
        words = request.direction.text or "a person"
        told = generate_pb2.Interpretation(
            field="lens.focal_mm", kind=generate_pb2.INTERPRETATION_KIND_GUESSED, value="85", explanation="The default."
        )
        warned = generate_pb2.PromptWarning(
            field="text", phrase="perfect", suggestion="distinct", explanation="Averaged."
        )
        prompt = generate_pb2.Prompt(text=words, negative_text="wax")
        return generate_pb2.ComposeResponse(
            composed=generate_pb2.ComposedPrompt(prompt=prompt, warnings=[warned], interpretations=[told])
        )


@pytest.fixture
def composer() -> Iterator[tuple[ToyComposer, str]]:
    toy = ToyComposer()  # type: ignore[abstract]  # an RPC that no test asks for
    with serving(partial(generate_pb2_grpc.add_GenerateServiceServicer_to_server, toy)) as address:
        yield toy, address


def test_short_names_and_paths_set_the_same_fields() -> None:
    short = direction_of("x", "cinematic", {"age": "40", "light": "rembrandt", "side": "left", "focal": 85})
    long = direction_of(
        "x",
        "cinematic",
        {"subject.age_years": 40, "lighting.pattern": "rembrandt", "lighting.side": "left", "lens.focal_mm": "85"},
    )
    assert short == long
    assert (short.subject.age_years, short.lighting.side) == (40, light_pb2.LIGHT_SIDE_LEFT)


def test_every_short_name_has_a_field_of_the_direction() -> None:
    for name, one in short_names().items():
        value = {"side": "left", "aspect": "1:1"}.get(name, "40")
        assert direction_of(fields={name: value}) != generate_pb2.Direction(), one.path


def test_unknown_fields_and_values_that_are_none_are_named_together() -> None:
    wanted = r"nearest are age.*ratio takes a number.*age takes a whole number.*left or right"
    with pytest.raises(ValueError, match=wanted):
        direction_of(fields={"agee": 1, "ratio": "much", "age": "forty", "side": "up"})


@pytest.mark.parametrize("value", ["nan", "inf", "1e300", True, "1.5"])
def test_a_number_is_a_number(value: str | bool) -> None:
    with pytest.raises(ValueError, match="whole number"):
        direction_of(fields={"age": value})


def test_the_aspects_that_are_named_are_those_of_the_contract() -> None:
    names = short_names()["aspect"].names
    accepted = [name for name in (*names, "7:3", "4x5") if not violations(direction_of_aspect(name))]
    assert accepted == list(names)
    assert [direction_of(fields={"aspect": name}).composition.aspect for name in (*names, "")] == [*names, ""]


def direction_of_aspect(name: str) -> generate_pb2.Direction:
    return generate_pb2.Direction(composition=generate_pb2.Composition(aspect=name))


def test_a_misspelt_field_is_answered_with_the_nearest() -> None:
    with pytest.raises(ValueError, match="aperture"):
        path_of("apperture")


def test_the_client_composes(composer: tuple[ToyComposer, str]) -> None:
    toy, address = composer
    with Atelier(address) as studio:
        composed = studio.compose("golden hour", preset="editorial", fields={"age": 40}, family="sdxl")
    assert composed.prompt.text == "golden hour"
    asked = generate_pb2.ComposeRequest(direction=direction_of("golden hour", "editorial", {"age": 40}), family="sdxl")
    assert toy.asked == asked


def test_the_command_shows_prompt_warnings_and_fields(composer: tuple[ToyComposer, str]) -> None:
    _, address = composer
    done = CliRunner().invoke(compose, ["golden hour", "--set", "age=40", "--address", address])
    assert done.exit_code == 0
    for words in ("golden hour", "not: wax", "perfect", "Write instead: distinct.", "guessed", "lens.focal_mm", "85"):
        assert words in done.output


def test_the_command_prints_json(composer: tuple[ToyComposer, str]) -> None:
    _, address = composer
    done = CliRunner().invoke(compose, ["--set", "light=rembrandt", "--json", "--address", address])
    assert json.loads(done.output)["prompt"] == {"text": "a person", "negative_text": "wax"}


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "Nothing to compose"),
        (["--set", "agee=3"], "the nearest are age"),
        (["--set", "age"], "is not FIELD=VALUE"),
        (["--set", "age=3", "--set", "subject.age_years=4"], "said twice"),
        (["--set", "age=old"], "age takes a whole number, not 'old'"),
        (["--set", "side=up"], "side is left or right"),
        (["--set", "aspect=7:3"], "aspect is width to height, such as 4:5, not '7:3'; there are 1:1, 2:3, 3:2"),
        (["--set", "lens=85"], "the nearest are focal, aperture"),
        (["--set", "xyzzy=85"], "there is no field 'xyzzy'; `--set help` lists them"),
    ],
)
def test_a_wrong_command_line_is_explained(arguments: list[str], complaint: str) -> None:
    done = CliRunner().invoke(compose, arguments)
    assert done.exit_code == 2
    assert complaint in " ".join(done.output.replace("│", " ").split())


def test_the_fields_are_listed() -> None:
    done = CliRunner().invoke(compose, ["--set", "help"])
    assert done.exit_code == 0
    assert all(name in done.output for name in short_names())
