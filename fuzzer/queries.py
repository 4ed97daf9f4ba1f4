"""Strategies for the text of whole queries."""

from __future__ import annotations

from hypothesis import strategies as st

from . import values as v
from .conditions import condition, lookup
from .expressions import COLUMNS, FIELDS, KINDS, column, expression, literal

_RELATED = {
    "text": ("Place.objects.filter(pk=OuterRef('place'))", "name"),
    "int": ("Item.objects.filter(place=OuterRef('place'), pk__lt=OuterRef('pk'))", "small"),
    "decimal": ("Tag.objects.filter(items=OuterRef('pk'))", "weight"),
    "float": ("Item.objects.filter(name=OuterRef('name'))", "ratio"),
    "bool": ("Item.objects.filter(small__lt=OuterRef('small'))", "done"),
    "date": ("Item.objects.filter(at__year=OuterRef('at__year'))", "day"),
    "datetime": ("Item.objects.filter(pk__gt=OuterRef('pk'))", "at"),
    "time": ("Item.objects.filter(flag=OuterRef('done'))", "clock"),
    "duration": ("Item.objects.filter(pk=OuterRef('pk'))", "span"),
    "json": ("Item.objects.filter(pk=OuterRef('pk'))", "data"),
    "uuid": ("Item.objects.filter(code=OuterRef('code'))", "code"),
}
_AGGREGATES = ["Sum", "Avg", "Min", "Max", "Count", "StdDev", "Variance"]
FLAGS = ["", "", "", ", distinct=True"]


@st.composite
def subquery(draw: st.DrawFn, kind: str) -> str:
    """A Subquery with an OuterRef to the Item outside: one value, or a count or sum."""
    rows, name = _RELATED[kind]
    if kind == "int" and draw(st.booleans()):
        rows, name = draw(
            st.sampled_from(list(_RELATED.values()))[:5]
            if False
            else st.sampled_from(list(_RELATED.values()))
        )
        call = draw(st.sampled_from(["Count", "Count", "Max"])) if name in ("small",) else "Count"
        inner = f"{rows}.order_by().values(one=Value(1)).annotate(n={call}({name!r})).values('n')"
        return f"Subquery({inner}, output_field=BigIntegerField())"
    order = draw(st.sampled_from(["'pk'", "'-pk'"]))
    return f"Subquery({rows}.order_by({order}).values({name!r})[:1])"


@st.composite
def exists(draw: st.DrawFn) -> str:
    rows, _ = draw(st.sampled_from(list(_RELATED.values())))
    more = f".filter({draw(lookup())})" if rows.startswith("Item") and draw(st.booleans()) else ""
    sign = draw(st.sampled_from(["", "~"]))
    return f"{sign}Exists({rows}{more})"


@st.composite
def filters(draw: st.DrawFn, most: int = 2) -> str:
    """`.filter(...)`, `.exclude(...)`, none or several of them."""
    parts = []
    for _ in range(draw(st.integers(0, most))):
        call = draw(st.sampled_from(["filter", "filter", "exclude"]))
        parts.append(f".{call}({draw(st.one_of(lookup(), condition()))})")
    return "".join(parts)


@st.composite
def aggregate(draw: st.DrawFn) -> str:
    """The text of an aggregate over Item."""
    call = draw(st.sampled_from(_AGGREGATES))
    flag = draw(st.sampled_from(FLAGS))
    if call in ("StdDev", "Variance"):
        flag = draw(st.sampled_from(["", ", sample=True"]))
        what = draw(st.sampled_from(["F('small')", "F('price')", "F('ratio')"]))
    elif call == "Count":
        what = draw(st.one_of(expression(draw(st.sampled_from(KINDS[:9])), 1), st.just("'tags'")))
    elif call in ("Min", "Max"):
        flag = ""
        what = draw(
            expression(
                draw(st.sampled_from("text int decimal float date datetime time duration".split())),
                1,
            )
        )
    else:
        kinds = ["int", "int", "decimal", "float", "duration"]
        what = draw(expression(draw(st.sampled_from(kinds)), 1))
    if draw(st.integers(0, 4)) == 0:
        flag += f", filter={draw(condition(1))}"
    default = ""
    return f"{call}({what}{flag}{default})"


