"""The two clients: `Atelier` blocks, `AsyncAtelier` awaits; what they do is written once, in steps."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self, TypeVar

import grpc

from atelier_client import (
    artifacts,
    awaiting,
    blocking,
    catalogue,
    compose,
    edit,
    expression,
    generate,
    identity,
    style,
    upscale,
)
from atelier_client.session import DEFAULT_ADDRESS, RetryPolicy, Session, channel_options

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from atelier_client.steps import Steps

P = ParamSpec("P")
R = TypeVar("R")


class _Blocking:
    """A group of operations over a blocking channel."""

    def __init__(self, channel: grpc.Channel, session: Session) -> None:
        self.channel = channel
        self.session = session


class _Awaiting:
    """A group of operations over an asynchronous channel."""

    def __init__(self, channel: grpc.aio.Channel, session: Session) -> None:
        self.channel = channel
        self.session = session


def _blocks(steps: Callable[Concatenate[Session, P], Steps[R]]) -> Callable[Concatenate[_Blocking, P], R]:
    @functools.wraps(steps)
    def method(group: _Blocking, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return blocking.run(steps(group.session, *args, **kwargs), group.channel)

    return method


def _awaits(
    steps: Callable[Concatenate[Session, P], Steps[R]],
) -> Callable[Concatenate[_Awaiting, P], Coroutine[Any, Any, R]]:
    @functools.wraps(steps)
    async def method(group: _Awaiting, /, *args: P.args, **kwargs: P.kwargs) -> R:
        return await awaiting.run(steps(group.session, *args, **kwargs), group.channel)

    return method


class Style(_Blocking):
    """Colour grade, film grain and skin tone."""

    grade = _blocks(style.grade)
    grain = _blocks(style.grain)
    skin_tone = _blocks(style.skin_tone)
    apply = _blocks(style.apply)


class AsyncStyle(_Awaiting):
    """Colour grade, film grain and skin tone."""

    grade = _awaits(style.grade)
    grain = _awaits(style.grain)
    skin_tone = _awaits(style.skin_tone)
    apply = _awaits(style.apply)


class Edit(_Blocking):
    """Facial detail and light."""

    enhance = _blocks(edit.enhance)
    relight = _blocks(edit.relight)


class AsyncEdit(_Awaiting):
    """Facial detail and light."""

    enhance = _awaits(edit.enhance)
    relight = _awaits(edit.relight)


class Expression(_Blocking):
    """Expression, gaze and head pose."""

    adjust = _blocks(expression.adjust)


class AsyncExpression(_Awaiting):
    """Expression, gaze and head pose."""

    adjust = _awaits(expression.adjust)


class Upscale(_Blocking):
    """Larger pictures: `studio.upscale("in.jpg", target="4K")`."""

    __call__ = _blocks(upscale.upscale)


class AsyncUpscale(_Awaiting):
    """Larger pictures: `await studio.upscale("in.jpg", target="4K")`."""

    __call__ = _awaits(upscale.upscale)


class Generate(_Blocking):
    """Portraits from words: `studio.generate("golden hour, 85mm, freckles", candidates=4)`."""

    __call__ = _blocks(generate.generate)
    again = _blocks(generate.again)


class AsyncGenerate(_Awaiting):
    """Portraits from words: `await studio.generate("golden hour, 85mm, freckles", candidates=4)`."""

    __call__ = _awaits(generate.generate)
    again = _awaits(generate.again)


class Compose(_Blocking):
    """Prompts without drawing: `studio.compose("golden hour, 85mm", family="sdxl")`."""

    __call__ = _blocks(compose.compose)


class AsyncCompose(_Awaiting):
    """Prompts without drawing: `await studio.compose("golden hour, 85mm", family="sdxl")`."""

    __call__ = _awaits(compose.compose)


class Identity(_Blocking):
    """Profiles, and the likeness of faces to them and to each other."""

    create_profile = _blocks(identity.create_profile)
    get_profile = _blocks(identity.get_profile)
    profiles = _blocks(identity.profiles)
    delete_profile = _blocks(identity.delete_profile)
    compare = _blocks(identity.compare)
    verify = _blocks(identity.verify)
    drift = _blocks(identity.drift)
    lock = _blocks(identity.lock)


class AsyncIdentity(_Awaiting):
    """Profiles, and the likeness of faces to them and to each other."""

    create_profile = _awaits(identity.create_profile)
    get_profile = _awaits(identity.get_profile)
    profiles = _awaits(identity.profiles)
    delete_profile = _awaits(identity.delete_profile)
    compare = _awaits(identity.compare)
    verify = _awaits(identity.verify)
    drift = _awaits(identity.drift)
    lock = _awaits(identity.lock)


class Catalogue(_Blocking):
    """What the installation can do."""

    capabilities = _blocks(catalogue.capabilities)
    capability = _blocks(catalogue.capability)


class AsyncCatalogue(_Awaiting):
    """What the installation can do."""

    capabilities = _awaits(catalogue.capabilities)
    capability = _awaits(catalogue.capability)


class Artifacts(_Blocking):
    """Files kept at the gateway."""

    put = _blocks(artifacts.put)
    get = _blocks(artifacts.get)
    stat = _blocks(artifacts.stat)
    delete = _blocks(artifacts.delete)


class AsyncArtifacts(_Awaiting):
    """Files kept at the gateway."""

    put = _awaits(artifacts.put)
    get = _awaits(artifacts.get)
    stat = _awaits(artifacts.stat)
    delete = _awaits(artifacts.delete)


class Atelier:
    """A studio behind one address, for code that blocks. Safe to share between threads.

        with Atelier("127.0.0.1:8610") as studio:
            studio.style.apply("in.jpg", grade="golden_warm", grain="tri_x_400", seed=7).save("out.jpg")

    `deadline_seconds` is for each whole operation unless the call says otherwise. With `credentials` the channel is
    encrypted.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        deadline_seconds: float = 120.0,
        tenant: str = "",
        retry: RetryPolicy | None = None,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        session = self._session = Session(deadline_seconds, tenant, retry or RetryPolicy())
        options = channel_options()
        self._channel = (
            grpc.secure_channel(address, credentials, options)
            if credentials
            else grpc.insecure_channel(address, options)
        )
        self.style = Style(self._channel, session)
        self.edit = Edit(self._channel, session)
        self.expression = Expression(self._channel, session)
        self.upscale = Upscale(self._channel, session)
        self.compose = Compose(self._channel, session)
        self.generate = Generate(self._channel, session)
        self.identity = Identity(self._channel, session)
        self.catalogue = Catalogue(self._channel, session)
        self.artifacts = Artifacts(self._channel, session)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def perform(self, steps: Callable[Concatenate[Session, P], Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Perform an operation that another distribution brings: `studio.perform(inspect, "in.jpg")`.

        `steps` is a generator function whose first parameter is the session; `atelier_client.steps` says what it may
        yield. Errors: AtelierCallError, PictureError, OSError, and what the operation raises.
        """
        return blocking.run(steps(self._session, *args, **kwargs), self._channel)

    def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        self._channel.close()


class AsyncAtelier:
    """A studio behind one address, for code that awaits; make it inside a running event loop.

        async with AsyncAtelier("127.0.0.1:8610") as studio:
            (await studio.style.apply("in.jpg", grade="golden_warm")).save("out.jpg")

    `deadline_seconds` is for each whole operation unless the call says otherwise. With `credentials` the channel is
    encrypted.
    """

    def __init__(
        self,
        address: str = DEFAULT_ADDRESS,
        *,
        deadline_seconds: float = 120.0,
        tenant: str = "",
        retry: RetryPolicy | None = None,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        session = self._session = Session(deadline_seconds, tenant, retry or RetryPolicy())
        options = channel_options()
        self._channel = (
            grpc.aio.secure_channel(address, credentials, options)
            if credentials
            else grpc.aio.insecure_channel(address, options)
        )
        self.style = AsyncStyle(self._channel, session)
        self.edit = AsyncEdit(self._channel, session)
        self.expression = AsyncExpression(self._channel, session)
        self.upscale = AsyncUpscale(self._channel, session)
        self.compose = AsyncCompose(self._channel, session)
        self.generate = AsyncGenerate(self._channel, session)
        self.identity = AsyncIdentity(self._channel, session)
        self.catalogue = AsyncCatalogue(self._channel, session)
        self.artifacts = AsyncArtifacts(self._channel, session)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def perform(self, steps: Callable[Concatenate[Session, P], Steps[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Perform an operation that another distribution brings: `await studio.perform(inspect, "in.jpg")`.

        `steps` is a generator function whose first parameter is the session; `atelier_client.steps` says what it may
        yield. Errors: AtelierCallError, PictureError, OSError, and what the operation raises.
        """
        return await awaiting.run(steps(self._session, *args, **kwargs), self._channel)

    async def close(self) -> None:
        """Close the channel; calls in flight are cancelled."""
        await self._channel.close()
