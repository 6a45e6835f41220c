"""Makes and keeps what ranking needs of single users: their snippets, vectors and lexical index.

A user's view is read from the record and, by the record's vector ids, from the index: never a whole collection, so that
a search takes as long as the user's own history is long, however many others there are. Ranks nothing itself.
"""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from retrieval.drafts import user_key
from retrieval.events import Event, Snippet
from retrieval.history import History, Indexed
from retrieval.lexical import LexicalIndex
from retrieval.likeness import bare
from retrieval.mirror import Mirror
from retrieval.ranking import UserView
from retrieval.record import Record
from retrieval.remembered import Remembered
from retrieval.telling import mostly_asks
from retrieval.topics import Topics
from retrieval.turns import Makers
from retrieval.weighing import weight

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from retrieval.embedders import Embedder

__all__ = ["View", "Views", "session_of"]

_MOST_BYTES = 200 * 1024 * 1024
_MADE_AT_ONCE = 2  # it is mostly Python: more at once are not done sooner, and keep all other threads waiting
_CONTEXT_CHARS = 160
_REPLY_SECONDS = 600
_LONG = 3  # snippets: what a message of so many ends with is not what the next one answers
_LIKE_EACH_OTHER, _LIKE_QUESTIONS = 0.2, 0.3
_CONVERSATION = ("session", "conversation", "thread", "ticket", "dialogue", "dialog", "chat", "case")


class View(NamedTuple):
    """One user's n snippets in time order, each with its event; which of them mostly ask, shape (n,); their numbers."""

    snippets: Sequence[tuple[Snippet, Event]]
    asking: "NDArray[np.bool_]"
    numbers: UserView

    @property
    def said_by(self) -> list[str]:
        """Who said each snippet; "" where nobody is named."""
        return [snippet.speaker or event.speaker or "" for snippet, event in self.snippets]


class _Changing(NamedTuple):
    """The generation before a batch is written, and the keys of the users that it is about."""

    before: int
    keys: frozenset[str]


class _Kept(NamedTuple):
    """A view, the generation that it is good for, and its bytes."""

    generation: int
    view: View
    size: int


class Views:
    """The views of one store's users. Threads may share it.

    The last used ones are kept, up to ``most`` bytes (see ``weighing``) beside the very last one.
    """

    def __init__(
        self,
        record: Record,
        history: History,
        mirror: Mirror,
        embedder: "Callable[[], Embedder]",
        most: int = _MOST_BYTES,
    ) -> None:
        self._most = most
        self._size = 0
        self._record = record
        self._embedder = embedder
        self._topics: Topics | None = None
        self._remembered: Remembered | None = None
        self._history = history
        self._mirror = mirror
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._changing: _Changing | None = None
        self._threads = threading.Lock()
        self._makers = Makers(_MADE_AT_ONCE)

    def of(self, user_id: str) -> View:
        """The view of a user, as new as the record.

        Raises:
            UnknownUser: the store holds nothing of the user.
            StoreBusy, StoreError: the index must be repaired and cannot be; see :class:`Mirror`.
        """
        key = user_key(user_id)
        self._mirror.look_after()
        found = self._known(key)
        if found is None:
            with self._makers.making(key):
                found = self._known(key) or self._made(user_id, key)
        return found

    def _known(self, key: str) -> View | None:
        """The view that is kept and new; what is old is dropped."""
        generation = self._record.generation()
        with self._threads:
            if self._is_new(key, generation):
                self._kept.move_to_end(key)
                return self._kept[key].view
            for stale in [each for each in self._kept if not self._is_new(each, generation)]:
                self._drop(stale)  # whose it is may have been forgotten since
        return None

    def _made(self, user_id: str, key: str) -> View:
        """A new view, which is kept."""
        generation = self._record.generation()
        with self._threads:
            changing = self._changing
        view = self._make(user_id)
        size = weight(view.snippets, view.numbers)
        with self._threads:
            if changing is not None and changing is self._changing and key not in changing.keys:
                generation = changing.before
            self._drop(key)
            self._kept[key] = _Kept(generation, view, size)
            self._size += size
            while len(self._kept) > 1 and self._size > self._most:
                self._drop(next(iter(self._kept)))
        return view

    @contextmanager
    def changing(self, user_ids: Iterable[str]) -> Iterator[None]:
        """Only these users change meanwhile, so that the views of all others stay good.

        The caller holds the writer lock, and the index owes the record nothing.
        """
        before, keys = self._record.generation(), frozenset(map(user_key, user_ids))
        with self._threads:
            self._changing = _Changing(before, keys)
        try:
            yield
            after = self._record.generation()
            with self._threads:
                for key, kept in list(self._kept.items()):
                    if kept.generation == before and key not in keys:
                        self._kept[key] = kept._replace(generation=after)
        finally:
            with self._threads:
                self._changing = None

    def _is_new(self, key: str, generation: int) -> bool:
        if key not in self._kept:
            return False
        made, changing = self._kept[key].generation, self._changing
        untouched = changing is not None and made == changing.before and key not in changing.keys
        return made == generation or untouched

    def drop(self, user_id: str) -> None:
        """Keep no view of a user."""
        with self._threads:
            self._drop(user_key(user_id))

    def _drop(self, key: str) -> None:
        if (kept := self._kept.pop(key, None)) is not None:
            self._size -= kept.size

    def topics(self) -> Topics:
        """The common topics, embedded when they are first needed."""
        with self._threads:
            if self._topics is None:
                self._topics = Topics(self._embedder())
            return self._topics

    def remembered(self) -> Remembered:
        """What was asked lately, of whomever."""
        with self._threads:
            if self._remembered is None:
                self._remembered = Remembered(self._embedder())
            return self._remembered

    def _make(self, user_id: str) -> View:
        import numpy as np

        rows: list[Indexed] = []

        def wanted() -> list[str]:
            rows[:] = self._history.indexed(user_id)
            return [row.vector_id for row in rows]

        vectors = self._mirror.vectors(wanted)
        wide = np.asarray([row.wide for row in rows], dtype=bool)
        snippets = [(row.snippet, row.event) for row in rows if not row.wide]
        before = _turns_before(snippets)
        events: dict[str, int] = {}
        texts = [
            f"{snippet.text} {snippet.speaker or ''} {snippets[at][0].text[-_CONTEXT_CHARS:] if at >= 0 else ''}"
            for (snippet, _), at in zip(snippets, before, strict=True)
        ]
        numbers = UserView(
            vectors=vectors[~wide],
            before=np.asarray(before, dtype=np.int64),
            event=np.asarray([events.setdefault(e.event_id, len(events)) for _, e in snippets], dtype=np.int64),
            lexical=LexicalIndex(texts),
            windows=vectors[wide],
            around=_around([snippet for snippet, _ in snippets], [row.snippet for row in rows if row.wide]),
            common=_common(vectors[~wide], [snippet.role for snippet, _ in snippets], self.topics()),
            group=_groups(snippets),
        )
        asking = np.asarray([mostly_asks(snippet.text) for snippet, _ in snippets], dtype=bool)
        return View(snippets, asking, numbers)


