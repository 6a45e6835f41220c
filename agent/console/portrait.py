"""A profile as its page shows it: attributes with their values, what these rest on, and what comes first.

Knows documents and schemas, nothing of stores or templates.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

from agent.console.footnotes import Mark, Notes
from agent.console.texts import Texts
from agent.documents import Claim, Corrected, ProfileDocument
from agent.facets import Facet, plan_facets
from agent.reasons import reason_in_chinese
from agent.render import name_of
from agent.schema import ProfileSchema
from agent.schema_rules import attribute_of, escape_pointer, unescape_pointer

if TYPE_CHECKING:
    from agent.console.kept import Chosen
    from agent.corrections import Correction

__all__ = [
    "Attribute",
    "Part",
    "Portrait",
    "Refused",
    "Role",
    "Value",
    "Waiting",
    "described",
    "label_of",
    "name_in",
    "parts_of",
    "portrait_of",
    "portray",
    "reason_in",
    "role_of",
    "waiting_of",
]

Role = Literal["summary", "wants", "feels", "issues", "other"]

_ROLES: Final[Mapping[Role, str]] = {
    "summary": "summary about overview 摘要 概述 总结 简介",
    "wants": "intent intents intention intentions goal goals want wants need needs 意图 诉求 打算 需求",
    "feels": "sentiment mood emotion satisfaction churn_risk 情绪 情感 心情 满意度 流失风险",
    "issues": "recent_issues issues open_issues problems complaints tickets 问题 投诉 近期问题 未解决问题",
}
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d")
_NAMES: Final = ("name", "full_name", "fullName", "nickname", "姓名", "名字", "称呼")


class Part(NamedTuple):
    """A part of a value: its name ("" for all of it), its words, and the word of a closed list that it is, if any."""

    label: str
    text: str
    choice: str | None


@dataclass(frozen=True, slots=True)
class Value:
    """A value with where it comes from.

    ``pending``: what a person said of it that counts from the next profile on. ``is_held``: it stands in the profile.
    """

    pointer: str
    parts: tuple[Part, ...]
    claim: Claim | None
    marks: tuple[Mark, ...]
    is_held: bool
    pending: "Correction | None" = None

    @property
    def text(self) -> str:
        """The whole value on one line."""
        return "; ".join(each.text for each in self.parts)

    @property
    def is_past(self) -> bool:
        """Whether it held once, and does not now."""
        return self.claim is not None and self.claim.status == "superseded"

    @property
    def wanted(self) -> tuple[str, ...]:
        """Words that a quote of it may hold: the whole of each part, and the longest words of them."""
        parts = [each.text for each in self.parts if not each.choice]
        return (*parts, *sorted((word for each in parts for word in each.split()), key=len, reverse=True))

    @property
    def basis(self) -> tuple[object, ...]:
        """All that is told of where it comes from; what is equal need not be told again of the next value."""
        claim = self.claim
        told = () if claim is None else (claim.corrected, claim.origin, f"{claim.confidence:.2f}", claim.status)
        since = () if claim is None else (claim.valid_from, claim.valid_to, claim.sensitive)
        return (*told, *since, self.newest, self.pending)

    @property
    def newest(self) -> str | None:
        """When the newest message that says it was written."""
        times = [each.timestamp for each in self.claim.evidence if each.timestamp] if self.claim else []
        return max(times, default=None)


@dataclass(slots=True)
class Attribute:
    """An attribute with all that is known of it; ``earlier``: values of the past, ``rivals``: disputed ones.

    ``anchor`` names its place on the page of the customer.
    """

    anchor: str
    pointer: str
    label: str
    description: str
    role: Role
    is_list: bool
    values: list[Value] = field(default_factory=list)
    earlier: list[Value] = field(default_factory=list)
    rivals: list[Value] = field(default_factory=list)
    pending: "list[Correction]" = field(default_factory=list)


class Refused(NamedTuple):
    """A value that is not in the profile, and why; ``corrected``: which person said so, and when."""

    attribute: Attribute
    parts: tuple[Part, ...]
    reason: str
    marks: tuple[Mark, ...]
    corrected: Corrected | None


class Waiting(NamedTuple):
    """What a person said that counts from the next profile on: of which attribute, and which value."""

    said: "Correction"
    label: str
    parts: tuple[Part, ...]


@dataclass(slots=True)
class Portrait:
    """A profile for a page. ``name``: the user's own, where a profile tells it."""

    name: str | None
    attributes: list[Attribute]
    refused: list[Refused]
    notes: Notes

    def find(self, pointer: str, of: Any = None) -> Value | None:
        """The value in the profile at a pointer, or the disputed or past one ``of`` there; None where there is none."""
        for attribute in self.attributes:
            if of is None:
                found = [each for each in attribute.values if each.pointer == pointer]
            else:
                rest = (*attribute.values, *attribute.rivals, *attribute.earlier)
                found = [each for each in rest if each.pointer == pointer and each.claim and each.claim.value == of]
            if found:
                return found[0]
        return None

    def of(self, role: Role) -> list[Attribute]:
        """The attributes with this role."""
        return [each for each in self.attributes if each.role == role]

    @property
    def unknown(self) -> list[Attribute]:
        """The attributes of which nothing is known."""
        return [each for each in self.attributes if not each.values and not each.rivals]


