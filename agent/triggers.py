"""The words, English and Chinese, that make of a value something else than a statement: data for ``assertion``.

After the lists of NegEx (Chapman et al. 2001) and ConText (Harkema et al. 2009), for what people write in chats and
mails instead of clinical notes. A pattern before a value colours it up to a terminating word; one after it, next to it.
"""

import re

__all__ = [
    "DISLIKED", "DOUBTED", "ENDED_AFTER", "FORMER", "FORMER_AFTER", "JEST", "NEGATED", "NEGATED_AFTER", "NOT_NEGATED",
    "OCCASIONAL", "SPEECH", "STILL", "SUPPOSED", "TAKEN_FOR_GRANTED", "TERMINATED", "WISHED",
]  # fmt: skip


def _either(english: str, chinese: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{english})\b|{chinese}", re.IGNORECASE)


TERMINATED = _either(
    "but|however|though|although|because|except|apart from|instead|rather|nowadays|now|these days|yet|so i|while i"
    r"|and i|it['’]?s",
    "但|不过|可是|然而|却|而是|因为|除了|现在|如今|后来|目前|所以",
)
"""Where the scope of a word ends."""

NOT_NEGATED = _either(
    r"not (?:only|just|merely|simply|to mention|without|bad|too bad|surprising\w*|alone|far|forget\w*|until)"
    r"|no (?:doubt|wonder|matter|problem|worries|idea|one|way|need|better|stranger to|question)"
    r"|no\.? ?(?=\d)|(?:phone|account|acc?|card|ssn|contact|order|confirmation|model|flat|house|serial|booking"
    r"|ticket) no"
    r"|nothing (?:beats|like|better|compares|more|says)"
    r"|(?:ca|could|wo|would|do|does|did|is|are|was|were|should|have|has)n['’]?t"
    r" (?:(?:live|do|function|survive|start|go|imagine \w+) without|wait|help|get enough|go wrong|resist|stop"
    r"|imagine|beat|believe|deny|agree|be happier|ask for|mind|trade|miss|forget|worry|hesitate|get me wrong"
    r"|underestimate|have to|need to|let|regret|fail|disappoint|it|they|you|we|that|only|just|reali[sz]ed?|know|think"
    r"|always|necessarily)"
    r"|cannot (?:(?:live|do|go|imagine \w+) without|wait|help|get enough|resist|stop|imagine|beat|recommend)"
    r"|never (?:gets?|fail\w*|disappoint\w*|tires?|tired|miss\w*|stops?|forget\w*|thought|imagined|regret\w*|ceases?"
    r"|without|enough|been happier|knew|realis[ez]d|too late|say no|(?:really )?left)"
    r"|never (?:resist|get enough)|who (?:does|would|could)n['’]?t|why (?:not|don['’]?t)|whether or not|or not"
    r"|if not|not yet",
    r"([\u4e00-\u9fff])[不没]\1|有没有|是否|不[仅但光单只]|不得不|不错|不管|不论|不断|不停|不会儿|不好意思|不如"
    r"|不然|不用谢|不客气|不知不觉|不少|不久|不同|不愧|不禁|不由|不妨|不得了|不过|不可或缺|对不起|了不起|差不多"
    r"|少不了|离不开|忍不住"
    r"|舍不得|禁不住|说不定"
    r"|没错|没想到|没问题|没关系|没事|没记错|没弄错|没理解错|别人|别的|别墅|特别|分别|级别|性别|区别|个别|非常|除非"
    r"|并非不|无论|无非"
    r"|好久[都]?没|很久[都]?没|最近[都]?没|没多久|要不|不要太|不是很想|不知道|谁不|哪有不|怎么?能不|何尝不|不瞒"
    r"|不怕|不介意|不反对"
    r"|没有?(?:什么)?比",
)
"""Looks like a negation, and is none."""

NEGATED = _either(
    r"(?:do|does|did|is|are|was|were|has|have|had|ca|could|wo|would|should|must|need|ai)n['’]?t|cannot|not|never"
    r"|neither|nor|no|without|nobody|none of|hardly ever|no fan of|anything but|far from (?:being )?",
    r"[不没]有?|并非|绝非|从未|未曾|未",
)

DISLIKED = _either(
    r"hate[sd]?|dislike[sd]?|detest\w*|despise\w*|loathe\w*|can['’]?t stand|cannot stand|can['’]?t bear|allergic to"
    r"|sick of|tired of|avoid\w*",
    "讨厌|厌恶|反感|受不了|过敏|恶心|腻了",
)
"""Negates what an attribute of likes asks for."""

