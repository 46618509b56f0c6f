"""Keys take effect one after the other, however fast they come.

Textual gives a key to the widget that has the focus, and runs what it is bound to once the key has bubbled
up to the app, queue by queue. A letter that is typed meanwhile overtakes it: Ctrl+U and a word would delete
the word, and Tab and a word would write the word into the field that Tab leaves.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from contextlib import suppress
from typing import Any

from textual.app import App
from textual.events import Event, Key, Paste
from textual.message_pump import MessagePump

_ROUNDS = 2
"""Rounds through the queues: the key itself, then what its action posted, such as `Input.Submitted`."""
_PATIENCE = 0.5
"""Seconds to wait for one queue: that of a widget which was removed meanwhile never answers."""


class KeyOrder:
    """Holds a key or a paste back until the one before it has taken effect."""

    def __init__(self, app: App[Any], dispatch: Callable[[Event], Awaitable[None]]) -> None:
        """Hold nothing yet.

        Args:
            app: The app.
            dispatch: Gives an event to the app as Textual does.
        """
        self._app = app
        self._dispatch = dispatch
        self._held: deque[Key | Paste] = deque()
        self._task: asyncio.Task[None] | None = None

    async def add(self, event: Key | Paste) -> None:
        """Dispatch an event, at once if none is under way."""
        if self._task is not None:
            self._held.append(event)
            return
        settled = self._settled(event)
        await self._dispatch(event)
        self._task = asyncio.create_task(self._go_on(settled))

    async def _go_on(self, settled: Coroutine[Any, Any, None]) -> None:
        """Wait for the event that was dispatched, then dispatch those that came meanwhile."""
        try:
            await settled
            while self._held:
                event = self._held.popleft()
                settled = self._settled(event)
                await self._dispatch(event)
                await settled
        finally:
            self._task = None

    def _settled(self, event: Key | Paste) -> Coroutine[Any, Any, None]:
        """What ends once the event, which is not dispatched yet, has taken effect."""
        focus = self._app.focused
        if focus is not None and (
            isinstance(event, Paste) or focus.check_consume_key(event.key, event.character)
        ):
            return _reached([focus])
        target = focus or self._app.screen
        return self._bubbled([*target.ancestors_with_self])

    async def _bubbled(self, path: list[MessagePump]) -> None:
        for _ in range(_ROUNDS):
            await _reached(path)
        # A screen that was just opened has no field yet that could have the focus.
        await _reached([self._app.screen, self._app])


async def _reached(path: Iterable[MessagePump]) -> None:
    """Wait until each queue in turn has handled what is in it now."""
    for pump in path:
        reached = asyncio.Event()
        if pump.call_later(reached.set):
            with suppress(TimeoutError):
                await asyncio.wait_for(reached.wait(), _PATIENCE)
