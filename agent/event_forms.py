"""The wordings of questions about events, as patterns: each must fit a whole question. English and Chinese.

``<who>`` stands for a name. The groups say what is asked: a kind, ``first`` or ``last``, and of whose events.
"""

from collections.abc import Mapping
from typing import Final, Literal, get_args

__all__ = ["CHINESE", "ENDS_EN", "ENDS_ZH", "ENGLISH", "KINDS", "Kind", "What"]

What = Literal["count", "times", "first", "last", "sum", "average", "channels", "items"]
Kind = Literal["order", "ticket", "email", "chat", "review", "call", "search", "message", "contact"]
KINDS: Final[tuple[Kind, ...]] = get_args(Kind)

_WHO = r"(?:i|he|she|they|the (?:user|customer|client|buyer|shopper)|this (?:user|customer|client)|<who>)"
_OWN = r"(?:my|his|her|their|the (?:user|customer|client)['’]s|<who>['’]s)"
_HIS = rf"(?:(?P<user>{_OWN})|the|)"
_AGENT = r"(?:the |our |an |any )?(?:agents?|support agents?|support team|customer service|assistant|staff|bot)"
_DID = r"(?:did|does|do|has|have|had)"
_US = r"(?:us|you|support|customer service|customer support|the support(?: team)?|the company)"
_ORDERED = r"(?:placed?|bought|buy|(?P<has>had|have))"
_SENT = (
    r"(?:sent|send|wr[io]te|written|submit(?:ted)?|made|make|post(?:ed)?|left|leave|open(?:ed)?|filed?|raised?"
    r"|created?)"
)
_KINDS_EN: Final[Mapping[Kind, str]] = {
    "order": r"(?:orders?|purchases?)",
    "ticket": r"(?:(?:support |service )?tickets?|support cases?)",
    "email": r"(?:e-?mails?)",
    "chat": r"(?:(?:support )?(?:chats?|conversations?)|chat sessions?)",
    "review": r"(?:(?:product )?reviews?)",
    "call": r"(?:(?:phone |support )?calls?)",
    "search": r"(?:search(?:es)?|search queries)",
    "message": r"(?:(?:chat )?messages?)",
}
_KIND_EN = "|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS_EN.items())
_ACTS_EN: Final[Mapping[Kind, str]] = {
    "order": r"(?:plac(?:e|ed|ing)|ma(?:ke|de)) (?:an|any) (?:order|purchase)"
    r"|(?:orders?|ordered|bought|buys?|purchased?)"
    r"(?: (?:something|anything))?(?: from us)?",
    "ticket": r"(?:open|submit|file|create|raise)(?:t?ed|d)? (?:a|an|any) (?:support )?ticket",
    "email": rf"(?:e-?mail(?:ed)?|(?:sen[dt] {_US}|sen[dt]|wrote|write) an e-?mail)(?: (?:to )?{_US})?",
    "review": r"(?:writ(?:e)?|wrote|left|leave|post(?:ed)?) (?:a|any) (?:product )?review",
    "call": rf"(?:call|phone)(?:ed)? {_US}",
    "message": r"(?:sen[dt]|wrote|write) (?:a|any) messages?",
    "contact": rf"(?:(?:contact(?:ed)?|wr[io]te to|written to|reach(?:ed)? out to) {_US}"
    rf"|(?:be|been|get|got|gotten) in (?:touch|contact) with {_US})",
}
_ACT_EN = "|".join(f"(?P<{kind}>{words})" for kind, words in _ACTS_EN.items())
_FIRST_LAST = r"(?:(?P<first>first|earliest|oldest)|(?P<last>last|latest|most recent|newest))"
ENDS_EN = r"(?: (?:in total|in all|so far|overall|altogether|all together|to date|ever|already|until now|up to now))*"
_TO = rf"(?: (?:to|with|from) (?:{_US}|me))"
_SPEND = r"(?:spent|spend)"
ENGLISH: Final[tuple[tuple[What, str], ...]] = (
    (
        "count",
        rf"how many (?:{_KIND_EN})(?: in total)?(?: {_DID} (?P<user>{_WHO})(?: ever)? (?:{_SENT}|{_ORDERED}){_TO}?)?",
    ),
    (
        "count",
        rf"how many (?:{_KIND_EN}) (?:did|has|have) (?P<agent>{_AGENT}) (?:{_SENT})(?: (?:to )?<who>| {_US}| me)?",
    ),
    (
        "count",
        rf"how many (?:{_KIND_EN}) (?:are|were|is|was)(?: there)?(?: from (?:(?P<user>{_WHO})|(?P<agent>{_AGENT})))?",
    ),
    ("count", rf"how many (?:{_KIND_EN}) (?:came|come) from (?:(?P<user>{_WHO})|(?P<agent>{_AGENT}))"),
    (
        "count",
        rf"(?:what is |what's |what was )?(?:the )?(?:total )?number of (?:(?:{_OWN}|the) )?(?:{_KIND_EN})"
        rf"(?:(?: that)? (?P<user>{_WHO})(?: has| have)? (?:{_SENT}|{_ORDERED}))?",
    ),
    ("count", rf"how many (?:{_KIND_EN}) (?:were|have been) (?:placed|made|sent|submitted|opened|filed|written)"),
    ("times", rf"how (?:often|many times) {_DID} (?P<user>{_WHO})(?: ever)? (?:{_ACT_EN})"),
    ("first", rf"when {_DID} (?P<user>{_WHO}) (?:{_FIRST_LAST}) (?:{_ACT_EN})"),
    ("first", rf"when {_DID} (?P<user>{_WHO}) (?:{_ACT_EN}) for the (?:{_FIRST_LAST}) time"),
    ("first", rf"when was the {_FIRST_LAST} time(?: that)? (?P<user>{_WHO}) (?:{_ACT_EN})"),
    (
        "first",
        rf"when (?:was|is) {_HIS} ?{_FIRST_LAST} (?:{_KIND_EN}|(?P<contact>contact|interaction))"
        r"(?: (?:placed|made|sent))?",
    ),
    ("first", rf"when {_DID} (?P<user>{_WHO}) (?:{_SENT}|{_ORDERED}) (?:{_OWN}|the) {_FIRST_LAST} (?:{_KIND_EN})"),
    ("first", rf"(?:what is|what's|what was) the date of {_HIS} ?{_FIRST_LAST} (?:{_KIND_EN})"),
    (
        "sum",
        rf"how much(?: money)? {_DID} (?P<user>{_WHO})(?: ever)? {_SPEND}(?: with us)?"
        r"(?: on (?:(?:his|her|their|my|all|the) )?(?:orders|purchases))?",
    ),
    ("sum", rf"(?:what is|what's|what was) {_HIS} ?total (?:spend|spending|expenditure|order (?:value|amount))"),
    (
        "sum",
        r"(?:what is|what's|what was) the total (?:amount|value|price|cost) of (?:all )?"
        rf"(?:{_HIS} )?(?:orders|purchases)",
    ),
    (
        "average",
        rf"(?:what is|what's|what was) {_HIS} ?average (?:order (?:value|amount|total|price|size)|spend per order)",
    ),
    (
        "average",
        rf"(?:what is|what's|what was) the average (?:amount|value|price|cost) of {_HIS} ?(?:orders|purchases)",
    ),
    ("average", rf"how much {_DID} (?P<user>{_WHO}) {_SPEND} (?:on average )?per (?:order|purchase)(?: on average)?"),
    ("sum", rf"what {_DID} (?P<user>{_WHO}) spend in total"),
    (
        "items",
        rf"(?:what|which (?:products?|items?)) {_DID} (?P<user>{_WHO}) (?:buy|bought|order|ordered|purchased?)"
        r" (?:the )?most(?: often| frequently)?",
    ),
    (
        "items",
        rf"(?:what is|what's|what was) {_HIS} ?most (?:often |frequently )?(?:bought|ordered|purchased)"
        r" (?:product|item)",
    ),
    (
        "channels",
        rf"(?:(?:on|by|through|via) )?(?:what|which)(?: contact| communication)? channels? {_DID} (?P<user>{_WHO})"
        rf"(?: ever)? (?:use|used|(?:contact|contacted|reach|reached|write to) {_US}(?: (?:on|by|through|via|with))?)"
        rf"(?: to (?:contact|reach|write to) {_US})?",
    ),
)

