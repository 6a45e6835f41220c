"""Calls a tool for a client: checks what it may do and what it gives, and turns the outcome or the error into a result.

Knows the SDK's types, nothing of what tools do.
"""

import json
import logging
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol

from agent.errors import LimnerError, StoreBusy, TokenKeyUnusable, shorten
from agent.markup import escaped_json
from agent.mcp.caller import Caller
from agent.mcp.reading import READING
from agent.mcp.tool import Call, Outcome, Tool
from agent.mcp.working import Report
from agent.mcp.writing import WRITING
from agent.service.defects import is_for_log, log_once, meaning_of, place_of
from retrieval import UnknownUser

if TYPE_CHECKING:
    import mcp_types as types

__all__ = ["TOOLS", "ReportProgress", "call_tool", "compact", "listed_tool", "protocol_errors"]

_LOG = logging.getLogger(__name__)

TOOLS: Final[Mapping[str, Tool]] = {each.name: each for each in (*READING, *WRITING)}
"""All tools, by name; which of them a client sees depends on what it may do."""

_LATER: Final = "The same again in some seconds may work"
_IN_LOG: Final = "Whoever runs the server finds the reason in its log"
_UNFORESEEN: Final = "the work failed for a reason that limner did not foresee. See its log"


class ReportProgress(Protocol):
    """Tells a client how far a request is; the SDK's."""

    def __call__(self, progress: float, total: float | None = None, message: str | None = None) -> Awaitable[None]:
        """``progress`` grows with each call."""


def listed_tool(tool: Tool) -> "types.Tool":
    """A tool as clients list it."""
    import mcp_types as types

    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.given,
        output_schema=tool.result(),
        annotations=types.ToolAnnotations(
            title=tool.title,
            read_only_hint=tool.effect == "reads",
            destructive_hint=tool.effect == "erases",
            idempotent_hint=tool.repeatable,
            open_world_hint=False,
        ),
    )


async def call_tool(
    caller: Caller, name: str, given: Mapping[str, Any], report_progress: ReportProgress
) -> "types.CallToolResult":
    """What a tool gives; an error of limner is a result that says so, so that a language model can read the remedy.

    Raises:
        MCPError: there is no such tool.
    """
    import mcp_types as types
    from mcp.shared.exceptions import MCPError

    tool = TOOLS.get(name)
    if tool is None:
        names = ", ".join(each.name for each in TOOLS.values() if caller.may(each.scope))
        raise MCPError(code=types.INVALID_PARAMS, message=f"there is no tool {shorten(name)}. There are: {names}")
    try:
        caller.check(tool.scope, f"the tool {name}")
        outcome = await tool.run(Call(caller, tool.checked(given), _growing(report_progress)))
    except UnknownUser as error:
        return _failed(_unknown(error))
    except LimnerError as error:
        return _failed(_told(error, caller))
    except Exception as error:  # the SDK would send its words, which may be those of a history, to the client
        _LOG.error("the tool %s ended with an unforeseen error: %s", name, place_of(error))
        return _failed(_UNFORESEEN)
    return _succeeded(outcome)


def _growing(report_progress: ReportProgress) -> Report:
    told = 0

    async def report(words: str) -> None:
        nonlocal told
        told += 1
        await report_progress(told, None, words)

    return report


def _unknown(error: UnknownUser) -> str:
    return f"no user {shorten(error.user_id)} in the store. list_users tells who is there"


def _told(error: LimnerError, caller: Caller) -> str:
    """What a client learns of an error: what names folders and servers is for who operates them, and for the log."""
    if caller.is_operator and not isinstance(error, TokenKeyUnusable):
        return str(error)
    meaning = meaning_of(error)
    if meaning is None:
        return str(error)
    if is_for_log(error):
        log_once(_LOG, error)
    return f"{meaning} {_LATER if isinstance(error, StoreBusy) else _IN_LOG}"


def _succeeded(outcome: Outcome) -> "types.CallToolResult":
    import mcp_types as types

    said = [compact(outcome.document), *([outcome.note] if outcome.note else [])]
    return types.CallToolResult(
        content=[types.TextContent(type="text", text=each) for each in said], structured_content=outcome.document
    )


def _failed(message: str) -> "types.CallToolResult":
    import mcp_types as types

    return types.CallToolResult(content=[types.TextContent(type="text", text=message)], is_error=True)


@contextmanager
def protocol_errors(caller: Caller) -> Iterator[None]:
    """For requests whose results cannot say that they failed: errors become those of the protocol, in our words."""
    import mcp_types as types
    from mcp.shared.exceptions import MCPError

    try:
        yield
    except UnknownUser as error:
        raise MCPError(code=types.INVALID_PARAMS, message=_unknown(error)) from error
    except LimnerError as error:
        raise MCPError(code=types.INVALID_PARAMS, message=_told(error, caller)) from error
    except Exception as error:  # as in call_tool
        _LOG.error("a request ended with an unforeseen error: %s", place_of(error))
        raise MCPError(code=types.INTERNAL_ERROR, message=_UNFORESEEN) from None


def compact(document: dict[str, Any]) -> str:
    """A document as JSON in one line, for those clients that look at texts only; inert, should they show it."""
    text = escaped_json(json.dumps(document, ensure_ascii=False, separators=(",", ":")))
    return text.encode("utf-8", "replace").decode()
