"""JSON documents with awkward keys: what is stored is found again, or it is not stored."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import NotSupportedError
from django.db.models.fields.json import KeyTransform
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

AWKWARD = [
    "\n",
    "\x01",
    "\x1f",
    "\u2028",
    "\u2029",
    "a",
    "b",
    "Z",
    "é",
    "\U0001f600",
    '"',
    "\\",
    "/",
]
KEYS = st.text(alphabet=st.sampled_from(AWKWARD), min_size=1, max_size=4)


def saved(things: Any, document: Any) -> Any:
    """The rows that hold `document`: one."""
    things.model.objects.filter(pk=1).update(data=document)
    return things.model.objects.filter(pk=1)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(keys=st.sets(KEYS, min_size=1, max_size=4))
@example(keys={"a\nb", "aZ"})
@example(keys={"a\u2028", "ab"})
def test_each_key_of_a_document_is_found_or_the_document_is_refused(
    things: Any, keys: set[str]
) -> None:
    document = {key: number for number, key in enumerate(sorted(keys))}
    try:
        rows = saved(things, document)
    except NotSupportedError as error:
        assert "of this JSON document again" in str(error)
        assert any(c in "\n\x01\x1f\u2028\u2029" for c in "".join(keys))
        return
    for key, number in document.items():
        assert rows.filter(data__has_key=key).exists()
        assert rows.annotate(x=KeyTransform(key, "data")).get().x == number
    assert rows.get().data == document


def test_key_that_is_not_found_beside_another_is_named(things: Any) -> None:
    with pytest.raises(NotSupportedError, match=r"'a\\nb' sorts otherwise"):
        saved(things, {"in": [{"a\nb": 1, "aZ": 2}]})


@pytest.mark.parametrize("text", ["a\nb", "\u2028", '"quoted\\n"', "C:\\new"])
def test_control_characters_in_values_and_lone_keys_are_stored(things: Any, text: str) -> None:
    assert saved(things, {"A": text, text: "A"}).get().data[text] == "A"
    assert saved(things, [text, {text: 1}]).filter(data__1__has_key=text).exists()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(number=st.integers(-(2**64), 2**64) | st.integers(2**53 - 9, 2**53 + 9))
@example(number=2**53 + 1)
@example(number=10**18)
@example(number=123456789012345678)
@example(number=10**400)
def test_whole_number_in_a_document_is_kept_or_the_document_is_refused(
    things: Any, number: int
) -> None:
    try:
        rows = saved(things, {"id": [number]})
    except NotSupportedError as error:
        assert abs(number) > 2**53
        assert "Write it as text" in str(error)
        return
    assert rows.get().data == {"id": [number]}
    assert rows.filter(data__id__0=number).exists()


def test_long_digits_that_are_no_whole_number_are_stored(things: Any) -> None:
    document = {"id": "123456789012345678", "x": 0.12345678901234567, "y": 1.5e300}
    assert saved(things, document).get().data == document
