"""The README's own code, run against the running stack."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import pytest
    from atelier.v1 import image_pb2
    from atelier_local.stack import Stack

README = Path(__file__).parents[2] / "README.md"


def test_the_python_example_does_what_it_says(
    stack: Stack,
    portrait: image_pb2.Image,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    monkeypatch.chdir(tmp_path)
    Path("portrait.jpg").write_bytes(portrait.content)
    exec(compile(example.replace("127.0.0.1:8610", stack.address), "README.md", "exec"), {})  # noqa: S102
    with Image.open("out.jpg") as made:
        assert made.size == (512, 512)
    assert "global_shift" in capsys.readouterr().out