NEGATED_AFTER = re.compile(
    r"^[\s,，]*(?:这种|之类的?|什么的)?(?:我|我们)?(?:都|也|从来|向来|可|就|真的?)*(?:不|没)(?:喝|吃|喜欢|爱|玩|碰"
    r"|用|看|养|抽|打|去|感兴趣|是我|过敏)"
    r"|^ (?:is|are)(?:n['’]?t| not) (?:for me|my (?:thing|cup of tea|favou?rite))|^ i (?:do|can)(?:n['’]?t| not)\b",
    re.IGNORECASE,
)

OCCASIONAL = _either(
    r"lately|recently|in (?:a while|ages|years|months|weeks|days)|for (?:a while|ages|years|months|weeks|days)"
    r"|today|tonight|yesterday|tomorrow|this (?:week|weekend|month|morning|time|year|evening|afternoon)|right now"
    r"|at the moment"
    r"|enough|(?:as|so|that|too|very) (?:much|many|often|well|good)|every ?day|always|all the time|yet|since|often"
    r"|much|many",
    r"最近|今天|昨天|今晚|明天|这次|这周|本周|上周|暂时|经常|每天|总是|一直|太多|够|几次|多少",
)
"""Limits a negation to an occasion: who has not played tennis lately plays tennis."""

FORMER = _either(
    r"(?<!\bam )(?<!['’]m )(?<!\bis )(?<!\bare )(?<!\bbe )(?<!\bbeen )(?<!\bget )(?<!\bgot )(?<!\bgetting )"
    r"used to(?! it\b)|no longer|(?<!to )(?:quit|gave up|given up|(?:have|had|ve|i) stopped|ditched|retired from"
    r"|resigned (?:from|as)|broke up with|got rid of|switched (?:away )?from)"
    r"|moved (?:away |out |over |here |down |up )*from|(?:i|we) left"
    r"|left (?:my|the) (?:\w+ )?(?:job|position|role|post|company|firm|team) (?:at|with|as|in)|i sold (?:my|the|our)"
    r"|formerly|previously|once upon a time|back (?:when|in the day)"
    r"|when i (?:was (?:still |living |working |a kid|a child|a student|young|younger|little)|lived|worked)"
    r"|my (?:former|previous|ex)|my old (?:job|place|apartment|flat|house|company|employer|city|phone|car|number"
    r"|address)"
    r"|in my (?:previous|former|last) (?:job|role|position)",
    r"(?:以前|从前(?![门台面往])|曾经|曾(?!祖)|原先|原本|早年|那时候?)|之前[一直都]*(?:在|住|是|做|喜欢|爱|养|用)"
    r"|原来[一直都]*(?:在|住|做|喜欢|爱)"
    r"|过去[一直都]*(?:常|总|住|喜欢|爱|在)|戒(?:了|掉)了?|不再|再也[不没]|离开了?|辞(?:去|掉)了?|告别了?"
    r"|卖(?:了|掉)了?",
)

FORMER_AFTER = re.compile(
    r"^[^.!?。！？;；]{0,40}?\b(?:any ?more|any longer)\b"
    r"|^[\s\w]{0,20}?(?:,\s*)?\b(?:until|till) (?:\w+ )?(?:19|20)\d\d|^[\s\w]{0,20}?\b(?:until|till) (?:last"
    r"|recently|i moved|we moved|i left|i quit)"
    r"|^[\s\w]{0,12}?\bfrom (?:19|20)\d\d (?:to|until|till|[-–]) ?(?:19|20)\d\d"
    r"|^[\s\w]{0,12}?\bback in (?:19|20)\d\d"
    r"|^[^，。；！？,]{0,6}?(?:戒了|戒掉|辞了|辞掉|卖了|卖掉|退了|不[\u4e00-\u9fff]{1,3}了(?!吗|么|$吗))",
    re.IGNORECASE,
)
"""After a value: it is over. "any more" only with a negation before the value."""

ENDED_AFTER = re.compile(
    r"^[^，。；！？,\s]{0,4}了(?![吗么\u4e00-\u9fff])|^[^，。；！？,]{0,3}(?:搬|离开|跳槽|辞职|转学|换)"
)
"""After a value: with 不 before it, or 从, it is over (不打网球了; 从北京搬到上海)."""

STILL = _either(
    "still|to this day|even now|ever since", "至今|仍|依然|依旧|还在|还是|现在也|现在还|一直到现在|直到现在"
)

