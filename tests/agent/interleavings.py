"""Random interleavings of what users of several tenants do, in which everybody tries to read what is not theirs.

Each word ``zq…`` that is said tells whose it is and which event it is of, so that whatever is shown can be checked: no
word of anybody else, none of an erased event, and, where all of a history is shown, each of the others.
"""

import hashlib
import json
import re
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule

from retrieval import Event
from retrieval.timestamps import parse_timestamp
from tests.agent.one_by_one import one_by_one

TENANTS: Final = ("acme", "acme-2")
USERS: Final = (
    "ann", "ANN", "an", "an n", "ann_", "ann%", "a_n", "ann/e001", "ann#0", "ann'--", 'ann"', "..", "ａｎｎ",
    "caf\u00e9", "cafe\u0301", "李小", "李小龙", "null", "default",
)  # fmt: skip
"""Ids that are alike: beginnings of each other, patterns of SQL, parts of paths, other forms of the same letters."""

SCHEMA: Final = {"title": "small", "type": "object", "properties": {"code": {"type": ["string", "null"]}}}
_LATER: Final = datetime.now(UTC).replace(microsecond=0) + timedelta(minutes=30)
_WORD: Final = re.compile(r"zq([a-z]{8})(\d{3})")
_SAID_BY_A_PERSON: Final = 999
_QUERY: Final = "code word 暗号"
_STEPS: Final = ("say", "say", "say_again", "search", "read", "profile", "ask", "correct", "forget", "tidy")


class Said(NamedTuple):
    """An event; its words tell whose it is. It is later than any erasure, but not so much that the clock would be
    taken for wrong."""

    user: str
    number: int
    word: str
    chinese: bool

    @property
    def event_id(self) -> str:
        """The same for each user's first event, and so on."""
        return f"e{self.number:03d}"

    @property
    def time(self) -> str:
        """When it was said."""
        return time_of(self.number)

    @property
    def text(self) -> str:
        """What was said."""
        return f"我的暗号是{self.word}，请记住。" if self.chinese else f"My code word is {self.word}, keep it in mind."

    @property
    def event(self) -> Event:
        """As it is loaded."""
        moment = parse_timestamp(self.time)
        assert moment is not None
        return Event(self.user, self.event_id, self.text, moment[0], moment[1], "chat")


def time_of(number: int) -> str:
    """When the event with this number was said."""
    return (_LATER + timedelta(seconds=number)).isoformat()


def word_of(tenant: str, user: str, number: int) -> str:
    """A word that tells whose it is."""
    digest = hashlib.sha256(json.dumps([tenant, user]).encode()).hexdigest()[:8]
    return "zq" + "".join(chr(ord("a") + int(digit, 16)) for digit in digest) + f"{number:03d}"


@one_by_one
def answer(system: str, user: str, schema: Mapping[str, Any] | None) -> str | float:
    """A model that tells whatever word it is shown."""
    if schema is None:
        if not user.endswith(("Answer:", "答案：")):
            return 0.9
        found = _WORD.search(user)
        return found[0] if found else "none"
    shown = re.search(rf"\[(\d+)\] [^\n]*({_WORD.pattern})", system)
    return f'[{{"evidence":{shown[1]},"value":"{shown[2]}"}}]' if shown else "[]"


