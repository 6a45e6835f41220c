"""Makes loaded language models forget the prompts that they were asked with, as far as this process can.

Knows which models keep prompts, nothing of what was in them.
"""

from typing import TYPE_CHECKING, Final, Protocol, runtime_checkable

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

__all__ = ["Forgetful", "forget_prompts", "left_to_do"]

_ASK: Final = (
    "The language model {name} is not limner's own: whether it, or its server, keeps prompts (caches, logs) is for its "
    "operator to say"
)


@runtime_checkable
class Forgetful(Protocol):
    """A chat model that keeps the last prompt in memory, and can let go of it."""

    def forget_prompts(self) -> None:
        """Keep nothing of any prompt."""


def forget_prompts(model: "BaseChatModel | None") -> None:
    """Make a model forget, if it can be made to."""
    if isinstance(model, Forgetful):
        model.forget_prompts()


def left_to_do(model: "BaseChatModel | None") -> list[str]:
    """What others have to do where it is not in our hands."""
    return [] if model is None or isinstance(model, Forgetful) else [_ASK.format(name=type(model).__name__)]
