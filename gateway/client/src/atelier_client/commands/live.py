"""What happens while a portrait is drawn, shown as it does: the place in the queue, the steps, the picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

from PIL import Image
from rich.console import Group
from rich.live import Live as RichLive
from rich.style import Style
from rich.text import Text

from atelier_client.commands.run import progress_bar
from atelier_client.console import errors

if TYPE_CHECKING:
    from types import TracebackType

    from PIL.Image import Image as PilImage

    from atelier_client.generate import Candidate, Preview
    from atelier_client.upscale import Progress

_COLUMNS: Final = 40


class Live:
    """A bar, and below it the latest preview where the terminal has colours to show one."""

    def __init__(self, *, previews: bool) -> None:
        console = errors()
        self.shows_previews = previews and console.is_terminal and console.color_system in ("truecolor", "256")
        self._bar = progress_bar()
        self._task = self._bar.add_task("", total=None, name="drawing")
        self._live = RichLive(self._bar, console=console, transient=True, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._live.stop()

    def progress(self, told: Progress) -> None:
        """Show how far the call is."""
        name = waiting(told) if told.stage == "queued" else "drawing"
        self._bar.update(self._task, name=name, completed=told.steps_done, total=told.steps_total or None)

    def preview(self, shown: Preview) -> None:
        """Show a candidate in the making."""
        self._show(shown.to_pil(), f"candidate {shown.candidate + 1}")

    def candidate(self, drawn: Candidate) -> None:
        """Show a finished candidate."""
        if self.shows_previews and drawn.content:
            self._show(drawn.to_pil(), f"candidate {drawn.index + 1}, seed {drawn.seed}")

    def _show(self, picture: PilImage, label: str) -> None:
        self._live.update(Group(self._bar, half_blocks(picture), Text(label, style="dim")))


def waiting(told: Progress) -> str:
    """Say how many calls are served before, and about how long that takes where it is known."""
    about = f", about {told.queue_seconds:.0f} s" if told.queue_seconds >= 1 else ""
    return f"{told.queue_position} before you{about}"


def half_blocks(picture: PilImage, columns: int = _COLUMNS) -> Text:
    """Draw a picture in characters: each is two pixels high, its upper half the ink, its lower half the ground."""
    rows = max(1, round(columns * picture.height / picture.width / 2))
    small = picture.convert("RGB").resize((columns, 2 * rows), Image.Resampling.BOX)
    pixels = small.tobytes()
    text = Text()
    for row in range(rows):
        for column in range(columns):
            upper, lower = (3 * ((2 * row + half) * columns + column) for half in (0, 1))
            text.append("▀", Style(color=_color(pixels[upper : upper + 3]), bgcolor=_color(pixels[lower : lower + 3])))
        text.append("\n")
    return text


def _color(pixel: bytes) -> str:
    return f"#{pixel.hex()}"
