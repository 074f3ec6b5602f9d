"""Logs: one event a line, nothing about a person."""

from __future__ import annotations

import base64
import io
import json
import logging
from typing import TYPE_CHECKING

import pytest
from atelier_rpc import logs
from atelier_rpc.logs import ConsoleFormatter, JsonFormatter, Log, request_id, scrub

if TYPE_CHECKING:
    from collections.abc import Iterator

PICTURE = bytes(range(256)) * 4
EMBEDDING = [0.0123 * n for n in range(128)]


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Collect what a logger of its own writes as JSON."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(JsonFormatter("toy"))
    logger = logging.getLogger("atelier.toy")
    logger.addHandler(handler)
    logger.setLevel("DEBUG")
    logger.propagate = False
    yield written
    logger.removeHandler(handler)


def test_an_event_is_one_line_of_json_with_its_fields_and_request(stream: io.StringIO) -> None:
    token = request_id.set("the-request")
    Log("atelier.toy").info("listening", port=5001, ready=True, share=0.5)
    request_id.reset(token)
    (line,) = stream.getvalue().splitlines()
    said = json.loads(line)
    assert said.pop("time").endswith("+00:00")
    assert said == {
        "level": "info",
        "service": "toy",
        "logger": "atelier.toy",
        "event": "listening",
        "request_id": "the-request",
        "port": 5001,
        "ready": True,
        "share": 0.5,
    }


@pytest.mark.parametrize(
    "leak",
    [
        f"content: {PICTURE!r}",
        f"cut off: {PICTURE!r}"[:600],
        base64.b64encode(PICTURE).decode(),
        f"embedding {EMBEDDING}",
        " ".join(map(str, EMBEDDING)),
        'content: "' + "".join(f"\\{byte:03o}" for byte in PICTURE[128:]) + '"',
    ],
    ids=["bytes", "cut bytes", "base64", "list", "row", "text of a message"],
)
def test_what_could_be_a_person_is_cut_out_of_any_text(leak: str) -> None:
    clean = scrub(leak)
    assert "<left out>" in clean
    assert len(clean) < 80


@pytest.mark.parametrize(
    "harmless",
    [
        "the artifact sha256:" + "0f" * 32,
        "3 calls are worked on, 16 wait.",
        "x has shape (1, 192, 192, 3), the model's is (-1, 128, 128, 3)",
        "/srv/somebody/share/atelier/models/face_detector/1/model.onnx",
    ],
)
def test_ordinary_texts_stay_as_they_are(harmless: str) -> None:
    assert scrub(harmless) == harmless


def test_a_field_that_is_no_number_or_text_is_replaced_by_its_type(stream: io.StringIO) -> None:
    Log("atelier.toy").info("seen", picture=PICTURE, embedding=EMBEDDING)  # type: ignore[arg-type]
    said = json.loads(stream.getvalue())
    assert (said["picture"], said["embedding"]) == ("<bytes>", "<list>")


def test_an_exception_shows_type_text_and_frames_without_its_values(stream: io.StringIO) -> None:
    def fail(content: bytes) -> None:
        raise ValueError(f"cannot read {content!r}")

    try:
        fail(PICTURE)
    except ValueError as error:
        Log("atelier.toy").error("failed", error, error_id="abc")
    said = json.loads(stream.getvalue())
    assert (said["error"], said["error_text"], said["error_id"]) == ("ValueError", "cannot read <left out>", "abc")
    assert said["frames"].startswith("fail (test_logs.py:")


def test_other_libraries_lines_are_cleaned_too(stream: io.StringIO) -> None:
    logging.getLogger("atelier.toy").warning("cannot parse %r", PICTURE)
    assert json.loads(stream.getvalue())["event"] == "cannot parse <left out>"


def test_a_long_text_is_cut() -> None:
    assert len(scrub("word " * 1000)) == 500


def test_the_console_shows_event_and_fields() -> None:
    record = logging.LogRecord("x", logging.INFO, "", 0, "listening", (), None)
    record.__dict__["atelier_fields"] = {"port": 5001}
    assert ConsoleFormatter().format(record).split(" ", 1)[1] == "INFO    listening  port=5001"


def test_configuring_sends_everything_to_one_stream() -> None:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    written = io.StringIO()
    try:
        logs.configure(service="toy", level="warning", style="json", stream=written)
        logging.getLogger("somebody").info("quiet")
        logging.getLogger("somebody").warning("loud")
    finally:
        root.handlers[:] = before
        root.setLevel(level)
    assert [json.loads(line)["event"] for line in written.getvalue().splitlines()] == ["loud"]
