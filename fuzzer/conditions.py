"""Strategies for the text of conditions: look-ups, Q objects, Exists."""

from __future__ import annotations

import re

from hypothesis import strategies as st

from . import values as v
from .answers import COMPARISONS
from .expressions import COLUMNS, column, expression, literal

_TEXT_LOOKUPS = (
    "exact iexact contains icontains startswith istartswith endswith iendswith regex iregex"
    " in gt lt gte range isnull length".split()
)
_ORDER_LOOKUPS = "exact gt gte lt lte in range isnull".split()
_DATE_LOOKUPS = "year year__gte month day week week_day iso_week_day iso_year quarter".split()
_TIME_LOOKUPS = "hour minute second hour__lt".split()
PATTERNS = [
    *("^a", "a$", "a.b", "[a-c]+", "^$", "a|b", "(a|b)+", "^.$", "\\\\", "a\\.b", "[^a]", "é", "A"),
    *("^[aA]", "\\d", "[[:digit:]]", "a{2}", "a?b", "%", "_", "'", "\\s", "^(ab)*$", "b*"),
]
MANY = {
    "text": ["tags__word"],
    "decimal": ["tags__weight"],
}


@st.composite
def lookup(draw: st.DrawFn) -> str:
    """The text of one look-up, `name__icontains='a'`; without Q around."""
    kind = draw(st.sampled_from(["text"] * 3 + ["json"] * 2 + list(COLUMNS)))
    name = draw(st.sampled_from(COLUMNS[kind] + MANY.get(kind, [])))
    if kind == "json":
        return draw(_json_lookup())
    if kind == "text":
        how = draw(st.sampled_from(_TEXT_LOOKUPS))
        if how in ("regex", "iregex"):
            return f"{name}__{how}={draw(st.sampled_from(PATTERNS))!r}"
        if how == "length":
            return f"Q(GreaterThan(Length({name!r}), {draw(st.integers(0, 3))}))"
        if how not in ("in", "range", "isnull") and draw(st.integers(0, 4)) == 0:
            return f"{name}__{how}={draw(expression('text', 1))}"
        if how not in _ORDER_LOOKUPS:
            return f"{name}__{how}={draw(literal('text'))}"
    elif kind in ("date", "datetime", "time") and draw(st.booleans()):
        return draw(_part_lookup(kind, name))
    elif kind in ("bool", "uuid"):
        how = draw(st.sampled_from(["exact", "isnull", "in"]))
    else:
        how = draw(st.sampled_from(_ORDER_LOOKUPS))
    if how == "isnull":
        return f"{name}__isnull={draw(st.booleans())}"
    if how == "in":
        return f"{name}__in=[{', '.join(draw(st.lists(literal(kind), max_size=3)))}]"
    if how == "range":
        return f"{name}__range=({draw(literal(kind))}, {draw(literal(kind))})"
    if draw(st.integers(0, 2)) == 0:
        return f"{name}__{how}={draw(expression(kind, 1))}"
    return f"{name}__{how}={draw(literal(kind))}"


@st.composite
def _part_lookup(draw: st.DrawFn, kind: str, name: str) -> str:
    choices = {
        "date": _DATE_LOOKUPS,
        "time": _TIME_LOOKUPS,
        "datetime": [*_DATE_LOOKUPS, *_TIME_LOOKUPS, "date", "time", "date__gt"],
    }[kind]
    how = draw(st.sampled_from(choices))
    if how.startswith("date"):
        return f"{name}__{how}={draw(literal('date'))}"
    if how == "time":
        return f"{name}__{how}={draw(literal('time'))}"
    numbers = {
        "year": st.integers(1969, 2027),
        "iso_year": st.integers(1969, 2027),
        "month": st.integers(1, 12),
        "week": st.sampled_from([1, 9, 20, 52, 53]),
        "day": st.integers(1, 31),
        "quarter": st.integers(1, 4),
        "week_day": st.integers(1, 7),
        "iso_week_day": st.integers(1, 7),
        "hour": st.integers(0, 23),
    }
    number = draw(numbers.get(how.partition("__")[0], st.sampled_from([0, 15, 30, 59])))
    return f"{name}__{how}={number}"


