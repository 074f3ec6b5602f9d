"""Run the gateway until SIGTERM: `python -m atelier_gateway`."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from atelier_rpc.logs import Log, configure
from atelier_rpc.memory import give_back_freed_memory, keep_freed_memory
from atelier_rpc.settings import SettingsError, read_or_exit
from atelier_sdk.capability import MIB

from atelier_gateway.plugins import capabilities, open_plugins
from atelier_gateway.server import Gateway, NotInstalledError
from atelier_gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from atelier_sdk.host import PluginHost

log = Log(__name__)

USUAL_MEMORY_BYTES = 96 * MIB


async def serve(settings: GatewaySettings, plugins: PluginHost) -> None:
    """Serve until SIGTERM or SIGINT, then drain."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    gateway = Gateway(settings, capabilities(plugins), plugins)
    if settings.metrics_listen:
        log.info("metrics", port=gateway.metrics.serve(settings.metrics_listen))
    await gateway.start()
    tidying = asyncio.create_task(give_back_freed_memory(USUAL_MEMORY_BYTES))
    await stop.wait()
    tidying.cancel()
    await gateway.stop()


def main() -> None:
    """Read the settings, then serve; a start that cannot succeed ends with a sentence."""
    settings = read_or_exit(
        GatewaySettings, program="atelier-gateway", description="the front door of Atelier, one gRPC address for all."
    )
    configure(service="gateway", level=settings.log_level, style=settings.log_style)
    keep_freed_memory()
    try:
        asyncio.run(serve(settings, open_plugins(settings)))
    except (NotInstalledError, SettingsError) as error:
        sys.exit(f"atelier-gateway: {error}")


if __name__ == "__main__":
    main()
