"""Numbers of 64 bits with and without a sign, side by side: exact past 2^53, as on MySQL."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

import pytest
from django.db import NotSupportedError, models
from django.db.models import Avg, Case, Exists, F, Max, OuterRef, Sum, Value, When, Window
from django.db.models.functions import Coalesce, Greatest, Least, Mod, NullIf
from django.test.utils import isolate_apps

from .things import table

LARGE = [2**53, 2**53 + 1, 2**63 - 2, 2**63 - 1]
SIGNED, UNSIGNED = [*LARGE, -(2**53) - 1, 5], [*LARGE, 5]
ROWS = list(product(SIGNED, UNSIGNED))
SIGNS = {
    "exact": operator.eq,
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
}


@pytest.fixture
def numbers(dolt: None) -> Iterator[Any]:
    """A row of each pair in ROWS, in their order."""
    with isolate_apps("tests.inventory"):

        class Numbers(models.Model):
            big = models.BigIntegerField()
            wide = models.PositiveBigIntegerField(db_index=True)

            class Meta:
                app_label = "inventory"

        with table(Numbers):
            Numbers.objects.bulk_create(Numbers(big=big, wide=wide) for big, wide in ROWS)
            yield Numbers.objects.order_by("pk")


def pairs(queryset: Any) -> list[tuple[int, int]]:
    return list(queryset.values_list("big", "wide"))


def where(condition: Callable[[int, int], bool]) -> list[tuple[int, int]]:
    return [(big, wide) for big, wide in ROWS if condition(big, wide)]


@pytest.mark.parametrize(("lookup", "holds"), SIGNS.items())
def test_column_without_sign_is_compared_exactly(
    numbers: Any, lookup: str, holds: Callable[[int, int], bool]
) -> None:
    for number in LARGE:
        found = numbers.filter(**{f"wide__{lookup}": number})
        assert pairs(found) == where(lambda big, wide, n=number: holds(wide, n))  # type: ignore[misc]
        rest = numbers.exclude(**{f"wide__{lookup}": number})
        assert pairs(rest) == where(lambda big, wide, n=number: not holds(wide, n))  # type: ignore[misc]
    mixed = numbers.filter(**{f"wide__{lookup}": F("big")})
    assert pairs(mixed) == where(lambda big, wide: holds(wide, big))
    other_way = numbers.filter(**{f"big__{lookup}": F("wide")})
    assert pairs(other_way) == where(holds)
    computed = numbers.annotate(x=Coalesce("wide", Value(0))).filter(**{f"x__{lookup}": LARGE[1]})
    assert pairs(computed) == where(lambda big, wide: holds(wide, LARGE[1]))


def test_lists_and_ranges(numbers: Any) -> None:
    assert pairs(numbers.filter(wide__in=[LARGE[1], 5])) == where(
        lambda big, wide: wide in (LARGE[1], 5)
    )
    assert pairs(numbers.filter(wide__in=[F("big"), 5])) == where(
        lambda big, wide: wide in (big, 5)
    )
    assert pairs(numbers.filter(big__in=[F("wide")])) == where(lambda big, wide: big == wide)
    assert pairs(numbers.filter(wide__range=(LARGE[1], LARGE[2]))) == where(
        lambda big, wide: LARGE[1] <= wide <= LARGE[2]
    )
    assert pairs(numbers.filter(big__range=(F("wide"), LARGE[3]))) == where(
        lambda big, wide: wide <= big
    )


def test_subqueries(numbers: Any) -> None:
    few = numbers.order_by().filter(big=LARGE[1], wide=LARGE[3])
    assert pairs(numbers.filter(wide__in=few.values("big"))) == where(
        lambda big, wide: wide == LARGE[1]
    )
    assert pairs(numbers.filter(big__in=few.values("wide"))) == where(
        lambda big, wide: big == LARGE[3]
    )
    same = numbers.model.objects.filter(pk=OuterRef("pk"), wide=OuterRef("big"))
    assert pairs(numbers.filter(Exists(same))) == where(lambda big, wide: big == wide)
    highest = few.values("pk").annotate(x=Max("wide")).values("x")
    with pytest.raises(NotSupportedError, match="DecimalField"):
        pairs(numbers.filter(big__in=highest))


def test_greatest_least_and_choices(numbers: Any) -> None:
    field = models.BigIntegerField()
    found = numbers.annotate(
        greatest=Greatest("big", "wide", output_field=field),
        least=Least("big", "wide", output_field=field),
        constant=Greatest(Value(5), Value(LARGE[1]), output_field=field),
        unlike=NullIf("wide", "big"),
        case=Case(When(wide=F("big"), then=1), default=0),
    ).values_list("greatest", "least", "constant", "unlike", "case")
    assert list(found) == [
        (
            max(pair),
            min(pair),
            LARGE[1],
            pair[1] if pair[0] != pair[1] else None,
            pair[0] == pair[1],
        )
        for pair in ROWS
    ]


def test_number_after_grouping(numbers: Any) -> None:
    groups = numbers.order_by().values("big").annotate(highest=Max("wide"))
    assert groups.filter(highest=LARGE[3]).count() == len(SIGNED)
    assert not groups.filter(highest=LARGE[2]).exists()


def test_totals_over_a_window(numbers: Any) -> None:
    total = sum(wide for _, wide in ROWS)
    found = numbers.annotate(x=Window(Sum("wide")), y=Window(Avg("wide"))).values_list("x", "y")[0]
    assert found[0] == total
    assert found[1] == pytest.approx(total / len(ROWS), rel=1e-15)


def test_average_of_a_choice_of_columns_has_all_its_digits(dolt: None) -> None:
    with isolate_apps("tests.inventory"):

        class Count(models.Model):
            unsigned = models.PositiveIntegerField(null=True)
            signed = models.IntegerField()

            class Meta:
                app_label = "inventory"

        with table(Count):
            Count.objects.bulk_create(Count(unsigned=n, signed=1) for n in (None, 0, 0))
            average = Avg(Coalesce("unsigned", "signed"))
            assert Count.objects.aggregate(x=average) == {"x": pytest.approx(1 / 3, rel=1e-15)}


def test_index_of_a_column_without_sign_is_used(numbers: Any) -> None:
    assert "IndexedTableAccess" in numbers.order_by().filter(wide=LARGE[1]).explain()
    assert "IndexedTableAccess" in numbers.order_by().filter(wide__in=LARGE[:2]).explain()


def test_snowflakes_as_keys_are_their_own(dolt: None) -> None:
    with isolate_apps("tests.inventory"):

        class Post(models.Model):
            id = models.PositiveBigIntegerField(primary_key=True)
            text = models.CharField(max_length=30)

            class Meta:
                app_label = "inventory"

        class Answer(models.Model):
            post = models.ForeignKey(Post, models.CASCADE, related_name="answers")

            class Meta:
                app_label = "inventory"

        with table(Post, Answer):
            posts = [Post.objects.create(pk=pk, text=str(pk)) for pk in LARGE]
            for number, post in enumerate(posts):
                Answer.objects.bulk_create(Answer(post=post) for _ in range(number))
            for number, pk in enumerate(LARGE):
                post = Post.objects.get(pk=pk)
                assert post.text == str(pk)
                assert post.answers.count() == number
                post.text = "edited"
                post.save()
                assert Post.objects.filter(text="edited").count() == number + 1
            prefetched = Post.objects.order_by("pk").prefetch_related("answers")
            assert [len(post.answers.all()) for post in prefetched] == [0, 1, 2, 3]
            assert Answer.objects.filter(post__in=posts[1:2]).count() == 1
            Post.objects.filter(pk=LARGE[3]).delete()
            assert sorted(Post.objects.values_list("pk", flat=True)) == LARGE[:3]
            assert Answer.objects.count() == 3


def test_columns_with_and_without_sign_are_combined_in_order(numbers: Any) -> None:
    big = numbers.order_by().values_list("big", flat=True)
    wide = numbers.order_by().values_list("wide", flat=True)
    every = sorted({*SIGNED, *UNSIGNED})
    assert list(big.union(wide).order_by("big")) == every
    assert list(wide.union(big).order_by("wide")) == every
    assert list(wide.union(big).order_by("-wide")[1:3]) == every[-2:-4:-1]
    assert set(wide.intersection(big)) == set(UNSIGNED)
    assert set(big.difference(wide)) == {-(2**53) - 1}


def test_column_without_sign_beside_its_bits(numbers: Any) -> None:
    more = where(lambda _, wide: wide >= wide | 2)
    assert pairs(numbers.filter(wide__gte=F("wide").bitor(2))) == more
    same = where(lambda _, wide: wide == wide & (2**63 - 1 - 1))
    assert pairs(numbers.filter(wide=F("wide").bitand(2**63 - 2))) == same
    doubled = numbers.filter(wide__lt=5).annotate(x=F("wide").bitleftshift(62) * 4)
    assert list(doubled) == []


def test_column_without_sign_in_a_union_with_a_rest(numbers: Any) -> None:
    rest = numbers.order_by().annotate(x=Mod(F("big"), 3)).values_list("x", flat=True)
    wide = numbers.order_by().annotate(x=F("wide") * 1).values_list("x", flat=True)
    assert set(UNSIGNED) <= set(wide.union(rest))
