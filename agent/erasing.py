"""Erases histories with what a model made of them, and makes the model forget its prompts.

Knows how the parts of an erasure are put together, not how any of them works.
"""

from typing import TYPE_CHECKING, Any

from agent.derived import FromEvents
from agent.memory import forget_prompts, left_to_do

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from retrieval import Store
    from retrieval.forgetting import OnStage
    from retrieval.scopes import Scope

__all__ = ["erase", "preview"]


def preview(store: "Store", user_id: str, scope: "Scope") -> dict[str, Any]:
    """How much ``erase`` would erase, as a document."""
    would = store.forgetting.preview(user_id, scope, FromEvents())
    return {"dry_run": True, "scope": scope.as_json(), "erased": would._asdict()}


def erase(
    store: "Store",
    model: "BaseChatModel | None",
    user_id: str,
    scope: "Scope",
    *,
    defer: bool,
    progress: "OnStage | None",
) -> dict[str, Any]:
    """Erase, and return the receipt; ``model`` is the one that is loaded, which forgets whatever happens."""
    try:
        return store.forgetting.forget(
            user_id, scope, FromEvents(), defer=defer, leftover=left_to_do(model), progress=progress
        )
    finally:
        forget_prompts(model)
