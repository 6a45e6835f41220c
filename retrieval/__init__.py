"""From history files to the snippets of one user that matter for a query.

Load, clean, split, record in SQL, index in Chroma, search. Knows nothing of language models or profiles.
"""

from retrieval.dropping import Dropped
from retrieval.embedders import EMBEDDED, Embedder, load_embedder
from retrieval.errors import (
    BackendUnavailable,
    ConsentMissing,
    InputError,
    LimnerError,
    ModelUnavailable,
    NoStore,
    NotFound,
    StoreBusy,
    StoreError,
    TokenKeyUnusable,
    UsageError,
    WrongKey,
)
from retrieval.events import Event, Role, Snippet
from retrieval.fakes import HashingEmbedder
from retrieval.focus import asks_for_agent
from retrieval.focus import speakers_in as named_speakers
from retrieval.history import UnknownUser, UserSummary
from retrieval.ingest import IngestReport
from retrieval.loaders.database import Query, load_query
from retrieval.loaders.documents import events_of_documents
from retrieval.loading import BadLine, load_events
from retrieval.personal.policy import PersonalData
from retrieval.personal.revealing import Revealed
from retrieval.queries import questions_in, without_asking
from retrieval.ranking import Found
from retrieval.reldates import RelativeDate, relative_dates
from retrieval.reranking import Reranker, load_reranker
from retrieval.search import Hit
from retrieval.splitting import split_event, split_text
from retrieval.store import Store
from retrieval.weights import cache_dir

__all__ = [
    "EMBEDDED",
    "BackendUnavailable",
    "BadLine",
    "ConsentMissing",
    "Dropped",
    "Embedder",
    "Event",
    "Found",
    "HashingEmbedder",
    "Hit",
    "IngestReport",
    "InputError",
    "LimnerError",
    "ModelUnavailable",
    "NoStore",
    "NotFound",
    "PersonalData",
    "Query",
    "RelativeDate",
    "Reranker",
    "Revealed",
    "Role",
    "Snippet",
    "Store",
    "StoreBusy",
    "StoreError",
    "TokenKeyUnusable",
    "UnknownUser",
    "UsageError",
    "UserSummary",
    "WrongKey",
    "asks_for_agent",
    "cache_dir",
    "events_of_documents",
    "load_embedder",
    "load_events",
    "load_query",
    "load_reranker",
    "named_speakers",
    "questions_in",
    "relative_dates",
    "split_event",
    "split_text",
    "without_asking",
]
