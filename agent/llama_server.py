"""llama.cpp in this process (xllamacpp), reachable by nobody else.

xllamacpp's server also listens: by default on a port of this machine, for everybody on it. Here it listens on a Unix
socket in a folder that only this user can enter, behind a key that is made anew each time, since some of what it can
do (keeping the state of a prompt in a file) is offered there only. Knows nothing of chats.
"""

import os
import secrets
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from agent.errors import ModelReplyError, ModelUnavailable, shorten
from agent.llama_library import xllamacpp
from retrieval.private_folders import PrivateFolder

__all__ = ["LlamaServer"]

_STATES: Final = "states"
_SECONDS: Final = 600.0
_MOST_PATH_BYTES: Final = 100  # of a Unix socket: the system's limit is 104 on some


class LlamaServer:
    """A loaded GGUF model. It computes one request at a time.

    Args:
        path: the model.
        n_ctx: context length in tokens, prompt and reply together.
        threads: 0: one a physical core, as llama.cpp chooses.

    Raises:
        ModelUnavailable: xllamacpp cannot be used, or the file is not there or no GGUF model.
    """

    def __init__(self, path: Path, *, n_ctx: int, threads: int = 0) -> None:
        llama_cpp = xllamacpp()
        _check(path)
        self._key = secrets.token_hex(32)
        self._private = PrivateFolder()
        self._folder = self._private.path
        (self._folder / _STATES).mkdir()
        params = llama_cpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = n_ctx
        params.n_parallel = 1
        params.verbosity = -1
        if threads:
            params.cpuparams.n_threads = threads
        params.hostnames, params.port = [self._address()], 0
        params.api_keys = [self._key]
        params.ui = params.endpoint_props = params.endpoint_slots = params.endpoint_metrics = False
        params.slot_save_path = f"{self._folder / _STATES}{os.sep}"
        try:
            self._server: Any = llama_cpp.Server(params)
        except RuntimeError as error:
            self._private.close()
            raise ModelUnavailable(
                f"llama.cpp cannot load {shorten(str(path))}: {shorten(str(error), 200)}",
                hint="Check the file and the free memory",
            ) from error

    @property
    def engine(self) -> str:
        """What computes, and its version; states of one are not for another."""
        return f"xllamacpp {xllamacpp().__version__}"

    @property
    def address(self) -> str:
        """Where it listens: ``unix:///…``, or ``http://127.0.0.1:…`` where there are no Unix sockets."""
        return str(self._server.listening_address)

    def chat(self, request: Mapping[str, Any]) -> Any:
        """The reply to a request of OpenAI's chat protocol, or an error as llama.cpp words it."""
        return self._server.handle_chat_completions(dict(request))

    def say(self, request: Mapping[str, Any]) -> Any:
        """As ``chat``, in words; the log-probabilities of a stop text are told, too, which ``chat`` leaves out.

        Raises:
            ModelReplyError: llama.cpp refuses to render the messages.
        """
        rest = {name: value for name, value in request.items() if name not in ("messages", "logprobs", "top_logprobs")}
        asked = {**rest, "prompt": self.rendered(request["messages"]), "n_probs": request.get("top_logprobs", 0)}
        pieces: list[Any] = []  # only what is streamed by this route has the tokens of stop texts, and the last one
        self._server.handle_completions({**asked, "stream": True}, pieces.append)
        return _joined(pieces)

    def rendered(self, messages: list[dict[str, str]]) -> str:
        """Messages as the model's chat template writes them, up to where the reply begins."""
        return str(self._post("/apply-template", {"messages": messages})["prompt"])

    def read(self, prompt: str) -> tuple[int, int]:
        """Read a prompt and write nothing; how many tokens it has, and how many of them were read anew.

        Raises:
            ModelReplyError: llama.cpp refuses it.
        """
        request = {"prompt": prompt, "n_predict": 0, "cache_prompt": True, "temperature": 0}
        reply = self._server.handle_completions(request)
        if not isinstance(reply, dict) or "timings" not in reply:
            raise ModelReplyError("llama.cpp refused to read the beginning of a prompt")
        anew = int(reply["timings"]["prompt_n"])
        return anew + int(reply["timings"]["cache_n"]), anew

    def save(self, file: Path) -> int:
        """Write the state after the last prompt to ``file``, whole or not at all; how many tokens it is of.

        Raises:
            ModelReplyError, OSError: it cannot be written.
        """
        name = secrets.token_hex(8)
        try:
            saved = int(self._post("/slots/0?action=save", {"filename": name})["n_saved"])
            shutil.move(self._folder / _STATES / name, file)
        finally:
            (self._folder / _STATES / name).unlink(missing_ok=True)
        return saved

    def restore(self, file: Path) -> int:
        """Go on from the state in a file; how many tokens it is of. What was read before is given up, also on an error.

        Raises:
            ModelReplyError, OSError: there is none, or it is of another model.
        """
        name = secrets.token_hex(8)
        link = self._folder / _STATES / name
        link.symlink_to(file.resolve(strict=True))
        try:
            return int(self._post("/slots/0?action=restore", {"filename": name})["n_restored"])
        finally:
            link.unlink()

    def _address(self) -> str:
        socket = str(self._folder / "llama.sock")
        return socket if os.name == "posix" and len(os.fsencode(socket)) < _MOST_PATH_BYTES else "127.0.0.1"

    def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        import httpx

        scheme, _, rest = self.address.partition("://")
        uds = rest if scheme == "unix" else None
        url = f"{'http://llama' if uds else self.address}{path}"
        try:
            transport = httpx.HTTPTransport(uds=uds, verify=False)  # certificates take longer to load than it to answer
            with httpx.Client(transport=transport, timeout=_SECONDS, trust_env=False) as client:
                reply = client.post(url, json=body, headers={"authorization": f"Bearer {self._key}"})
            found = reply.json() if reply.status_code == httpx.codes.OK else None
        except (httpx.HTTPError, ValueError) as error:
            raise ModelReplyError(f"llama.cpp does not answer {path.partition('?')[0]}") from error
        if not isinstance(found, dict):
            raise ModelReplyError(f"llama.cpp refused {path.partition('?')[0]}: status {reply.status_code}")
        return found


def _joined(pieces: Sequence[Any]) -> Any:
    """The whole reply, as ``chat`` tells one, from what was streamed; an error as it is."""
    failed = next((each for each in pieces if "error" in each), None)
    if failed is not None or not pieces:
        return failed or {"error": "no reply"}
    choices = [choice for each in pieces for choice in each["choices"]]
    told = [token for each in choices for token in (each["logprobs"] or {}).get("content") or []]
    choice = {
        "message": {"content": "".join(each["text"] for each in choices)},
        "finish_reason": choices[-1]["finish_reason"],
        "logprobs": {"content": told} if told else None,
    }
    return {"choices": [choice], "timings": pieces[-1]["timings"]}


def _check(path: Path) -> None:
    if not path.is_file():
        raise ModelUnavailable(f"there is no model file {shorten(str(path))}", hint="Give the path of a GGUF file")
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise ModelUnavailable(f"{shorten(str(path))} is not a GGUF file", hint="Give the path of a GGUF file")
