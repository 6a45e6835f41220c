"""Errors on the pages of the console: in the language of the page, with what can be done there."""

import re

import pytest

from agent.console.troubles import trouble_of
from agent.errors import ModelUnavailable, SchemaError
from tests.agent.api.serving import asks_for_the_machine
from tests.agent.console.conftest import Browser
from tests.agent.console.desk import Desk
from tests.agent.console.test_texts import ZH

ENGLISH_WORDS = re.compile(r"[A-Za-z]{3,}(?: [a-z]{2,})+")


def alert(page: str) -> str:
    """What an error's page says, with the remedy, without what is marked as English."""
    return re.sub(
        r"<[^>]+>", " ", re.sub(r'<bdi lang="en".*?</bdi>', "", page.partition('role="alert"')[2], flags=re.DOTALL)
    )


@pytest.mark.parametrize("language", ["en", "zh"])
def test_what_goes_wrong_is_told_in_the_language_of_the_page(desk: Desk, language: str) -> None:
    browser = Browser(desk, language=language)
    text = {"action": "correct", "by": "Ana", "user": "maya", "schema": "customer"}
    told = [
        browser.get("/customer", user="nobody"),
        browser.get("/customer", user="maya", schema="none"),
        browser.get("/customer", user="maya", version=9),
        browser.get("/customer"),
        browser.get("/message", user="maya", event="none"),
        browser.get("/job", id="none"),
        browser.get("/correct", user="maya", schema="customer", pointer="/nowhere", action="correct"),
        browser.get("/correct", user="maya", schema="customer", pointer="/location", action="praise"),
        browser.post("/correct", _token="wrong", **text, pointer="/location", value="x"),
        browser.post("/correct", **text, pointer="/sentiment", value="sunny"),
        browser.post("/correct", **{**text, "action": "confirm"}, pointer="/occupation"),
        browser.post("/ask", user="maya", question=" "),
        browser.post("/explain", user="maya", schema="customer", pointer="/nowhere"),
    ]
    for each in told:
        assert each.status_code >= 400 or each.status_code == 303
        if each.status_code == 303:
            continue
        said = alert(each.text)
        assert said and not asks_for_the_machine({"detail": said})
        assert 'lang="en"' not in each.text.partition('role="alert"')[2], "known in Chinese"
        assert language == "en" or (re.search("[一-鿿]", said) and not ENGLISH_WORDS.search(said)), said


def test_a_message_that_is_not_known_in_chinese_stands_below_its_meaning() -> None:
    found = trouble_of(SchemaError("the keyword 'x' cannot be filled", hint="Leave it out"), ZH)
    assert (found.said, found.original) == ("这不是可用的画像模式", "the keyword 'x' cannot be filled. Leave it out")
    found = trouble_of(ModelUnavailable("/srv/model is damaged", hint="Delete it"), ZH)
    assert found.original is None and "/srv" not in str(found), "where things lie is for operators"
    assert "/srv" in str(trouble_of(ModelUnavailable("/srv/model is damaged"), ZH, for_operator=True))
