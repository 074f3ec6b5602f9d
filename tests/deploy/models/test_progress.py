from __future__ import annotations

import io

from atelier_models.progress import OnConsole
from rich.console import Console


def test_a_log_gets_one_plain_line_a_step() -> None:
    written = io.StringIO()
    with OnConsole(Console(file=written, force_terminal=False)).step("Converting iris") as step:
        step.at(1)
    assert written.getvalue() == "Converting iris …\n"


def test_a_terminal_sees_the_whole_download_when_it_is_done() -> None:
    written = io.StringIO()
    console = Console(file=written, force_terminal=True, width=120, color_system=None)
    with OnConsole(console).step("Downloading toy 1.0", total_bytes=2_000_000) as step:
        step.at(1_000_000)
    assert "Downloading toy 1.0" in written.getvalue()
    assert "2.0/2.0 MB" in written.getvalue()
