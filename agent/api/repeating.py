"""Idempotency keys: a write that is sent again with the same ``Idempotency-Key`` is answered as before, and not done.

Knows requests and answers; how long they are remembered, and what they forget, is told in ``agent.service.once``.
"""

import hashlib
from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Header, Request
from fastapi.responses import Response

from agent.api.access import Caller
from agent.api.threads import reading
from agent.service import Answer

__all__ = ["IdempotencyKey", "once"]

IdempotencyKey = Annotated[
    str | None,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        description="Names this request: sent again with the same key within a day, it is not done twice.",
    ),
]


async def once(
    request: Request,
    caller: Caller,
    key: str | None,
    user_id: str,
    do: Callable[[], Awaitable[Response]],
    body: bytes | None = None,
    *,
    forgets: bool = False,
) -> Response:
    """What ``do`` answers, or what it answered to this request before; only answers of success are remembered.

    Args:
        request: the request.
        caller: whose key it is.
        key: what the client calls it; None: it is done whatever was before.
        user_id: whom it is about.
        do: does it.
        body: what stands for the request's body, where that was read already.
        forgets: it forgets what was answered about that user before.

    Raises:
        OtherRequest, InProgress: see :meth:`agent.service.once.Once.begin`.
    """
    if key is None:
        return await do()
    whole = hashlib.sha256()
    for part in (request.method, str(request.url.path), request.url.query, caller.purpose or ""):
        whole.update(f"{len(part)}:{part}".encode("utf-8", "surrogatepass"))
    whole.update(await request.body() if body is None else body)
    kept, owner = caller.service.once, f"{caller.tenant}/{caller.key.key_id}"
    await reading(caller.service.notice_erasures, caller.tenant)
    found = kept.begin(owner, key, whole.hexdigest(), (caller.tenant, user_id), forgets=forgets)
    if isinstance(found, Answer):
        status, content, headers = found.said
        return Response(content, status, {**headers, "Idempotency-Replayed": "true"})
    try:
        answer = await do()
    except BaseException:
        kept.abandon(found)
        raise
    said = {name: value for name, value in answer.headers.items() if name in ("content-type", "location", "etag")}
    kept.finish(found, Answer((answer.status_code, bytes(answer.body), said), len(answer.body)))
    return answer