class Door(ABC):
    """A way into the stores of the tenants. Reads give None where there is no such user."""

    most = 100
    """No search shows more events."""

    @abstractmethod
    def add(self, tenant: str, said: Sequence[Said]) -> None:
        """Load events."""

    @abstractmethod
    def users(self, tenant: str) -> list[str]:
        """Who is there."""

    def users_too(self, tenant: str) -> list[str]:
        """The same in another way, where there is one."""
        return self.users(tenant)

    @abstractmethod
    def texts(self, tenant: str, user: str) -> dict[str, str] | None:
        """All events of a user: id -> text."""

    @abstractmethod
    def found(self, tenant: str, user: str, query: str) -> dict[str, str] | None:
        """All that a search for anything finds: id -> text."""

    @abstractmethod
    def told(self, tenant: str, user: str) -> Mapping[str, Any] | None:
        """Whatever else can be read of a user, by what it is: "export" holds all events."""

    @abstractmethod
    def made(self, tenant: str, user: str, question: str | None) -> Any:
        """A profile, or the answer to a question."""

    @abstractmethod
    def correct(self, tenant: str, user: str, value: str) -> None:
        """Say what the code word is."""

    @abstractmethod
    def forget(self, tenant: str, user: str, scope: Mapping[str, Any]) -> Any:
        """Erase events of a user; the receipt."""

    @abstractmethod
    def tidy(self, tenant: str, kind: str) -> None:
        """Compact, reindex, or close and open the store."""

    @abstractmethod
    def asked(self) -> str:
        """What the language model was shown since this was called last."""

    @abstractmethod
    def close(self) -> None:
        """Release everything."""


_tenants = st.sampled_from(TENANTS)


