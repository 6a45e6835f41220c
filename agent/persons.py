"""Tells of whom a text speaks: of the user, who wrote it, or of somebody else.

The subject rule: "my sister is a vegan", "我的上司是记者" and "he likes hiking" say nothing about the user. Rules of
thumb over pronouns and words for relations, Chinese and English; knows nothing of models.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any, NamedTuple

from agent.wording import normalise, quote_span

__all__ = [
    "as_introduced",
    "asked_of_others",
    "asks_about_others",
    "is_about_others",
    "is_about_outsiders",
    "is_kin",
    "is_relation",
    "may_speak_of",
    "names_asked_for",
    "people_in",
    "said_of_other",
    "with_names",
]

_RELATION_ZH = (
    "爸爸|妈妈|父亲|母亲|老爸|老妈|爸|妈|哥哥|弟弟|姐姐|妹妹|哥|弟|姐|妹|[表堂][哥弟姐妹]|叔叔|伯伯|伯父|伯母|舅舅|舅妈|姑姑|姑妈|姑父|姨妈|"
    "姨父|阿姨|婶婶|爷爷|奶奶|外公|外婆|姥姥|姥爷|老公|老婆|丈夫|妻子|爱人|男朋友|女朋友|男友|女友|儿子|女儿|孩子|孙子|孙女|侄子|侄女|外甥女?|"
    "岳父|岳母|公公|婆婆|同事|上司|下属|老板|领导|同学|朋友|闺蜜|室友|舍友|邻居|亲戚|家人"
)
_POST_ZH = (
    "老师|导师|学生|经理|助理|秘书|师傅|徒弟|教练|客户|伙伴|医生|房东"  # without 我 before it, the user's own post
)
_RELATION_EN = (
    r"(?:step|grand|great-grand)?-?(?:mother|father|mom|mum|dad|son|daughter|child|children|kids?|parents?)(?:-in-law)?"
    r"|(?:step|half)?-?(?:sister|brother)s?(?:-in-law)?|siblings?|wife|husband|spouse|partner|fianc[ée]e?|girlfriend"
    r"|boyfriend|grandma|grandpa|aunt|uncle|cousins?|niece|nephew|friends?|buddy|roommate|flatmate|neighbou?rs?"
    r"|colleagues?|co-?workers?|boss|manager|supervisor|teacher|professor|mentor|student|doctor|landlord|classmates?"
)
_OTHERS_TOO = re.compile(
    r"famil|relati|friend|partner|spouse|husband|wife|child|parent|colleague|contact|pet"
    r"|\b(?:mother|father|mom|mum|dad|son|daughter|kid|sister|brother|sibling|fianc[ée]e?|grandma|grandpa|aunt|uncle"
    r"|cousin|niece|nephew|buddy|roommate|flatmate|neighbou?r|co-?worker|boss|classmate)s?\b"
    rf"|(?<!国)家(?![乡具电居])|亲|友|伴侣|关系|配偶|宠物|{_RELATION_ZH}",
    re.IGNORECASE,
)
_OWN_ZH = "我(?:们)?(?:的|家|那个|那位|这个|这位|有个|有一个|有位|一个|一位|个|最好的)*"
_WITH_ZH = "跟和与同对给向陪带帮替为把比"
_WITH_EN = "with|to|for|from|and|of|by|like|than|at|about"
_THEIRS_EN = rf"\b(?:my|our)\s+(?:[\w-]+\s+){{0,2}}?(?:{_RELATION_EN})\b"
_PERSON = re.compile(
    # Who is only there too, or spoken to, is not the subject.
    rf"[{_WITH_ZH}](?:{_OWN_ZH})?(?:{_RELATION_ZH}|{_POST_ZH})|[{_WITH_ZH}让叫教]我们?|\b(?:{_WITH_EN})\s+{_THEIRS_EN}"
    rf"|(?P<other>{_OWN_ZH}(?:{_RELATION_ZH}|{_POST_ZH})|(?:{_RELATION_ZH})"
    rf"|他们|她们|(?<!其)他|她|(?<![尤极与何莫及])其(?![实中它他余次间])|{_THEIRS_EN}|\b(?:he|she|they|his|her|their)\b)"
    r"|(?P<own>我们|我|咱|俺|本人|\b(?:i|my|me|mine|myself|we|our|us)\b)",
    re.IGNORECASE,
)
_NAMED_AFTER = re.compile(
    rf"\s*[，,]?\s*(?:就?是{_OWN_ZH}(?:{_RELATION_ZH}|{_POST_ZH})"
    rf"|(?:(?:who )?is|was|,)\s+(?:my|our)\s+(?:[\w-]+\s+){{0,2}}?(?:{_RELATION_EN})\b)",
    re.IGNORECASE,
)


_YOU = re.compile(r"\b(?:you|your|yours)\b|[你您]", re.IGNORECASE)
_HAN = r"\u4e00-\u9fff"
_NO_NAME = re.compile(
    "[今明昨前后]天|[这那他她它谁是我你都也还不就个位]|^(?:This|That|It|He|She|Who|What|Here|There|Today)$"
)
_NAMING = re.compile(
    rf"(?:^|[^{_HAN}])([{_HAN}]{{2,4}}?)就?是{_OWN_ZH}(?:{_RELATION_ZH}|{_POST_ZH})"
    rf"|{_OWN_ZH}(?:{_RELATION_ZH}|{_POST_ZH})(?:的?名字)?(?:就?叫做?|的?名字就?是)([{_HAN}]{{2,4}})(?![{_HAN}])"
    rf"|\b([A-Z][a-z]+(?: [A-Z][a-z]+)?) (?:is|was|who is) (?:my|our) (?:[\w-]+ ){{0,2}}?(?:{_RELATION_EN})\b"
    rf"|(?<=[a-z] )([A-Z][a-z]+(?: [A-Z][a-z]+)?), (?:my|our) (?:[\w-]+ ){{0,2}}?(?:{_RELATION_EN})\b"
    rf"|\b(?:[Mm]y|[Oo]ur) (?:[\w-]+ ){{0,2}}?(?:{_RELATION_EN}),? (?:is |named |called |is called )?([A-Z][a-z]+)\b",
    re.MULTILINE,
)
_RELATION = re.compile(rf"{_RELATION_ZH}|{_POST_ZH}|\b(?:{_RELATION_EN})\b", re.IGNORECASE)

_KINDS: list[tuple[re.Pattern[str], tuple[str, ...]]] = [
    (re.compile(words), tuple(kinds.split()))
    for words, kinds in (
        ("家人|亲戚", "kin"),
        ("child(?:ren)?|kids?|孩子", "kin child"),
        ("son|儿子", "kin child son"),
        ("daughter|女儿", "kin child daughter"),
        ("parents?", "kin parent"),
        ("mother|mom|mum|妈妈?|母亲|老妈", "kin parent mother"),
        ("father|dad|爸爸?|父亲|老爸", "kin parent father"),
        ("siblings?", "kin sibling"),
        ("brothers?", "kin sibling brother"),
        ("哥哥?", "kin sibling brother elder"),
        ("弟弟?", "kin sibling brother younger"),
        ("sisters?", "kin sibling sister"),
        ("姐姐?", "kin sibling sister elder-sister"),
        ("妹妹?", "kin sibling sister younger-sister"),
        (
            "wife|husband|spouse|partner|fianc[ée]e?|girlfriend|boyfriend|老公|老婆|丈夫|妻子|爱人|[男女]朋友|[男女]友",
            "kin spouse",
        ),
        ("cousins?", "kin cousin"),
        ("grandma|grandmother|奶奶|外婆|姥姥", "kin grandmother"),
        ("grandpa|grandfather|爷爷|外公|姥爷", "kin grandfather"),
        ("friends?|buddy|朋友|闺蜜", "friend"),
        ("colleagues?|coworkers?|同事", "colleague"),
        ("boss|manager|supervisor|上司|老板|领导|经理", "boss"),
        ("roommate|flatmate|室友|舍友", "roommate"),
        ("neighbou?rs?|邻居", "neighbour"),
        ("classmates?|同学", "classmate"),
    )
]
_KIN = re.compile(
    "[表堂][哥弟姐妹]|叔叔|伯[伯父母]|舅[舅妈]|姑[姑妈父]|姨[妈父]|阿姨|婶婶|孙[子女]|侄[子女]|外甥女?|岳[父母]|公公|婆婆"
    "|.*inlaw|step.*|half.*|grand.*|aunt|uncle|niece|nephew"
)


def asks_about_others(attribute: str) -> bool:
    """Whether the name and description of an attribute ask about the people around the user, too."""
    return _OTHERS_TOO.search(attribute) is not None


def people_in(texts: Iterable[str]) -> dict[str, str]:
    """The people whom the user introduces, with what each is to the user: "王思琪是我的上司", "my sister Anna".

    The last word counts, where somebody is introduced more than once.
    """
    people = {}
    for match in (match for text in texts for match in _NAMING.finditer(text)):
        name = next(group for group in match.groups() if group)
        relation = _RELATION.search(match.group().replace(name, " "))
        if relation is not None and not _NO_NAME.search(name):
            people[name] = relation.group().casefold()
    return people


def names_asked_for(attribute: str, people: Mapping[str, str]) -> list[str]:
    """The names of those whom an attribute is about by what they are to the user: "上司 生日", "sister's job"."""
    asked = [match.group() for match in _RELATION.finditer(attribute)]
    return [name for name, relation in people.items() if any(_may_be_one(relation, each) for each in asked)]


def with_names(attribute: str, people: Mapping[str, str]) -> str:
    """The name of an attribute with the names of those it is about: "boss (Victor) birthday", "同事（孙志宏） 生日"."""

    def named(match: re.Match[str]) -> str:
        names = names_asked_for(match.group(), people)
        brackets = "（{}）" if re.search(f"[{_HAN}]", match.group()) else " ({})"
        return match.group() + brackets.format(", ".join(names)) if names else match.group()

    return _RELATION.sub(named, attribute)


def as_introduced(name: str, people: Mapping[str, str]) -> str:
    """A name with what its bearer is to the user, as both may be said of one person: "王志宏（我的上司）", "Victor (my
    boss)"; what somebody is to the user, with the name."""
    if relation := people.get(name):
        return f"{name}（我的{relation}）" if re.search(f"[{_HAN}]", name) else f"{name} (my {relation})"
    return with_names(name, people)


