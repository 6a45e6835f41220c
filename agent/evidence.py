"""Chooses which snippets the model is shown, numbers them, and packs facets that share them behind one prompt prefix.

Knows the token cost of text, nothing of schemas or answers.
"""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

from agent.facets import Facet
from agent.inert import on_one_line
from agent.llama import estimate_tokens
from prompts import Language
from retrieval import Event, Hit, Role, Snippet, relative_dates

__all__ = [
    "ABOUT_USER",
    "AGENTS",
    "RECORDS",
    "Pack",
    "alternating",
    "best_of",
    "history_language",
    "in_time_order",
    "is_about_user",
    "is_in_records",
    "joined",
    "key_of",
    "line_of",
    "make_packs",
    "numbered",
    "prompt_language",
    "take_within",
    "tokens_of",
    "whole_messages",
]


@dataclass(frozen=True)
class Pack:
    """Snippets that are read once, in time order, and the facets that are asked about them; or one facet, and its
    snippets best first, which are read one by one.

    Each facet may cite any of them; a snippet's number in the prompt is its position plus one.
    """

    hits: tuple[Hit, ...]
    facets: tuple[Facet, ...]

    @cached_property
    def text(self) -> str:
        """The numbered snippets as the model sees them."""
        return numbered(self.hits)


def key_of(hit: Hit) -> tuple[str, str]:
    """What makes a hit the same as another one: whatever query found it, it is the same snippet."""
    return hit.snippet.event_id, hit.snippet.snippet_id


def in_time_order(hits: Iterable[Hit]) -> list[Hit]:
    """The order in which the model reads snippets."""
    return sorted(hits, key=lambda h: (h.event.epoch or 0.0, h.snippet.event_id, h.snippet.start))


def numbered(hits: Iterable[Hit]) -> str:
    """Snippets as the model sees them: one line each, with its number from 1.

    A date, ten tokens of digits, stands once above those that follow each other and share it; in time order those
    without one come first.
    """
    lines = []
    for date, same in itertools.groupby(enumerate(hits, start=1), lambda each: _date(each[1])):
        lines += [date, *(f"[{number}] {_spoken(hit)}" for number, hit in same)]
    return "\n".join(line for line in lines if line)


def line_of(hit: Hit) -> str:
    """A snippet with what one must know to read it: date, who speaks, what "yesterday" was. One line."""
    return f"{_date(hit)} {_spoken(hit)}".strip()


def _date(hit: Hit) -> str:
    return (hit.event.timestamp or "")[:10]


def _spoken(hit: Hit) -> str:
    snippet = hit.snippet
    speaker = snippet.role if snippet.role != "other" else on_one_line(snippet.speaker or "other")
    text = on_one_line(snippet.text)
    name = snippet.speaker
    if name and text.startswith((f"{name}:", f"{name}：")):  # a transcript's line says who speaks by itself
        text = text[len(name) + 1 :].strip()
    dates = "; ".join(f"{each.phrase} = {each.resolved}" for each in relative_dates(snippet.text, hit.event.timestamp))
    return f"{speaker}: {text}{f' ({dates})' if dates else ''}".strip()


ABOUT_USER: tuple[Role, ...] = ("user", "system")
"""The speaker rule: whose words may be evidence for a fact about the user at all. Those of the user, and records of a
system (orders). Not an agent's, who speaks of itself or suggests, nor a third person's."""


AGENTS: tuple[Role, ...] = ("agent",)
"""Whose words are asked for by "What did you recommend?"."""


RECORDS: tuple[Role, ...] = ("system",)
"""Whose snippets are records: not words of anybody, but what a system kept about the user."""

_RECORDED = re.compile(
    r"\b(?:products?|orders?|purchase[sd]?|bought|buys?|owns|owned|payments?|(?<!mail )address|location|city|deliver\w*"
    r"|ship\w*|spen[dt]|prices?)\b|购买|买过|产品|商品|订单|(?<!邮箱|邮件)地址|城市|居住|支付|消费",
    re.IGNORECASE,
)


def is_in_records(attribute: str) -> bool:
    """Whether the name and description of an attribute ask for what stands in records: orders, addresses, payments."""
    return _RECORDED.search(attribute) is not None


