"""The tutorial, followed to the letter: its files written, its commands run, its capability called."""

from __future__ import annotations

import json
import os
import re
import shlex
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import grpc
import numpy as np
import pytest
import skimage.data
from atelier_local import paths
from atelier_local.plan import PlanOptions, plan
from atelier_local.stack import Stack
from grpc_health.v1 import health_pb2, health_pb2_grpc
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    Report = dict[str, Any]

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = (ROOT / "docs/plugins/tutorial.md").read_text("utf-8")
ADDRESS: Final = "127.0.0.1:8610"

MODELS: Final = pytest.mark.skipif(
    not (paths.home() / "models/person_segmenter").is_dir(),
    reason=f"no models in {paths.home()}; `atelier up` installs",
)

# A file is a code block after a line that is its path and nothing else.
FILES: Final = re.findall(r"^`([\w./]+)`\n\n```\w+\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
COMMANDS: Final = re.findall(r"^```sh\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
OUTPUTS: Final = re.findall(r"^```text\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)


def command(part: str) -> str:
    """The one command block that holds some words."""
    (found,) = [block for block in COMMANDS if part in block]
    return str(found)


def output(part: str) -> str:
    """The one output block that holds some words."""
    (found,) = [block for block in OUTPUTS if part in block]
    return str(found)


class Author:
    """Somebody who follows the page in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.site = folder / "site"
        tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("ATELIER_")},
            **({"ATELIER_HOME": os.environ["ATELIER_HOME"]} if "ATELIER_HOME" in os.environ else {}),
            "ATELIER": str(ROOT),
            "PATH": tools,
            "PYTHONPATH": str(self.site),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        }

    def run(self, line: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ("bash", "-euc", line), cwd=self.folder, env=self.environment, capture_output=True, text=True, check=False
        )

    def call(self, address: str, source: NDArray[np.uint8], options: str = "") -> tuple[NDArray[np.uint8], Report]:
        """Call as the page does, with and for PNG; return the result's pixels and the report."""
        Image.fromarray(source).save(self.folder / "portrait.png")
        done = self.run(f"python call.py {address} portrait.png result.png {options}")
        assert done.returncode == 0, done.stderr
        return np.asarray(Image.open(self.folder / "result.png")), json.loads(done.stdout)


@pytest.fixture(scope="module")
def author(tmp_path_factory: pytest.TempPathFactory) -> Author:
    """Start from the skeleton, write the page's files, compile the API and install it, by the page's commands."""
    author = Author(tmp_path_factory.mktemp("author"))
    started = author.run(command("plugins new"))
    assert started.returncode == 0, started.stderr
    for name, content in FILES:
        (author.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (author.folder / name).write_text(content, "utf-8")
    # Into a folder instead of the environment, so that the plugin is gone with the test.
    elsewhere = f"--quiet --no-deps --no-index --target {shlex.quote(str(author.site))} ./mono"
    for line in (command("atelier_sdk.stubs"), command("pip install").replace("--no-deps -e ./mono", elsewhere)):
        done = author.run(line)
        assert done.returncode == 0, done.stderr
    return author


@pytest.fixture(scope="module")
def address(author: Author, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start the local stack of mono alone, as `atelier up --only mono` does, with models in the service."""
    (only,) = re.findall(r"--only (\w+)", command("atelier up"))
    options = PlanOptions(paths.home(), tmp_path_factory.mktemp("state"), (only,))
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(author.site))
        patch.setenv("PYTHONPATH", str(author.site))
        stack = Stack.start(plan(options, None), options.state_dir, owned=True, timeout_seconds=60)
        try:
            yield stack.address
        finally:
            stack.down()


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    """A real portrait, 256 × 256, sRGB; public domain, comes with scikit-image."""
    astronaut = np.asarray(skimage.data.astronaut(), dtype=np.uint8)
    return astronaut[:256, 96:352]


def linear(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Linear light, by the curve of IEC 61966-2-1."""
    encoded = pixels / 255
    return np.asarray(np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4))


def grey_of(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """The display-encoded grey, 0 to 255, of equal luminance (BT.709)."""
    light = linear(pixels) @ [0.2126, 0.7152, 0.0722]
    return np.asarray(255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055))


def test_a_call_through_the_gateway_takes_the_colour_and_keeps_the_luminance(
    author: Author, address: str, portrait: NDArray[np.uint8]
) -> None:
    result, report = author.call(address, portrait)
    assert (result == result[..., :1]).all()
    # Rounding alone is 0.5; the rest is float32, and the weights' fifth digit.
    assert np.abs(result[..., 0] - grey_of(portrait)).max() < 0.6
    assert report["operation"] == "mono.apply"
    assert report["parameters"] == {"strength": 1.0, "background_only": False}


def test_half_the_strength_keeps_the_luminance_too(author: Author, address: str, portrait: NDArray[np.uint8]) -> None:
    result, _ = author.call(address, portrait, "--strength 0.5")
    assert not (result == result[..., :1]).all()
    difference = linear(result) @ [0.2126, 0.7152, 0.0722] - linear(portrait) @ [0.2126, 0.7152, 0.0722]
    # Half a level is up to 0.0045 of linear light, at white: half of the grey's rounding, and all of the result's.
    assert np.abs(difference).max() < 0.0068


def test_strength_0_changes_nothing(author: Author, address: str, portrait: NDArray[np.uint8]) -> None:
    result, report = author.call(address, portrait, "--strength 0")
    assert (result == portrait).all()
    assert [(each["name"], each["verdict"]) for each in report["measures"]] == [
        ("outside_mask_difference", "VERDICT_PASS")
    ]


def test_the_same_call_gives_the_same_bytes(author: Author, address: str, portrait: NDArray[np.uint8]) -> None:
    first, second = (author.call(address, portrait, "--strength 0.3")[1]["output"]["sha256"] for _ in range(2))
    assert first == second


def test_a_refusal_reads_as_on_the_page(author: Author, address: str) -> None:
    done = author.run(command("portrait.jpg .") + command("--strength 2").replace(ADDRESS, address))
    assert (done.returncode, done.stderr) == (1, output("FIELD_OUT_OF_RANGE"))


def test_reflection_health_and_catalogue_say_what_the_page_says(author: Author, address: str) -> None:
    done = author.run(command("look.py").replace(ADDRESS, address))
    assert (done.stdout, done.stderr) == (output("reflection"), "")


@MODELS
def test_it_keeps_the_contract_of_every_edit(author: Author) -> None:
    done = author.run(f"{command('pytest mono').strip()} -q -p no:cacheprovider")
    assert done.returncode == 0, done.stdout
    assert f"`{done.stdout.splitlines()[-1].partition(' in ')[0]}`" in PAGE, done.stdout


def test_a_check_says_what_the_page_says(author: Author) -> None:
    done = author.run(command("plugins check"))
    assert (done.returncode, done.stdout, done.stderr) == (0, output("its command exists"), "")


@MODELS
def test_a_person_stays_in_colour(author: Author, address: str, portrait: NDArray[np.uint8]) -> None:
    result, report = author.call(address, portrait, "--background-only")
    chest, corner = np.s_[200:250, 60:200], np.s_[:20, 200:250]
    assert (result[chest] == portrait[chest]).mean() > 0.9
    assert np.ptp(result[corner], axis=2).max() <= 3  # a soft mask is rarely quite 1
    assert [each["verdict"] for each in report["measures"]] == ["VERDICT_PASS"]
    assert "person_segmenter" in [each["name"] for each in report["models"]]


def test_by_hand_it_starts_too(author: Author) -> None:
    with ExitStack() as running:
        service, front = free_ports(2)
        for line in command("atelier_gateway").splitlines():
            running.enter_context(process(author, line.replace("5010", str(service)).replace("8610", str(front))))
        assert becomes_ready(f"127.0.0.1:{front}", "atelier_mono.v1.MonoService")


@contextmanager
def process(author: Author, line: str) -> Iterator[None]:
    """Run a command of the page that does not end, and end it."""
    environment: Mapping[str, str] = {
        **author.environment,
        "ATELIER_STATE": str(author.folder / "state"),
        "ATELIER_METRICS_LISTEN": "off",
    }
    with subprocess.Popen(("bash", "-c", f"exec env {line}"), cwd=author.folder, env=environment) as running:
        try:
            yield
        finally:
            running.terminate()


def becomes_ready(address: str, service: str) -> bool:
    """Ask a gateway's health service until it says that the service is well."""
    ends = time.monotonic() + 30
    with grpc.insecure_channel(address) as channel:
        stub, request = health_pb2_grpc.HealthStub(channel), health_pb2.HealthCheckRequest(service=service)
        while time.monotonic() < ends:
            if stub.Check(request, timeout=30, wait_for_ready=True).status == health_pb2.HealthCheckResponse.SERVING:
                return True
            time.sleep(0.1)
    return False


def free_ports(count: int) -> list[int]:
    """Ports that are free now, all different."""
    with ExitStack() as held:
        taken = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in taken]
