"""Bad plugins in a running stack: the others keep serving and keep their latency, and the operator is told.

Two stacks of real processes: one with plugins that are bad when they are loaded, one whose capabilities' processes are
bad, started and stopped one after the other. Beside them runs `steady`, whose latency is compared with what it was
while nothing bad ran. What hooks may do wrong for each call is in tests/gateway/server/test_policy.py.
"""

from __future__ import annotations

import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_local.plan import PlanOptions, plan
from atelier_local.process import ProcessState
from atelier_local.stack import Stack
from atelier_rpc.errors import from_rpc_error
from atelier_sdk.errors import BackendDownError, CapabilityUnknownError, DeadlineTooShortError
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from tests.plugins.distributions import write
from tests.plugins.toy_api import descriptors, plugin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

VERSION = "3.2.1"
# Bad when loaded: the plugin's source, its API, its state and what the operator is told.
LOADED: dict[str, tuple[str, str, int, str]] = {
    "importless": ("import not_there", '"1.0"', catalog_pb2.PLUGIN_STATE_BROKEN, "it does not import: ModuleNotFound"),
    "newer": (plugin("newer"), '"1.9"', catalog_pb2.PLUGIN_STATE_REFUSED, "it needs the plugin API 1.9 or a later one"),
    "namesake": (
        plugin("upscale"), '"1.0"', catalog_pb2.PLUGIN_STATE_REFUSED,
        "it registers upscale, which is the plugin atelier",
    ),
    "thief": (
        plugin("thief").replace("'thief.v1.Toy'", "'steady.v1.Toy'").replace(
            descriptors("thief.v1").hex(), descriptors("steady.v1").hex()
        ),
        '"1.0"', catalog_pb2.PLUGIN_STATE_REFUSED, "it registers steady.v1.Toy, which is the plugin steady 3.2.1's",
    ),
    "raiser": (
        "@hookimpl\ndef atelier_capabilities():\n    raise RuntimeError('no')", '"1.0"',
        catalog_pb2.PLUGIN_STATE_BROKEN, "its hook atelier_capabilities failed: RuntimeError: no",
    ),
    # In the gateway alone: the stack's planning, which asks the same hooks, would wait for it as well.
    "hanger": (
        "import sys\n@hookimpl\ndef atelier_capabilities():\n"
        "    time.sleep(600 if 'atelier_gateway' in sys.argv[0] else 0)\n    return []", '"1.0"',
        catalog_pb2.PLUGIN_STATE_BROKEN, "its hook atelier_capabilities failed: TookTooLongError",
    ),
    "decorator": (
        "@hookimpl\ndef atelier_decorate(call, headers):\n    raise RuntimeError('no')", '"1.0"',
        catalog_pb2.PLUGIN_STATE_TROUBLED, "atelier_decorate failed: raised RuntimeError",
    ),
}  # fmt: skip
MEMORY_BYTES = 250 * 1024 * 1024
PROCESSES = ("crash", "garbage", "leak", "slow", "flood", "removed")