_WHO_ZH = r"(?:(?:我|他|她|ta|用户|客户|顾客|(?:这|该)(?:个|位|名)?(?:用户|客户|顾客)|<who>)(?:的)?)"
_AGENT_ZH = r"(?:客服|坐席|助手|机器人|客服人员)"
_ALL_ZH = r"(?:一共|总共|总计|累计|合计|共|到目前为止|至今|迄今)"
_MANY_ZH = r"(?:多少|几)(?:个|张|条|封|次|通|份|笔|单|则|件|场|段)?"
ENDS_ZH = r"(?:了|呢|啊|呀|吗|来着)*"
_SENT_ZH = r"(?:发送|发|提交|提|写|打|下|有|开|创建|买|做|搜索|留|发表|产生|进行)(?:过|了|出)*"
_KINDS_ZH: Final[Mapping[Kind, str]] = {
    "order": "订单",
    "ticket": "工单",
    "email": "(?:电子)?邮件",
    "chat": "(?:聊天|会话|对话)",
    "review": "(?:评价|评论|点评)",
    "call": "(?:电话|通话)",
    "search": "搜索(?:记录)?",
    "message": "消息",
}
_KIND_ZH = "|".join(f"(?P<{kind}>{words})" for kind, words in _KINDS_ZH.items())
_ACTS_ZH: Final[Mapping[Kind, str]] = {
    "order": "下单|下订单|购物|购买(?:东西|商品)?|买东西|消费",
    "ticket": "(?:提交|提|开|创建)工单",
    "email": "(?:发|写|发送)(?:电子)?邮件|来信",
    "review": "(?:写|发表|发)?(?:评价|评论|点评)",
    "call": "打电话|来电|通话",
    "search": "搜索",
    "message": "发消息|发送消息|发言",
    "contact": "(?:与|和|跟)?(?:我们|客服)?(?:来)?(?:联系|咨询|沟通)(?:过)?(?:我们|客服)?|找客服",
}
_ACT_ZH = "|".join(f"(?P<{kind}>{words})" for kind, words in _ACTS_ZH.items())
_FIRST_LAST_ZH = (
    "(?:(?P<first>第一次|首次|最早一次|最早|最初|第一|首)|(?P<last>最近一次|最后一次|上一次|上次|最近|最后|最新))"
)
_WHEN_ZH = "(?:什么时候|什么时间|何时|哪天|哪一天|几号|几月几号|哪年|哪一年|哪个月|哪年哪月)"
_ACTED_ZH = f"(?:(?:{_ACT_ZH})(?:的)?(?:时间|日期)?)"
CHINESE: Final[tuple[tuple[What, str], ...]] = (
    (
        "count",
        f"(?:(?P<user>{_WHO_ZH})|(?P<agent>{_AGENT_ZH}))?{_ALL_ZH}?(?:给(?:我们|客服|我|<who>|用户|客户))?(?P<acted>{_SENT_ZH})?"
        f"{_ALL_ZH}?{_MANY_ZH}(?:{_KIND_ZH})",
    ),
    ("count", f"(?P<user>{_WHO_ZH})?(?:{_KIND_ZH}){_ALL_ZH}?(?:有|是)?{_MANY_ZH}"),
    ("count", f"(?P<user>{_WHO_ZH})?(?:{_KIND_ZH})(?:的)?(?:总数|总量|数量|数目)(?:是|有)?(?:多少)?"),
    ("times", f"(?P<user>{_WHO_ZH})?{_ALL_ZH}?下(?:了|过)?(?:多少|几)(?:次|个|笔)?(?P<order>单)"),
    ("times", f"(?P<user>{_WHO_ZH})?{_ALL_ZH}?(?:{_ACT_ZH})(?:过|了)*(?:多少|几)次"),
    ("times", f"(?P<user>{_WHO_ZH})?{_ALL_ZH}?(?P<contact>联系|咨询)(?:过|了)*(?:我们|客服)(?:多少|几)次"),
    ("first", f"(?P<user>{_WHO_ZH})?(?:是)?(?:在)?{_FIRST_LAST_ZH}{_ACTED_ZH}(?:是|是在|在)?{_WHEN_ZH}"),
    ("first", f"(?P<user>{_WHO_ZH})?(?:是|是在|在)?{_WHEN_ZH}{_FIRST_LAST_ZH}(?:{_ACT_ZH})(?:的)?"),
    (
        "first",
        f"(?P<user>{_WHO_ZH})?{_FIRST_LAST_ZH}(?:的)?(?:一)?(?:个|张|条|封|次|通|份|笔|则|场)?(?:{_KIND_ZH})(?:的)?(?:时间|日期)?"
        f"(?:是|是在|在)?{_WHEN_ZH}(?:(?:下|提交|提|发|写|打|发送)?的)?",
    ),
    (
        "sum",
        f"(?P<user>{_WHO_ZH})?(?:在我们(?:这里|这儿))?{_ALL_ZH}?(?:花费|花|消费)(?:过|了)*(?:多少|多少钱|多少元|多少块钱)",
    ),
    (
        "sum",
        f"(?P<user>{_WHO_ZH})?(?:的)?(?:总消费(?:额|金额)?|消费(?:总额|总金额)|订单(?:总额|总金额))(?:是|为)?(?:多少|多少钱|多少元)",
    ),
    (
        "average",
        f"(?P<user>{_WHO_ZH})?平均每(?:一)?(?:单|个订单|笔订单|次)(?:花费|花|消费)?(?:过|了)*(?:多少|多少钱|多少元)",
    ),
    (
        "average",
        f"(?P<user>{_WHO_ZH})?(?:平均订单(?:金额|价格|额)|订单(?:的)?平均(?:金额|价格)|客单价)(?:是|为)?(?:多少|多少钱|多少元)",
    ),
    (
        "items",
        f"(?P<user>{_WHO_ZH})?(?:买|购买)(?:得|的|过)*最(?:多|频繁|经常|常)(?:次)?的?(?:商品|东西|产品)?(?:是)?(?:什么|哪个|哪种)"
        "(?:商品|东西|产品)?",
    ),
    (
        "items",
        f"(?P<user>{_WHO_ZH})?最(?:常|经常)(?:买|购买)的?(?:商品|东西|产品)?(?:是)?(?:什么|哪个|哪种)(?:商品|东西|产品)?",
    ),
    (
        "channels",
        f"(?P<user>{_WHO_ZH})?(?:都|曾)?(?:用|使用|通过|用过|使用过|用了)(?:过|了)?(?:哪些|什么|哪几个|哪几种)(?:联系)?渠道"
        "(?:(?:联系|咨询)(?:过|了)*(?:我们|客服)?(?:过|了)*)?",
    ),
    ("channels", f"(?P<user>{_WHO_ZH})?(?:用过的|使用的|联系)?渠道(?:都)?有(?:哪些|什么)"),
)
