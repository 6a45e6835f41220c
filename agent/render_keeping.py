"""Shows to people what changed in a profile, its versions and its corrections, in English or Chinese.

Knows nothing of models or stores. Text of a history is never taken for markup, and cannot command the terminal.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from agent.footnotes import Footnotes, excerpt, is_chinese, shown
from agent.render import heading_of, mostly_chinese, name_of, print_line, print_notes, worded, words_in

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from agent.corrections import Correction
    from agent.documents import ProfileDocument
    from agent.versions import Changes
    from retrieval.keeping import VersionNote

__all__ = ["print_changes", "print_correction", "print_corrections", "print_versions"]

_ENGLISH: Final = {
    "after": "after version {number}",
    "first": "This is the first version.",
    "same": "Nothing changed.",
    "columns": "attribute,before,now,why",
    "none": "–",
    "evidence": "same value, other evidence",
    "corrected": "a person said so",
    "new events": "new events",
    "event gone": "an event is gone or says something else",
    "schema": "the schema changed",
    "model": "another model",
    "prompts": "other prompts",
    "limner": "another version of limner",
    "other corrections": "other corrections were made",
    "other events": "other events were loaded or removed",
    "made anew": "made anew",
    "made": "{pointer}: {before} → {after} ({action} by {by})",
    "confirm": "confirmed",
    "correct": "corrected",
    "forbid": "forbidden",
    "next": "It counts from the next profile on.",
    "no corrections": "No corrections.",
    "no versions": "No version of a profile yet.",
}
_CHINESE: Final = {
    "after": "对照第 {number} 版",
    "first": "这是第一版。",
    "same": "没有变化。",
    "columns": "属性,之前,现在,原因",
    "none": "–",
    "evidence": "值未变，依据有变",
    "corrected": "由人更正",
    "new events": "新的记录",
    "event gone": "原有记录已删除或改动",
    "schema": "模式有改动",
    "model": "更换了模型",
    "prompts": "更换了提示词",
    "limner": "limner 版本不同",
    "other corrections": "因其他更正",
    "other events": "其他记录有增减",
    "made anew": "重新生成",
    "made": "{pointer}：{before} → {after}（{by} {action}）",
    "confirm": "确认",
    "correct": "更正",
    "forbid": "禁止",
    "next": "下次生成画像时生效。",
}


def print_changes(console: "Console", document: "ProfileDocument", changes: "Changes") -> None:
    """What changed since the version before, with footnotes for the reasons."""
    chinese = mostly_chinese(document)
    words, own = words_in(chinese=chinese), _CHINESE if chinese else _ENGLISH
    since = [] if changes.since is None else [own["after"].format(number=changes.since)]
    print_line(console, " · ".join([heading_of(document, words), *since]), "bold")
    if not changes.changes:
        print_line(console, own["first" if changes.since is None else "same"])
        return
    notes = Footnotes()
    table = _table(*own["columns"].split(","))
    for each in changes.changes:
        before, after = (own["none"] if value is None else worded(value, words) for value in (each.before, each.after))
        why = own[each.why] if each.kind != "evidence" else f"{own['evidence']}: {own[each.why]}"
        marks = notes.cite(each.evidence, after if each.after is not None else before)
        _row(table, name_of(each.pointer), before, after, f"{why} {marks}".rstrip())
    console.print(table)
    print_notes(console, notes, words)


def print_versions(console: "Console", versions: "Sequence[VersionNote]") -> None:
    """One row a version, oldest first."""
    if not versions:
        console.print(_ENGLISH["no versions"])
        return
    table = _table("schema", "version", "made at")
    for each in versions:
        _row(table, each.schema, each.number, each.made_at)
    console.print(table)


def print_correction(console: "Console", correction: "Correction") -> None:
    """What was kept, and from when on it counts."""
    chinese = is_chinese(f"{correction.description} {correction.value} {correction.before}")
    words, own = words_in(chinese=chinese), _CHINESE if chinese else _ENGLISH
    before, after = (_brief(value, words) for value in _before_and_after(correction))
    action, by = own[correction.action], shown(correction.by)
    print_line(
        console, own["made"].format(pointer=correction.pointer, before=before, after=after, action=action, by=by)
    )
    print_line(console, own["next"], "dim")


def print_corrections(console: "Console", corrections: "Sequence[Correction]") -> None:
    """One row a correction, in order."""
    if not corrections:
        console.print(_ENGLISH["no corrections"])
        return
    words = words_in(chinese=False)
    table = _table("user", "schema", "pointer", "action", "before", "right", "by", "at", "note")
    for each in corrections:
        before, after = (_brief(value, words) for value in _before_and_after(each))
        at = each.at[:10]
        _row(table, each.user_id, each.schema, each.pointer, each.action, before, after, each.by, at, each.note or "")
    console.print(table)


def _before_and_after(correction: "Correction") -> tuple[Any, Any]:
    return correction.before, None if correction.action == "forbid" else correction.value


def _brief(value: Any, words: dict[str, str]) -> str:
    return _ENGLISH["none"] if value in (None, []) else excerpt(worded(value, words))


def _table(*names: str) -> "Table":
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in names:
        table.add_column(name, overflow="fold")
    return table


def _row(table: "Table", *values: object) -> None:
    from rich.text import Text

    table.add_row(*(Text(shown(value)) for value in values))
