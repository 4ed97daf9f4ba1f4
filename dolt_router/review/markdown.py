"""Markdown to safe HTML: markdown-it-py renders it without raw HTML, nh3 sanitises the result.

Both come with the extra `review`. Without them the text is shown as it is, line by line.
https://markdown-it-py.readthedocs.io https://nh3.readthedocs.io
"""

from __future__ import annotations

from functools import cache
from typing import Any

from django.utils.html import linebreaks
from django.utils.safestring import SafeString, mark_safe

# No images: they would tell another site who reads, and when.
_TAGS = {
    *("a", "blockquote", "br", "code", "del", "em", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("li", "ol", "p", "pre", "s", "strong", "table", "tbody", "td", "th", "thead", "tr", "ul"),
}
_ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
_SCHEMES = {"http", "https", "mailto"}


@cache
def _renderer() -> Any:
    try:
        import nh3
        from markdown_it import MarkdownIt
    except ImportError:
        return None
    rules = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])

    def render_with_both(text: str) -> str:
        return nh3.clean(
            rules.render(text),
            tags=_TAGS,
            attributes=_ATTRIBUTES,
            url_schemes=_SCHEMES,
            link_rel="noopener noreferrer nofollow",
        )

    return render_with_both


def render(text: str) -> SafeString:
    """`text` (Markdown) as HTML that holds no script, style, form or image."""
    renderer = _renderer()
    if renderer is None:
        return mark_safe(linebreaks(text, autoescape=True))
    return mark_safe(renderer(text))
