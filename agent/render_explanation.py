"""Shows an explanation to people who know nothing of language models, in English or Chinese.

Knows the document, nothing of how it was measured. Text of a history is never taken for markup.
"""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from agent.explanation_words import CHINESE, ENGLISH, effect_of, likelihoods_of, standing_of
from agent.footnotes import excerpt, is_chinese, shown, source_of
from agent.reasons import reason_in_chinese

if TYPE_CHECKING:
    from rich.console import Console

    from agent.documents import Claim
    from agent.explanations import Explanation, LeftOut, Quote, ReadAlone

__all__ = ["print_explanation"]

_TURN_CHARS = 120
_AROUND_CHARS = 60
_REJECTED_SHOWN = 5
_LEAST_SHOWN = 0.2


def print_explanation(console: "Console", found: "Explanation") -> None:
    """The explanation in words, a topic after the other."""
    from rich.text import Text

    words = CHINESE if _in_chinese(found) else ENGLISH
    value = words["unknown"] if found.value is None else _worded(found.value)
    console.print(Text(f"{shown(found.subject)}: {value}", style="bold", overflow="fold"))
    topics = (_origin, _quotes, _claims, _likelihoods, _readings, _judge, _without, _others, _rejected, _searched)
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
    yield told + standing_of(found, words, lambda day: shown(day[:10]))


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
    for heading, chances in likelihoods_of(found, words, _worded):
        yield heading
        for text, chance in chances:
            yield f"  {_percent(chance):>6}  {text}"


def _readings(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    """What each snippet says by itself, surest first; those that say nothing, or little, in one line."""
    if not found.readings:
        return
    told = sorted((each for each in found.readings if _is_shown(each, found)), key=lambda each: -_sure(each))
    rest = [each.tells for each in found.readings if not _is_shown(each, found)]
    yield words["each weighed" if found.is_prose else "each alone"]
    for each in told:
        said = ", ".join(map(shown, each.values))
        quote = words["quote"].format(
            source=source_of(each.evidence), quote=excerpt(each.evidence.quote, each.values, limit=_TURN_CHARS)
        )
        yield f"  {_percent(_sure(each)):>6}  {words['told'].format(value=said, quote=quote) if said else quote}"
    if rest:
        yield f"  {_percent(max(rest)):>6}  {words['told nothing'].format(count=len(rest))}"


def _is_shown(each: "ReadAlone", found: "Explanation") -> bool:
    cited = {quote.evidence.snippet_id for quote in found.quotes}
    return bool(each.values) or each.evidence.snippet_id in cited or (found.is_prose and each.tells >= _LEAST_SHOWN)


def _sure(each: "ReadAlone") -> float:
    return each.tells if each.sure is None else each.sure


def _judge(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
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
        what, told = _removed(each, found, words), effect_of(each, found, words, _percent, _worded)
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


def _others(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    for claim in found.others:
        until = words["until"].format(date=shown(claim.valid_to[:10])) if claim.valid_to else ""
        yield words[claim.status].format(value=_worded(claim.value), until=until, quote=_first_quote(claim, words))


def _first_quote(claim: "Claim", words: dict[str, str]) -> str:
    first = next(iter(claim.evidence), None)
    if first is None:
        return "–"
    return words["quote"].format(source=source_of(first), quote=excerpt(first.quote, [str(claim.value)]))


def _rejected(found: "Explanation", words: dict[str, str]) -> Iterator[str]:
    if found.rejected:
        yield words["rejected"]
    for each in found.rejected[:_REJECTED_SHOWN]:
        reason = shown(reason_in_chinese(each.reason) if words is CHINESE else each.reason)
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
