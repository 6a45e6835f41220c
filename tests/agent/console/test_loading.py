"""A model is loaded when it is first needed, not before, and the page says so while it is."""

import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from agent import Limner
from agent.fakes import ScriptedChat
from agent.service import Service
from retrieval import HashingEmbedder
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import Desk
from tests.agent.scripted import answer


class Lazy:
    """A package of a provider that LangChain knows, whose model is scripted and takes until ``go_on`` to be made."""

    def __init__(self) -> None:
        self.go_on = threading.Event()
        self.package = ModuleType("langchain_groq")
        self.package.ChatGroq = self.made  # type: ignore[attr-defined]

    def made(self, **settings: object) -> ScriptedChat:
        assert self.go_on.wait(30)
        return ScriptedChat(script=answer)


@pytest.fixture
def lazy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lazy]:
    made = Lazy()
    monkeypatch.setitem(sys.modules, "langchain_groq", made.package)
    yield made
    made.go_on.set()


@pytest.fixture
def lazy_desk(tmp_path: Path, lazy: Lazy) -> Iterator[Desk]:
    """A store with Maya in it, whose model is made when it is first needed."""
    Desk(tmp_path).maya()
    made = Desk(tmp_path)
    made.service.close()
    made.limner = Limner(tmp_path / "store", llm="groq:slow", embedder=HashingEmbedder())
    made.service = Service(made.limner, tmp_path)
    yield made
    lazy.go_on.set()
    made.service.close()


def is_loaded(browser: Browser) -> bool:
    ready = browser.client.get("/ready").json()["model_loaded"]
    assert f"limner_model_loaded {float(ready)}" in browser.client.get("/metrics").text
    return bool(ready)


def test_the_model_is_loaded_by_the_first_question_and_the_page_says_so(lazy_desk: Desk, lazy: Lazy) -> None:
    browser, chinese = Browser(lazy_desk), Browser(lazy_desk, language="zh")
    assert "maya" in browser.text("") and "Munich" in browser.text("/customer", user="maya")
    assert not is_loaded(browser)
    asked = browser.post("/ask", user="maya", question="Which city does she live in?")
    job_id = asked.headers["location"].partition("id=")[2]
    ends = time.monotonic() + 20
    while "Loading the language model" not in browser.text("/job", id=job_id) and time.monotonic() < ends:
        time.sleep(0.05)
    assert "Loading the language model" in browser.text("/job", id=job_id) and not is_loaded(browser)
    assert "正在载入语言模型" in chinese.text("/job", id=job_id)
    lazy.go_on.set()
    found = lazy_desk.service.job("default", job_id)
    assert found is not None and found.wait(20)
    assert is_loaded(browser) and "Loading the language model" not in browser.text("/job", id=job_id)
