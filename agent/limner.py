"""The Python API: one object that ingests histories, searches, answers questions and makes profiles.

Knows how the parts are put together; loads nothing before it is needed.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from agent.derived import FromEvents
from agent.errors import NotFound, shorten
from agent.loaded import LoadedModels, OnLoad
from agent.progress import OnStep, Step, go_on, ignore
from agent.schema import ProfileSchema, SchemaSource, load_schema
from agent.stages import ALL, Stages
from retrieval import (
    EMBEDDED,
    BadLine,
    Embedder,
    Event,
    Hit,
    IngestReport,
    PersonalData,
    Query,
    Reranker,
    Revealed,
    Store,
    UserSummary,
    load_reranker,
)
from retrieval.encryption import StoreKey, find_store_key
from retrieval.ingest import OnDropped

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from agent.allowing import Allowing
    from agent.calibration import Kind
    from agent.chat import Chat, Said
    from agent.confidence import Confidence
    from agent.corrections import Action, Correction
    from agent.documents import AnswerDocument, ModelNames, ProfileDocument
    from agent.explanations import Explanation
    from agent.meanwhile import OnPart, OnReading
    from agent.versions import Changes, Earlier, Versions
    from retrieval.archives import Manifest
    from retrieval.chains import UserRetriever
    from retrieval.embedder_process import EmbedderProcess
    from retrieval.forgetting import OnStage
    from retrieval.index_process import IndexProcess
    from retrieval.keeping import VersionNote
    from retrieval.permits import Permit
    from retrieval.proving import Proof
    from retrieval.restoring import Restored
    from retrieval.retention import Expired

__all__ = ["Limner", "OnLoad"]


class Limner:
    """A store of user histories, an embedder and a language model.

    Args:
        store: the folder of the store; ``ingest`` makes it.
        llm: ``"embedded"``, ``"gguf:PATH"``, ``"transformers:NAME_OR_DIR"``, ``"openai:MODEL"``, ``"ollama:MODEL"`` and
            others (docs/models.md), or any LangChain chat model that can follow a JSON Schema.
        llm_base_url: the address of the server.
        embedder: ``"embedded"``, a sentence-transformers folder or name, or an :class:`Embedder`.
        on_step: told about progress of profiles and answers.
        on_load: told about progress of preparing model weights.
        record, index: addresses of a PostgreSQL database and a Chroma server; None: ``$LIMNER_RECORD`` and
            ``$LIMNER_INDEX``, else in the folder.
        reranker: the folder or name of a sentence-transformers cross-encoder, or a :class:`Reranker`, that orders the
            best of what a search found anew.
        calibrations: files that ``limner eval … --fit`` wrote, before those that come with limner.
        purpose: what the histories are used for; None: the first one of the store's policy (docs/privacy.md). A user
            about whom nothing may be told for it is refused with :class:`ConsentMissing`.
        key: 64 hex digits, with which the store is encrypted; None: ``$LIMNER_KEY`` or ``$LIMNER_KEY_FILE``, else it is
            plain.
        index_process: what keeps an index in the folder open, for servers; None: this process does. Who made it closes
            it.
        embedder_process: what has an ``embedder`` in memory that is given by its name, in the same way.

    Models are loaded when they are first needed. Close it, or use it as a context manager.
    """

    def __init__(
        self,
        store: str | Path,
        *,
        llm: "str | BaseChatModel" = "embedded",
        llm_base_url: str | None = None,
        embedder: str | Embedder = EMBEDDED,
        on_step: OnStep = ignore,
        on_load: OnLoad | None = None,
        record: str | None = None,
        index: str | None = None,
        reranker: str | Reranker | None = None,
        calibrations: Sequence[str | Path] = (),
        purpose: str | None = None,
        key: str | StoreKey | None = None,
        index_process: "IndexProcess | None" = None,
        embedder_process: "EmbedderProcess | None" = None,
    ) -> None:
        self._key = find_store_key(key)
        self._index_process = index_process
        self._models = LoadedModels(llm, llm_base_url, embedder, on_load, embedder_process)
        self._constant: dict[tuple[str, str], Said] = {}
        self._on_step = on_step
        self._may_go_on = go_on
        self._calibrations = [Path(each) for each in calibrations]
        self._stages = ALL
        self._reranker = reranker if isinstance(reranker, str) or reranker is None else reranker.name
        self._reorders = (lambda: load_reranker(reranker)) if isinstance(reranker, str) else reranker
        self._store = self._store_in(Path(store), record, index).for_purpose(purpose)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Release the store and the model."""
        self._store.close()
        self._models.close()

    @property
    def stages(self) -> Stages:
        """Which stages are run: all, but in measurements."""
        return self._stages

    @property
    def store(self) -> Store:
        """The store underneath."""
        return self._store

    def ingest(
        self,
        files: str | Path | Query | Sequence[str | Path | Query],
        *,
        columns: Mapping[str, str] | None = None,
        self_names: Collection[str] = (),
        user_id: str | None = None,
        format: str | None = None,
        strict: bool = False,
        force: bool = False,
        personal_data: str | PersonalData | None = None,
        progress: Callable[[IngestReport], None] | None = None,
        listing: OnDropped | None = None,
    ) -> IngestReport:
        """Load history files; see :meth:`retrieval.Store.ingest`.

        ``personal_data``: ``"off"``, ``"mark"``, ``"mask"``, ``"tokenise"``, or a :class:`retrieval.PersonalData`; the
        store keeps it for later calls.
        """
        given = [files] if isinstance(files, str | Path | Query) else list(files)
        report = self._store.ingest(
            [each if isinstance(each, Query) else Path(each) for each in given],
            columns=columns,
            self_names=self_names,
            user_id=user_id,
            format=format,
            strict=strict,
            force=force,
            personal_data=PersonalData(personal_data) if isinstance(personal_data, str) else personal_data,
            progress=progress,
            listing=listing,
        )
        self._forget_prompts(report.erased)
        return report

    def reveal(
        self, user_id: str, *, events: Collection[str] | None = None, key: str | Path | None = None
    ) -> list[Revealed]:
        """What the pseudonyms in a user's events stand for; see :meth:`retrieval.Store.reveal`."""
        return self._store.reveal(user_id, events, key=key)

    def reindex(self, progress: Callable[[int, int], None] | None = None) -> int:
        """Make the index anew with the embedder given now; see :meth:`retrieval.Store.reindex`."""
        return self._store.reindex(progress)

    def backup(self, out: str | Path, *, force: bool = False) -> "Manifest":
        """Write all of the store to a file, while others use it; see :meth:`retrieval.Store.backup`."""
        return self._store.backup(Path(out), force=force)

    def restore(self, file: str | Path, *, force: bool = False, backup_key: str | StoreKey | None = None) -> "Restored":
        """Make the store from a backup; see :meth:`retrieval.Store.restore`.

        What the store itself knows as forgotten does not come back, nor what was made of it.
        """
        return self._store.restore(Path(file), force=force, backup_key=backup_key)

    def ingest_events(
        self,
        events: Iterable[Event | BadLine],
        *,
        self_names: Collection[str] = (),
        force: bool = False,
        personal_data: str | PersonalData | None = None,
        progress: Callable[[IngestReport], None] | None = None,
        listing: OnDropped | None = None,
        report: IngestReport | None = None,
    ) -> IngestReport:
        """Load events that are made elsewhere; see :meth:`retrieval.Store.ingest_events`."""
        report = self._store.ingest_events(
            events,
            self_names=self_names,
            force=force,
            personal_data=PersonalData(personal_data) if isinstance(personal_data, str) else personal_data,
            progress=progress,
            listing=listing,
            report=report,
        )
        self._forget_prompts(report.erased)
        return report

    def retain(self, *, dry_run: bool = False, defer: bool | None = None, trust_clock: bool = False) -> "Expired":
        """Erase what is too old by the retention rules; see :meth:`retrieval.Store.retain`."""
        expired = self._store.retain(dry_run=dry_run, defer=defer, trust_clock=trust_clock)
        if not dry_run:
            self._forget_prompts(expired.erased.events)
        return expired

    def _forget_prompts(self, erased: int) -> None:
        """The loaded model forgets what it was asked, when retention rules erased something."""
        if erased:
            self.forget_prompts()

    def forget_prompts(self) -> None:
        """The loaded model forgets what it was asked, as after an erasure: when another program erased something."""
        from agent.memory import forget_prompts

        forget_prompts(self._models.chat_in_memory)

    def users(self) -> list[UserSummary]:
        """Who is in the store."""
        return self._store.users()

    def search(self, user_id: str, query: str, k: int = 10) -> list[Hit]:
        """The ``k`` snippets of the user that matter most for the query; see :class:`retrieval.Hit`."""
        return self._store.search(user_id, query, k)

    def retriever(self, user_id: str, k: int = 10) -> "UserRetriever":
        """A LangChain retriever over this user's history, for chains of your own.

        Raises:
            ConsentMissing: nothing may be made of the history for the purpose.
        """
        from retrieval.chains import UserRetriever

        self.permit(user_id)
        return UserRetriever(store=self._store, user_id=user_id, k=k)

    def ask(
        self,
        user_id: str,
        question: str,
        *,
        min_confidence: float = 0.0,
        on_reading: "OnReading | None" = None,
        on_part: "OnPart | None" = None,
    ) -> "AnswerDocument":
        """Answer a question from the user's history; ``answered`` is False when it does not tell.

        An answer that is less sure than ``min_confidence`` is null; it stands in ``rejected``.

        Args:
            user_id, question: whose history, and what it is asked; up to three questions in one text.
            min_confidence: 0 to 1.
            on_reading: told the quotes that the answer is being read from (:class:`agent.meanwhile.BeingRead`), as soon
                as the passages are weighed. They are no answer.
            on_part: told the answer to each of several questions (:class:`agent.meanwhile.Part`), as soon as it is
                verified; not with a ``min_confidence``, for which all of them count together.

        Raises:
            InputError: a calibration that was given is none.
            UnknownUser, ConsentMissing, UsageError, ModelUnavailable, StoreError: as their names say.
        """
        from agent.ask_graph import AskGraph
        from agent.meanwhile import Meanwhile

        allowing = self._allowing(user_id)  # whoever is unknown or refused is so before any model is loaded
        confidence = self._confidence("answer", min_confidence)
        verified = on_part if self._stages.verify else None
        told = Meanwhile(allowing, confidence, lambda: self.permit(user_id), on_reading=on_reading, on_part=verified)
        names = self._names(confidence)
        graph = AskGraph(self._store, self.chat(), names, self._on_step, self._stages, allowing, told)
        document = confidence.settle_answer(graph.run(user_id, question))
        self.permit(user_id)  # it may have been withdrawn meanwhile
        return document

    def profile(
        self,
        user_id: str,
        schema: SchemaSource = "person",
        *,
        min_confidence: float = 0.0,
        fresh: bool = False,
        moods: bool = False,
    ) -> "ProfileDocument":
        """The user's profile under ``schema``: a built-in name, a file, a mapping or a Pydantic model.

        Values that are less sure than ``min_confidence`` are left out; they stand in ``rejected``.

        Each profile that says something else is kept as the next version. When nothing changed that it depends on, the
        last one is returned, and no model is loaded or asked; else only what may have changed is found out again.
        ``fresh``: all of it.

        ``moods``: also the mood of each period of the history, where the schema asks for a mood; see
        :class:`agent.documents.Mood`. It costs at most six short calls, and none of periods in which nothing changed.

        Raises:
            InputError: a calibration that was given is none.
            SchemaError: the schema cannot be filled.
            ProfileInvalid: the schema requires what the history does not hold.
            UnknownUser, ConsentMissing, ModelUnavailable, StoreError: as their names say.
        """
        checked = load_schema(schema)
        allowing = self._allowing(user_id)
        confidence = self._confidence("claim", min_confidence)
        names = self._names(confidence)

        def make(earlier: "Earlier") -> "ProfileDocument":
            from agent.profile_graph import ProfileGraph

            parts = names, self._on_step, confidence, self._stages, allowing
            graph = ProfileGraph(self._store, self.chat(), *parts, moods=moods)
            return graph.run(user_id, checked, earlier)

        settings = {"reranker": self._reranker, **confidence.settings(), "stages": asdict(self._stages)}
        settings |= allowing.settings() | ({"moods": True} if moods else {})
        return self._versions(checked).profile(user_id, names, settings, make, fresh=fresh)

    def versions(self, user_id: str, schema: "SchemaSource | None" = None) -> "list[VersionNote]":
        """The user's versions, oldest first: of all profiles, or of that under ``schema``."""
        self._store.check_user(user_id)
        return self._store.keeping.versions(user_id, None if schema is None else load_schema(schema).name)

    def version(self, user_id: str, number: int, schema: SchemaSource = "person") -> "ProfileDocument":
        """A version of the user's profile, as it was made.

        Raises:
            UnknownUser, NotFound: there is no such version.
        """
        self._store.check_user(user_id)
        return self._versions(load_schema(schema)).version(user_id, number)

    def latest(self, user_id: str, schema: SchemaSource = "person") -> "ProfileDocument":
        """The latest version of the user's profile, as it was made; no model is asked.

        Raises:
            UnknownUser, NotFound: there is none.
        """
        checked = load_schema(schema)
        self._store.check_user(user_id)
        found = self._versions(checked).latest(user_id)
        if found is None:
            raise NotFound(
                f"user {shorten(user_id)} has no profile {shorten(checked.name)} yet", hint="Let it be made first"
            )
        return found

    def changes(self, user_id: str, number: int, schema: SchemaSource = "person") -> "Changes":
        """What changed with a version of the user's profile, and why.

        Raises:
            UnknownUser, NotFound: there is no such version.
        """
        self._store.check_user(user_id)
        return self._versions(load_schema(schema)).changes(user_id, number)

    def shown(self, user_id: str, number: int, schema: SchemaSource = "person") -> dict[str, list[tuple[str, str]]]:
        """What the model was shown for each attribute of a version; see :meth:`agent.versions.Versions.shown`."""
        return self._versions(load_schema(schema)).shown(user_id, number)

    def correct(
        self,
        user_id: str,
        pointer: str,
        action: "Action",
        value: Any = None,
        *,
        of: Any = None,
        by: str,
        note: str | None = None,
        schema: SchemaSource = "person",
    ) -> "Correction":
        """Confirm, correct (with ``value``) or forbid what stands at ``pointer`` in the latest version of the profile.

        It counts from the next profile on. ``/interests/0`` is the first interest of the latest version,
        ``/interests/-`` one more, ``/interests`` all of them. ``of``: the value that is meant, where it is not the one
        in the profile but a disputed rival, or one of the past, which can only be forbidden.

        Raises:
            UsageError: the schema has no such attribute.
            InputError: nothing stands there, ``of`` is not to be judged so, or the schema does not allow the value.
            UnknownUser, StoreError: as their names say.
        """
        from agent.corrections import make_correction

        checked = load_schema(schema)
        self._store.check_user(user_id)
        mark = self._store.keeping.mark(user_id)
        latest = self._versions(checked).latest(user_id)
        correction = make_correction(
            self._store, user_id, checked, latest, pointer, action, value=value, of=of, by=by, note=note
        )
        correction.keep(self._store, mark)
        return correction

    def corrections(self, user_id: str | None = None) -> "list[Correction]":
        """What people said of profiles, in order: of one user's, or of all."""
        from agent.corrections import corrections_of

        if user_id is not None:
            self._store.check_user(user_id)
        return corrections_of(self._store, user_id)

    def forget(
        self,
        user_id: str,
        *,
        events: Collection[str] | None = None,
        since: str | None = None,
        until: str | None = None,
        channel: str | None = None,
        defer: bool = False,
        dry_run: bool = False,
        progress: "OnStage | None" = None,
    ) -> dict[str, Any]:
        """Erase a user, or some of a user's events, with all that was made of them; returns the signed receipt.

        Profiles that were made when the events were there go, too; the next one is made without them. The loaded model
        forgets its prompts. What was forgotten does not come back when an old file is loaded, unless that is forced.

        Args:
            user_id: whose events; all of them, unless something else is given.
            events: only those with these ids.
            since, until: only those of this time, both included; events without a time stay.
            channel: only those of this channel.
            defer: leave the bytes to the next :meth:`compact`; nothing can be found or read from now on all the same.
            dry_run: erase nothing; returns how much would be erased.
            progress: told what was reached.

        Raises:
            UnknownUser, InputError: there is nothing of that.
            UsageError: ids and something else, or a time that is none.
            StoreBusy: another process writes; nothing was erased.
        """
        from agent.erasing import erase, preview
        from retrieval.scopes import Scope

        scope = Scope.of(events, since, until, channel)
        if dry_run:
            return preview(self._store, user_id, scope)
        return erase(self._store, self._models.chat_in_memory, user_id, scope, defer=defer, progress=progress)

    def compact(self, progress: "OnStage | None" = None) -> list[dict[str, Any]]:
        """Remove the bytes of whatever was erased and deferred; returns the receipts that are complete now.

        Raises:
            StoreBusy: another process uses the store; call again.
        """
        return self._store.forgetting.compact(progress)

    def receipts(self, user_id: str | None = None) -> list[dict[str, Any]]:
        """The receipts of erasures, oldest first: all, or those of one user."""
        return self._store.forgetting.receipts(user_id)

    def is_genuine(self, receipt: Mapping[str, Any], user_id: str | None = None) -> bool:
        """Whether this store signed the receipt as it is; with a user: and for this user."""
        return self._store.forgetting.is_genuine(receipt, user_id)

    def verify_erasure(self, user_id: str, files: Sequence[str | Path] = (), *, vectors: bool = True) -> "Proof":
        """Look in every file of the store for what was erased; see :meth:`retrieval.Store.prove_erasure`."""
        return self._store.prove_erasure(user_id, [Path(each) for each in files], vectors=vectors)

    def export(self, user_id: str) -> dict[str, Any]:
        """Everything about a user as JSON types: events with raw forms, snippets, profiles, corrections, receipts.

        Raises:
            UnknownUser: the store holds nothing of the user.
        """
        from agent.exporting import export_document

        return export_document(self._store, user_id)

    def _versions(self, schema: ProfileSchema) -> "Versions":
        from agent.versions import Versions

        return Versions(self._store, schema)

    def varied(self, *, store: Store | None = None, stages: Stages = ALL) -> Self:
        """The same models over another store, or with fewer stages: for measuring what a part is worth."""
        other = copy(self)
        other._store, other._stages = store or self._store, stages
        return other

    def for_purpose(self, purpose: str | None) -> Self:
        """The same models and store, for another purpose than the store's first one."""
        other = copy(self)
        other._store = self._store.for_purpose(purpose)
        return other

    def permit(self, user_id: str) -> "Permit":
        """What may be made of, and told about, a user for the purpose.

        Raises:
            ConsentMissing: nothing.
            UsageError: the store does not know the purpose.
        """
        return self._store.keeping.permit(user_id)

    def _allowing(self, user_id: str) -> "Allowing":
        """The same for graphs.

        Raises:
            UnknownUser, ConsentMissing, UsageError: as their names say.
        """
        from agent.allowing import Allowing

        self._store.check_user(user_id)
        return Allowing(self.permit(user_id))

    def watched(self, on_step: OnStep, may_go_on: Callable[[], None] = go_on) -> Self:
        """The same store and models for one piece of work: who is told about its steps, and who may stop it.

        Args:
            on_step: told about progress.
            may_go_on: called before each call of the language model; what it raises ends the work.
        """
        other = copy(self)
        other._on_step, other._may_go_on = on_step, may_go_on
        return other

    def over(self, store: Path, *, token_key: str | Path | None = None) -> Self:
        """The same models, which are loaded once, over the store in another folder.

        ``token_key``: the key of its pseudonyms, or the file that has it; None: ``$LIMNER_TOKEN_KEY``.
        """
        other = copy(self)
        other._store = self._store_in(Path(store), token_key=token_key).for_purpose(self._store.purpose)
        return other

    def _store_in(
        self,
        folder: Path,
        record: str | None = None,
        index: str | None = None,
        token_key: str | Path | None = None,
    ) -> Store:
        """The store in a folder, with these models; it knows what profiles and corrections were made of."""
        return Store(
            folder,
            self._models.embedder,
            record=record,
            index=index,
            reranker=self._reorders,
            derived=FromEvents(),
            key=self._key,
            index_process=self._index_process,
            token_key=token_key,
        )

    def names(self) -> "ModelNames":
        """What documents call the models."""
        from agent.confidence import AS_IT_IS

        return self._names(AS_IT_IS)

    def explain(self, user_id: str, pointer: str, schema: SchemaSource = "person", *, of: Any = None) -> "Explanation":
        """Why the profile has what it has at ``pointer`` (RFC 6901), or nothing: quotes, probabilities, ablations.

        ``of``: why a disputed rival or a past value is there, which a claim at ``pointer`` has, instead.

        Raises:
            UsageError: no value stands there; the message names the pointers that there are.
            InputError: no claim there has the value ``of``.
            SchemaError, ProfileInvalid, UnknownUser, ModelUnavailable, StoreError: as for :meth:`profile`.
        """
        from agent.concealing import check_is_told, without_guesses
        from agent.explaining import Explainer
        from agent.places import check_pointer

        checked = load_schema(schema)
        check_pointer(checked, pointer)
        document = self.profile(user_id, checked)
        check_is_told(document, pointer)
        allowing = self._allowing(user_id)
        found = Explainer(self._store, self.chat(), self.names(), self._on_step).claim(document, checked, pointer, of)
        self.permit(user_id)
        return without_guesses(found, allowing)

    def explain_answer(self, user_id: str, question: str) -> "Explanation":
        """Why :meth:`ask` answers as it does, or not: quotes, probabilities, ablations.

        Raises:
            UsageError: there are several questions, or none.
            UnknownUser, ModelUnavailable, StoreError: as for :meth:`ask`.
        """
        from agent.concealing import without_guesses
        from agent.explaining import Explainer, check_question

        check_question(question)
        document = self.ask(user_id, question)
        allowing = self._allowing(user_id)
        found = Explainer(self._store, self.chat(), self.names(), self._on_step).answer(document)
        self.permit(user_id)
        return without_guesses(found, allowing)

    @property
    def model_is_loaded(self) -> bool:
        """Whether the language model is in memory."""
        return self._models.chat_in_memory is not None

    @property
    def embedder_is_loaded(self) -> bool:
        """Whether the embedder is in memory."""
        return self._models.embedder_in_memory is not None

    def load_code(self) -> None:
        """Import what asking the language model needs; see :meth:`agent.loaded.LoadedModels.load_code`."""
        self._models.load_code()

    def load_embedder(self) -> None:
        """Load the embedder now, not when it is first needed.

        Raises:
            ModelUnavailable, UsageError: it cannot be.
        """
        self._models.embedder().embed_queries(["limner"])

    @property
    def model_name(self) -> str:
        """What documents call the language model; it is not loaded for that."""
        return self._models.llm_name

    @property
    def is_in_process(self) -> bool:
        """Whether the language model computes in this process, so that one call at a time is quickest."""
        return self._models.is_in_process

    def chat(self) -> "Chat":
        """A new conversation with the model, which is loaded when it is first asked; it counts its own tokens."""
        from agent.chat import Chat

        def load() -> "BaseChatModel":
            if not self.model_is_loaded:
                self._on_step(Step("load", 0, 1))
            return self._models.chat_model()

        return Chat(load, before=self._may_go_on, constant=self._constant)

    def _confidence(self, kind: "Kind", least: float) -> "Confidence":
        from agent.calibration import calibration_for
        from agent.confidence import Confidence

        return Confidence(calibration_for(self._models.llm_name, kind, self._calibrations), least)

    def _names(self, confidence: "Confidence") -> "ModelNames":
        from agent.documents import ModelNames
        from prompts import prompts_version

        calibrated = confidence.calibration is not None
        return ModelNames(self._models.llm_name, self._store.embedder_name(), prompts_version(), calibrated)
