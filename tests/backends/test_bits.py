"""Bits of numbers of up to 64 of them, against Python's answer."""

from __future__ import annotations

import operator
from typing import Any

from django.db.models import F
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from .things import values

NUMBERS = st.integers(-(2**63), 2**63 - 1)
# Written out, these are unsigned for Dolt, and of one to four bytes.
UNSIGNED = st.sampled_from([128, 255, 32768, 65535, 2**31, 2**32 - 1])
OPERATIONS = {"bitand": operator.and_, "bitor": operator.or_, "bitxor": operator.xor}


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(number=NUMBERS, bits=UNSIGNED | NUMBERS)
@example(number=2**53 + 1, bits=255)
@example(number=-(2**63), bits=65535)
def test_bits_of_any_two_numbers(things: Any, number: int, bits: int) -> None:
    things.update(big=number)
    for name, expected in OPERATIONS.items():
        assert values(things, getattr(F("big"), name)(bits))[0] == expected(number, bits)
