"""Upscale, speed and memory: executors side by side with parity, a portrait of 1024² to 4096² and of 2048² to 8192².

`python benchmarks/upscale.py`. Sides take turns; each figure is the best of several rounds, since a machine that does
something else can only make a round slower. PyTorch is measured where `.venv-torch` is (`make torch`).
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data
from atelier_client import Atelier, Output
from atelier_local.stack import running_stack
from atelier_models.backend.executor import open_executor
from atelier_models.home import default_home
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1]))
from benchmarks.memory import peak_megabytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

ROOT = Path(__file__).parents[1]
TORCH = ROOT / ".venv-torch" / "bin" / "python"
MODEL = "upscaler_faithful_x4"
ROUNDS, TILE_SIDE, THREADS, CLIENTS = 5, 552, 2, 4
GOAL_SECONDS, GOAL_SECONDS_FLOAT32, GOAL_MB, GOAL_LARGE_MB = 2.5, 6.0, 2000, 3000

# The graph's seven operators, run one by one by PyTorch.
EAGER = """
import sys, time
import numpy as np, onnx, torch
from onnx import numpy_helper
from torch.nn import functional as f
graph = onnx.load(sys.argv[1]).graph
torch.set_num_threads(int(sys.argv[3]))
weights = {w.name: torch.from_numpy(numpy_helper.to_array(w).copy()) for w in graph.initializer}

def shuffled(x, s):
    n, c, h, w = x.shape
    return x.reshape(n, s, s, c // s**2, h, w).permute(0, 3, 4, 1, 5, 2).reshape(n, c // s**2, h * s, w * s)

operators = {
    "Cast": lambda node, x: x.float(),
    "Conv": lambda node, x, w, b: f.conv2d(x, w, b, padding=1),
    "Relu": lambda node, x: torch.relu(x),
    "Add": lambda node, x, y: x + y,
    "Transpose": lambda node, x: x.permute(*node.attribute[0].ints),
    "DepthToSpace": lambda node, x: shuffled(x, next(a.i for a in node.attribute if a.name == "blocksize")),
}

def run(image):
    tensors = dict(weights, image=image)
    for node in graph.node:
        tensors[node.output[0]] = operators[node.op_type](node, *(tensors[name] for name in node.input))
    return tensors["detail"]

image, best = torch.from_numpy(np.load(sys.argv[2])), 1e9
with torch.inference_mode():
    for _ in range(int(sys.argv[4])):
        started = time.perf_counter()
        detail = run(image).contiguous()
        best = min(best, time.perf_counter() - started)
np.save(sys.argv[2], detail.numpy())
print(best)
"""


def photograph(side: int) -> NDArray[np.uint8]:
    """Enlarge the astronaut."""
    return np.asarray(cv2.resize(skimage.data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)


def jpeg(side: int) -> bytes:
    """Encode the astronaut at a size."""
    buffer = io.BytesIO()
    Image.fromarray(photograph(side)).save(buffer, "JPEG", quality=95)
    return buffer.getvalue()


def best_of(tasks: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> dict[str, float]:
    """Run tasks in turns and return the best time of each in seconds."""
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(rounds):
        for name, task in tasks.items():
            started = time.perf_counter()
            task()
            times[name].append(time.perf_counter() - started)
    return {name: min(each) for name, each in times.items()}


def executors() -> list[str]:
    """Write a table of executors: seconds for one tile, difference from float32."""
    graph = default_home() / "models" / MODEL / "1" / "model.onnx"
    side = np.asarray(photograph(TILE_SIDE)[None] / np.float32(255), np.float32)
    opened = {
        "OpenVINO, bfloat16": open_executor("openvino", graph, THREADS, "bfloat16"),
        "OpenVINO, float32": open_executor("openvino", graph, THREADS),
        "ONNX Runtime, float32": open_executor("onnxruntime", graph, THREADS),
    }
    answers = {name: each.run({"image": side})["detail"] for name, each in opened.items()}
    seconds = best_of({name: partial(each.run, {"image": side}) for name, each in opened.items()})
    if TORCH.exists():
        answers["PyTorch eager, float32"], seconds["PyTorch eager, float32"] = eager(graph, side)
    truth = answers["OpenVINO, float32"]
    lines = [
        f"| one tile of {TILE_SIDE}² to {4 * TILE_SIDE}², {THREADS} threads | best s | of OpenVINO float32 "
        "| largest difference, levels of 255 | mean |",
        "|---" * 5 + "|",
    ]
    for name, taken in seconds.items():
        apart = 255 * np.abs(answers[name] - truth)
        share = taken / seconds["OpenVINO, float32"]
        lines.append(f"| {name} | {taken:.2f} | {share:.2f} | {apart.max():.3f} | {apart.mean():.4f} |")
    return [*lines, ""]


def eager(graph: Path, image: NDArray[np.float32]) -> tuple[NDArray[np.float32], float]:
    """Run the same weights in PyTorch, in its own environment."""
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "image.npy"
        np.save(given, image)
        command = [str(TORCH), "-c", EAGER, str(graph), str(given), str(THREADS), str(ROUNDS)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        answer: NDArray[np.float32] = np.load(given)
        return answer, float(done.stdout)


def service() -> list[str]:
    """Write tables of the running stack: seconds, peak memory, clients side by side."""
    with (
        tempfile.TemporaryDirectory() as state,
        running_stack(Path(state)) as stack,
        Atelier(stack.address, deadline_seconds=600) as client,
    ):
        return [*whole(client, stack.pid("upscale")), *together(client)]


def whole(client: Atelier, pid: int) -> list[str]:
    """Write a table of whole calls, decoding and encoding included, and the peak memory so far.

    `pid` is the service's process.
    """
    lines = [
        "| whole call, JPEG in and out | best s | of which tiles | goal | peak memory of the service | goal |",
        "|---" * 6 + "|",
    ]
    for side, rounds, goal, memory in (
        (1024, ROUNDS, f"≤ {GOAL_SECONDS:g} s with bfloat16, ≤ {GOAL_SECONDS_FLOAT32:g} s without", GOAL_MB),
        (2048, 1, "", GOAL_LARGE_MB),
    ):
        picture, stages = jpeg(side), []
        for _ in range(rounds):
            started = time.perf_counter()
            report = client.upscale(picture, scale=4.0, output=Output(format="jpeg")).report
            stages.append((time.perf_counter() - started, report.milliseconds["operate"] / 1000))
        total, tiles = min(stages)
        lines.append(
            f"| {side}² to {4 * side}² | {total:.2f} | {tiles:.2f} | {goal} "
            f"| {peak_megabytes(pid):.0f} MB | ≤ {memory} MB |"
        )
    return [*lines, ""]


def together(client: Atelier) -> list[str]:
    """Write a table of one client and several, each with pictures of 256² to 1024²."""
    picture, calls = jpeg(256), 8

    def one(_: int) -> None:
        client.upscale(picture, scale=4.0, output=Output(format="jpeg"))

    one(0)
    lines = ["| 256² to 1024² | pictures a second |", "|---|---|"]
    for clients in (1, CLIENTS):
        started = time.perf_counter()
        with ThreadPoolExecutor(clients) as pool:
            list(pool.map(one, range(calls)))
        lines.append(f"| {clients} clients | {calls / (time.perf_counter() - started):.2f} |")
    return [*lines, ""]


def main() -> None:
    """Measure and print Markdown."""
    sys.stdout.write("\n".join([*executors(), *service()]) + "\n")


if __name__ == "__main__":
    main()
