"""Shows profiles and answers to people, with footnotes, in English or Chinese.

Knows nothing of models or stores. Text of a history is never taken for markup, and cannot command the terminal.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from agent.footnotes import Footnotes, excerpt, is_chinese, shown, source_of
from agent.reasons import reason_in_chinese
from agent.schema_rules import attribute_of, escape_pointer, unescape_pointer
from agent.whose import told_apart

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from agent.chat import Usage
    from agent.documents import AnswerDocument, Claim, ProfileDocument

__all__ = [
    "heading_of",
    "mostly_chinese",
    "name_of",
    "print_answer",
    "print_line",
    "print_notes",
    "print_profile",
    "worded",
    "words_in",
]

_ENGLISH: Final = {
    "attribute": "attribute",
    "value": "value",
    "source": "source",
    "stated": "stated",
    "reported": "reported",
    "inferred": "inferred",
    "computed": "computed",
    "corrected": "corrected",
    "confirm": "confirmed",
    "correct": "corrected",
    "by": "{action} by {by}",
    "True": "yes",
    "False": "no",
    "version": "version {number}",
    "earlier": "earlier: {value}",
    "disputed": "disputed, also said: {value}",
    "until": " (until {date})",
    "unknown": "Unknown: {names}",
    "comma": ", ",
    "nothing": "Nothing is known.",
    "cannot tell": "I cannot tell from this history.",
    "instead": "But this was {reason}: {marks}",
    "unanswered": "Not told by this history: {names}",
    "mood": "Mood {days}: {value} {percent} {marks}",
    "withheld": "Not asked for, since the store's policy does not allow it: {names}",
    "declined": "Not answered: the store's policy does not allow answers about {names}.",
    "for": "for {purpose}",
    "quote": "{source}: “{quote}”",
    "rejected one": "1 drafted value was rejected; --json tells why",
    "rejected": "{count} drafted values were rejected; --json tells why",
    "usage": "{llm_calls} model calls, {prompt_tokens} tokens read ({cached_tokens} of them cached), "
    "{completion_tokens} written, {seconds:.1f} s",
    "all read": "; all {total} snippets of the history were shown",
    "left out": "; {left_out} of the history's {total} snippets were left out",
}
_CHINESE: Final = {
    "attribute": "属性",
    "value": "值",
    "source": "依据",
    "stated": "自述",
    "reported": "他人所述",
    "inferred": "推断",
    "computed": "统计",
    "corrected": "更正",
    "confirm": "确认",
    "correct": "更正",
    "by": "{by} {action}",
    "True": "是",
    "False": "否",
    "version": "第 {number} 版",
    "earlier": "曾经：{value}",
    "disputed": "有争议，另有说法：{value}",
    "until": "（至 {date}）",
    "unknown": "未知：{names}",
    "comma": "、",
    "nothing": "一无所知。",
    "cannot tell": "这段历史里看不出来。",
    "instead": "不过，{reason}：{marks}",
    "unanswered": "这段历史里看不出：{names}",
    "mood": "{days} 的情绪：{value} {percent} {marks}",
    "withheld": "本库策略不允许，因此没有询问：{names}",
    "declined": "不回答：本库策略不允许回答有关{names}的问题。",
    "for": "用途：{purpose}",
    "health": "健康",
    "genetics": "遗传信息",
    "biometrics": "生物识别",
    "religion": "宗教信仰",
    "politics": "政治观点",
    "union": "工会成员身份",
    "ethnicity": "民族或种族",
    "sexuality": "性取向",
    "children": "未成年人",
    "finances": "金融账户",
    "whereabouts": "行踪轨迹",
    "identity": "特定身份",
    "crime": "犯罪记录",
    "quote": "{source}：“{quote}”",
    "rejected one": "舍弃了 1 个未通过核实的值，原因见 --json",
    "rejected": "舍弃了 {count} 个未通过核实的值，原因见 --json",
    "usage": "模型调用 {llm_calls} 次，读入 {prompt_tokens} 词元（其中缓存 {cached_tokens}），"
    "写出 {completion_tokens}，用时 {seconds:.1f} 秒",
    "all read": "；历史共 {total} 个片段，全部读过",
    "left out": "；历史共 {total} 个片段，略去 {left_out} 个",
}


def words_in(*, chinese: bool) -> dict[str, str]:
    """The words that documents are shown with."""
    return _CHINESE if chinese else _ENGLISH


class _Place(NamedTuple):
    """A value of the profile. ``label`` is the pointer of the attribute, ``pointer`` that of the value itself."""

    label: str
    pointer: str
    value: Any


def print_profile(console: "Console", document: "ProfileDocument") -> None:
    """The profile as a table, what is unknown, the footnotes, and what it took."""
    words = words_in(chinese=mostly_chinese(document))
    notes = Footnotes()
    print_line(console, heading_of(document, words), "bold")
    table = _profile_table(document, words, notes)
    if table.row_count:
        console.print(table)
    else:
        print_line(console, words["nothing"])
    if document.unknown:
        names = words["comma"].join(name_of(pointer) for pointer in document.unknown)
        print_line(console, words["unknown"].format(names=names))
    if document.withheld:
        names = words["comma"].join(name_of(each.pointer) for each in document.withheld)
        print_line(console, words["withheld"].format(names=names))
    for mood in document.moods:
        days = mood.since if mood.since == mood.until else f"{mood.since} – {mood.until}"
        told = {"value": words.get(mood.value, mood.value), "percent": f"{mood.probability:.0%}"}
        print_line(console, words["mood"].format(days=days, marks=notes.cite(mood.evidence, ""), **told))
    print_notes(console, notes, words)
    _print_end(console, words, len(document.rejected), document.usage, document.history)


def heading_of(document: "ProfileDocument", words: dict[str, str]) -> str:
    """Whose profile it is, under which schema, and its version."""
    version = [] if document.version is None else [words["version"].format(number=document.version)]
    purpose = [] if document.purpose is None else [words["for"].format(purpose=document.purpose)]
    return " · ".join([excerpt(document.user_id, limit=60), document.schema["name"], *version, *purpose])


def print_answer(console: "Console", document: "AnswerDocument") -> None:
    """The answer with its footnotes, or that the history does not tell, in the language of the question."""
    words = words_in(chinese=is_chinese(document.question))
    notes = Footnotes()
    declined = list(dict.fromkeys(category for each in document.withheld for category in each.categories))
    if declined:
        names = words["comma"].join(words.get(each, each) for each in declined)
        print_line(console, words["declined"].format(names=names))
    elif document.answer is None:
        print_line(console, words["cannot tell"])
    instead, drafted = told_apart(document)
    for each in instead if document.answer is None and not declined else ():
        reason = reason_in_chinese(each.reason) if words is _CHINESE else each.reason
        print_line(console, words["instead"].format(reason=shown(reason), marks=notes.cite(each.evidence, "")))
    if document.answer is not None:
        marks = notes.cite(document.evidence, document.answer)
        print_line(console, f"{shown(document.answer)} {marks}".rstrip())
        if document.unanswered:
            print_line(console, words["unanswered"].format(names=" ".join(document.unanswered)))
    print_notes(console, notes, words)
    _print_end(console, words, len(drafted), document.usage, document.history)


def mostly_chinese(document: "ProfileDocument") -> bool:
    """By the values in the user's own words; those that were chosen from a list in the schema tell nothing."""
    said = [claim.value for claim in document.claims if claim.origin in ("stated", "reported")]
    values = [text for value in said or [document.profile] for text in _texts(value)]
    return 2 * sum(is_chinese(text) for text in values) > len(values)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for child in value.values() if isinstance(value, dict) else value:
            yield from _texts(child)