class House:
    """A running stack and a caller."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.channel = grpc.insecure_channel(stack.address)
        self.usual = self.latency("steady")

    def call(self, name: str, content: bytes = b"\n\x01x", seconds: float = 30.0) -> bytes:
        echo: grpc.UnaryUnaryMultiCallable[bytes, bytes] = self.channel.unary_unary(f"/{name}.v1.Toy/Echo")
        return echo(content, timeout=seconds)

    def latency(self, name: str, calls: int = 60) -> float:
        """The median of sequential calls, in milliseconds."""
        taken = []
        for _ in range(calls):
            started = time.perf_counter()
            self.call(name)
            taken.append(1000 * (time.perf_counter() - started))
        return statistics.median(taken)

    def check_latency(self, what: str, spare_milliseconds: float = 5.0) -> None:
        """The steady capability is as fast as before. The machine may be shared: three times and a spare may pass.

        Others may begin to use it meanwhile, for a moment: what slows the capability down does so each time.
        """
        now = min(self.latency("steady") for _ in range(3))
        print(f"{what}: {now:.2f} ms, {now / self.usual:.2f} of {self.usual:.2f} ms")  # noqa: T201 - a figure to see
        assert now < 3 * self.usual + spare_milliseconds, what

    def plugin(self, name: str) -> catalog_pb2.Plugin:
        answer = catalog_pb2_grpc.CatalogServiceStub(self.channel).ListPlugins(catalog_pb2.ListPluginsRequest())
        return next(each for each in answer.plugins if each.name == name)

    def error(self, name: str, seconds: float = 30.0) -> Exception:
        with pytest.raises(grpc.RpcError) as caught:
            self.call(name, seconds=seconds)
        return told_by(caught.value)

    def told(self, claim: Callable[[], bool], seconds: float = 20.0) -> bool:
        ends = time.monotonic() + seconds
        while not claim() and time.monotonic() < ends:
            time.sleep(0.1)
        return claim()

    @contextmanager
    def running(self, name: str) -> Iterator[None]:
        """Run one bad process for the length of a block; what is usual is measured just before, on the same machine."""
        self.usual = self.latency("steady")
        self.stack._supervisor.start(name)
        try:
            yield
        finally:
            self.stack.stop(name)


@contextmanager
def house(folder: Path, capabilities: tuple[str, ...], started: tuple[str, ...]) -> Iterator[House]:
    """Plan a stack with these capabilities, start some of them, and forget all modules of the plugins afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        site = folder / "site"
        patch.syspath_prepend(str(site))
        patch.setenv("PYTHONPATH", str(site))
        patch.setattr("atelier_local.stack.OPTIONAL_SECONDS", 0.0)
        options = PlanOptions(folder / "home", folder / "state", capabilities, port=0, triton=False)
        planned = plan(options, None)
        specs = tuple(
            replace(spec, optional=spec.name not in started, needs=spec.needs if spec.name in started else ("nobody",))
            for spec in planned.processes
        )
        stack = Stack.start(replace(planned, processes=specs), folder / "state", owned=True, timeout_seconds=90)
        try:
            yield House(stack)
        finally:
            stack.down()
            for name in [name for name in sys.modules if name.startswith("bad_")]:
                del sys.modules[name]


