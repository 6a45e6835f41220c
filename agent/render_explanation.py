"""Shows an explanation to people who know nothing of language models, in English or Chinese.

Knows the document, nothing of how it was measured. Text of a history is never taken for markup.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

from agent.footnotes import excerpt, is_chinese, shown, source_of
from agent.reasons import reason_in_chinese

if TYPE_CHECKING:
    from rich.console import Console

    from agent.documents import Claim
    from agent.explanations import Explanation, LeftOut, Quote

__all__ = ["print_explanation"]

_TURN_CHARS = 120
_AROUND_CHARS = 60
_NO_DIFFERENCE = 0.05
_REJECTED_SHOWN = 5

_ENGLISH: Final = {
    "unknown": "unknown",
    "drafted": "The model read it in the history ({origin}); confidence {confidence}.",
    "summary": "The model wrote it from values that were verified one by one; confidence {confidence}.",
    "given": "It does not come from the history: a person gave it.",
    "answer": "The model read the answer in the history; confidence {confidence}.",
    "no value": "The history does not tell it.",
    "since": " It holds since {date}.",
    "stated": "the user said so",
    "reported": "somebody else or a system said so",
    "inferred": "it follows from what the user said",
    "corrected": "a person corrected it",
    "rests on words": "It rests on these words:",
    "rests on claims": "It rests on these values:",
    "asked before": "the message before",
    "how sure": "How likely the model finds each value, with everything it was shown:",
    "how sure prose": "How likely the model finds these words, word by word, with everything it was shown:",
    "best guess": "Had it been made to write something, with everything it was shown:",
    "nothing": "nothing",
    "judge": "Asked whether these words say so, the model says yes with {yes}.",
    "judge without": "without [{number}]: {yes}",
    "without": "What happens without:",
    "cited": "quote [{numbers}]",
    "all cited": "all quotes together",
    "similar": "a snippet with similar words, “{text}”",
    "others": "the other {count} snippets together",
    "others one": "the other snippet, “{text}”",
    "some others": "{count} of the other snippets, “{text}” and so on",
    "some others one": "another snippet, “{text}”",
    "would be": "it would say: {values}",
    "would be nothing": "it would say nothing",
    "no difference": "no difference",
    "less sure": "it would be less sure",
    "surer": "it would be surer",
    "stays": "it would say the same",
    "superseded": "Earlier: {value}{until}, from: {quote}",
    "disputed": "Somebody says otherwise: {value}, from: {quote}",
    "until": " (until {date})",
    "rejected": "Drafted and refused:",
    "searched": "Searched for: {queries}",
    "read": "{count} snippets were shown to the model.",
    "read none": "Nothing was found that could tell it.",
    "no probabilities": "This model does not tell how likely it finds a value; shown is what it writes without them.",
    "rule": "It was counted by code, without a model, from {events} messages: {rule}",
    "language": "the language of most of what the user wrote.",
    "event_count": "how many messages there are.",
    "first_seen": "the date of the earliest message that has one.",
    "last_seen": "the date of the latest message that has one.",
    "channels": "the channels of the messages, the most used first.",
    "comma": ", ",
    "about": "{what}: {told}",
    "then": ", ",
    "quote": "{source}: “{quote}”",
    "usage": "{llm_calls} model calls, {prompt_tokens} tokens read ({cached_tokens} of them cached), "
    "{completion_tokens} written, {seconds:.1f} s to explain it",
}
_CHINESE: Final = {
    "unknown": "未知",
    "drafted": "模型从历史中读出（{origin}），可信度 {confidence}。",
    "summary": "模型根据逐一核实过的值写成，可信度 {confidence}。",
    "given": "不是来自历史：由人给出。",
    "answer": "模型从历史中读出答案，可信度 {confidence}。",
    "no value": "历史中没有说到。",
    "since": "自 {date} 起成立。",
    "stated": "用户自己说的",
    "reported": "他人或系统所述",
    "inferred": "由用户的话推出",
    "corrected": "由人更正",
    "rests on words": "依据以下原话：",
    "rests on claims": "依据以下的值：",
    "asked before": "前一条消息",
    "how sure": "看到全部片段时，模型认为各个值的可能性：",
    "how sure prose": "看到全部片段时，模型认为这些话的可能性（逐词平均）：",
    "best guess": "看到全部片段时，如果非写不可：",
    "nothing": "没有说到",
    "judge": "问模型这些原话是否说了这一点，它答“是”的概率为 {yes}。",
    "judge without": "去掉 [{number}]：{yes}",
    "without": "如果去掉：",
    "cited": "引文 [{numbers}]",
    "all cited": "全部引文",
    "similar": "用词相近的片段“{text}”",
    "others": "其余 {count} 个片段",
    "others one": "其余的片段“{text}”",
    "some others": "其余片段中的 {count} 个，如“{text}”",
    "some others one": "另一个片段“{text}”",
    "would be": "会写成：{values}",
    "would be nothing": "会写不出来",
    "no difference": "没有差别",
    "less sure": "会不那么确定",
    "surer": "会更确定",
    "stays": "写的不变",
    "superseded": "曾经：{value}{until}，依据：{quote}",
    "disputed": "有不同说法：{value}，依据：{quote}",
    "until": "（至 {date}）",
    "rejected": "写出后被舍弃的：",
    "searched": "检索过：{queries}",
    "read": "给模型看了 {count} 个片段。",
    "read none": "没有找到可能说到它的内容。",
    "no probabilities": "这个模型不给出可能性；只能看去掉片段后它写什么。",
    "rule": "由程序统计得出，没有用模型，共 {events} 条消息：{rule}",
    "language": "用户所写内容中最多的语言。",
    "event_count": "消息的条数。",
    "first_seen": "最早一条有日期的消息的日期。",
    "last_seen": "最近一条有日期的消息的日期。",
    "channels": "消息的渠道，最常用的在前。",
    "comma": "、",
    "about": "{what}：{told}",
    "then": "，",
    "quote": "{source}：“{quote}”",
    "usage": "解释用了：模型调用 {llm_calls} 次，读入 {prompt_tokens} 词元（其中缓存 {cached_tokens}），"
    "写出 {completion_tokens}，用时 {seconds:.1f} 秒",
}


def print_explanation(console: "Console", found: "Explanation") -> None:
    """The explanation in words, a topic after the other."""
    from rich.text import Text

    words = _CHINESE if _in_chinese(found) else _ENGLISH
    value = words["unknown"] if found.value is None else _worded(found.value)
    console.print(Text(f"{shown(found.subject)}: {value}", style="bold", overflow="fold"))
    topics = (_origin, _quotes, _claims, _likelihoods, _without, _others, _rejected, _searched)
    for topic in topics:
        lines = list(topic(found, words))
        for line in lines:
            console.print(Text(line, overflow="fold"))
        if lines:
            console.print()
    usage = words["usage"].format(
        llm_calls=found.usage.llm_calls,
        prompt_tokens=found.usage.prompt_tokens,
        cached_tokens=found.usage.cached_tokens,
        completion_tokens=found.usage.completion_tokens,
        seconds=found.usage.seconds,
    )
    console.print(Text(usage, style="dim", overflow="fold"))


def _in_chinese(found: "Explanation") -> bool:
    if found.kind in ("answer", "unanswered"):
        return is_chinese(found.subject)
    texts = [quote.evidence.quote for quote in found.quotes] or [each.quote for each in found.shown]
    return 2 * sum(map(is_chinese, texts)) > len(texts)


def _origin(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    if found.computed is not None:
        yield words["rule"].format(events=found.computed.events, rule=words[found.computed.rule])
        return
    if found.value is None:
        yield words["no value"]
        return
    confidence = "" if found.confidence is None else _percent(found.confidence)
    told = words[found.kind].format(origin=words.get(found.origin or "", found.origin), confidence=confidence)
    yield told + (words["since"].format(date=shown(found.valid_from[:10])) if found.valid_from else "")


def _quotes(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    if found.quotes:
        yield words["rests on words"]
    for number, quote in enumerate(found.quotes, start=1):
        turn = quote.turn_before
        if turn is not None and turn.text.strip():
            known = (words["asked before"], (turn.timestamp or "")[:10], turn.speaker)
            source = words["comma"].join(shown(part) for part in known if part)
            yield f"      {words['quote'].format(source=source, quote=excerpt(turn.text, limit=_TURN_CHARS))}"
        yield f"  [{number}] {_cited(quote, words, [str(found.value)])}"


def _cited(quote: "Quote", words: dict[str, str], values: Sequence[str]) -> str:
    """The quote, with what stands around it in grey brackets."""
    before, after = shown(quote.before)[-_AROUND_CHARS:], shown(quote.after)[:_AROUND_CHARS]
    text = excerpt(quote.evidence.quote, values)
    around = f"{f'(… {before}) ' if before else ''}{text}{f' ({after} …)' if after else ''}"
    return words["quote"].format(source=source_of(quote.evidence), quote=around)


def _claims(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    if found.rests_on:
        yield words["rests on claims"]
    for claim in found.rests_on:
        yield f"  {shown(claim.pointer)}: {_worded(claim.value)} ({_percent(claim.confidence)})"


def _likelihoods(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    if found.note is not None:
        yield words["no probabilities"]
    if found.nothing is not None:
        how = "how sure prose" if found.is_prose else "how sure"
        yield words[how if found.probability is not None else "best guess"]
        own = found.per_token if found.is_prose else found.probability
        if own is not None:
            yield f"  {_percent(own):>6}  {_worded(found.value)}"
        for each in found.alternatives:
            yield f"  {_percent(each.per_token if found.is_prose else each.probability):>6}  {_worded(each.value)}"
        yield f"  {_percent(found.nothing):>6}  {words['nothing']}"
    if found.judged is not None:
        parts = [words["judge"].format(yes=_percent(found.judged))]
        for number, quote in enumerate(found.quotes, start=1):
            if quote.judge_without is not None:
                parts.append(words["judge without"].format(number=number, yes=_percent(quote.judge_without)))
        yield " ".join(parts)


def _without(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    order = {"cited": 0, "all cited": 1, "similar": 2, "others": 3, "some others": 4}
    if found.without:
        yield words["without"]
    for each in sorted(found.without, key=lambda each: order[each.removed]):
        what, told = _removed(each, found, words), _effect(each, found, words)
        yield f"  {words['about'].format(what=what, told=told)}"


def _removed(each: "LeftOut", found: "Explanation", words: dict[str, str]) -> str:
    numbers = [str(n) for n, q in enumerate(found.quotes, start=1) if q.evidence.snippet_id in each.snippets]
    texts = [evidence.quote for evidence in found.shown if evidence.snippet_id in each.snippets]
    one = " one" if "others" in each.removed and len(each.snippets) == 1 else ""
    return words[each.removed + one].format(
        numbers=", ".join(numbers),
        count=len(each.snippets),
        text=excerpt(texts[0], limit=_AROUND_CHARS) if texts else "",
    )


def _effect(each: "LeftOut", found: "Explanation", words: dict[str, str]) -> str:
    before, after = (found.per_token, each.per_token) if found.is_prose else (found.probability, each.probability)
    numbers = "" if before is None or after is None else f"{_percent(before)} → {_percent(after)}{words['then']}"
    if each.instead is not None:
        values = words["comma"].join(_worded(value) for value in each.instead)
        return numbers + (words["would be"].format(values=values) if values else words["would be nothing"])
    if before is None or after is None:
        return words["stays"]
    change = after - before
    return numbers + words["no difference" if abs(change) < _NO_DIFFERENCE else "surer" if change > 0 else "less sure"]


def _others(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    for claim in found.others:
        until = words["until"].format(date=shown(claim.valid_to[:10])) if claim.valid_to else ""
        how = "superseded" if claim.status == "superseded" else "disputed"
        yield words[how].format(value=_worded(claim.value), until=until, quote=_first_quote(claim, words))


def _first_quote(claim: "Claim", words: dict[str, str]) -> str:
    first = next(iter(claim.evidence), None)
    if first is None:
        return "–"
    return words["quote"].format(source=source_of(first), quote=excerpt(first.quote, [str(claim.value)]))


def _rejected(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    if found.rejected:
        yield words["rejected"]
    for each in found.rejected[:_REJECTED_SHOWN]:
        reason = shown(reason_in_chinese(each.reason) if words is _CHINESE else each.reason)
        yield (
            f"  {reason}" if each.value is None else f"  {words['about'].format(what=_worded(each.value), told=reason)}"
        )
    if len(found.rejected) > _REJECTED_SHOWN:
        yield f"  … (+{len(found.rejected) - _REJECTED_SHOWN})"


def _searched(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    if found.value is not None or not found.queries:
        return
    yield words["searched"].format(queries=words["comma"].join(shown(query) for query in found.queries))
    yield words["read"].format(count=len(found.shown)) if found.shown else words["read none"]


def _percent(chance: float) -> str:
    """A probability in percent, with a decimal where it is small."""
    return f"{chance:.0%}" if chance >= 0.1 or chance == 0 else f"{chance:.1%}" if chance >= 0.001 else "<0.1%"


def _worded(value: Any) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{shown(key)}: {_worded(child)}" for key, child in value.items() if child is not None)
    if isinstance(value, list):
        return ", ".join(_worded(child) for child in value)
    return shown(value)
