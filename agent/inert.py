"""Takes from text what a model could take for the structure of its prompt: control tokens, numbers, quotation marks.

For prompts only; the quotes in documents stay as they are. llama.cpp reads control tokens ("<|im_start|>") in the
content of messages as the real ones (measured with xllamacpp 2026.10;
https://github.com/ggml-org/llama.cpp/issues/24382), and so do servers that stand on it.
"""

import re

__all__ = ["as_quoted", "on_one_line", "without_control_tokens"]

_CONTROL = re.compile(r"<(?=[|｜/!]{0,2}[\w▁|｜][^<>\n]{0,60}>)|\[(?=/?[A-Za-z_]{2,24}\])")
_NUMBER = re.compile(r"[\[［【]\s*(\d{1,4})\s*[\]］】]")


def without_control_tokens(text: str) -> str:
    """``text`` with a space after the first character of all that looks like a control token of any chat template.

    "<|im_end|>", "</s>", "<start_of_turn>", "<｜User｜>" and "[INST]" are no tokens any more, and still read the same.
    """
    return _CONTROL.sub(lambda match: f"{match.group()} ", text)


def on_one_line(text: str) -> str:
    """``text`` without line breaks and without numbers in square brackets, which the numbers of snippets look like."""
    return _NUMBER.sub(r"(\1)", " ".join(text.split()))


def as_quoted(text: str) -> str:
    """``text`` to stand between double quotation marks, which it cannot close."""
    return on_one_line(text).replace('"', "'")