@st.composite
def _plain(draw: st.DrawFn) -> str:
    names = draw(
        st.lists(st.sampled_from(sorted({n for c in COLUMNS.values() for n in c})), max_size=3)
    )
    fields = "".join(f", {name!r}" for name in dict.fromkeys(names) if name != "pk")
    order = draw(_order())
    # Whether a column is fetched matters to Dolt: all of them, now and then.
    listed = f".values_list('pk'{fields})" if draw(st.integers(0, 2)) else ""
    code = f"items{draw(filters(3))}{listed}.order_by({order})"
    return code + draw(cut())


@st.composite
def cut(draw: st.DrawFn) -> str:
    if draw(st.integers(0, 3)):
        return ""
    start = draw(st.integers(0, 4))
    return f"[{start}:{start + draw(st.integers(1, 5))}]"


@st.composite
def _order(draw: st.DrawFn) -> str:
    if draw(st.booleans()):
        return "'pk'"
    kind = draw(st.sampled_from("text int decimal float bool date datetime time duration".split()))
    nulls = draw(st.sampled_from(["", "nulls_first=True", "nulls_last=True"]))
    way = draw(st.sampled_from(["asc", "desc"]))
    return f"{draw(expression(kind, 1))}.{way}({nulls}), 'pk'"


@st.composite
def _annotated(draw: st.DrawFn) -> str:
    kinds = draw(st.lists(st.sampled_from(KINDS[:10]), min_size=1, max_size=2))
    parts = [f"x{i}={draw(expression(kind, 2))}" for i, kind in enumerate(kinds)]
    more = ""
    if draw(st.integers(0, 2)) == 0 and kinds[0] != "json":
        how = draw(st.sampled_from(["exact", "gt", "lte", "isnull"]))
        value = draw(literal(kinds[0])) if how != "isnull" else repr(draw(st.booleans()))
        call = draw(st.sampled_from(["filter", "exclude"]))
        more = f".{call}(x0__{how}={value})"
    names = ", ".join(f"'x{i}'" for i in range(len(kinds)))
    order = (
        draw(st.sampled_from(["'pk'", "'x0', 'pk'", "'-x0', 'pk'"]))
        if kinds[0] != "json"
        else "'pk'"
    )
    code = f"items{draw(filters(1))}.annotate({', '.join(parts)}){more}"
    return f"{code}.values_list('pk', {names}).order_by({order}){draw(cut())}"


@st.composite
def _aggregated(draw: st.DrawFn) -> str:
    parts = [f"a{i}={draw(aggregate())}" for i in range(draw(st.integers(1, 2)))]
    base = f"items{draw(filters(1))}"
    form = draw(st.integers(0, 5))
    if form == 0:
        base += f".order_by('pk')[:{draw(st.integers(1, 8))}]"
    elif form == 1:
        base += ".values('name').distinct()"
        parts = ["a0=Count('name')"]
    elif form == 2:
        base += f".annotate(x={draw(expression('int', 1))})"
        parts.append("ax=Sum('x')")
    return f"{base}.aggregate({', '.join(parts)})"


@st.composite
def _grouped(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from("text int bool date datetime text decimal".split()))
    if draw(st.booleans()):
        name = draw(st.sampled_from([n for n in COLUMNS[kind] if n != "pk"]))
        group, key = "", name
    else:
        group, key = f".annotate(g={draw(expression(kind, 1))})", "g"
    having = ""
    total = draw(aggregate())
    if draw(st.integers(0, 3)) == 0:
        having = f".filter(n__{draw(st.sampled_from(['gt', 'lte']))}={draw(st.integers(0, 3))})"
    order = draw(st.sampled_from(["", f".order_by({key!r})", ".order_by('n', 'a')"]))
    code = (
        f"items{draw(filters(1))}{group}.values({key!r}).annotate(n=Count('pk'), a={total}){having}"
    )
    return f"{code}{order}.values_list({key!r}, 'n', 'a')"


@st.composite
def _distinct(draw: st.DrawFn) -> str:
    kind = draw(st.sampled_from("text int decimal bool date datetime time duration".split()))
    inner = draw(expression(kind, 1))
    code = f"items{draw(filters(1))}.annotate(x={inner}).values_list('x', flat=True).distinct()"
    return f"{code}.order_by('x')" if draw(st.booleans()) else f"{code}.count()"


