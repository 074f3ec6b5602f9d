"""What calls cost: times that `docs/benchmarks.md` holds, and how often each kind comes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# From call to call of one kind. Measured times of one picture spread less (251 ms at best, 260 in the median for a
# relit one); pictures of one size differ more.
SPREAD: Final = 0.2


@dataclass(frozen=True, slots=True)
class Workload:
    """A capability's calls: the kinds with their seconds at full concurrency, and how often each comes (sums to 1)."""

    name: str
    seconds: tuple[float, ...]
    shares: tuple[float, ...]

    @property
    def mean_seconds(self) -> float:
        """Return how long a call takes on average."""
        return float(np.dot(self.seconds, self.shares))

    def draw(self, count: int, chance: np.random.Generator) -> NDArray[np.float64]:
        """Draw the seconds of calls, (count,): a kind each, and a log-normal spread of mean 1 within it."""
        kinds = chance.choice(self.seconds, size=count, p=self.shares)
        sigma = np.sqrt(np.log1p(SPREAD**2))
        return np.asarray(kinds * chance.lognormal(-(sigma**2) / 2, sigma, count), np.float64)


# Relight: 16 pictures of 1024² in 3.6 s, two at once on two cores, are 0.45 s each; 4096² takes 2.6 s. How often large
# ones come is assumed: one in ten.
EDIT: Final = Workload("edit", (0.45, 2.6), (0.9, 0.1))
# Verify, 1024²: 54 ms.
VERIFY: Final = Workload("verify", (0.054,), (1.0,))
# 256² to 1024²: 4.38 a second with four callers, two at once, are 0.46 s each; 1024² to 4096²: 2.40 s; 2048² to 8192²:
# 9.82 s. Their shares are assumed.
UPSCALE: Final = Workload("upscale", (0.46, 2.40, 9.82), (0.2, 0.7, 0.1))
