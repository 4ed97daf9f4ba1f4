"""The values that rows hold and that queries ask for: few enough to meet, odd enough to hurt."""

from __future__ import annotations

import datetime
import uuid
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

UTC = datetime.timezone.utc

TEXTS = [
    *("", " ", "a", "A", "ab", "aB", "AB", "abc", "abcabc", "b", "B", "a b", " a", "a ", "  a  "),
    *("a%b", "a_b", "%", "_", "100%", "a\\b", "\\", "\\\\", "\\%", "a\\_b", "'", '"', "a'b", 'a"b'),
    *("é", "É", "Éa", "eé", "ß", "日本語", "😀", "a😀b", "ñandú", "ÑANDÚ", "Ω"),
    *("0", "12", "-5", "1.5", "007", "1e3", "2024-01-01", "null", "true", "None"),
    *(
        "a.b",
        "a*b",
        "^a",
        "a$",
        "(a)",
        "[a]",
        "a|b",
        "a?",
        "a+b",
        "a\nb",
        "a\tb",
        "{}",
        "--",
        "/*a",
    ),
]
SMALL = [0, 1, -1, 2, 3, 4, 5, 7, 8, -5, -7, 10, 12, 100, 255, 256, 1000, -1000]
EDGES_32 = [2**31 - 1, -(2**31), 2**31 - 2, 2**16]
# Dolt takes a literal for a number of the fewest bits, with a sign or without.
WIDTHS = [127, 128, 200, 300, 32767, 32768, 40_000, 65_535, 70_000, 2**31, 3_600_000_000, 2**32]
EDGES_64 = [2**31, 2**53, 2**53 + 1, -(2**53) - 1, 2**62, -(2**62), 2**63 - 1, -(2**63), 10**18]
PRICES = [
    "0",
    "0.01",
    "-0.01",
    "1",
    "1.5",
    "2.50",
    "-3.75",
    "10",
    "99.99",
    "100.10",
    "0.10",
    "0.20",
]
EXACTS = [*PRICES, "1E-10", "-1E-10", "0.1234567891", "12345678901234567890.1234567891"]
FLOATS = [0.0, 1.0, -1.0, 0.5, -0.5, 1.5, 2.5, -2.5, 0.1, 3.14159, 1e6, 1e-7, 123456.789]
DAYS = [
    *((2024, 1, 1), (2024, 2, 29), (2023, 12, 31), (2024, 12, 30), (2021, 1, 3), (2020, 12, 31)),
    *((1999, 12, 31), (2000, 1, 1), (1970, 1, 1), (1969, 12, 31), (2024, 5, 17), (2024, 9, 30)),
    *((2024, 3, 31), (2024, 10, 27), (1900, 3, 1), (2100, 2, 28), (2026, 8, 9), (1583, 1, 1)),
]
CLOCKS = [
    *(
        (0, 0),
        (23, 59, 59, 999999),
        (12, 30, 15),
        (1, 2, 3, 4),
        (1, 30),
        (2, 30),
        (23, 0, 0, 500000),
    ),
    *((9, 15, 0, 1), (22, 59, 59, 999999), (12, 0)),
]
SPANS = [
    *({}, {"microseconds": 1}, {"microseconds": -1}, {"days": 1}, {"days": -1}, {"hours": 30}),
    *({"seconds": 90}, {"minutes": -5}, {"days": 1, "microseconds": 5}, {"days": 400}),
    *({"days": 150_000}, {"days": -150_000, "microseconds": 7}, {"seconds": 1.5}),
]
CODES = [uuid.UUID(int=n) for n in (0, 1, 2**64, 2**127 + 5)]
ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]
KEYS = ["a", "b", "c", "d e", "é", "a.b", "0", "1", "x'y", 'q"', "$", "a\\b", "%", "A", "[0]", ""]

