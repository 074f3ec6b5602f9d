"""Run every benchmark and write `docs/benchmarks.md`: the machine, the versions, each script's own tables.

A benchmark is a script beside this one that prints Markdown. They run one after the other, never side by side. Scripts
named on the command line are run alone and their sections replaced; each section says when it was measured.
"""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
SECTIONS = {
    "gateway.py": "The gateway's hop",
    "analysis.py": "Face analysis",
    "style.py": "Style",
    "upscale_quality.py": "Upscale: quality",
    "upscale.py": "Upscale: speed and memory",
    "edit.py": "Edit",
    "expression.py": "Expression",
    "generate.py": "Generate: speed and memory",
    "generate_quality.py": "Generate: quality",
    "generate_diffusers.py": "Generate: with a diffusion model",
    "identity_service.py": "The identity service",
    "identity.py": "Identity",
    "lens.py": "Lens",
    "plugins.py": "Lens and critic through the gateway",
    "realism.py": "The realism critic",
}
VERSIONS = ("grpcio", "protobuf", "numpy", "opencv-python-headless", "pyvips", "openvino", "onnxruntime", "opencolorio")


def machine() -> str:
    """Describe the machine in a sentence."""
    processor = next(
        (line.partition(":")[2].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")),
        platform.processor(),
    )
    memory = next((int(line.split()[1]) for line in _lines("/proc/meminfo") if line.startswith("MemTotal")), 0)
    return f"{os.cpu_count()} cores ({processor}), {memory / 1e6:.0f} GB, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    return Path(path).read_text().splitlines() if Path(path).exists() else []


def section(script: str) -> str:
    """Run one benchmark and return what it printed, or that it failed."""
    done = subprocess.run([sys.executable, str(HERE / script)], stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{script} failed with exit status {done.returncode}")
    return done.stdout.strip()


def written() -> dict[str, str]:
    """Return the sections of the page as it is, by title."""
    parts = PAGE.read_text("utf-8").split("\n## ")[1:] if PAGE.exists() else []
    return {title: text.strip() for title, _, text in (part.partition("\n") for part in parts)}


def main(scripts: list[str]) -> None:
    """Run the benchmarks of that name, all where there is none, and write the page."""
    if unknown := set(scripts) - set(SECTIONS):
        raise SystemExit(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(SECTIONS)}")
    sections = written()
    for script in scripts or SECTIONS:
        sys.stderr.write(f"{SECTIONS[script]} …\n")
        head = f"`benchmarks/{script}`, {time.strftime('%Y-%m-%d')}."
        sections[SECTIONS[script]] = f"{head}\n\n{section(script)}"
        write(sections)
    sys.stderr.write(f"written: {PAGE}\n")


def write(sections: dict[str, str]) -> None:
    """Write the page with the sections that there are, in their order."""
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in VERSIONS)
    parts = [
        "# Benchmarks",
        "Written by `make bench`. Every comparison is made in one run, the sides taking turns: take the ratios, not "
        "the absolute figures, which are those of the machine below.",
        f"{machine()}. {versions}.",
    ]
    parts += [f"## {title}\n\n{sections[title]}" for title in SECTIONS.values() if title in sections]
    PAGE.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