SUPPOSED = _either(
    r"(?:i|we)(?: may| might|['’]d probably)|maybe|perhaps|hypothetically|suppos(?:e|ing)|imagine|what if|as if"
    r"|if only|if (?:i|we) (?:ever |only |really |could |would )*(?:were|was to|had|could|lived|moved"
    r"|\w+ed|ever \w+|win|become)"
    r"|consider(?:ing)? (?:moving|becoming|getting|switching|buying|adopting|taking|a|an|the)?"
    r"|thinking (?:of|about) (?:moving|becoming|getting|switching|buying|adopting|starting|taking|trying|learning)"
    r"|plan(?:ning|s)? (?:to|on) (?:mov|becom|get|switch|buy|adopt|start|learn)\w*"
    r"|(?:i['’]ll|i will|going to|gonna|about to) (?:probably |maybe |soon )*(?:move|become|switch|start|get|buy"
    r"|adopt|quit|learn)"
    r"|(?:should|shall) (?:i|we) (?:move|become|switch|adopt|quit|learn|marry|study|take up)"
    r"|pretend\w*|in my dreams|not sure (?:if|whether|i)|don['’]?t know (?:if|whether)|wonder(?:ing)? (?:if|whether)",
    r"(?:我们?|也)可能|可能(?:会|要|搬|换|改)|也许|或许|说不定|(?:如果|要是|假如|假使|倘若|若是|万一)(?:有一天|哪天"
    r"|以后|将来)?我(?![们]?(?:想|要|打算|需要|坐|去|没))|(?:如果|要是)(?:能|可以)|假设|想象"
    r"|(?:考虑|打算|准备|计划|将要?|快要?)(?:要|去|着)?(?:搬|换|转|辞|改|养|当|学|跳槽|移民)|不确定|不知道(?:是不是"
    r"|会不会|要不要)|假装|(?:要不要|该不该|应不应该)(?:搬|换|转|辞|改|养|当|学|跳槽|移民)",
)

TAKEN_FOR_GRANTED = _either("my|our|this|these|during|when|while", "我的|这")
"""What comes after these in a supposition is so: "I might read it in my hiking breaks"."""

DOUBTED = _either("if i (?:remember|recall|am not|['’]m not)", "没记错|没弄错|没理解错")
"""Not a supposition."""

WISHED = _either(
    r"(?:i|we)(?:['’]d| would) (?:\w+ )?(?:love|like|prefer|rather|kill|give anything)"
    r"|(?:i|we) (?:really |always |so |just |secretly )*(?:wish|hope|dream|long|aspire|aim)(?:ed)?|hoping to"
    r"|dreaming of|dream of|my dream"
    r"|(?:i|we)(?:['’]ve)? (?:really |always |just |been )*want(?:ed|ing)? (?:to )?(?:learn|be|become|live|move"
    r"|work|own|get|try|start|adopt)"
    r"|(?:some|one) ?day i|someday|would be (?:so )?(?:nice|great|cool|lovely|fun|amazing)|bucket list|if only",
    r"想(?:去|要|学|当|成为|做|住|搬|换|养|试)|希望(?:能|可以|自己|将来|以后|有)|梦想|盼着|盼望|真想|好想|恨不得"
    r"|向往|羡慕",
)

JEST = re.compile(
    r"\b(?:just |only |i['’]?m |totally )?(?:kidding|joking)\b|\bjk\b(?=\W*(?:$|lol|haha|\n))|\bj/k\b|(?:^"
    r"|\s)/s(?![\w/])"
    r"|(?<!why )(?<!\w)not!|\b(?:yeah|ya),? right\b"
    r"|\bjust a joke\b|\bsarcas\w+|开玩笑|说笑|逗你|玩笑话|才怪|骗你的|反话|\[?狗头\]?|\[doge\]|手动滑稽|（不是）"
    r"|\(不是\)|哈哈,?，?骗你",
    re.IGNORECASE,
)
"""Says that what stands before it, or around it, was not meant."""

SPEECH = re.compile(
    r"(?P<who>\b(?:\w+ ){0,2}\w+|[\u4e00-\u9fff]{1,6}?)\s*(?:\b(?:said|says|say|told (?:me|us|him|her|them)"
    r"|tells (?:me|us)|wrote|writes"
    r"|replied|asked|asks|claims?|claimed|goes|was like|quote[sd]?|shouted|texted)\b|说过?(?![法明])|说道|问|写道"
    r"|写着|告诉我|回答|回复|喊|表示|原话是?)"
    r"[^.!?。！？\n\"“”「」『』:：]{0,16}[:：,，]?\s*$",
    re.IGNORECASE,
)
"""Who speaks, before a quotation mark."""