def is_about_user(hit: Hit) -> bool:
    """Whether the speaker rule lets this snippet be evidence for a fact about the user."""
    return hit.snippet.role in ABOUT_USER


def best_of(rankings: Sequence[Sequence[Hit]], k: int) -> list[Hit]:
    """The ``k`` best of several rankings, by reciprocal rank fusion (Cormack, Clarke, Büttcher 2009, k = 60)."""
    scores: dict[tuple[str, str], float] = {}
    known: dict[tuple[str, str], Hit] = {}
    for ranking in rankings:
        for position, hit in enumerate(ranking, start=1):
            key = key_of(hit)
            scores[key] = scores.get(key, 0.0) + 1 / (60 + position)
            known.setdefault(key, hit)
    return [known[key] for key in sorted(scores, key=lambda key: (-scores[key], key))[:k]]


def alternating(*rankings: Sequence[Hit]) -> list[Hit]:
    """The best of each ranking, then the second of each, and so on: none crowds out another. Each hit once."""
    turns = (hit for turn in itertools.zip_longest(*rankings) for hit in turn if hit is not None)
    return list({key_of(hit): hit for hit in turns}.values())


def take_within(hits: Iterable[Hit], tokens: int) -> list[Hit]:
    """The first of ``hits`` that fit into a budget of tokens; always at least one, if there is any."""
    chosen: list[Hit] = []
    used = 0
    for hit in hits:
        used += tokens_of(hit)
        if chosen and used > tokens:
            break
        chosen.append(hit)
    return chosen


def whole_messages(hits: Iterable[Hit], snippets: Iterable[tuple[Snippet, Event]]) -> list[Hit]:
    """``hits``, each followed by what else its message holds: advice is mostly given a sentence for each piece."""
    of_message = defaultdict(list)
    for snippet, event in snippets:
        of_message[event.event_id].append(snippet)
    whole = (hit._replace(snippet=each) for hit in hits for each in (hit.snippet, *of_message[hit.event.event_id]))
    return [*{key_of(each): each for each in whole}.values()]


def make_packs(found: Sequence[tuple[Facet, Sequence[Hit]]], tokens: int) -> list[Pack]:
    """Put facets together, in their order, as long as the snippets of all of them fit into ``tokens``."""
    packs: list[Pack] = []
    group: list[tuple[Facet, Sequence[Hit]]] = []
    for entry in found:
        if group and _cost([*group, entry]) > tokens:
            packs.append(_pack(group))
            group = []
        group.append((entry[0], take_within(entry[1], tokens)))
    return [*packs, _pack(group)] if group else packs


def _distinct(group: Iterable[tuple[Facet, Sequence[Hit]]]) -> list[Hit]:
    """The snippets of all, once each, in time order."""
    return in_time_order({key_of(hit): hit for _, hits in group for hit in hits}.values())


def _cost(group: Iterable[tuple[Facet, Sequence[Hit]]]) -> int:
    return sum(tokens_of(hit) for hit in _distinct(group))


def tokens_of(hit: Hit) -> int:
    """About how many tokens a snippet costs in a prompt."""
    return estimate_tokens(line_of(hit)) + 4  # with its number


def _pack(group: Sequence[tuple[Facet, Sequence[Hit]]]) -> Pack:
    return Pack(tuple(_distinct(group)), tuple(facet for facet, _ in group))


def prompt_language(texts: Iterable[str]) -> Language:
    """``zh`` when most letters of the texts are Chinese characters (one counts as two Latin letters), else ``en``."""
    chinese = latin = 0
    for text in texts:
        for character in text:
            if "\u3400" <= character <= "\u9fff":
                chinese += 1
            elif character.isalpha():
                latin += 1
    return "zh" if chinese * 2 > latin else "en"


def joined(sentences: Iterable[str], language: Language) -> str:
    """Sentences as a text; Chinese ones stand without spaces between them."""
    return ("" if language == "zh" else " ").join(sentences)


def history_language(history: Sequence[Snippet]) -> Language:
    """The language of the prompts about a history: that of the newest things the user said."""
    own = [snippet.text for snippet in history if snippet.role == "user"]
    return prompt_language(own[-200:] or [snippet.text for snippet in history[-200:]])
