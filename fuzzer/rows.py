"""Random rows of the tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from hypothesis import strategies as st

from . import values as v
from .tables import MODELS, Item, Place, Tag

PLACES, TAGS, ITEMS = 6, 5, 14


@dataclass
class Rows:
    """One filling of the tables; the same for every database."""

    places: list[dict[str, Any]] = field(default_factory=list)
    tags: list[dict[str, Any]] = field(default_factory=list)
    items: list[dict[str, Any]] = field(default_factory=list)
    links: list[dict[str, int]] = field(default_factory=list)

    def load(self, alias: str) -> None:
        """Replace what the tables hold in the database `alias`."""
        through = Item.tags.through
        with transaction.atomic(using=alias):
            Place.objects.using(alias).update(parent=None)  # rows are checked one by one
            for model in (through, *reversed(MODELS)):
                model._base_manager.using(alias).all()._raw_delete(alias)
            Place.objects.using(alias).bulk_create(Place(**row) for row in self.places)
            Tag.objects.using(alias).bulk_create(Tag(**row) for row in self.tags)
            Item.objects.using(alias).bulk_create(Item(**row) for row in self.items)
            through._base_manager.using(alias).bulk_create(through(**row) for row in self.links)


@st.composite
def rows(draw: st.DrawFn) -> Rows:
    filled = Rows()
    for pk in range(1, PLACES + 1):
        parent = draw(st.none() | st.integers(1, pk - 1)) if pk > 1 else None
        filled.places.append(
            {
                "pk": pk,
                "name": draw(v.TEXT),
                "parent_id": parent,
                "height": draw(v.maybe(v.INTEGER)),
            }
        )
    for pk in range(1, TAGS + 1):
        weight = draw(st.decimals(-99, 99, places=3))
        filled.tags.append({"pk": pk, "word": draw(v.TEXT), "weight": weight})
    for pk in range(1, ITEMS + 1):
        filled.items.append(
            {
                "pk": pk,
                "name": draw(v.TEXT),
                "note": draw(v.maybe(v.TEXT)),
                "small": draw(v.INTEGER),
                "big": draw(v.maybe(v.BIG)),
                "wide": draw(v.maybe(v.WIDE)),
                "count": draw(v.COUNT),
                "price": draw(v.maybe(v.PRICE)),
                "exact": draw(v.EXACT),
                "ratio": draw(v.maybe(v.RATIO)),
                "flag": draw(v.maybe(v.BOOLEAN)),
                "done": draw(v.BOOLEAN),
                "day": draw(v.maybe(v.DAY)),
                "at": draw(v.MOMENT),
                "seen": draw(v.maybe(v.MOMENT)),
                "clock": draw(v.maybe(v.CLOCK)),
                "span": draw(v.maybe(v.SPAN)),
                "data": draw(v.maybe(v.JSON)),
                "code": draw(v.maybe(v.CODE)),
                "place_id": draw(v.maybe(st.integers(1, PLACES))),
            }
        )
        for tag in draw(st.sets(st.integers(1, TAGS), max_size=3)):
            filled.links.append({"item_id": pk, "tag_id": tag})
    return filled