def portrait_of(chosen: "Chosen", texts: Texts, *, with_refused: bool = True) -> Portrait | None:
    """The profile that was chosen for a page; None where there is none."""
    if chosen.document is None:
        return None
    return portray(chosen.document, chosen.schema, texts, chosen.pending, with_refused=with_refused)


def portray(
    document: ProfileDocument,
    schema: ProfileSchema | None,
    texts: Texts,
    pending: "Sequence[Correction]" = (),
    *,
    with_refused: bool = True,
) -> Portrait:
    """A profile for its page; ``schema`` is None where it is not known any more."""
    facets = {} if schema is None else {each.pointer: each for each in plan_facets(schema, texts.language)}
    attributes: dict[str, Attribute] = {}
    notes = Notes(document.user_id)

    def known_at(pointer: str) -> Attribute | None:
        return next((each for known, each in attributes.items() if f"{pointer}/".startswith(f"{known}/")), None)

    def attribute_at(pointer: str) -> Attribute:
        found = known_at(pointer)
        return found or attributes.setdefault(pointer, _attribute(len(attributes), pointer, None, texts))

    for pointer, facet in facets.items():
        attributes[pointer] = _attribute(len(attributes), pointer, facet, texts)
    for claim in document.claims:
        attribute = attribute_at(attribute_of(document.profile, claim.pointer))
        held = claim.status == "current" or _at(document.profile, claim.pointer) == claim.value
        is_choice = _is_choice(facets.get(attribute.pointer))
        value = Value(
            claim.pointer,
            tuple(_parts(claim.value, texts, is_choice)),
            claim,
            notes.cite(claim.evidence),
            held and claim.status != "superseded",
            _said_of(claim, attribute, pending),
        )
        place = attribute.values if value.is_held else attribute.rivals
        (attribute.earlier if claim.status == "superseded" else place).append(value)
    for pointer, plain in _leaves(document.profile):
        if not any(_overlap(pointer, claim.pointer) for claim in document.claims):
            attribute = attribute_at(pointer)
            attribute.values.append(Value(pointer, tuple(_parts(plain, texts, False)), None, (), True))
    for each in pending:
        attribute_at(each.attribute).pending.append(each)
    for pointer in document.unknown:
        attribute_at(pointer)
    refused = []
    for one in document.rejected if with_refused else ():
        is_choice = _is_choice(facets.get(one.pointer))
        parts = () if one.value is None else tuple(_parts(one.value, texts, is_choice))
        attribute = known_at(one.pointer) or _attribute(len(attributes), one.pointer, None, texts)
        reason = reason_in(texts, one.reason)
        refused.append(Refused(attribute, parts, reason, notes.cite(one.evidence), one.corrected))
    return Portrait(name_in(document.profile), list(attributes.values()), refused, notes)


def _said_of(claim: Claim, attribute: Attribute, pending: "Sequence[Correction]") -> "Correction | None":
    """What a person said last of a claim; past entries of a list have no place of their own."""
    places = {claim.pointer, f"{attribute.pointer}/-"} if claim.status == "superseded" else {claim.pointer}
    return next((each for each in reversed(pending) if each.pointer in places and each.before == claim.value), None)


