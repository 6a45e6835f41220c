"""The server of the protocol, without a transport: tools, resources, prompts, and what it says of itself.

Knows the SDK; what tools do is theirs, who calls is given.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from agent.errors import shorten
from agent.mcp import prompts, resources
from agent.mcp.caller import Caller
from agent.mcp.calling import TOOLS, call_tool, compact, listed_tool, protocol_errors
from agent.mcp.completing import arguments_of_prompt, arguments_of_resource, completed
from agent.mcp.tool import DATA_ONLY
from agent.mcp.working import in_thread

if TYPE_CHECKING:
    import mcp_types as types
    from mcp.server.context import ServerRequestContext
    from mcp.server.lowlevel import Server

__all__ = ["INSTRUCTIONS", "CallerOf", "make_server"]

INSTRUCTIONS: Final = (
    "limner knows users by their own histories: messages, tickets, orders. Every value and answer that it gives is "
    "backed by exact quotes; cite their event ids. Where it says that the history does not tell, say so and do not "
    f"guess. {DATA_ONLY}"
)
"""What the server tells a client's language model about itself."""

CallerOf = Callable[["ServerRequestContext[Any, Any]"], Caller]
"""Who makes a request."""


def make_server(caller_of: CallerOf) -> "Server[Any]":
    """A server of the SDK."""
    from mcp.server.lowlevel import Server

    handlers = _Handlers(caller_of)
    server: Server[Any] = Server(
        "limner",
        version=_version(),
        title="limner",
        description="Profiles of users and answers about them, every statement backed by words of their own history.",
        instructions=INSTRUCTIONS,
        on_list_tools=handlers.list_tools,
        on_call_tool=handlers.call_tool,
        on_list_resources=handlers.list_resources,
        on_list_resource_templates=handlers.list_resource_templates,
        on_read_resource=handlers.read_resource,
        on_list_prompts=handlers.list_prompts,
        on_get_prompt=handlers.get_prompt,
        on_completion=handlers.complete,
    )
    server.middleware.clear()  # the SDK's only one tells OpenTelemetry which tools are called and what is read
    return server


class _Handlers:
    """Answers the requests of the protocol."""

    def __init__(self, caller_of: CallerOf) -> None:
        self._caller_of = caller_of

    async def list_tools(self, context: "ServerRequestContext[Any, Any]", params: Any) -> "types.ListToolsResult":
        import mcp_types as types

        caller = self._caller_of(context)
        return types.ListToolsResult(tools=[listed_tool(each) for each in TOOLS.values() if caller.may(each.scope)])

    async def call_tool(
        self, context: "ServerRequestContext[Any, Any]", params: "types.CallToolRequestParams"
    ) -> "types.CallToolResult":
        caller = self._caller_of(context)
        return await call_tool(caller, params.name, params.arguments or {}, context.session.report_progress)

    async def list_resources(
        self, context: "ServerRequestContext[Any, Any]", params: "types.PaginatedRequestParams | None"
    ) -> "types.ListResourcesResult":
        import mcp_types as types

        caller, after = self._caller_of(context), params.cursor if params else None
        with protocol_errors(caller):
            caller.check("read", "listing resources")
            found, following = await in_thread(lambda: resources.listed(caller, after))
        listed = [types.Resource(**each._asdict(), mime_type="application/json") for each in found]
        return types.ListResourcesResult(resources=listed, next_cursor=following)

    async def list_resource_templates(
        self, context: "ServerRequestContext[Any, Any]", params: Any
    ) -> "types.ListResourceTemplatesResult":
        import mcp_types as types

        told = [
            types.ResourceTemplate(
                uri_template=each.uri,
                name=each.name,
                title=each.title,
                description=each.description,
                mime_type="application/json",
            )
            for each in resources.TEMPLATES
        ]
        return types.ListResourceTemplatesResult(resource_templates=told)

    async def read_resource(
        self, context: "ServerRequestContext[Any, Any]", params: "types.ReadResourceRequestParams"
    ) -> "types.ReadResourceResult":
        import mcp_types as types

        caller, uri = self._caller_of(context), str(params.uri)
        with protocol_errors(caller):
            caller.check("read", "reading resources")
            document = await in_thread(lambda: resources.read(caller, uri))
        contents = types.TextResourceContents(uri=uri, mime_type="application/json", text=compact(document))
        return types.ReadResourceResult(contents=[contents])

    async def list_prompts(self, context: "ServerRequestContext[Any, Any]", params: Any) -> "types.ListPromptsResult":
        import mcp_types as types

        shown = prompts.PROMPTS.values() if self._caller_of(context).may("read") else ()
        return types.ListPromptsResult(prompts=[_listed_prompt(each) for each in shown])

    async def get_prompt(
        self, context: "ServerRequestContext[Any, Any]", params: "types.GetPromptRequestParams"
    ) -> "types.GetPromptResult":
        import mcp_types as types

        caller, given = self._caller_of(context), params.arguments or {}
        with protocol_errors(caller):
            caller.check("read", f"the prompt {shorten(params.name)}")
            words = await in_thread(lambda: prompts.written(caller, params.name, given))
        message = types.PromptMessage(role="user", content=types.TextContent(type="text", text=words))
        return types.GetPromptResult(description=prompts.PROMPTS[params.name].description, messages=[message])

    async def complete(
        self, context: "ServerRequestContext[Any, Any]", params: "types.CompleteRequestParams"
    ) -> "types.CompleteResult":
        import mcp_types as types

        caller, ref, asked = self._caller_of(context), params.ref, params.argument
        with protocol_errors(caller):
            caller.check("read", "completing arguments")
            if isinstance(ref, types.PromptReference):
                names = arguments_of_prompt(ref.name)
            else:
                names = arguments_of_resource(ref.uri)
            found = await in_thread(lambda: completed(caller, names, asked.name, asked.value))
        return types.CompleteResult(completion=types.Completion(values=found.values, has_more=found.more))


def _listed_prompt(prompt: prompts.Prompt) -> "types.Prompt":
    """A prompt as clients list it."""
    import mcp_types as types

    told = [
        types.PromptArgument(name=name, description=each["description"], required=name in prompt.given["required"])
        for name, each in prompt.given["properties"].items()
    ]
    return types.Prompt(name=prompt.name, title=prompt.title, description=prompt.description, arguments=told)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("limner")
    except PackageNotFoundError:
        return ""