@st.composite
def _calendar(draw: st.DrawFn) -> str:
    order = draw(st.sampled_from(["ASC", "DESC"]))
    base = f"items{draw(filters(1))}"
    if draw(st.booleans()):
        unit = draw(st.sampled_from(["year", "month", "week", "day"]))
        return f"{base}.dates('day', {unit!r}, order={order!r})"
    unit = draw(st.sampled_from(["year", "month", "week", "day", "hour", "minute", "second"]))
    name, zone = draw(st.sampled_from(["at", "seen"])), draw(st.sampled_from(v.ZONES))
    return f"{base}.datetimes({name!r}, {unit!r}, order={order!r}, tzinfo=ZoneInfo({zone!r}))"


@st.composite
def _windowed(draw: st.DrawFn) -> str:
    call = draw(
        st.sampled_from(
            "Sum Avg Min Max Count RowNumber Rank DenseRank PercentRank CumeDist Lag Lead"
            " FirstValue LastValue NthValue Ntile".split()
        )
    )
    kind = draw(st.sampled_from(["int", "decimal", "float"]))
    what = draw(column(kind))
    function = {
        "Lag": f"Lag({what}, {draw(st.integers(1, 2))})",
        "Lead": f"Lead({what}, {draw(st.integers(1, 2))})",
        "NthValue": f"NthValue({what}, {draw(st.integers(1, 3))})",
        "Ntile": f"Ntile({draw(st.integers(1, 4))})",
        "Count": f"Count({what})",
    }.get(call)
    if function is None:
        bare = call in ("RowNumber", "Rank", "DenseRank", "PercentRank", "CumeDist")
        function = f"{call}()" if bare else f"{call}({what})"
    partition = draw(
        st.sampled_from(["", ", partition_by='done'", ", partition_by=['place', 'flag']"])
    )
    order = draw(st.sampled_from(["'pk'", "'-pk'", "'small', 'pk'", "'name'", "'done'"]))
    if call in ("RowNumber", "Lag", "Lead", "FirstValue", "LastValue", "NthValue", "Ntile"):
        order = draw(st.sampled_from(["'pk'", "'-pk'", "['small', 'pk']", "['name', '-pk']"]))
    else:
        order = {"'small', 'pk'": "['small', 'pk']"}.get(order, order)
    frame = ""
    if call in ("Sum", "Avg", "Min", "Max", "Count", "FirstValue", "LastValue") and draw(
        st.booleans()
    ):
        start = draw(st.sampled_from(["None", "0", "-1", "-2"]))
        end = draw(st.sampled_from(["None", "0", "1", "2"]))
        frame = f", frame=RowRange(start={start}, end={end})"
        order = draw(st.sampled_from(["'pk'", "'-pk'", "['small', 'pk']"]))
    window = f"Window({function}{partition}, order_by={order}{frame})"
    code = f"items{draw(filters(1))}.annotate(w={window})"
    if draw(st.integers(0, 4)) == 0:
        code += f".filter(w__gt={draw(st.integers(0, 3))})"
    return f"{code}.values_list('pk', 'w').order_by('pk')"


@st.composite
def _single(draw: st.DrawFn) -> str:
    base = f"items{draw(filters(2))}"
    inner = base.replace("items", "Item.objects", 1)
    left_out = draw(st.sampled_from(["done=True", "small__gt=3", "tags__word='a'"]))
    number, text = draw(st.sampled_from(v.SMALL)), draw(literal("text"))
    counts = "n=Count('items'), m=Count('children', distinct=True)"
    sums = "s=Sum('items__small'), a=Avg('items__price')"
    queries = [
        f"{base}.count()",
        f"{base}.exists()",
        f"{base}.order_by('pk').last()",
        f"{base}.order_by('-pk').first()",
        f"{base}.order_by('pk').latest('at', 'pk')",
        f"{base}.in_bulk([1, 2, 3, 99])",
        f"{base}.distinct().order_by('pk')",
        f"{base}.select_related('place').order_by('pk')",
        f"{base}.reverse().order_by('-pk')[2:4]",
        f"places.filter(items__in={inner}).order_by('pk').distinct()",
        f"places.exclude(items__in={inner}).order_by('pk')",
        f"places.exclude(items__{left_out}).order_by('pk')",
        f"places.annotate({counts}).values_list('pk', 'n', 'm').order_by('pk')",
        f"places.filter(children__items__small__gt={number}).order_by('pk').distinct()",
        f"tags.annotate({sums}).values_list('pk', 's', 'a').order_by('pk')",
        f"tags.filter(items__place__name__startswith={text}).order_by('pk').distinct()",
    ]
    return draw(st.sampled_from(queries))


