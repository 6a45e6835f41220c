"""The words in which explanations are shown, English and Chinese, under the same names."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from agent.explanations import Explanation, LeftOut

__all__ = ["CHINESE", "ENGLISH", "effect_of", "is_by_word", "likelihoods_of", "standing_of"]

_NO_DIFFERENCE: Final = 0.05

ENGLISH: Final = {
    "unknown": "unknown",
    "drafted": "The model read it in the history ({origin}); confidence {confidence}.",
    "summary": "The model wrote it from values that were verified one by one; confidence {confidence}.",
    "given": "It does not come from the history: a person gave it.",
    "answer": "The model read the answer in the history; confidence {confidence}.",
    "no value": "The history does not tell it.",
    "since": " It holds since {date}.",
    "held since": " It held since {date}.",
    "is superseded": " It is of the past{until}: what came later counts.",
    "is disputed": " It is disputed.",
    "stated": "the user said so",
    "reported": "somebody else or a system said so",
    "inferred": "it follows from what the user said",
    "corrected": "a person corrected it",
    "rests on words": "It rests on these words:",
    "rests on claims": "It rests on these values:",
    "asked before": "the message before",
    "how sure": "How likely the model finds each value, with everything it was shown:",
    "how sure by word": "How likely the model finds each value, word by word (mean), with everything it was shown:",
    "whole": "How likely the whole reply is, word for word as it stands, which falls with its length:",
    "how sure prose": "How likely the model finds these words, word by word, with everything it was shown:",
    "each alone": "Each snippet was read by itself; what the model read, and how sure it was:",
    "each weighed": "Each snippet was read by itself; how likely the model finds that it tells the answer:",
    "told": "{value}, from {quote}",
    "told nothing": "at most, that any of the other {count} snippets tells it",
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
    "current": "In the profile: {value}, from: {quote}",
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
    "order_count": "how many orders there are; messages about the same order count once.",
    "ticket_count": "how many tickets there are; messages about the same ticket count once.",
    "first_order": "the date of the first order.",
    "last_order": "the date of the last order.",
    "total_spent": "what all orders cost together, less what was refunded.",
    "total_ordered": "what all orders cost together, refunded ones too.",
    "average_order": "what was paid an order on average, less what was refunded.",
    "products": "what the orders list, the latest order first.",
    "comma": ", ",
    "about": "{what}: {told}",
    "then": ", ",
    "quote": "{source}: “{quote}”",
    "usage": "{llm_calls} model calls, {prompt_tokens} tokens read ({cached_tokens} of them cached), "
    "{completion_tokens} written, {seconds:.1f} s to explain it",
}
CHINESE: Final = {
    "unknown": "未知",
    "drafted": "模型从历史中读出（{origin}），可信度 {confidence}。",
    "summary": "模型根据逐一核实过的值写成，可信度 {confidence}。",
    "given": "不是来自历史：由人给出。",
    "answer": "模型从历史中读出答案，可信度 {confidence}。",
    "no value": "历史中没有说到。",
    "since": "自 {date} 起成立。",
    "held since": "曾自 {date} 起成立。",
    "is superseded": "这是过去的值{until}，以后来的为准。",
    "is disputed": "对此有不同说法。",
    "stated": "用户自己说的",
    "reported": "他人或系统所述",
    "inferred": "由用户的话推出",
    "corrected": "由人更正",
    "rests on words": "依据以下原话：",
    "rests on claims": "依据以下的值：",
    "asked before": "前一条消息",
    "how sure": "看到全部片段时，模型认为各个值的可能性：",
    "how sure by word": "看到全部片段时，模型认为各个值的可能性（逐词平均）：",
    "whole": "整个回复一字不差的概率，回复越长越低：",
    "how sure prose": "看到全部片段时，模型认为这些话的可能性（逐词平均）：",
    "each alone": "每个片段单独读过；模型读出的内容，以及把握：",
    "each weighed": "每个片段单独读过；模型认为它说出答案的可能性：",
    "told": "{value}，出自{quote}",
    "told nothing": "其余 {count} 个片段说到它的可能性至多如此",
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
    "current": "画像中是：{value}，依据：{quote}",
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
    "order_count": "订单的笔数，同一订单的消息只算一次。",
    "ticket_count": "工单的张数，同一工单的消息只算一次。",
    "first_order": "第一笔订单的日期。",
    "last_order": "最近一笔订单的日期。",
    "total_spent": "全部订单的金额，扣除退款。",
    "total_ordered": "全部订单的金额，不扣退款。",
    "average_order": "平均每笔订单的实付金额，扣除退款。",
    "products": "订单中列出的商品，最近的订单在前。",
    "comma": "、",
    "about": "{what}：{told}",
    "then": "，",
    "quote": "{source}：“{quote}”",
    "usage": "解释用了：模型调用 {llm_calls} 次，读入 {prompt_tokens} 词元（其中缓存 {cached_tokens}），"
    "写出 {completion_tokens}，用时 {seconds:.1f} 秒",
}


def is_by_word(found: "Explanation") -> bool:
    """Whether chances are shown as means over the words: of prose, and of values whose reply has several tokens."""
    is_measured = found.probability is not None and not found.readings
    return found.is_prose or (is_measured and found.per_token not in (None, found.probability))


def standing_of(found: "Explanation", words: Mapping[str, str], dated: Callable[[str], str]) -> str:
    """Since when a value holds, and whether it is of the past or disputed; ``dated`` writes a day."""
    past = found.status == "superseded"
    since = (
        "" if not found.valid_from else words["held since" if past else "since"].format(date=dated(found.valid_from))
    )
    until = words["until"].format(date=dated(found.valid_to)) if past and found.valid_to else ""
    return since + words.get(f"is {found.status}", "").format(until=until)


def likelihoods_of(
    found: "Explanation", words: Mapping[str, str], worded: Callable[[Any], str]
) -> Iterator[tuple[str, list[tuple[str, float]]]]:
    """How likely the value, its alternatives and nothing are: headings, each with words and their chances, 0 to 1.

    ``worded`` says how values are written.
    """
    if found.nothing is None or found.readings:
        return
    named = [(worded(each.value), each.per_token, each.probability) for each in found.alternatives]
    by_word = [(text, chance) for text, chance, _ in named]
    whole = [(text, chance) for text, _, chance in named]
    if found.per_token is not None:
        by_word.insert(0, (worded(found.value), found.per_token))
    if found.probability is not None:
        whole.insert(0, (worded(found.value), found.probability))
    nothing = (words["nothing"], found.nothing)
    if found.is_prose:
        yield words["how sure prose" if found.probability is not None else "best guess"], [*by_word, nothing]
        return
    if is_by_word(found):
        yield words["how sure by word"], by_word
        yield words["whole"], [*whole, nothing]
        return
    yield words["how sure" if found.probability is not None else "best guess"], [*whole, nothing]


def effect_of(
    each: "LeftOut",
    found: "Explanation",
    words: Mapping[str, str],
    percent: Callable[[float], str],
    worded: Callable[[Any], str],
) -> str:
    """What leaving something out changes; ``percent`` and ``worded`` say how chances and values are written."""
    before, after = (found.per_token, each.per_token) if is_by_word(found) else (found.probability, each.probability)
    numbers = "" if before is None or after is None else f"{percent(before)} → {percent(after)}{words['then']}"
    if each.instead is not None:
        values = words["comma"].join(worded(value) for value in each.instead)
        return numbers + (words["would be"].format(values=values) if values else words["would be nothing"])
    if before is None or after is None:
        return words["stays"]
    change = after - before
    return numbers + words["no difference" if abs(change) < _NO_DIFFERENCE else "surer" if change > 0 else "less sure"]