def _profile_table(document: "ProfileDocument", words: dict[str, str], notes: Footnotes) -> "Table":
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(words["attribute"], overflow="fold")
    table.add_column(words["value"], overflow="fold", ratio=1)
    table.add_column(words["source"], overflow="fold")
    places = list(_places(document.profile))
    held = [(place.pointer, place.value) for place in places]
    earlier = [
        c
        for c in document.claims
        if c.status == "superseded" or (c.status == "disputed" and (c.pointer, c.value) not in held)
    ]
    outdated = (attribute_of(document.profile, claim.pointer) for claim in earlier)
    attributes = dict.fromkeys([*(place.label for place in places), *outdated])
    for label in attributes:
        name = name_of(label)
        for place in (each for each in places if each.label == label):
            claims = _supporting(document.claims, place)
            value = worded(place.value, words)
            marks = notes.cite((each for claim in claims for each in claim.evidence), value)
            table.add_row(Text(name), Text(f"{value} {marks}".rstrip()), Text(_source(claims, words)))
            name = ""
        for claim in (each for each in earlier if attribute_of(document.profile, each.pointer) == label):
            row = Text(name), Text(_earlier(claim, words, notes)), Text(_source([claim], words))
            table.add_row(*row, style="dim")
            name = ""
    return table


def _places(node: dict[str, Any], label: str = "") -> Iterator[_Place]:
    """The values of a profile in its order; the items of a list one by one, and what is null or empty left out."""
    for key, value in node.items():
        pointer = f"{label}/{escape_pointer(key)}"
        if isinstance(value, dict):
            yield from _places(value, pointer)
        elif isinstance(value, list):
            yield from (_Place(pointer, f"{pointer}/{place}", item) for place, item in enumerate(value))
        elif value is not None:
            yield _Place(pointer, pointer, value)


