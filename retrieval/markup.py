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
_STRANGE = re.compile(rf"<(?!/?(?:{_BLOCK}|{_INLINE})\b|!|\?xml\b)", _FLAGS)
_LAYOUT = re.compile(rf"<(?:html|body|div|p|table|ul|ol)(?:{_ATTRIBUTE})*+\s*+>", _FLAGS)
_BREAK = re.compile(rf"<br(?:{_ATTRIBUTE})*+\s*+/?>[^\S\n]*+\n?|\n", _FLAGS)
_UNSEEN = ("script", "style", "head", "template", "noscript", "svg", "title", "textarea", "iframe")


def looks_like_html(text: str) -> bool:
    """Whether ``text`` is HTML: it holds known tags that close, have attributes or break lines.

    "I <3 you", "a < b", "<joe@example.com>" and source code between backticks are not.
    """
    return _SURE.search(text) is not None and _SOURCE_CODE.search(text) is None


def html_to_text(text: str) -> str:
    """The words of an HTML text whose entities are unescaped already, laid out as a browser would.

    Scripts, styles and comments are dropped, unless they are never closed; unknown tags stay as they are: no words are
    lost. In a text without any layout of its own (only ``<b>``, ``<br>`` and the like) line breaks count.
    """
    from inscriptis import get_text

    text = _without_unclosed(text)
    if not _LAYOUT.search(text):
        text = _BREAK.sub("<br>", text)
    return str(get_text(_STRANGE.sub("&lt;", text.replace("&", "&amp;"))))


def _without_unclosed(text: str) -> str:
    """``text`` without the marks that would hide the whole rest of it: a comment or a script that nothing closes."""
    lower = text.lower()
    text = _cut_marks(text, re.compile(r"<!--|<!\[CDATA\["), max(lower.rfind("-->"), lower.rfind("]]>")))
    for tag in _UNSEEN:
        if f"<{tag}" in lower:
            closed = text.lower().rfind(f"</{tag}")
            text = _cut_marks(text, re.compile(rf"<{tag}\b[^<>]*+>?", _FLAGS), closed)
    return text


def _cut_marks(text: str, mark: re.Pattern[str], after: int) -> str:
    after = max(after, 0)
    return text[:after] + mark.sub("", text[after:])
