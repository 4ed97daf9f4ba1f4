"""Strategies for the text of combined queries: unions, intersections, differences."""

from __future__ import annotations

from hypothesis import strategies as st

from .expressions import COLUMNS, FIELDS, KINDS, column, expression, wrapped
from .queries import cut, filters

SORTABLE = "name note small big wide price exact ratio flag done day at clock span".split()


@st.composite
def one_kind(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from("text int decimal date datetime".split()))
    call, every = draw(_set_operation())
    names = st.sampled_from([name for name in COLUMNS[kind] if name != "pk"])
    if draw(st.booleans()):
        ends = [f".values_list({draw(names)!r}, flat=True)" for _ in range(2)]
    else:
        inner = [draw(expression(kind, 1)) for _ in range(2)]
        ends = [f".annotate(x={one}).values_list('x', flat=True)" for one in inner]
    sides = [f"items{draw(filters(1))}{one}" for one in ends]
    end = draw(st.sampled_from(["", ".count()", ".order_by('x')" if "x=" in sides[0] else ""]))
    return f"{sides[0]}.{call}({sides[1]}{every}){end}"


@st.composite
def _set_operation(draw: st.DrawFn) -> tuple[str, str]:
    call = draw(st.sampled_from(["union", "union", "intersection", "difference"]))
    return call, ", all=True" if call == "union" and draw(st.booleans()) else ""


@st.composite
def parts(draw: st.DrawFn) -> str:
    """Two or three parts of one or two columns, each of them a column, a constant or NULL."""
    numbers = ["int", "decimal", "float"]
    kinds = draw(st.lists(st.sampled_from([*KINDS[:9], *numbers]), min_size=1, max_size=2))
    names = ["x", "y"][: len(kinds)]
    parts = []
    for _ in range(draw(st.integers(2, 3))):
        given = []
        for name, kind in zip(names, kinds, strict=True):
            if kind in numbers and draw(st.booleans()):
                kind = draw(st.sampled_from(numbers))
            null = f"Value(None, output_field={FIELDS[kind]})"
            one = st.one_of(column(kind), column(kind), expression(kind, 1), wrapped(kind))
            given.append(f"{name}={draw(one) if draw(st.integers(0, 4)) else null}")
        parts.append(f"items{draw(filters(1))}.annotate({', '.join(given)})")
    call, every = draw(_set_operation())
    listed = f".values_list({', '.join(map(repr, names))})"
    code = f"{parts[0]}{listed}.{call}({', '.join(p + listed for p in parts[1:])}{every})"
    signs = [draw(st.sampled_from(["", "-"])) for _ in names]
    order = ", ".join(repr(sign + name) for sign, name in zip(signs, names, strict=True))
    end = "" if every else draw(cut())
    return f"{code}.order_by({order}){end}" if draw(st.integers(0, 4)) else f"{code}.count()"


@st.composite
def whole_rows(draw: st.DrawFn) -> str:
    """Combined queries of whole rows, sorted and cut, or looked in for others."""
    call, _ = draw(_set_operation())
    sides = [f"items{draw(filters(2))}" for _ in range(draw(st.integers(2, 3)))]
    form = draw(st.integers(0, 4))
    if form == 0:
        sides = [f"{side.replace('items', 'Item.objects', 1)}.values('pk')" for side in sides]
    code = f"{sides[0]}.{call}({', '.join(sides[1:])})"
    if form == 0:
        return f"items.filter(pk__in={code}).order_by('pk')"
    names = draw(st.lists(st.sampled_from(SORTABLE), max_size=2, unique=True))
    signs = [draw(st.sampled_from(["", "-"])) for _ in names]
    order = [repr(sign + name) for sign, name in zip(signs, names, strict=True)]
    code = f"{code}.order_by({', '.join([*order, repr('pk')])})"
    if form == 1:
        return code + draw(st.sampled_from([".count()", ".exists()", ".first()", ".last()"]))
    return code + draw(cut())
