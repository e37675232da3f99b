"""The client whose calls are awaited."""

from __future__ import annotations

from rancher._typing import TYPE_CHECKING

from rancher._client import Opened
from rancher._generated.aio import AsyncClientOperations

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

__all__ = ["AsyncClient"]


class AsyncClient(Opened, AsyncClientOperations):
    """A Rancher server as one user. Calls are awaited; cancelling one closes its connection.

    It can be used from several event loops, and in forked children. Closing it is optional.
    """

    __slots__ = ()

    async def aclose(self) -> None:
        """Ends the calls that are under way, and refuses those to come; a session that was begun with
        ``revoke_on_close`` ends on the server.

        Raises:
            RancherError: A session could not be ended, and may go on. The client is closed all the same; closing again
                tries again.
        """
        rest = self._border.native.close_async()
        if rest is not None:
            await rest

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()
