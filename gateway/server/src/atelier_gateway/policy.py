"""What plugins do at the gateway: let calls in or refuse them, and decorate responses.

Hooks run in threads, within a time. A policy that fails refuses; a decoration that fails is left out.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

from atelier_sdk.calls import CallInfo, Refusal
from atelier_sdk.errors import AtelierError, PolicyRefusedError, QuotaError, UnauthenticatedError
from atelier_sdk.host import HookFailedError, PluginHost, policy_failed

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_sdk.plugin import Plugin

ADMIT: Final = "atelier_admit"
DECORATE: Final = "atelier_decorate"
# Each waits for one hook at most, within the host's limit.
_THREADS: Final = 16
_KEY = re.compile(r"[0-9a-z_.-]{1,128}")
_VALUE = re.compile(r"[\x20-\x7e]{0,4096}")
_RESERVED: Final = ("grpc-", ":", "content-type", "x-request-id")
_KINDS: Final[dict[str, type[AtelierError]]] = {
    "PERMISSION_DENIED": PolicyRefusedError,
    "RESOURCE_EXHAUSTED": QuotaError,
    "UNAUTHENTICATED": UnauthenticatedError,
}


class Policies:
    """The transform hooks of one gateway's plugins."""

    def __init__(self, host: PluginHost) -> None:
        self._host = host
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="policy")

    async def admit(self, call: Callable[[], CallInfo]) -> None:
        """Ask every policy in turn; `call` describes the call where somebody wants to know.

        Raises what the first that refuses says, or PolicyFailedError where one fails or is left out.
        """
        lacking = self._host.lacking(ADMIT)
        if lacking is not None:
            raise policy_failed(lacking)
        if self._host.users(ADMIT):
            await asyncio.get_running_loop().run_in_executor(self._threads, self._admit, call())

    async def decorate(self, call: Callable[[], CallInfo], headers: Mapping[str, str]) -> Mapping[str, str]:
        """Return the text headers of a response as the plugins want them."""
        if not self._host.users(DECORATE):
            return headers
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._decorate, call(), headers)

    def close(self) -> None:
        """Let go of the threads."""
        self._threads.shutdown(wait=False)

    def _admit(self, call: CallInfo) -> None:
        for plugin in self._host.users(ADMIT):
            try:
                answer = self._host.ask(plugin, ADMIT, call=call)
            except HookFailedError as failed:
                raise policy_failed(plugin) from failed
            if answer is None:
                continue
            if not isinstance(answer, Refusal) or answer.status not in _KINDS:
                raise policy_failed(plugin) from self._host.failed(plugin, ADMIT, f"answered {type(answer).__name__}")
            raise _refused(plugin, answer)

    def _decorate(self, call: CallInfo, headers: Mapping[str, str]) -> Mapping[str, str]:
        for plugin in self._host.users(DECORATE):
            try:
                answer = self._host.ask(plugin, DECORATE, call=call, headers=dict(headers))
            except HookFailedError:
                continue
            if _are_headers(answer):
                headers = answer
            else:
                self._host.failed(plugin, DECORATE, "answered headers that a response cannot have")
        return headers


def _refused(plugin: Plugin, refusal: Refusal) -> AtelierError:
    return _KINDS[refusal.status](
        refusal.message,
        metadata={"plugin": plugin.name, "policy_reason": refusal.reason},
        retry_after_seconds=refusal.retry_after_seconds,
    )


def _are_headers(answer: object) -> bool:
    return isinstance(answer, Mapping) and all(
        isinstance(key, str)
        and isinstance(value, str)
        and _KEY.fullmatch(key) is not None
        and _VALUE.fullmatch(value) is not None
        and not key.startswith(_RESERVED)
        and not key.endswith("-bin")
        for key, value in answer.items()
    )