ODD_TEXT = st.text(st.sampled_from("aAbB%_\\'\"é .-*"), max_size=6)
TEXT = st.one_of(st.sampled_from(TEXTS), st.sampled_from(TEXTS), ODD_TEXT)
LITERAL = st.one_of(
    *2 * [st.one_of(st.sampled_from(SMALL), st.integers(-50, 50))],
    st.sampled_from(EDGES_32),
    st.sampled_from(WIDTHS),
    st.sampled_from(WIDTHS).map(lambda number: -number),
)
INTEGER = st.one_of(st.sampled_from(SMALL), st.integers(-50, 50), st.sampled_from(EDGES_32))
BIG = st.one_of(st.sampled_from(SMALL), st.sampled_from(EDGES_64), st.integers(-(2**60), 2**60))
WIDE = BIG.map(lambda number: min(abs(number), 2**63 - 1))
COUNT = st.one_of(st.integers(0, 20), st.sampled_from([255, 256, 32767]))
PRICE = st.one_of(
    st.sampled_from([Decimal(text) for text in PRICES]), st.decimals(-999, 999, places=2)
)
EXACT = st.one_of(
    st.sampled_from([Decimal(text) for text in EXACTS]), st.decimals(-999, 999, places=10)
)
RATIO = st.one_of(st.sampled_from(FLOATS), st.integers(-64, 64).map(lambda n: n / 8))
BOOLEAN = st.booleans()
DAY = st.one_of(
    st.sampled_from([datetime.date(*day) for day in DAYS]),
    st.dates(datetime.date(1600, 1, 1), datetime.date(2200, 12, 31)),
)
CLOCK = st.one_of(st.sampled_from([datetime.time(*clock) for clock in CLOCKS]), st.times())


MOMENT = st.one_of(
    *2 * [st.builds(lambda day, clock: datetime.datetime.combine(day, clock, UTC), DAY, CLOCK)],
    # Hours in which the clocks change somewhere, or are about to.
    st.builds(
        lambda day, hour, minutes: (
            datetime.datetime(*day, tzinfo=UTC) + datetime.timedelta(hours=hour, minutes=minutes)
        ),
        st.sampled_from(
            [(2024, 3, 31), (2024, 10, 27), (2024, 11, 3), (2024, 3, 10), (1986, 4, 27)]
        ),
        st.integers(-14, 14),
        st.sampled_from([0, 30]),
    ),
)
SPAN = st.one_of(
    st.sampled_from([datetime.timedelta(**span) for span in SPANS]),  # type: ignore[arg-type]
    *[
        st.integers(-72, 72).map(lambda count, unit=unit: datetime.timedelta(**{unit: count}))  # type: ignore[misc]
        for unit in ("hours", "minutes", "seconds", "milliseconds")
    ],
    st.timedeltas(datetime.timedelta(-1000), datetime.timedelta(1000)),
)
CODE = st.sampled_from(CODES)
_LEAF = st.one_of(
    st.none(), st.booleans(), st.sampled_from([0, 1, -5, 12, 2**40, 1.5, -0.25]), TEXT
)
JSON: st.SearchStrategy[Any] = st.one_of(
    _LEAF,
    st.lists(_LEAF, max_size=3),
    st.dictionaries(st.sampled_from(KEYS), _LEAF, max_size=4),
    st.dictionaries(
        st.sampled_from(KEYS[:4]),
        st.one_of(
            _LEAF,
            st.lists(_LEAF, max_size=2),
            st.dictionaries(st.sampled_from(KEYS), _LEAF, max_size=2),
        ),
        min_size=1,
        max_size=3,
    ),
)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """None now and then."""
    return st.one_of(strategy, strategy, strategy, strategy, st.none())


# By the kind of an expression: what a literal of it may be.
LITERALS: dict[str, st.SearchStrategy[Any]] = {
    "text": TEXT,
    "int": LITERAL,
    "decimal": st.one_of(PRICE, PRICE, EXACT),
    "float": RATIO,
    "bool": BOOLEAN,
    "date": DAY,
    "datetime": MOMENT,
    "time": CLOCK,
    "duration": SPAN,
    "json": JSON,
    "uuid": CODE,
}