@st.composite
def _json_lookup(draw: st.DrawFn) -> str:
    keys = st.sampled_from(v.KEYS)
    how = draw(
        st.sampled_from(
            "exact isnull has_key has_keys has_any_keys contains contained_by in key key key key"
            " key_isnull key_text key_number key_in".split()
        )
    )
    path = "data__" + "__".join(draw(st.lists(keys.filter(bool), min_size=1, max_size=2)))
    if how == "isnull":
        return f"data__isnull={draw(st.booleans())}"
    if how == "has_key":
        return f"data__has_key={draw(keys)!r}"
    if how in ("has_keys", "has_any_keys"):
        return f"data__{how}={draw(st.lists(keys, min_size=1, max_size=2))!r}"
    if how == "key_isnull":
        return _spread(path + "__isnull", repr(draw(st.booleans())))
    if how == "key_text":
        text = draw(st.sampled_from(["icontains", "contains", "startswith", "iexact", "endswith"]))
        return _spread(f"{path}__{text}", draw(literal("text")))
    if how == "key_number":
        text = draw(st.sampled_from(["gt", "lt", "gte"]))
        return _spread(f"{path}__{text}", draw(st.sampled_from(["0", "1", "-5", "1.5"])))
    if how == "key_in":
        return _spread(f"{path}__in", f"[{draw(literal('json'))}, {draw(literal('json'))}]")
    if how == "key":
        return _spread(path, draw(literal("json")))
    if how == "in":
        return f"data__in=[{draw(literal('json'))}]"
    return f"data__{how}={draw(literal('json'))}"


def _spread(name: str, value: str) -> str:
    """A keyword argument whose name need not be an identifier."""
    return (
        f"{name}={value}"
        if re.fullmatch(r"\w+", name) and name.isascii()
        else f"**{{{name!r}: {value}}}"
    )


@st.composite
def _compared(draw: st.DrawFn, depth: int) -> str:
    """Two expressions compared, by a look-up class."""
    kind = draw(
        st.sampled_from(["text", "int", "decimal", "float", "date", "datetime", "time", "duration"])
    )
    how = draw(st.sampled_from(COMPARISONS))
    return f"Q({how}({draw(expression(kind, depth))}, {draw(expression(kind, depth))}))"


@st.composite
def _membership(draw: st.DrawFn) -> str:
    """One of the rows, or of the values, that another query gives: sorted and cut, or not."""
    from .queries import filters

    rows = f"Item.objects{draw(filters(1))}"
    sign = draw(st.sampled_from(["", "-"]))
    name = draw(st.sampled_from("small big price at day name exact count pk".split()))
    start = draw(st.sampled_from([0, 0, 0, 2]))
    cut = f".order_by('{sign}{name}', 'pk')[{start}:{start + draw(st.integers(1, 5))}]"
    own = "Item.objects.filter(place=OuterRef('place'))"
    forms = [
        f"pk__in={rows}{cut}",
        f"pk__in={own}{cut}",
        f"place__in={rows}.values('place'){cut}",
        f"place__in=Place.objects.order_by('{sign}height', 'pk')[:{draw(st.integers(1, 4))}]",
        f"tags__in=Tag.objects.order_by('{sign}weight', 'pk')[:{draw(st.integers(1, 3))}]",
        f"{name}__in={rows}.values({name!r})",
        f"place__name__in={rows}.values('name')",
        f"small__in={rows}.values('big')",
    ]
    return f"Q({draw(st.sampled_from(forms))})"


@st.composite
def condition(draw: st.DrawFn, depth: int = 2) -> str:
    """The text of a Q object."""
    from .queries import exists

    form = draw(st.integers(0, 12))
    if depth <= 0 or form < 5:
        text = draw(lookup())
        return text if text.startswith("Q(") else f"Q({text})"
    if form < 7:
        connector = draw(st.sampled_from(["&", "|", "^"]))
        return f"({draw(condition(depth - 1))} {connector} {draw(condition(depth - 1))})"
    if form == 7:
        return f"~{draw(condition(depth - 1))}"
    if form == 8:
        return f"Q({draw(exists())})"
    if form == 9:
        return draw(_membership())
    return draw(_compared(depth - 1))


__all__ = ["column", "condition", "lookup"]
