"""Strategies for the text of expressions, by the kind of value they give."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from . import values as v

# The columns of Item of each kind, and of the rows that it refers to.
COLUMNS: dict[str, list[str]] = {
    "text": ["name", "name", "note", "place__name", "place__parent__name"],
    "int": ["small", "small", "big", "wide", "count", "twice", "place__height", "pk"],
    "decimal": ["price", "exact"],
    "float": ["ratio"],
    "bool": ["flag", "done"],
    "date": ["day"],
    "datetime": ["at", "at", "seen"],
    "time": ["clock"],
    "duration": ["span"],
    "json": ["data"],
    "uuid": ["code"],
}
FIELDS = {
    "text": "CharField()",
    "int": "BigIntegerField()",
    "decimal": "DecimalField(max_digits=40, decimal_places=10)",
    "float": "FloatField()",
    "bool": "BooleanField()",
    "date": "DateField()",
    "datetime": "DateTimeField()",
    "time": "TimeField()",
    "duration": "DurationField()",
    "json": "JSONField()",
    "uuid": "UUIDField()",
}
KINDS = list(COLUMNS)
_DATE_PARTS = ["Year", "Month", "Day", "Week", "WeekDay", "IsoWeekDay", "IsoYear", "Quarter"]
_TIME_PARTS = ["Hour", "Minute", "Second"]
_DATE_UNITS = ["year", "quarter", "month", "week", "day"]
_TIME_UNITS = ["hour", "minute", "second"]


def literal(kind: str) -> st.SearchStrategy[str]:
    """The text of a value."""
    return v.LITERALS[kind].map(repr)


def wrapped(kind: str) -> st.SearchStrategy[str]:
    """The text of a Value(); of NULL now and then."""
    values = st.one_of(*[v.LITERALS[kind]] * 7, st.none())
    return values.map(lambda value: f"Value({value!r}, output_field={FIELDS[kind]})")


def column(kind: str) -> st.SearchStrategy[str]:
    return st.sampled_from(COLUMNS[kind]).map(lambda name: f"F({name!r})")


@st.composite
def expression(draw: st.DrawFn, kind: str, depth: int = 2) -> str:
    """The text of an expression over Item that gives a value of `kind`."""
    if depth <= 0 or draw(st.integers(0, 9)) < 3:
        return draw(column(kind)) if draw(st.integers(0, 5)) else draw(wrapped(kind))
    general = draw(st.integers(0, 9))
    if general < 3:
        return draw(_general(kind, depth - 1))
    maker = _MAKERS.get(kind)
    return draw(maker(depth - 1)) if maker else draw(_general(kind, depth - 1))


@st.composite
def _general(draw: st.DrawFn, kind: str, depth: int) -> str:
    """What there is for every kind."""
    from .conditions import condition
    from .queries import subquery

    def sub() -> str:
        return draw(expression(kind, depth))

    form = draw(st.sampled_from(["coalesce", "case", "nullif", "subquery", "extreme", "wrap"]))
    if kind in ("json", "uuid") and form in ("nullif", "extreme", "coalesce"):
        form = "case"
    if form == "coalesce":
        return f"Coalesce({sub()}, {sub()})"
    if form == "case":
        condition_ = draw(condition(depth))
        return (
            f"Case(When({condition_}, then={sub()}), default={sub()}, output_field={FIELDS[kind]})"
        )
    if form == "nullif":
        return f"NullIf({sub()}, {sub()})"
    if form == "subquery":
        return draw(subquery(kind))
    if form == "extreme" and kind != "bool":
        return f"{draw(st.sampled_from(['Greatest', 'Least']))}({sub()}, {sub()})"
    return f"ExpressionWrapper({sub()}, output_field={FIELDS[kind]})"


@st.composite
def _text(draw: st.DrawFn, depth: int) -> str:
    sub = draw(expression("text", depth))
    form = draw(
        st.sampled_from(
            "Lower Upper Concat Substr Replace Left Right LPad RPad Repeat Reverse Trim LTrim RTrim"
            " Cast MD5 SHA1 SHA256 Chr KT Collate".split()
        )
    )
    number = draw(st.integers(0, 6))
    if form == "Concat":
        return f"Concat({sub}, {draw(expression('text', depth))})"
    if form == "Substr":
        length = draw(st.none() | st.integers(0, 4))
        return f"Substr({sub}, {draw(st.integers(1, 5))}, {length})"
    if form == "Replace":
        return f"Replace({sub}, {draw(wrapped('text'))}, {draw(wrapped('text'))})"
    if form in ("Left", "Right"):
        return f"{form}({sub}, {max(number, 1)})"
    if form in ("LPad", "RPad"):
        return f"{form}({sub}, {number}, Value({draw(st.sampled_from(['x', ' ', 'ab', 'é']))!r}))"
    if form == "Repeat":
        return f"Repeat({sub}, {draw(st.sampled_from([0, 1, 2, 3]))})"
    if form == "Cast":
        kind = draw(st.sampled_from(["int", "decimal", "date", "datetime", "text", "time"]))
        return f"Cast({draw(expression(kind, depth))}, output_field=CharField(max_length=100))"
    if form == "Chr":
        return f"Chr(Value({draw(st.integers(33, 126))}))"
    if form == "KT":
        return f"KT({('data__' + draw(st.sampled_from(['a', 'b', 'c', '0', 'a__b'])))!r})"
    if form == "Collate":
        return sub
    return f"{form}({sub})"


@st.composite
def _int(draw: st.DrawFn, depth: int) -> str:
    form = draw(
        st.sampled_from(
            "+ + - - * % bits shift Length Ord StrIndex Mod Abs Sign Cast date time".split()
        )
    )
    if form in ("Length", "Ord"):
        return f"{form}({draw(expression('text', depth))})"
    if form == "StrIndex":
        return f"StrIndex({draw(expression('text', depth))}, {draw(wrapped('text'))})"
    if form == "Cast":
        kind = draw(st.sampled_from(["text", "decimal", "float", "int"]))
        target = draw(st.sampled_from(["IntegerField()", "BigIntegerField()"]))
        return f"Cast({draw(expression(kind, depth))}, output_field={target})"
    if form == "date":
        part = draw(st.sampled_from(_DATE_PARTS))
        return f"Extract{part}({draw(_zoned(draw(st.sampled_from(['date', 'datetime'])), depth))})"
    if form == "time":
        part = draw(st.sampled_from(_TIME_PARTS))
        return f"Extract{part}({draw(_zoned(draw(st.sampled_from(['time', 'datetime'])), depth))})"
    sub, small = draw(expression("int", depth)), draw(st.sampled_from(v.SMALL))
    if form == "bits":
        call = draw(st.sampled_from(["bitand", "bitor", "bitxor"]))
        return f"{draw(column('int'))}.{call}({small})"
    if form == "shift":
        call = draw(st.sampled_from(["bitleftshift", "bitrightshift"]))
        return f"{draw(column('int'))}.{call}({draw(st.integers(0, 8))})"
    if form == "Mod":
        return f"Mod({sub}, {draw(st.sampled_from([1, 2, 3, 7, -3]))})"
    if form == "%":
        return f"({sub} % {draw(st.sampled_from([1, 2, 3, 7, -3]))})"
    if form in ("Abs", "Sign"):
        return f"{form}({sub})"
    return f"({sub} {form} {draw(expression('int', depth))})"


@st.composite
def _zoned(draw: st.DrawFn, kind: str, depth: int, between: str = "") -> str:
    """Arguments for a function of a moment: what it is of, and a time zone if a column."""
    if kind != "datetime" or draw(st.booleans()):
        return draw(expression(kind, depth)) + between
    zone = draw(st.sampled_from(v.ZONES))
    return f"{draw(column('datetime'))}{between}, tzinfo=ZoneInfo({zone!r})"


@st.composite
def _decimal(draw: st.DrawFn, depth: int) -> str:
    form = draw(st.sampled_from("+ - * / Round Ceil Floor Abs Cast mixed".split()))
    sub = draw(expression("decimal", depth))
    if form == "Round":
        return f"Round({sub}, precision={draw(st.integers(0, 3))})"
    if form in ("Ceil", "Floor", "Abs"):
        return f"{form}({sub})"
    if form == "Cast":
        kind = draw(st.sampled_from(["int", "decimal", "float", "text"]))
        field = f"DecimalField(max_digits=30, decimal_places={draw(st.integers(0, 6))})"
        return f"Cast({draw(expression(kind, depth))}, output_field={field})"
    other = draw(expression("int" if form == "mixed" else "decimal", depth))
    operator = draw(st.sampled_from("+-*")) if form == "mixed" else form
    return f"ExpressionWrapper({sub} {operator} {other}, output_field={FIELDS['decimal']})"


@st.composite
def _float(draw: st.DrawFn, depth: int) -> str:
    sub = draw(expression("float", depth))
    form = draw(
        st.sampled_from(
            "+ - * / Abs Ceil Floor Exp Ln Log Sqrt Power Sin Cos Tan ATan ATan2 Degrees Radians"
            " Cast Pi Round Cot ACos ASin".split()
        )
    )
    if form in ("+", "-", "*", "/"):
        return f"({sub} {form} {draw(expression('float', depth))})"
    if form == "Power":
        return f"Power({sub}, {draw(st.sampled_from([0, 1, 2, -1, 0.5]))})"
    if form in ("Log", "ATan2"):
        return f"{form}({draw(wrapped('float'))}, {sub})"
    if form == "Pi":
        return "Pi()"
    if form == "Cast":
        kind = draw(st.sampled_from(["int", "decimal", "text"]))
        return f"Cast({draw(expression(kind, depth))}, output_field=FloatField())"
    return f"{form}({sub})"


@st.composite
def _bool(draw: st.DrawFn, depth: int) -> str:
    from .conditions import condition

    return f"ExpressionWrapper({draw(condition(depth))}, output_field=BooleanField())"


@st.composite
def _date(draw: st.DrawFn, depth: int) -> str:
    if draw(st.booleans()):
        unit, kind = draw(st.sampled_from(_DATE_UNITS)), draw(st.sampled_from(["date", "datetime"]))
        return f"Trunc({draw(_zoned(kind, depth, f', {unit!r}, output_field=DateField()'))})"
    if draw(st.booleans()):
        return f"TruncDate({draw(_zoned('datetime', depth))})"
    sub = draw(expression(draw(st.sampled_from(["date", "datetime"])), depth))
    return f"Cast({sub}, output_field=DateField())"


@st.composite
def _datetime(draw: st.DrawFn, depth: int) -> str:
    sub = draw(expression("datetime", depth))
    form = draw(st.sampled_from(["+", "-", "trunc", "trunc", "cast", "date"]))
    if form in ("+", "-"):
        span = draw(st.one_of(expression("duration", 0), literal("duration")))
        return f"ExpressionWrapper({sub} {form} {span}, output_field=DateTimeField())"
    if form == "trunc":
        unit = draw(st.sampled_from(_DATE_UNITS + _TIME_UNITS))
        return f"Trunc({draw(_zoned('datetime', depth, f', {unit!r}'))})"
    if form == "date":
        span = draw(literal("duration"))
        day = draw(expression("date", depth))
        return f"ExpressionWrapper({day} + {span}, output_field=DateTimeField())"
    return f"Cast({draw(expression('date', depth))}, output_field=DateTimeField())"


@st.composite
def _time(draw: st.DrawFn, depth: int) -> str:
    sub = draw(expression("time", depth))
    form = draw(st.sampled_from(["+", "-", "trunc", "TruncTime", "cast"]))
    if form in ("+", "-"):
        return (
            f"ExpressionWrapper({sub} {form} {draw(literal('duration'))}, output_field=TimeField())"
        )
    if form == "trunc":
        return f"Trunc({sub}, {draw(st.sampled_from(_TIME_UNITS))!r}, output_field=TimeField())"
    moment = draw(expression("datetime", depth))
    if form == "TruncTime":
        return f"TruncTime({draw(_zoned('datetime', depth))})"
    return f"Cast({moment}, output_field=TimeField())"


@st.composite
def _duration(draw: st.DrawFn, depth: int) -> str:
    form = draw(st.sampled_from(["datetime", "date", "time", "+", "-", "*", "Abs"]))
    if form in ("datetime", "date", "time"):
        first, second = draw(expression(form, depth)), draw(expression(form, depth))
        return f"ExpressionWrapper({first} - {second}, output_field=DurationField())"
    sub = draw(expression("duration", depth))
    if form == "*":
        factor = draw(st.sampled_from([0, 1, 2, -1, 3]))
        return f"ExpressionWrapper({sub} * {factor}, output_field=DurationField())"
    if form == "Abs":
        return f"Coalesce({sub}, {draw(wrapped('duration'))})"
    other = draw(expression("duration", depth))
    return f"ExpressionWrapper({sub} {form} {other}, output_field=DurationField())"


@st.composite
def _json(draw: st.DrawFn, depth: int) -> str:
    form = draw(st.sampled_from(["object", "array", "key", "key", "value"]))
    if form in ("object", "array"):
        kinds = st.sampled_from(["text", "int", "bool", "json"])
        parts = [draw(expression(draw(kinds), depth)) for _ in range(draw(st.integers(0, 2)))]
        if form == "array":
            return f"JSONArray({', '.join(parts)})"
        pairs = zip(["one", "two two"], parts, strict=False)
        return f"JSONObject(**{{{', '.join(f'{key!r}: {part}' for key, part in pairs)}}})"
    if form == "key":
        return f"F({('data__' + draw(st.sampled_from(['a', 'b', 'c', '0', 'é', 'a__b'])))!r})"
    return draw(wrapped("json"))


_MAKERS: dict[str, Any] = {
    "text": _text,
    "int": _int,
    "decimal": _decimal,
    "float": _float,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "duration": _duration,
    "json": _json,
}
