"""All that is asked, in one strategy."""

from __future__ import annotations

from hypothesis import strategies as st

from .combined import one_kind, parts, whole_rows
from .queries import QUERIES

QUERY: st.SearchStrategy[str] = st.one_of(*QUERIES, one_kind(), parts(), whole_rows())
