"""Words, plurals, dates and ages of the console in both languages."""

import json
import re
import subprocess
import sys
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from agent.changes import ChangeKind, Why
from agent.console.texts import Texts, chosen_language
from agent.console.words_en import ENGLISH
from agent.console.words_zh import CHINESE

ROOT = Path(__file__).parents[3]
NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
EN, ZH = Texts("en", NOW), Texts("zh", NOW)


def test_both_languages_say_the_same() -> None:
    singulars = {key for key in ENGLISH if key.endswith(".one") and key.removesuffix(".one") in ENGLISH}
    assert set(ENGLISH) - singulars <= set(CHINESE)
    assert all(key.startswith("attribute.") for key in set(CHINESE) - set(ENGLISH))
    holes = {key: sorted(re.findall(r"{(\w+)}", text)) for key, text in ENGLISH.items() if key not in singulars}
    assert holes == {key: sorted(re.findall(r"{(\w+)}", CHINESE[key])) for key in holes}


def test_every_change_and_its_reason_has_words() -> None:
    needed = {f"change.{kind}" for kind in get_args(ChangeKind)} | {f"why.{why}" for why in get_args(Why)}
    assert needed <= set(ENGLISH)


def test_every_text_of_a_template_is_there() -> None:
    folder = files("agent.console") / "templates"
    used = {
        key
        for template in folder.iterdir()
        for key in re.findall(r"\bt\('([^']+)'\s*[,)]", template.read_text(encoding="utf-8"))
    }
    assert len(used) > 100 and used <= set(ENGLISH)


def test_no_template_has_script_or_style_of_its_own_or_turns_escaping_off() -> None:
    for template in (files("agent.console") / "templates").iterdir():
        text = template.read_text(encoding="utf-8")
        assert not re.search(r"\|\s*safe|autoescape|<style|style=|\son\w+=|Markup|javascript:", text), template.name
        assert all(" src=" in each for each in re.findall(r"<script[^>]*>", text)), template.name


@pytest.mark.parametrize(
    ("moment", "english", "chinese"),
    [
        ("2026-03-31T09:00:00Z", "today", "今天"),
        ("2026-03-30", "yesterday", "昨天"),
        ("2026-03-20", "11 days ago", "11 天前"),
        ("2026-03-10", "3 weeks ago", "3 周前"),
        ("2026-01-31", "2 months ago", "2 个月前"),
        ("2025-12-31", "3 months ago", "3 个月前"),
        ("2024-03-31", "2 years ago", "2 年前"),
        ("2024-04-01", "23 months ago", "23 个月前"),
        ("2023", "3 years ago", "3 年前"),
        ("2027-01-01", "in the future", "将来"),
        ("2026-02-30", "", ""),
        (None, "", ""),
    ],
)
def test_how_long_ago(moment: str | None, english: str, chinese: str) -> None:
    assert (EN.ago(moment), ZH.ago(moment)) == (english, chinese)


@pytest.mark.parametrize(
    ("moment", "english", "chinese"),
    [
        ("2026-03-01T08:05:00Z", "1 Mar 2026 08:05 UTC", "2026年3月1日 08:05 UTC"),
        ("2026-03-01T08:05", "1 Mar 2026 08:05", "2026年3月1日 08:05"),
        ("2026-03-01", "1 Mar 2026", "2026年3月1日"),
        ("2026-03", "Mar 2026", "2026年3月"),
        ("2026", "2026", "2026年"),
        ("soon", "no date", "无日期"),
    ],
)
def test_dates(moment: str, english: str, chinese: str) -> None:
    assert (EN.moment(moment), ZH.moment(moment)) == (english, chinese)


def test_plurals_and_numbers() -> None:
    assert [EN("messages.count", n=n) for n in (0, 1, 50_000)] == ["0 messages", "1 message", "50,000 messages"]
    assert [ZH("messages.count", n=n) for n in (1, 2)] == ["1 条消息", "2 条消息"]


@pytest.mark.parametrize(
    ("confidence", "words", "number"),
    [(1.0, "very sure", "100%"), (0.75, "sure", "75%"), (0.5, "fairly sure", "50%"), (0.04, "unsure", "4.0%")],
)
def test_how_sure(confidence: float, words: str, number: str) -> None:
    assert (EN.sure(confidence), EN.percent(confidence)) == (words, number)


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("", "", "en"),
        ("", "zh-TW,zh;q=0.9,en;q=0.8", "zh"),
        ("", "en-GB,zh;q=0.9", "en"),
        ("", "en;q=0.2, zh;q=0.7", "zh"),
        ("", "de, fr;q=0.5", "en"),
        ("", "zh;q=nonsense, ;;;, *", "en"),
        ("en", "zh", "en"),
        ("zh", "en", "zh"),
        ("<b>", "zh", "zh"),
    ],
)
def test_the_language_is_chosen(cookie: str, accepted: str, language: str) -> None:
    assert chosen_language(cookie, accepted) == language


LOADED = """
import json, sys, agent.api.app
before = set(sys.modules)
import agent.console.app
print(json.dumps([sorted(before), sorted(set(sys.modules) - before)]))
"""


def test_importing_the_console_loads_nothing_heavy_that_the_service_does_not() -> None:
    told = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True, cwd=ROOT)
    before, added = map(set, json.loads(told.stdout))
    assert {"torch", "transformers", "chromadb", "sentence_transformers"} & (before | added) == set()
    assert {"langchain_core", "langgraph", "numpy"} & added == set()