def _supporting(claims: "Sequence[Claim]", place: _Place) -> "list[Claim]":
    """The current claims that a value rests on: its own and those of its parts, else those of what it is a part of."""
    held = [c for c in claims if c.status == "disputed" and (c.pointer, c.value) == (place.pointer, place.value)]
    current = [*(claim for claim in claims if claim.status == "current"), *held]
    own = [c for c in current if c.pointer == place.pointer or c.pointer.startswith(f"{place.pointer}/")]
    if own:
        return own
    above = [c for c in current if place.pointer.startswith(f"{c.pointer}/")]
    return [c for c in above if c.value == place.value] or [c for c in above if isinstance(c.value, dict | list)]


def _earlier(claim: "Claim", words: dict[str, str], notes: Footnotes) -> str:
    value = worded(claim.value, words)
    until = words["until"].format(date=shown(claim.valid_to[:10])) if claim.valid_to else ""
    kind = "disputed" if claim.status == "disputed" else "earlier"
    return f"{words[kind].format(value=value)}{until} {notes.cite(claim.evidence, value)}".rstrip()


def _source(claims: "Sequence[Claim]", words: dict[str, str]) -> str:
    if not claims:
        return ""
    best = max(claims, key=lambda claim: claim.confidence)
    categories = dict.fromkeys(category for claim in claims for category in claim.sensitive)
    mark = "".join(f" · {words.get(each, each)}" for each in categories)
    if best.corrected is not None:
        return words["by"].format(action=words[best.corrected.action], by=shown(best.corrected.by)) + mark
    return f"{words.get(best.origin, best.origin)} {best.confidence:.0%}{mark}"


def worded(value: Any, words: dict[str, str]) -> str:
    """A value in words: the parts of an object after their names, those of a list one after another."""
    if isinstance(value, dict):
        return "; ".join(f"{_words(key)}: {worded(v, words)}" for key, v in value.items() if v not in (None, [], {}))
    if isinstance(value, list):
        return words["comma"].join(worded(item, words) for item in value)
    return words[str(value)] if isinstance(value, bool) else shown(value)


def name_of(pointer: str) -> str:
    """An attribute in words: ``/address/city`` is "address › city"."""
    tokens = pointer.split("/")[1:]
    return " › ".join(_words(unescape_pointer(token)) for token in tokens)


def _words(key: str) -> str:
    """``favorite_foods`` and ``favoriteFoods`` as words."""
    parts = (f" {c.lower()}" if c.isupper() and i and key[i - 1].islower() else c for i, c in enumerate(key))
    return shown("".join(parts).replace("_", " ").strip() or key)


def print_notes(console: "Console", notes: Footnotes, words: dict[str, str]) -> None:
    """The footnotes, each with its source and quote."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(justify="right", no_wrap=True)
    grid.add_column(overflow="fold")
    for note in notes:
        quote = excerpt(note.evidence.quote, note.values)
        source = source_of(note.evidence)
        text = words["quote"].format(source=source, quote=quote) if source else f"“{quote}”"
        grid.add_row(Text(f"[{note.number}]"), Text(text))
    if grid.row_count:
        console.print()
        console.print(grid)


def _print_end(
    console: "Console", words: dict[str, str], rejected: int, usage: "Usage", history: dict[str, int]
) -> None:
    console.print()
    if rejected:
        print_line(console, words["rejected one" if rejected == 1 else "rejected"].format(count=rejected), "dim")
    took = words["usage"].format(
        llm_calls=usage.llm_calls,
        prompt_tokens=usage.prompt_tokens,
        cached_tokens=usage.cached_tokens,
        completion_tokens=usage.completion_tokens,
        seconds=usage.seconds,
    )
    counts = {"total": history.get("total", 0), "left_out": history.get("left_out", 0)}
    left_out = words["left out" if counts["left_out"] else "all read"].format(**counts) if counts["total"] else ""
    print_line(console, took + left_out, "dim")


def print_line(console: "Console", text: str, style: str = "") -> None:
    """A line of text, folded where it is too long."""
    from rich.text import Text

    console.print(Text(text, style=style, overflow="fold"))