def _common(vectors: "NDArray[np.float32]", roles: Sequence[str], topics: Topics) -> "NDArray[np.float32]":
    """How similar each snippet is to whatever one looks for: "That sounds great!" is near every question.

    Such hubs are known of vector spaces in general; what they are near to on average is taken off, as by CSLS (Conneau
    et al. 2018), here for the user's snippets and for questions about common topics. Only the snippets of one role are
    compared; records of systems keep their similarity: they are all alike, and the long ones are no better answers.
    """
    import numpy as np

    if not len(vectors):
        return np.zeros(0, dtype=np.float32)
    each_other, questions = vectors @ vectors.mean(axis=0), topics.closeness(vectors)
    common = _LIKE_EACH_OTHER * each_other + _LIKE_QUESTIONS * questions
    for role in set(roles):
        of_role = np.asarray([each == role for each in roles])
        common[of_role] -= common[of_role] if role == "system" else common[of_role].mean()
    return np.asarray(common, dtype=np.float32)


def _groups(snippets: Sequence[tuple[Snippet, Event]]) -> "NDArray[np.int64] | None":
    """Equal numbers for the snippets of an event and of its copies that say the same; None when there are no copies.

    Where both events are one snippet each, these do; of longer ones the equal snippets, so that what an event has more
    than its copy stands for itself.
    """
    import numpy as np

    if not any(event.copy_of for _, event in snippets):
        return None
    count = Counter(event.event_id for _, event in snippets)
    heads = {event.copy_of for _, event in snippets if event.copy_of}
    groups: dict[object, int] = {}
    numbers = []
    for position, (snippet, event) in enumerate(snippets):
        head = event.copy_of or event.event_id
        if head not in heads:
            key: object = position
        elif count[event.event_id] == count[head] == 1:
            key = head
        else:
            key = head, bare(snippet.text)
        numbers.append(groups.setdefault(key, len(groups)))
    return np.asarray(numbers, dtype=np.int64)


def _around(snippets: Sequence[Snippet], windows: Sequence[Snippet]) -> "NDArray[np.int64]":
    import numpy as np

    of_event: dict[str, list[tuple[int, Snippet]]] = {}
    for number, window in enumerate(windows):
        of_event.setdefault(window.event_id, []).append((number, window))
    lists = [
        [number for number, w in of_event.get(s.event_id, ()) if w.start <= s.start and s.end <= w.end]
        for s in snippets
    ]
    result = np.full((len(snippets), max((len(each) for each in lists), default=0) or 1), -1, dtype=np.int64)
    for position, numbers in enumerate(lists):
        result[position, : len(numbers)] = numbers
    return result


def _turns_before(snippets: Sequence[tuple[Snippet, Event]]) -> list[int]:
    """For each snippet the position of what was said right before it in the same conversation, -1 for nothing.

    That is the snippet before in its event; else the last one of the event before, when both say that they are of the
    same session (conversation, thread …), or when it is another speaker's on the same channel within ten minutes, or
    neither tells its time. A long message is nothing that the next one is understood by: an assistant's essay ends with
    "Shall I go on?", and is followed by a new request.
    """
    count = Counter(event.event_id for _, event in snippets)
    last: dict[object, int] = {}
    result = []
    for position, (_, event) in enumerate(snippets):
        session = session_of(event)
        key = (event.channel, session)
        at = last.get(key, -1)
        before = snippets[at][1] if at >= 0 else event
        answers = count[before.event_id] < _LONG and (session is not None or _replies(event, before))
        if before is not event and not answers:
            at = -1
        result.append(at)
        last[key] = position
    return result


def session_of(event: Event) -> str | None:
    """The number of the conversation that an event is of, where its metadata tell it."""
    names = {key.casefold().removesuffix("id").rstrip("_- "): value for key, value in event.metadata.items()}
    return next((str(names[name]) for name in _CONVERSATION if names.get(name) is not None), None)


def _replies(event: Event, before: Event) -> bool:
    if event.speaker == before.speaker:
        return False
    if event.epoch is None or before.epoch is None:
        return event.epoch is None and before.epoch is None
    return 0 <= event.epoch - before.epoch <= _REPLY_SECONDS
