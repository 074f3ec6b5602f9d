"""Who waits: each tenant's calls in their order, and the tenants take turns, so that no crowd stops a single call."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from itertools import zip_longest
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from atelier_sdk.errors import AtelierError


class Place:
    """A call's place in the line: `position` counts the calls that are served before it, 0 once it is its turn.

    `refusal` is why the call lost its place to another one, None while it has it.
    """

    __slots__ = ("_moved", "position", "refusal", "tenant")

    def __init__(self, tenant: str) -> None:
        self.tenant = tenant
        self.position = 0
        self.refusal: AtelierError | None = None
        self._moved = asyncio.Event()

    def move(self, position: int) -> None:
        """Say that the call has another place."""
        self.position = position
        self._moved.set()

    def refuse(self, why: AtelierError) -> None:
        """Say that the call has lost its place."""
        self.refusal = why
        self._moved.set()

    async def moved(self, known: int) -> None:
        """Wait until the position is another one than `known`. Raises the refusal where the place was lost."""
        while self.position == known and self.refusal is None:
            self._moved.clear()
            await self._moved.wait()
        if self.refusal is not None:
            raise self.refusal


class Line:
    """The line before the slots."""

    def __init__(self) -> None:
        self._tenants: OrderedDict[str, deque[Place]] = OrderedDict()

    def __len__(self) -> int:
        return sum(map(len, self._tenants.values()))

    def join(self, tenant: str) -> Place:
        """Give a call of a tenant a place behind that tenant's others."""
        place = Place(tenant)
        self._tenants.setdefault(tenant, deque()).append(place)
        self._tell()
        return place

    def next_position(self, tenant: str) -> int:
        """Return the position that a tenant's next call would have."""
        own, passed, before = len(self._tenants.get(tenant, ())), False, 0
        for name, queue in self._tenants.items():
            passed = passed or name == tenant
            # Whose turn comes before the tenant's has one call more before the next one's.
            before += own if name == tenant else min(len(queue), own if passed else own + 1)
        return before + 1

    def step(self) -> Place:
        """Take out the call whose turn it is; somebody must wait."""
        tenant = next(iter(self._tenants))
        place = self._tenants[tenant].popleft()
        self._tenants.move_to_end(tenant)
        self._forget_idle(tenant)
        place.move(0)
        self._tell()
        return place

    def has_place_for(self, tenant: str) -> bool:
        """Say whether one of the places taken is a tenant's by right: whether another one has two calls more here."""
        return self._most() >= len(self._tenants.get(tenant, ())) + 2

    def clear_place(self) -> Place:
        """Take out the newest call of the tenant that has most; somebody must wait."""
        most = self._most()
        place = next(queue[-1] for queue in self._tenants.values() if len(queue) == most)
        self.leave(place)
        return place

    def leave(self, place: Place) -> None:
        """Take out a call that waits no more."""
        self._tenants[place.tenant].remove(place)
        self._forget_idle(place.tenant)
        self._tell()

    def _most(self) -> int:
        return max(map(len, self._tenants.values()), default=0)

    def _forget_idle(self, tenant: str) -> None:
        if not self._tenants[tenant]:
            del self._tenants[tenant]

    def _tell(self) -> None:
        """Tell everybody how many are served before: one at work, and those whose turn comes first."""
        turns = (place for turn in zip_longest(*self._tenants.values()) for place in turn if place is not None)
        for position, place in enumerate(turns, 1):
            place.move(position)