def _spoken_of(text: str, people: Mapping[str, str]) -> list[str]:
    """What those whom a text names, by name or by that word, are to the user."""
    named = [relation for name, relation in people.items() if name in text]
    return named + [match.group() for match in _RELATION.finditer(text)]


def may_speak_of(text: str, attribute: str, people: Mapping[str, str]) -> bool:
    """Whether a text may speak of the person that an attribute is about; yes where it is about nobody in particular.

    "sister's job" needs a sister, her name, or "she"; "sisters" is content with a text that names nobody else.
    """
    asked = [match.group() for match in _RELATION.finditer(attribute)]
    spoken = _spoken_of(text, people)
    if not asked or any(_may_be_one(one, each) for one in spoken for each in asked):
        return True
    if spoken:
        return False
    bare = not normalise(_RELATION.sub(" ", attribute))
    return bare or any(each["other"] for each in _PERSON.finditer(text))


def _may_be_one(one: str, other: str) -> bool:
    """Whether two words for relations may mean one person: "mom" and "mother", "son" and "children", not "son" and
    "daughter"."""
    first, second = _kind_of(one), _kind_of(other)
    return first[-1] in second or second[-1] in first


def is_relation(word: str) -> bool:
    """Whether a word, by itself, says what somebody is to the user: "friend", 同事."""
    return _RELATION.fullmatch(_without_my(word)) is not None


