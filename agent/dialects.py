"""How a request is put to each kind of server: the names of its options, and where it tells its context length.

Knows nothing of what is asked, nor of what an endpoint can do beyond what it is told here.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol
from urllib.parse import urlsplit, urlunsplit

from agent.abilities import SchemaWay
from agent.endpoints import CONTEXT_NEEDED, client_errors
from agent.schema_rules import JsonSchema

if TYPE_CHECKING:
    from langchain_ollama import ChatOllama
    from langchain_openai import ChatOpenAI

__all__ = ["Context", "Dialect", "OllamaDialect", "OpenAIDialect", "PlainDialect", "Request"]

_SECONDS = 10.0  # for questions that need no model


@dataclass(frozen=True, slots=True)
class Request:
    """What is wanted of a reply.

    ``quiet``: without thinking aloud; ``aside``: thoughts go into a field of their own, if there are any.
    ``needed``: tokens of prompt and reply, by a cautious estimate; ``context``: how many the model can take, if known.
    """

    max_tokens: int
    stop: tuple[str, ...] = ()
    schema: JsonSchema | None = None
    way: SchemaWay = "none"
    top_logprobs: int = 0
    quiet: bool = False
    aside: bool = False
    needed: int = 0
    context: int | None = None


class Context(NamedTuple):
    """The length in tokens, None when it is not told, and whether longer prompts are cut without a word."""

    length: int | None
    cuts_silently: bool = False


class Dialect(Protocol):
    """Puts requests in the words of a client."""

    ways: tuple[SchemaWay, ...]

    def options(self, request: Request) -> dict[str, Any]:
        """What LangChain's model is invoked with."""

    def context(self) -> Context:
        """How long prompts may be; asked once a request was answered, so that the model is loaded."""


class PlainDialect:
    """The options that LangChain's own models share, for providers that limner knows nothing else of."""

    ways: tuple[SchemaWay, ...] = ("json_schema", "json_object")

    def options(self, request: Request) -> dict[str, Any]:
        """OpenAI's names; a provider that does not take one of them says so."""
        told = {"logprobs": True, "top_logprobs": request.top_logprobs} if request.top_logprobs else {}
        wanted = _response_format(request)
        return {"max_tokens": request.max_tokens, **_stop(request), **told, **wanted}

    def context(self) -> Context:
        """Not told."""
        return Context(None)


class OpenAIDialect:
    """OpenAI's protocol with the additions of vLLM, SGLang, llama-server and LM Studio."""

    ways: tuple[SchemaWay, ...] = ("json_schema", "structured_outputs", "guided_json", "json_object")

    def __init__(self, model: "ChatOpenAI") -> None:
        self._model = model

    def options(self, request: Request) -> dict[str, Any]:
        """The schema goes past the client, whose ``parse`` takes a reply that was cut off for an error of its own."""
        told = {"logprobs": True, "top_logprobs": request.top_logprobs} if request.top_logprobs else {}
        body: dict[str, Any] = _response_format(request)
        if request.way == "structured_outputs":
            body["structured_outputs"] = {"json": request.schema}
        elif request.way == "guided_json":
            body["guided_json"] = request.schema
        if request.quiet:
            body["chat_template_kwargs"] = {"enable_thinking": False, "thinking": False}
        return {"max_tokens": request.max_tokens, **_stop(request), **told, **({"extra_body": body} if body else {})}

    def context(self) -> Context:
        """In ``/v1/models`` (vLLM, SGLang), ``/props`` (llama-server), LM Studio's and Ollama's own lists of models."""
        base = self._model.openai_api_base
        if not base:
            return Context(None)
        name, root = self._model.model_name, _root_of(base)
        served = _entry(self._get(base.rstrip("/"), "/models"), "data", name)
        if length := _whole(served, "max_model_len", "context_length", "max_context_length", "context_window"):
            return Context(length)
        if length := _whole(_mapping(self._get(root, "/props"), "default_generation_settings"), "n_ctx"):
            return Context(length)
        studio = _entry(self._get(root, "/api/v0/models"), "data", name)
        if length := _whole(studio, "loaded_context_length", "max_context_length"):
            return Context(length)
        running = _entry(self._get(root, "/api/ps"), "models", name)
        return Context(_whole(running, "context_length"), bool(running))

    def _get(self, base: str, path: str) -> Any:
        """A JSON document of the server; None when there is none."""
        client = self._model.root_client.with_options(base_url=base, timeout=_SECONDS, max_retries=0)
        try:
            return client.get(path, cast_to=object)
        except client_errors(ValueError):  # it does not have this page: the next is looked at
            return None


class OllamaDialect:
    """Ollama's own protocol: the one of its that takes a context length. Its default of 4096 cuts prompts silently."""

    ways: tuple[SchemaWay, ...] = ("json_schema", "json_object")

    def __init__(self, model: "ChatOllama") -> None:
        self._model = model

    def options(self, request: Request) -> dict[str, Any]:
        """A context as long as the prompt needs, in steps, since each change loads the model again."""
        length = CONTEXT_NEEDED
        while length < request.needed:
            length *= 2
        length = min(length, request.context or length)
        settings = {"temperature": 0, "num_predict": request.max_tokens, "num_ctx": length, **_stop(request)}
        told = {"logprobs": True, "top_logprobs": request.top_logprobs} if request.top_logprobs else {}
        format = {"json_schema": request.schema, "json_object": "json"}.get(request.way)
        thinking = {"reasoning": request.aside} if request.quiet or request.aside else {}
        return {"options": settings, "stream": False, **told, **({"format": format} if format else {}), **thinking}

    def context(self) -> Context:
        """What the model was made for, since so much may be asked for."""
        from ollama import Client

        try:
            with Client(host=self._model.base_url, timeout=_SECONDS) as client:
                shown = dict(client.show(self._model.model).modelinfo or {})
        except client_errors(ValueError):
            shown = {}
        lengths = [value for key, value in shown.items() if key.endswith(".context_length") and isinstance(value, int)]
        return Context(lengths[0] if lengths else None, cuts_silently=True)


def _response_format(request: Request) -> dict[str, Any]:
    if request.way == "json_schema":
        wanted = {"name": "reply", "strict": True, "schema": request.schema}
        return {"response_format": {"type": "json_schema", "json_schema": wanted}}
    return {"response_format": {"type": "json_object"}} if request.way == "json_object" else {}


def _stop(request: Request) -> dict[str, list[str]]:
    return {"stop": list(request.stop)} if request.stop else {}


def _root_of(base: str) -> str:
    parts = urlsplit(base)
    return urlunsplit(parts._replace(path=parts.path.rstrip("/").removesuffix("/v1"), query="", fragment=""))


def _entry(document: Any, key: str, name: str) -> Mapping[str, Any]:
    """The entry about the model ``name`` in a list of models; the only one when it goes by another name."""
    listed = document.get(key) if isinstance(document, Mapping) else None
    entries = [each for each in listed if isinstance(each, Mapping)] if isinstance(listed, list) else []
    named = [each for each in entries if name in (each.get("id"), each.get("name"), each.get("model"))]
    found = named or (entries if len(entries) == 1 else [])
    return found[0] if found else {}


def _mapping(document: Any, key: str) -> Mapping[str, Any]:
    found = document.get(key) if isinstance(document, Mapping) else None
    return found if isinstance(found, Mapping) else {}


def _whole(mapping: Mapping[str, Any], *keys: str) -> int | None:
    return next((value for key in keys if isinstance(value := mapping.get(key), int) and value > 0), None)