def waiting_of(chosen: "Chosen", texts: Texts) -> list[Waiting]:
    """What people said that the chosen version does not know yet, in words."""
    facets = (
        {} if chosen.schema is None else {each.pointer: each for each in plan_facets(chosen.schema, texts.language)}
    )
    return [
        Waiting(
            each,
            label_of(each.attribute, texts),
            () if each.value is None else tuple(_parts(each.value, texts, _is_choice(facets.get(each.attribute)))),
        )
        for each in chosen.pending
    ]


def role_of(pointer: str) -> Role:
    """What an attribute tells, by what it is called."""
    key = pointer.rpartition("/")[2].casefold()
    return next((role for role, names in _ROLES.items() if key in names.split()), "other")


def label_of(pointer: str, texts: Texts) -> str:
    """What an attribute is called: our word for it, or its name in the schema as words."""
    label = texts.known("attribute", pointer.removeprefix("/"))
    if label != pointer.removeprefix("/"):
        return label
    words = name_of(pointer)
    return words[:1].upper() + words[1:]


def described(facet: Facet, texts: Texts) -> str:
    """What an attribute is, in the words of the page: a model is told what to write, such as "open 未解决"."""
    text = facet.description
    nodes = (facet.item, *facet.item.get("properties", {}).values())
    for word in (str(each) for node in nodes for each in node.get("enum", ()) if each is not None):
        own = texts.known("value", word)
        if own != word:
            text = re.sub(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])(?: ?{re.escape(own)})?", own, text)
    return text


def parts_of(value: Any, texts: Texts) -> tuple[Part, ...]:
    """The parts of a value that no claim holds."""
    return tuple(_parts(value, texts, False))


def name_in(profile: dict[str, Any]) -> str | None:
    """What the user is called in a profile, where it tells that."""
    names = (profile.get(each) for each in _NAMES)
    return next((each for each in names if isinstance(each, str) and each.strip()), None)


def reason_in(texts: Texts, reason: str) -> str:
    """Why a value was refused, in the language of the page."""
    return reason_in_chinese(reason) if texts.language == "zh" else reason


def _attribute(number: int, pointer: str, facet: Facet | None, texts: Texts) -> Attribute:
    role = "summary" if facet is not None and facet.from_claims else role_of(pointer)
    label, description = label_of(pointer, texts), "" if facet is None else described(facet, texts)
    is_list = facet is not None and facet.kind == "list"
    return Attribute(f"attribute-{number}", pointer, label, description, role, is_list)


def _parts(value: Any, texts: Texts, is_choice: bool) -> Iterator[Part]:
    """The parts of an object one by one, what is from a closed list last; anything else as one."""
    if isinstance(value, dict):
        told = {name: child for name, child in value.items() if child not in (None, [], {}, "")}
        for name, child in sorted(told.items(), key=lambda item: item[0] == "status"):
            choice = str(child) if name == "status" else None
            yield Part(label_of(f"/{escape_pointer(name)}", texts), _worded(child, texts, choice is not None), choice)
    else:
        choice = str(value) if is_choice and not isinstance(value, list) else None
        yield Part("", _worded(value, texts, is_choice), choice)


def _worded(value: Any, texts: Texts, is_choice: bool) -> str:
    if isinstance(value, bool):
        return texts("yes" if value else "no")
    if isinstance(value, str) and _DATE.fullmatch(value):
        return texts.date(value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {_worded(child, texts, False)}" for name, child in value.items())
    if isinstance(value, list):
        return texts.listed([_worded(child, texts, is_choice) for child in value])
    return texts.known("value", str(value)) if is_choice else str(value)


def _is_choice(facet: Facet | None) -> bool:
    return facet is not None and (facet.kind == "choice" or "enum" in facet.item)


def _at(node: Any, pointer: str) -> Any:
    for token in pointer.split("/")[1:]:
        if isinstance(node, dict):
            node = node.get(unescape_pointer(token))
        elif isinstance(node, list) and token.isdecimal() and int(token) < len(node):
            node = node[int(token)]
        else:
            return None
    return node


def _leaves(node: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, child in node.items():
        pointer = f"{above}/{escape_pointer(name)}"
        if isinstance(child, dict):
            yield from _leaves(child, pointer)
        elif isinstance(child, list):
            yield from ((f"{pointer}/{place}", item) for place, item in enumerate(child))
        elif child is not None:
            yield pointer, child


def _overlap(one: str, other: str) -> bool:
    return one == other or one.startswith(f"{other}/") or other.startswith(f"{one}/")