@pytest.fixture(scope="module")
def loading(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A stack beside whose one good plugin all those are installed that are bad when they are loaded."""
    folder = tmp_path_factory.mktemp("loading")
    write(folder / "site", "steady", plugin("steady"), version=VERSION)
    for name, (source, api, _, _) in LOADED.items():
        write(folder / "site", name, source, api=api, version=VERSION)
    with house(folder, ("steady",), ("steady", "gateway")) as found:
        yield found


@pytest.fixture(scope="module")
def working(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A stack whose bad processes are started one at a time."""
    folder = tmp_path_factory.mktemp("working")
    write(folder / "site", "steady", plugin("steady"), version=VERSION)
    for name in PROCESSES:
        behaviour = name if name != "removed" else ""
        budget = MEMORY_BYTES if name == "leak" else 0
        write(folder / "site", name, plugin(name, behaviour=behaviour, memory_bytes=budget), version=VERSION)
    with house(folder, ("steady", *PROCESSES), ("steady", "gateway")) as found:
        yield found


@pytest.mark.parametrize("name", LOADED)
def test_a_plugin_that_is_bad_when_loaded_is_named_with_its_version_and_why(loading: House, name: str) -> None:
    _, _, state, why = LOADED[name]
    found = loading.plugin(name)
    assert (found.distribution, found.version, found.state) == (f"bad-{name}", VERSION, state)
    assert why in found.detail


def test_beside_plugins_that_are_bad_when_loaded_the_others_serve_as_before(loading: House, working: House) -> None:
    loading.usual = working.latency("steady")
    loading.check_latency("seven bad plugins loaded")
    assert loading.plugin("steady").state == catalog_pb2.PLUGIN_STATE_ACTIVE
    assert isinstance(loading.error("newer"), CapabilityUnknownError)


def test_a_process_that_crashes_in_a_loop_is_given_up_and_named(working: House) -> None:
    with working.running("crash"):
        assert working.told(lambda: state_of(working, "crash") is ProcessState.RESTARTING)
        working.check_latency("a process crashes in a loop")
        assert isinstance(working.error("crash"), BackendDownError)
        told = f"ended with exit status 1 (plugin crash {VERSION})"
        assert working.told(lambda: detail_of(working, "crash") == told)
        found = working.plugin("crash")
        assert (found.version, found.state) == (VERSION, catalog_pb2.PLUGIN_STATE_TROUBLED)
        assert found.detail == "crash: no process of it is well"


def test_an_answer_that_is_no_message_fails_at_its_caller_and_is_told_to_the_operator(working: House) -> None:
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(descriptors("garbage.v1")).file:
        pool.Add(file)  # type: ignore[no-untyped-call]
    blob: Any = message_factory.GetMessageClass(pool.FindMessageTypeByName("garbage.v1.Blob"))  # type: ignore[no-untyped-call]
    with working.running("garbage"):
        assert working.told(lambda: state_of(working, "garbage") is ProcessState.READY)
        echo = working.channel.unary_unary("/garbage.v1.Toy/Echo", bytes, blob.FromString)
        with pytest.raises(grpc.RpcError) as caught:
            echo(b"\n\x01x", timeout=30)
        assert caught.value.code() is grpc.StatusCode.INTERNAL
        working.check_latency("a capability answers garbage")
        found = working.plugin("garbage")
        assert (found.version, found.state) == (VERSION, catalog_pb2.PLUGIN_STATE_TROUBLED)
        assert found.detail == "garbage: its last answer is no message of any API"
        assert f"garbage {VERSION}" in working.stack.log("gateway").read_text()


def test_a_process_that_leaks_is_started_anew_and_named(working: House) -> None:
    with working.running("leak"):
        assert working.told(
            lambda: f"leak of the plugin leak {VERSION} held" in working.stack.log("janitor").read_text()
        )
        working.check_latency("a process leaks")
        assert working.told(lambda: "its budget is 250 MiB" in detail_of(working, "leak"))


def test_a_capability_that_is_slow_beyond_its_deadline_is_ended_there_and_then_left_alone(working: House) -> None:
    with working.running("slow"):
        assert working.told(lambda: state_of(working, "slow") is ProcessState.READY)
        started = time.monotonic()
        with ThreadPoolExecutor(5) as callers:
            errors = list(callers.map(lambda _: working.error("slow"), range(5)))
        assert {type(error) for error in errors} == {DeadlineTooShortError}
        assert time.monotonic() - started < 10  # its longest deadline is 2 s, it answers after a minute
        assert working.told(lambda: isinstance(working.error("slow"), BackendDownError))
        working.check_latency("a capability is slow beyond its deadline")
        found = working.plugin("slow")
        assert (found.version, found.state) == (VERSION, catalog_pb2.PLUGIN_STATE_TROUBLED)
        assert "slow is left alone: its last 5 calls failed" in found.detail


def test_a_process_that_floods_its_log_is_started_anew_and_named_and_fills_no_disk(working: House) -> None:
    with working.running("flood"):
        log = working.stack.log("flood")
        assert working.told(lambda: f"flood of the plugin flood {VERSION} wrote" in detail_of(working, "flood"))
        assert "its budget is 1 MiB: it is started anew" in detail_of(working, "flood")
        assert sum(path.stat().st_size for path in log.parent.glob("flood.log*")) < 2 * 11 * 1024 * 1024
        # Where it floods again meanwhile, it and the supervisor that reads it each take a processor of maybe two.
        working.check_latency("a process floods its log and is started anew", spare_milliseconds=25.0)


def test_a_plugin_that_is_removed_while_calls_run_ends_its_own_calls_alone(working: House) -> None:
    with ThreadPoolExecutor(4) as callers:
        with working.running("removed"):
            assert working.told(lambda: state_of(working, "removed") is ProcessState.READY)
            waiting = [callers.submit(working.call, "removed", b"\n\x04wait") for _ in range(4)]
            time.sleep(0.2)
            working.check_latency("a capability has calls in flight")
        ends = [call.exception() for call in waiting]
    assert {type(told_by(end)) for end in ends if isinstance(end, grpc.RpcError)} <= {BackendDownError}
    assert isinstance(working.error("removed"), BackendDownError)
    working.check_latency("a capability was removed")
    found = working.plugin("removed")
    assert (found.version, found.state) == (VERSION, catalog_pb2.PLUGIN_STATE_TROUBLED)
    assert found.detail.startswith("removed")


def state_of(found: House, name: str) -> ProcessState:
    return next(one.state for one in found.stack.statuses() if one.name == name)


def detail_of(found: House, name: str) -> str:
    return next(one.detail for one in found.stack.statuses() if one.name == name)


def told_by(error: grpc.RpcError) -> Exception:
    return from_rpc_error(cast("grpc.aio.AioRpcError", error))  # which has the same methods