@st.composite
def _written(draw: st.DrawFn) -> str:
    base = f"items{draw(filters(2))}"
    form = draw(st.integers(0, 6))
    if form == 0:
        return f"{base}.delete()"
    if form == 1:
        name, kind = draw(st.sampled_from(_SETTABLE))
        values = ", ".join(draw(st.lists(literal(kind), min_size=1, max_size=4)))
        return f"bulk_update(items, {name!r}, [{values}])"
    name, kind = draw(st.sampled_from(_SETTABLE))
    return (
        f"{base}.update({name}={draw(expression(kind, 1).filter(lambda text: '__' not in text))})"
    )


_SETTABLE = [
    *(("name", "text"), ("note", "text"), ("big", "int"), ("price", "decimal"), ("ratio", "float")),
    *(
        ("flag", "bool"),
        ("day", "date"),
        ("at", "datetime"),
        ("seen", "datetime"),
        ("clock", "time"),
    ),
    *(("span", "duration"), ("data", "json"), ("code", "uuid"), ("exact", "decimal")),
]


@st.composite
def _related(draw: st.DrawFn) -> str:
    """What follows relations: orders, groups, counts of related rows, and groups of groups."""
    base = f"items{draw(filters(1))}"
    key = draw(st.sampled_from(["place__name", "place", "place__parent__name", "place__height"]))
    second = draw(st.sampled_from(["done", "flag", "name", "at__year", "place__parent"]))
    name = draw(st.sampled_from("small price exact ratio at day span big wide".split()))
    call = draw(st.sampled_from(["Max", "Min", "Count"]))
    sign = draw(st.sampled_from(["", "-"]))
    most, condition_ = draw(st.integers(0, 3)), draw(condition(1))
    inside = f"filter={condition_}"
    other = base.replace("items", "Item.objects", 1)
    text = draw(literal("text"))
    either = f"Q(place__name__gt={text}) | Q(tags__word__lt={text})"
    queries = [
        f"{base}.order_by('{sign}{key}', 'pk'){draw(cut())}",
        f"{base}.values_list('pk', {key!r}).order_by('{sign}{key}', '-pk'){draw(cut())}",
        f"{base}.select_related('place__parent').only('name', 'place__name').order_by('pk')",
        f"{base}.values({key!r}, {second!r}).annotate(n=Count('pk'), a={call}({name!r}))",
        f"{base}.values({key!r}).annotate(n=Count('tags', distinct=True)).filter(n__gte={most})",
        f"{base}.annotate(n=Count('tags')).values('n').annotate(m=Count('pk')).order_by('n')",
        f"{base}.annotate(n=Count('tags', {inside})).values_list('pk', 'n').order_by('-n', 'pk')",
        f"{base}.filter({condition_}).annotate(n=Count('tags')).filter(n__lte={most})",
        f"places.annotate(a={call}('items__{name}')).values_list('pk', 'a').order_by('pk')",
        f"places.annotate(a={call}('items__{name}')).order_by('{sign}a', 'pk'){draw(cut())}",
        f"places.annotate(n=Count('items', distinct=True)).filter(n__gt={most}).order_by('-n')",
        f"places.filter(pk__in={other}.values('place')).order_by('pk')",
        f"places.filter(pk__in={other}.values('place').annotate(n=Count('pk')).values('place'))",
        f"{base}.filter({either}).distinct().order_by('pk')",
        f"{base}.annotate(n=Count('tags')).aggregate(a=Sum('n'), b=Max('n'))",
        f"{base}.values('pk', 'tags__word', 'place__name').order_by('pk', 'tags__word')",
        f"{base}.aggregate(a={call}('place__height'), b=Count('place__name', distinct=True))",
    ]
    return draw(st.sampled_from(queries))


QUERIES: list[st.SearchStrategy[str]] = [
    _plain(),
    _plain(),
    _annotated(),
    _annotated(),
    _annotated(),
    _aggregated(),
    _grouped(),
    _distinct(),
    _related(),
    _related(),
    _calendar(),
    _windowed(),
    _single(),
    _written(),
]
__all__ = ["FIELDS", "QUERIES"]