def is_kin(word: str) -> bool:
    """Whether a word for a relation is one of the family, a partner among them."""
    return _kind_of(_without_my(word))[0] == "kin"


def _without_my(word: str) -> str:
    return word.strip().removeprefix("我的").removeprefix("my ")


@cache
def _kind_of(relation: str) -> tuple[str, ...]:
    """What a relation is called here, after the wider ones that hold it: a son is kin, and a child."""
    word = relation.casefold().replace("-", "")
    other = ("kin", word.rstrip("s")) if _KIN.fullmatch(word) else (word.rstrip("s"),)
    return next((kinds for pattern, kinds in _KINDS if pattern.fullmatch(word)), other)


class _Named(NamedTuple):
    start: int
    other: bool


def _subjects(text: str, others: Collection[str]) -> list[_Named]:
    """The persons that a text names as its subjects, in order."""
    found = [_Named(m.start(), m["other"] is not None) for m in _PERSON.finditer(text) if m["other"] or m["own"]]
    found += [_Named(m.start(), True) for name in others for m in re.finditer(re.escape(name), text)]
    return sorted(found)


def said_of_other(value: Any, text: str, others: Collection[str] = ()) -> bool:
    """Whether a text says a value only of somebody else than the user.

    True when, wherever the value stands, the last person named before it in its sentence is another one ("my sister
    lives in …", "他喜欢…", one of the names ``others``), or the words after it make it one ("王磊是我的上司").
    """
    if not isinstance(value, str) or not value.strip():
        return False
    folded, wanted = text.casefold(), value.casefold()
    if len(folded) != len(text):
        return False
    start, _ = quote_span(text, [value])
    places = [match.start() for match in re.finditer(re.escape(wanted), folded)]
    return bool(places) and all(_is_of_other(text, min(start, at), at, value, others) for at in places)


def _is_of_other(text: str, start: int, at: int, value: str, others: Collection[str]) -> bool:
    own_person = value in others or _PERSON.match(value)  # "my sister's wedding" names its person itself
    before = _subjects(text[start : at + (len(value) if own_person else 0)], others)
    return bool(before and before[-1].other) or _NAMED_AFTER.match(text, at + len(value)) is not None


def asked_of_others(value: Any, text: str) -> bool:
    """Whether a text says a value only in a question to somebody else: "have you tried any new recipes lately?"."""
    if not isinstance(value, str) or not value.strip():
        return False
    start, end = quote_span(text, [value])
    question = text[start:end]
    if not question.rstrip(" \"”’'").endswith(("?", "？")) or value.casefold() not in question.casefold():
        return False
    return _YOU.search(question) is not None and not any(not each.other for each in _subjects(question, ()))


def is_about_others(text: str, others: Collection[str] = ()) -> bool:
    """Whether a text names other people as its subjects, and the user never."""
    persons = _subjects(text, others)
    return bool(persons) and all(each.other for each in persons)


def is_about_outsiders(text: str, people: Mapping[str, str]) -> bool:
    """Whether a text is about people who are something to the user, and none of them, nor anybody else in it, family:
    "我的下属是北京人"."""
    spoken = _spoken_of(text, people)
    return bool(spoken) and not any(map(is_kin, spoken)) and is_about_others(text, people)
