"""Why a value was refused, in Chinese: documents give the reasons in English. What is not known here stays English."""

import re
from collections.abc import Iterable

__all__ = ["reason_in_chinese", "translated"]

_CHINESE: tuple[tuple[str, str], ...] = (
    (r"not entailed by the cited evidence \(P=(\S+)\)", r"所引原话不足以说明（P=\1）"),
    (r"the cited words do not say it \(they hold (\S+) of it\)", r"所引原话没有这样说（只含其 \1）"),
    (r"the cited words do not say it", "所引原话没有这样说"),
    (
        r"the words seem not to tell it \(P=(\S+) that they tell nothing\)",
        r"原话似乎没有说到（没有说到的概率 P=\1）",
    ),
    (r"these words tell (\S+) \(P=(\S+) against (\S+)\)", r"这些话说的是 \1（P=\2 对 \3）"),
    (r"the number (\S+) is not in the cited words", r"所引原话里没有数字 \1"),
    (r"said by someone else about themselves, not about the user", "别人说的是自己，不是用户"),
    (r"said by (.+), not by the person asked about", r"这是\1说的，不是所问的人"),
    (r"said of another person", "说的是别人"),
    (r"asked, not said", "是在问，不是在说"),
    (r"denied, not said", "说的是否定"),
    (r"said of the past, no longer so", "说的是过去，现在不是了"),
    (r"supposed, not said", "只是假设"),
    (r"wished for, not said to be so", "只是愿望"),
    (r"quoted from somebody else", "引用的是别人的话"),
    (r"said in jest", "是玩笑话"),
    (r"an instruction to the program, not a statement", "是对程序的指令，不是陈述"),
    (r"words of the prompt", "只是提示词里的话"),
    (r"repeats itself", "重复啰嗦"),
    (r"more values than the list may hold", "超出列表能容纳的个数"),
    (r"fewer values than the list must hold", "少于列表要求的个数"),
    (r"less supported than another value \(P=(\S+) against (\S+)\)", r"依据不如另一个值（P=\1 对 \2）"),
    (r"says more than the verified values do", "说的超出了核实过的值"),
    (r"rests on none of the verified values", "不依据任何核实过的值"),
    (r"not what the schema allows: (.*)", r"不符合模式：\1"),
    (r"its confidence (\S+) is below (\S+)", r"可信度 \1 低于 \2"),
    (
        r"not stated by the user in so many words, and about (.+): the value is not kept",
        r"用户没有明确说过，且涉及敏感信息（\1）：不保留该值",
    ),
    (
        r"not stated by the user in so many words, and sensitive: the value is not kept",
        r"用户没有明确说过，且涉及敏感信息：不保留该值",
    ),
    (
        r"about (.+), which the policy of this store does not allow(?:: the value is not kept)?",
        r"涉及敏感信息（\1），本库策略不允许",
    ),
    (
        r"says more of sensitive matters than the verified values do: the value is not kept",
        r"就敏感信息说的超出了核实过的值：不保留",
    ),
    (r"the model's reply is not what was asked for: .*", "模型的回复不是所要求的形式"),
    (r"not said in the cited words", "所引原话没有这样说"),
    (r"corrected by (.+) on ([\d-]+)", r"\1 于 \2 更正"),
    (r"forbidden by (.+) on ([\d-]+)", r"\1 于 \2 禁用"),
    (r"another value was confirmed by (.+) on ([\d-]+)", r"\1 于 \2 确认了另一个值"),
    (r"its object needs (\S+), which is unknown", r"所在对象缺少 \1，而它未知"),
)


_KEPT_OUT = re.compile(r"(.+); about (.+): the value is not kept", re.DOTALL)


def reason_in_chinese(reason: str) -> str:
    """A reason of ``Rejected.reason`` in Chinese."""
    if kept_out := _KEPT_OUT.fullmatch(reason):
        return f"{reason_in_chinese(kept_out[1])}；涉及敏感信息（{kept_out[2]}）：不保留该值"
    return translated(reason, _CHINESE) or reason


def translated(text: str, table: Iterable[tuple[str, str]]) -> str | None:
    """The text that the first pattern of a table which matches it whole is replaced with; None where none does."""
    for pattern, replacement in table:
        match = re.fullmatch(pattern, text, re.DOTALL)
        if match is not None:
            return match.expand(replacement)
    return None
