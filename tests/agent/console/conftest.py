from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from agent.api import ApiSettings, create_app
from tests.agent.console.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A store with Maya in it."""
    made = Desk(tmp_path)
    made.maya()
    yield made
    made.service.close()


class Browser:
    """A client that keeps cookies and sends forms as a page of the console would."""

    def __init__(self, desk: Desk, *, dev: bool = True, language: str = "en") -> None:
        app = create_app(desk.service, ApiSettings(dev=dev))
        self.client = TestClient(app, base_url="http://localhost", headers={"accept-language": language})

    def get(self, path: str, **query: Any) -> Any:
        return self.client.get(f"/console{path}", params=query)

    def text(self, path: str, **query: Any) -> str:
        found = self.get(path, **query)
        assert found.status_code == 200, found.text
        return found.text

    def token(self, path: str = "/customer", **query: Any) -> str:
        page = self.get(path, **(query or {"user": "maya"})).text
        return page.partition('name="token" value="')[2].partition('"')[0]

    def post(self, path: str, _token: str | None = None, **fields: Any) -> Any:
        token = self.token() if _token is None else _token
        return self.client.post(f"/console{path}", data={"token": token, **fields}, follow_redirects=False)


@pytest.fixture
def browser(desk: Desk) -> Browser:
    return Browser(desk)