class Interleavings(RuleBasedStateMachine):
    """What the users of two tenants do, one after another; what each may see is kept beside."""

    opened: Callable[[Path], Door]
    done: Counter[str]
    """How often each kind of step was done, and "looked at": things that were shown, and checked."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="limner-isolation-"))
        self.door = type(self).opened(self.folder)
        self.there: dict[tuple[str, str], dict[int, Said]] = {}
        self.gone: dict[tuple[str, str], dict[int, Said]] = {}
        self.corrected: set[tuple[str, str]] = set()
        self.users: Sequence[str] = ()

    def teardown(self) -> None:
        """Look at everything once more."""
        try:
            for tenant in TENANTS:
                self._check_users(tenant)
            for tenant, user in sorted({*self.there, ("acme", "nobody")}):
                self._check(tenant, user)
        finally:
            self.door.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(users=st.permutations(USERS))
    def begin(self, users: Sequence[str]) -> None:
        """The same ids in both tenants, but for one."""
        self.users = users[:4]
        for tenant, there in zip(TENANTS, (self.users[:3], self.users[1:]), strict=True):
            self._add(tenant, there, chinese=False)

    @rule(tenant=_tenants, who=st.integers(0, 3), kind=st.sampled_from(_STEPS), data=st.data())
    def step(self, tenant: str, who: int, kind: str, data: st.DataObject) -> None:
        """One thing of all that can be done: a rule for each would be left out of whole interleavings."""
        self.done[kind] += 1
        getattr(self, f"_{kind}")(tenant, self.users[who], data)

    def _say(self, tenant: str, user: str, data: st.DataObject) -> None:
        """Events of several users, loaded together."""
        others = data.draw(st.lists(st.sampled_from(self.users), max_size=3))
        self._add(tenant, [user, *others], chinese=data.draw(st.booleans()))

    def _say_again(self, tenant: str, user: str, data: st.DataObject) -> None:
        """All that a user ever said: what was erased stays out."""
        said = [*self._there(tenant, user).values(), *self.gone.get((tenant, user), {}).values()]
        if said:
            self.door.add(tenant, said)
            self._check_history(tenant, user)

    def _search(self, tenant: str, user: str, data: st.DataObject) -> None:
        """For anybody's words, or ids."""
        owner = data.draw(st.sampled_from(sorted(self.there)))
        words = [each.word for each in self.there[owner].values()]
        self._check_found(tenant, user, data.draw(st.sampled_from([_QUERY, owner[1].strip(), *words])))

    def _read(self, tenant: str, user: str, data: st.DataObject) -> None:
        """All that can be read."""
        self._check(tenant, user)

    def _profile(self, tenant: str, user: str, data: st.DataObject) -> None:
        self._make(tenant, user, None)

    def _ask(self, tenant: str, user: str, data: st.DataObject) -> None:
        self._make(tenant, user, data.draw(st.sampled_from(["What is the code word?", "暗号是什么？"])))

    def _correct(self, tenant: str, user: str, data: st.DataObject) -> None:
        """Somebody says what is right."""
        if self._there(tenant, user):
            self.door.correct(tenant, user, word_of(tenant, user, _SAID_BY_A_PERSON))
            self.corrected.add((tenant, user))

    def _forget(self, tenant: str, user: str, data: st.DataObject) -> None:
        """All of a user, an event, or a time; with its bytes, or these later."""
        there = self._there(tenant, user)
        if not there:
            return
        numbers = sorted(there)
        first = data.draw(st.sampled_from(numbers))
        last = data.draw(st.sampled_from([each for each in numbers if each >= first]))
        scope, going = data.draw(
            st.sampled_from(
                [
                    ({}, numbers),
                    ({"events": [there[first].event_id]}, [first]),
                    ({"since": time_of(first), "until": time_of(last)}, [n for n in numbers if first <= n <= last]),
                ]
            )
        )
        self._own(tenant, user, self.door.forget(tenant, user, {**scope, "defer": data.draw(st.booleans())}))
        for number in going:
            self.gone.setdefault((tenant, user), {})[number] = there.pop(number)
        if not there:
            self.corrected.discard((tenant, user))
        self._check(tenant, user)

    def _tidy(self, tenant: str, user: str, data: st.DataObject) -> None:
        self.door.tidy(tenant, data.draw(st.sampled_from(["compact", "reindex", "reopen"])))

    def _make(self, tenant: str, user: str, question: str | None) -> None:
        """A profile or an answer."""
        self.door.asked()
        made = self.door.made(tenant, user, question)
        assert (made is None) == (not self._there(tenant, user)), "of whom there is no history, nothing is made"
        self._own(tenant, user, made)
        self._own(tenant, user, self.door.asked())

    def _add(self, tenant: str, users: Sequence[str], *, chinese: bool) -> None:
        said = []
        for user in users:
            there = self.there.setdefault((tenant, user), {})
            number = max((*there, *self.gone.get((tenant, user), {})), default=0) + 1
            there[number] = Said(user, number, word_of(tenant, user, number), chinese)
            said.append(there[number])
        self.door.add(tenant, said)

    def _there(self, tenant: str, user: str) -> dict[int, Said]:
        return self.there.get((tenant, user), {})

    def _check(self, tenant: str, user: str) -> None:
        self._check_history(tenant, user)
        self._check_found(tenant, user, _QUERY)
        told = self.door.told(tenant, user)
        there = self._there(tenant, user)
        assert (told is None) == (not there)
        if told is not None:
            for what in told.values():
                self._own(tenant, user, what)
            assert {each.word for each in there.values()} <= words_in(told["export"])
            if (tenant, user) in self.corrected:
                assert word_of(tenant, user, _SAID_BY_A_PERSON) in words_in(told["corrections"])

    def _check_history(self, tenant: str, user: str) -> None:
        wanted = {each.event_id: each.text for each in self._there(tenant, user).values()}
        assert self.door.texts(tenant, user) == (wanted or None)

    def _check_found(self, tenant: str, user: str, query: str) -> None:
        wanted = {each.event_id: each.text for each in self._there(tenant, user).values()}
        found = self.door.found(tenant, user, query)
        if len(wanted) <= self.door.most:
            assert found == (wanted or None)
        else:
            assert found is not None and found.items() <= wanted.items() and len(found) == self.door.most

    def _check_users(self, tenant: str) -> None:
        there = {user for (owner, user), said in self.there.items() if owner == tenant and said}
        assert sorted(self.door.users(tenant)) == sorted(self.door.users_too(tenant)) == sorted(there)

    def _own(self, tenant: str, user: str, shown: Any) -> None:
        """No word of another user's, nor of an event that is gone, stands in what is shown."""
        own = {each.word for each in self._there(tenant, user).values()}
        self.done["looked at"] += 1
        assert words_in(shown) <= own | {word_of(tenant, user, _SAID_BY_A_PERSON)}


def words_in(shown: Any) -> set[str]:
    """The words in anything that is shown, which tell whose they are."""
    return {match[0] for match in _WORD.finditer(json.dumps(shown, ensure_ascii=False, default=str))}
