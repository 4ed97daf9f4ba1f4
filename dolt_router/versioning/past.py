"""One object as it was, and back to what it was.

https://docs.dolthub.com/sql-reference/version-control/querying-history#as-of-queries
"""

from __future__ import annotations

from typing import Any, TypeVar, overload

from django.db.models import Manager, Model, QuerySet
from django.utils.translation import gettext_noop as _

from .. import aliases
from ..autocommit import AutoDoltCommit
from ..exceptions import worded
from ..wording import untranslated
from .object_rows import Values, key_sets, not_there, rows_of
from .points import NotThere, Place, Point, at, commit_at, place_of
from .rows import MISSING
from .versions import same

M = TypeVar("M", bound=Model)


@overload
def as_of(target: QuerySet[M], point: Point, using: str | None = None) -> QuerySet[M]: ...
@overload
def as_of(target: M, point: Point, using: str | None = None) -> M: ...
def as_of(target: Any, point: Point, using: str | None = None) -> Any:
    """An object, or a queryset, as it was at a branch, tag, commit or datetime.

    A queryset is taken as `at` does. An instance is a new one: a read-only view, with
    `_state.db == "default/<hash>"`, whose relations are followed at that commit. A field whose
    column did not exist then is deferred (`get_deferred_fields()`), and can't be read.

    A datetime is looked up on the branch the object is on: see `points.commit_at`.

    Raises:
        the model's DoesNotExist: the object did not exist then.
        NotThere: the branch has no commit that old.
        BranchDoesNotExist, DoltRouterError, ValueError: as `history_of`.
    """
    if isinstance(target, Manager):
        target = target.all()
    if isinstance(target, QuerySet):
        return at(target, point, using)
    place = place_of(target, using)
    commit = commit_at(point, _branch_of(place), place.root)
    values = values_at(target, commit, place)
    model: Any = type(target)
    if values is None:
        raise model.DoesNotExist(not_there(target, point))
    fields = [f for f in model._meta.concrete_fields if values[f.name] is not MISSING]
    alias = aliases.branch_alias(commit, place.root)
    return model.from_db(alias, [f.attname for f in fields], [values[f.name] for f in fields])


def _branch_of(place: Place) -> str:
    """The place's branch; the active one for an object fetched from a point in history."""
    wrapper = aliases.handler()[aliases.branch_alias(place.ref, place.root)]
    return place.ref if wrapper.is_branch else aliases.current_branch(place.root)


def values_at(obj: Model, commit: str, place: Place) -> Values | None:
    """The object's values at a commit by field name; None when it did not exist.

    The place says what its columns are called.
    """
    with rows_of(obj, place) as rows:
        return rows.at(commit)


def field_called(model: type[Model], name: str) -> Any:
    """The model's field with this name, or with this attname (`site_id`).

    Raises:
        ValueError: there is none that is stored with the object.
    """
    stored = [*model._meta.concrete_fields, *model._meta.many_to_many]
    for each in stored:
        if name in (each.name, getattr(each, "attname", None)):
            return each
    names = ", ".join(each.name for each in stored)
    raise ValueError(f'{model._meta.label} has no stored field "{name}". It has: {names}.')


def restore(
    obj: Model,
    to: Point,
    fields: list[str] | tuple[str, ...] | None = None,
    message: str | None = None,
    author: str | None = None,
) -> str | None:
    """Put an object, or some of its fields, back to what it was, by one new commit.

    On the branch the object is on; on the active one when it was fetched from a point in
    history, or never saved (`Device(pk=7)`). A deleted object is added again, with its
    many-to-many rows. Fields are put back exactly, `auto_now` ones too. Fields whose column did
    not exist at `to` stay as they are, and so do many-to-many fields with a `through` model of
    its own, unless they are named. `obj` itself isn't changed: refresh it from the database.

    Args:
        to: a branch, tag, commit, or a datetime on the object's branch.
        fields: names; all that differ when left out.
        message, author: of the commit; both are chosen when left out.

    Returns:
        The hash of the commit; None when nothing differed, and inside another unit of work (a
        request, an `atomic` block), whose commit it is a part of.

    Raises:
        NotThere: the object, a field that is named, or an object that it pointed to then, does
            not exist at `to`, or now. Nothing was written.
        BranchDoesNotExist: there is no such ref.
        BranchProtected: the branch takes no direct writes.
        ValueError: there is no such field, or fields of a deleted object are named.
    """
    place = place_of(obj)
    place = Place(place.root, _branch_of(place))
    commit = commit_at(to, place.ref, place.root)
    then = values_at(obj, commit, place)
    if then is None:
        raise NotThere(not_there(obj, to))
    chosen = _chosen(type(obj), then, fields, to)
    alias = aliases.branch_alias(place.ref, place.root)
    model: Any = type(obj)
    what = f"{', '.join(fields)} of " if fields else ""
    # Without the key: whoever reads the branch reads this, whether they may view the model or not.
    with untranslated():
        text = message or f"Restore {what}{model._meta.verbose_name} to {commit[:8]}"
    with AutoDoltCommit(text, author) as unit:
        now = model._base_manager.using(alias).filter(pk=obj.pk).first()
        if now is None and fields:
            raise ValueError(
                f"{model._meta.verbose_name} {obj.pk!r} is deleted: single fields can't be "
                "restored. Restore it whole: leave the fields out."
            )
        _put_back(model, now, obj.pk, chosen, then, alias)
    return unit.commit_hash


