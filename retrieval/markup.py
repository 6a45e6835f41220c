"""Turns HTML into text, and tells HTML from text that merely holds angle brackets.

Knows tags, not documents: no links, no styles, no layout beyond line breaks.
"""

import re

__all__ = ["html_to_text", "looks_like_html"]

_BLOCK = (
    "html|head|body|title|div|p|table|thead|tbody|tfoot|tr|ul|ol|li|dl|dt|dd|blockquote|pre|h[1-6]|section|article|header|"
    "footer|main|nav|aside|figure|figcaption|form|fieldset|address|center|hr|br"
)
_INLINE = (
    "a|abbr|acronym|b|bdi|bdo|big|button|cite|code|del|dfn|em|font|i|img|input|ins|kbd|label|mark|meta|link|base|o:p|option|"
    "q|s|samp|select|small|span|strike|strong|sub|sup|td|textarea|th|tt|u|var|wbr|col|colgroup|caption|iframe|picture|"
    "source|video|audio|svg|path|script|style|noscript|template"
)
_ATTRIBUTE = (
    r"\s++(?:[a-z_:@][\w:.@-]*+\s*+=\s*+(?:\"[^\"]*+\"|'[^']*+'|[^\s\"'<>=`]++)"
    r"|nowrap|disabled|checked|selected|hidden|required|controls|autoplay|loop|muted|async|defer|open|noshade)"
)
_OPEN = rf"<(?:{_BLOCK}|{_INLINE})(?:{_ATTRIBUTE})*+\s*+/?>"
_CLOSE = rf"</(?:{_BLOCK}|{_INLINE})\s*+>"

_FLAGS = re.IGNORECASE
_SURE = re.compile(
    rf"{_CLOSE}|<(?:br|hr)(?:{_ATTRIBUTE})*+\s*+/?>|<(?:{_BLOCK}|{_INLINE})(?:{_ATTRIBUTE})++\s*+/?>"
    r"|<(?:html|body|div|table|ul|ol|blockquote)>|^\s*+<p>|<!doctype html\b|<!--\[if |<script>|<style>",
    _FLAGS,
)
_SOURCE_CODE = re.compile(r"```|`[^`\n<]*+<[^`\n]*+`")
_UNSEEN = re.compile(
    r"(?P<open><!--)|(?P<close>-->)|<(?P<end>/?)(?P<tag>script|style|head|template|noscript|svg)\b[^<>]*+>", _FLAGS
)
_DECLARATION = re.compile(r"<!doctype[^<>]*+>|<!\[[^<>]*+\]>|<\?xml[^<>]*+>", _FLAGS)
_LAYOUT = re.compile(rf"<(?:html|body|div|p|table|ul|ol)(?:{_ATTRIBUTE})*+\s*+>", _FLAGS)
_BREAK = re.compile(rf"<br(?:{_ATTRIBUTE})*+\s*+/?>[^\S\n]*+\n?", _FLAGS)
_PARAGRAPH = re.compile(rf"</?(?:p|h[1-6]|blockquote|table)(?:{_ATTRIBUTE})*+\s*+/?>", _FLAGS)
_CELL = re.compile(rf"</?(?:td|th)(?:{_ATTRIBUTE})*+\s*+/?>", _FLAGS)
_LINE = re.compile(rf"</?(?:{_BLOCK})(?:{_ATTRIBUTE})*+\s*+/?>", _FLAGS)
_MARK = "\x1e"  # cleaning has dropped all control characters before
_ANY = re.compile(rf"{_OPEN}|{_CLOSE}", _FLAGS)


def looks_like_html(text: str) -> bool:
    """Whether ``text`` is HTML: it holds known tags that close, have attributes or break lines.

    "I <3 you", "a < b", "<joe@example.com>" and source code between backticks are not.
    """
    return _SURE.search(text) is not None and _SOURCE_CODE.search(text) is None


def html_to_text(text: str) -> str:
    """The words of an HTML text; block tags become line breaks, scripts, styles and comments are dropped.

    Entities are left to the caller, unknown tags stay as they are.
    """
    text = _DECLARATION.sub(" ", _drop_unseen(text))
    if _LAYOUT.search(text):  # here a line break in the source means no more than a space
        text = re.sub(r"\s+", " ", text)
    text = _BREAK.sub("\n", text)
    text = _PARAGRAPH.sub("\n\n", text)
    text = _CELL.sub(" ", text)
    text = _LINE.sub(_MARK, text)
    text = re.sub(f" *{_MARK}[ {_MARK}]*", "\n", text)
    return _ANY.sub("", text)


def _drop_unseen(text: str) -> str:
    """``text`` without comments, scripts, styles and heads; what is never closed stays: no words are lost."""
    kept: list[str] = []
    position = 0
    inside: tuple[str, int] | None = None
    for match in _UNSEEN.finditer(text):
        kind = "--" if match["tag"] is None else match["tag"].lower()
        closes = bool(match["close"] or match["end"])
        if inside is None and not closes:
            inside = kind, match.start()
        elif inside is not None and closes and inside[0] == kind:
            kept.append(text[position : inside[1]])
            position, inside = match.end(), None
    return " ".join([*kept, text[position:]])
