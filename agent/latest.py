"""The latest version of a profile as it is kept, at once, and whether something came since. Asks no model."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent.documents import ProfileDocument
    from agent.limner import Limner
    from agent.schema import ProfileSchema

__all__ = ["latest_profile"]


def latest_profile(
    limner: "Limner", user_id: str, schema: "ProfileSchema"
) -> "tuple[ProfileDocument | None, str | None]":
    """The latest version that is kept, without any model, and what has come since it was made.

    Raises:
        UnknownUser: there is no such user.
    """
    from agent.versions import Versions

    store = limner.store
    store.check_user(user_id)
    kept = store.keeping.latest(user_id, schema.name, schema.hash)
    if kept is None:
        return None, None
    document = Versions(store, schema).version(user_id, kept.note.number)
    messages = len(store.keeping.loaded_since(user_id, kept.private["newest"]))
    said = sum(each.schema == schema.name and each.at > document.generated_at for each in limner.corrections(user_id))
    came = [f"{count} {what}" for count, what in ((messages, "messages"), (said, "corrections")) if count]
    if not came:
        return document, None
    return document, f"Not in this version: {' and '.join(came)} that came later. refresh=true takes them in."