def _chosen(model: Any, then: Values, names: Any, to: Point) -> list[Any]:
    """The fields to put back.

    Raises:
        NotThere: one that is named had no column then.
        ValueError: there is no such field.
    """
    if names is None:
        sets = {keys.name for keys in key_sets(model)}
        fields = [*model._meta.concrete_fields, *model._meta.many_to_many]
        return [
            field
            for field in fields
            if then.get(field.name, MISSING) is not MISSING
            and not getattr(field, "generated", False)
            and (
                not field.many_to_many
                or (field.name in sets and field.remote_field.through._meta.auto_created)
            )
        ]
    fields = [field_called(model, name) for name in names]
    for field in fields:
        if then.get(field.name, MISSING) is MISSING:
            text = _(
                '%(model)s had no stored "%(field)s" at "%(point)s": there is no value to '
                "restore. Name a later point, or leave the field out."
            )
            raise NotThere(worded(text, model=model._meta.label, field=field.name, point=to))
    return fields


def _put_back(model: Any, now: Any, pk: Any, chosen: list[Any], then: Values, alias: str) -> None:
    columns = [field for field in chosen if not field.many_to_many and not field.primary_key]
    if now is None:
        columns = _refuse_broken(columns, then, alias)
        values = {f.attname: then[f.name] for f in model._meta.concrete_fields if f in chosen}
        now = model(**values)
        now.pk = pk
        now.save(using=alias, force_insert=True)
    else:
        columns = [f for f in columns if not same(getattr(now, f.attname), then[f.name])]
        _refuse_broken(columns, then, alias)
        for field in columns:
            setattr(now, field.attname, then[field.name])
        if columns:
            now.save(using=alias, update_fields=[field.name for field in columns])
    if columns:
        # What pre_save() or save() put in place of it (auto_now, slugs): as it was, exactly.
        rows = model._base_manager.using(alias).filter(pk=pk)
        stored = rows.values(*(field.attname for field in columns)).get()
        other = {
            field.attname: then[field.name]
            for field in columns
            if not same(stored[field.attname], then[field.name])
        }
        if other:
            rows.update(**other)
    for field in chosen:
        if field.many_to_many:
            _put_back_keys(now, field, then[field.name], alias)


def _refuse_broken(columns: list[Any], then: Values, alias: str) -> list[Any]:
    """`columns`, when all objects that their foreign keys point to still exist.

    Raises:
        NotThere: one does not.
    """
    for field in columns:
        if field.is_relation and then[field.name] is not None:
            _existing(field, field.target_field.attname, [then[field.name]], alias)
    return columns


def _existing(field: Any, attname: str, keys: Any, alias: str) -> list[Any]:
    """The related objects with these keys.

    Raises:
        NotThere: one of them doesn't exist any more.
    """
    related = field.related_model
    found = list(related._base_manager.using(alias).filter(**{f"{attname}__in": list(keys)}))
    gone = set(keys) - {getattr(each, attname) for each in found}
    if gone:
        text = _(
            '"%(field)s" pointed to %(model)s %(keys)s then, which does not exist now. Restore '
            "that first, or restore other fields only."
        )
        keys = ", ".join(sorted(map(repr, gone)))
        model = related._meta.verbose_name
        raise NotThere(worded(text, field=field.name, model=model, keys=keys))
    return found


def _put_back_keys(now: Any, field: Any, keys: frozenset[Any], alias: str) -> None:
    attname = field.m2m_reverse_target_field_name()
    manager = getattr(now, field.name)
    current = frozenset(
        type(now)
        ._base_manager.using(alias)
        .filter(pk=now.pk, **{f"{field.name}__isnull": False})
        .values_list(f"{field.name}__{attname}", flat=True)
    )
    if current != keys:
        # Looked up first: Django adds such rows by INSERT IGNORE, which leaves out those whose
        # foreign key is broken without a word.
        manager.set(_existing(field, attname, keys, alias))
