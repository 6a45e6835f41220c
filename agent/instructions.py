"""Tells text that speaks to the program that reads it from text that says something: prompt injection, in known forms.

Marks after what OWASP calls LLM01 and the forms that are passed around; Chinese and English, full-width letters folded.
A new wording passes: what it demands then still needs words of the user that say it, and a judge that believes them.
"""

import re
import unicodedata

__all__ = ["speaks_to_program"]

_TO_PROGRAM = re.compile(
    r"\b(?:ignore|disregard|forget|override|bypass)\b[^.!?\n]{0,40}\b(?:instructions?|prompts?|rules|guidelines"
    r"|constraints|above)\b"
    r"|\bsystem ?(?:prompt|message|override|instructions?|update|note)\b|\b(?:new|real|hidden"
    r"|updated) (?:system )?instructions?\b"
    r"|\byou are (?:now|no longer)\b[^.!?\n]{0,30}\b(?:assistant|mode|ai|bot|model|unrestricted|free)\b"
    r"|\b(?:developer|dan|admin|god) mode\b|\bjailbreak|\bprompt injection\b"
    r"|\b(?:set|change|update|record|fill|write|put|save|mark|note|report|extract|output|return|list)\b[^.!?\n]{0,40}"
    r"\b(?:the|this) (?:user|customer)(?:['’]?s| has| is| as| lives?)?\b"
    r"|\b(?:output|respond with|reply with|print|emit|answer with|your (?:reply|answer"
    r"|output))\b[^.!?\n]{0,20}\b(?:json|yes)\b"
    r"|\b(?:when|if) (?:asked|you(?:['’]re| are) asked)\b[^.!?\n]{0,60}\b(?:answer|say|reply|respond)\b"
    r"|\bas an? (?:ai|language model)\b|\bto the (?:ai|llm|model|assistant|bot)\b|\b(?:dear|attention,?) (?:ai|llm"
    r"|model)\b"
    r"|\b(?:begin|end|start of) (?:system|instructions?|prompt|admin)\b"
    r"|[\"'“”](?:evidence|value|answer|attribute|role)[\"'“”]\s*:|\battribute:\s|\bevidence\s*[=:]"
    r"|<\|[a-z_]|\[/?inst\]|<<sys>>|<!--|</?(?:s|system|instructions?|assistant|user|start_of_turn|end_of_turn"
    r"|tool_call)>"
    r"|(?:^|[\s\])}>#*_])(?:system|assistant|developer)\s*:|^\s*#+\s*(?:system|instructions?)\b"
    r"|[\[(]\d{1,3}[\])] ?\d{4}-\d\d-\d\d\b|\d{4}-\d\d-\d\d (?:user|system|agent):"
    r"|\bthe user['’]s [^.!?:\n]{1,60}:|该用户的[^。！？:\n]{1,40}:"
    r"|(?:忽略|无视|忘记|忘掉|不要理会|抛开|跳过|不用管)[^。！？\n]{0,20}(?:指令|指示|提示词?|规则|设定|以上|上面)"
    r"|系统(?:提示|指令|消息|命令|通知|更新)\s*[:：]|(?:新的?|真正的?|最新|隐藏的?)(?:指令|指示|系统提示)"
    r"|(?:从现在(?:起|开始)|现在)[^。！？\n]{0,4}你(?:就)?(?:是|扮演|不再是)|开发者模式|越狱模式|管理员模式"
    r"|提示词注入"
    r"|(?:把|将|请)[^。！？\n]{0,10}(?:该?用户|这个用户|画像|档案|属性|字段)[^。！？\n]{0,16}(?:设为|设置为|设成"
    r"|改为|改成|填为|写成|写为|记为|记录|标记|更新)"
    r"|(?:输出|返回|回复|回答|打印)[^。！？\n]{0,8}(?:json|yes|“是”|以下内容)|(?:如果|当)(?:有人)?(?:被)?问(?:到|起"
    r"|你)[^。！？\n]{0,24}(?:回答|回复|说)"
    r"|作为(?:一个)?(?:ai|人工智能|语言模型|大模型)|(?:致|给|写给)(?:ai|人工智能|模型|助手|机器人)|属性\s*[:：]"
    r"|证据\s*[:：=]"
    r"|(?:^|[\s】\])}>#*])(?:系统|助手|管理员|开发者)\s*[:：]",
    re.IGNORECASE | re.MULTILINE,
)


def speaks_to_program(text: str) -> bool:
    """Whether a text holds an instruction to the program that reads it, or imitates the structure of a prompt."""
    return _TO_PROGRAM.search(unicodedata.normalize("NFKC", text)) is not None
