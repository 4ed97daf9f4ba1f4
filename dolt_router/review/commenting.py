"""Comments on a pull request, and suggested values that its author can apply."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext as _

from dolt_router import aliases
from dolt_router.access import acting_as, require
from dolt_router.autocommit import AutoDoltCommit
from dolt_router.context import use_branch
from dolt_router.exceptions import (
    NotThere,
    PullRequestForbidden,
    PullRequestRefused,
    StaleWrite,
)
from dolt_router.shared import is_shared
from dolt_router.versioning.values import model_of
from dolt_router.visibility import may_view
from dolt_router.wording import untranslated, user_author

from .attempts import at_once, renew
from .events import record
from .lifecycle import refuse_finished
from .models import Comment, PullRequest
from .models.pull_requests import UNSET


@at_once
def comment(
    pull_request: PullRequest,
    author: Any,
    text: str,
    table: str | type[models.Model] | None = None,
    key: Any = None,
    field: str | None = None,
    suggestion: Any = UNSET,
    reply_to: Comment | None = None,
) -> Comment:
    """Comment on the whole, on an object (`table`, `key`) or on a field of it.

    Whoever may read the target may comment; on an object, whoever may view its model. A finished
    pull request can still be commented on, without a suggestion.

    Args:
        key: the primary key, or a dict of column and value.
        suggestion: a value for the field, as a form or the field's `to_python` takes it.

    Raises:
        PullRequestForbidden: nobody is logged in, or the model isn't theirs to see.
        BranchForbidden: the target isn't theirs to read.
        NotThere: there is no such field; or, for a suggestion, no such object on the source.
        django.core.exceptions.ValidationError: the suggested value isn't one for this field.
        ValueError: neither text nor suggestion; a suggestion without a field.
        PullRequestRefused: a suggestion for a finished one, or for what isn't versioned.
    """
    if not getattr(author, "is_authenticated", False) or not author.is_active:
        raise PullRequestForbidden(_("Log in to comment on a pull request."))
    require("read", pull_request.target, pull_request.database)
    if not text.strip() and suggestion is UNSET:
        raise ValueError(_("A comment needs a text."))
    if reply_to is not None and reply_to.pull_request_id != pull_request.pk:
        raise ValueError(_("This is a reply to another pull request's comment."))
    made = Comment(
        pull_request=pull_request,
        author=author,
        text=text,
        reply_to=reply_to,
        source_hash=pull_request.source_hash,
    )
    if reply_to is not None and reply_to.table:
        # On what the comment is on, so that it is read by whoever may read that one.
        table, key, field = reply_to.table, reply_to.key, field or reply_to.field
    if table is not None:
        _aim(made, author, table, key, field)
    if suggestion is not UNSET:
        refuse_finished(pull_request)
        _suggest(pull_request, made, suggestion)
    made.save()
    data = {
        "comment": made.pk,
        "text": text,
        "table": made.table,
        "field": made.field,
        "suggestion": made.has_suggestion,
    }
    record(pull_request, "pull_request_commented", author, data, comment=made)
    return made


def _aim(made: Comment, author: Any, table: Any, key: Any, field: str | None) -> None:
    made.table = table if isinstance(table, str) else table._meta.db_table
    if not may_view(author, made.table):
        raise PullRequestForbidden(_("You may not see these objects."))
    if key is not None:
        made.key = key if isinstance(key, dict) else {_key_column(made.table): key}
    if field:
        _field_of(made.table, field)
        made.field = field


def _key_column(table: str) -> str:
    model = model_of(table)
    return str(model._meta.pk.column) if model is not None and model._meta.pk else "id"


def _field_of(table: str, name: str) -> Any:
    model = model_of(table)
    if model is None:
        return None
    try:
        field = model._meta.get_field(name)
    except FieldDoesNotExist:
        raise NotThere(_("There is no field “%(name)s”.") % {"name": name}) from None
    return field


def _suggest(pull_request: PullRequest, made: Comment, suggestion: Any) -> None:
    field = _field_of(made.table, made.field) if made.table and made.field else None
    if field is None or made.key is None:
        raise ValueError(_("A value can be suggested for one field of one object."))
    if not _is_settable(field):
        text = _("No value can be suggested for “%(name)s”.") % {"name": field.name}
        raise PullRequestRefused("not_versioned", text)
    if field.related_model is not None and not may_view(made.author, field.related_model):
        # The answer would tell whether there is such a row.
        raise PullRequestForbidden(_("You may not see these objects."))
    obj = _object_of(pull_request, made)
    value = _clean(field, suggestion, obj, pull_request)
    made.has_suggestion = True
    made.suggested_instead_of = _written(field, obj)
    setattr(obj, field.attname, value)
    made.suggestion = _written(field, obj)


def _is_settable(field: Any) -> bool:
    return bool(
        field.concrete
        and field.editable
        and not field.primary_key
        and not field.many_to_many
        and not getattr(field, "generated", False)
        and not is_shared(field.model)
    )


def _written(field: Any, obj: Any) -> Any:
    """The field's value as JSON has it; None stays None."""
    return None if field.value_from_object(obj) is None else field.value_to_string(obj)


def _clean(field: Any, value: Any, obj: Any, pull_request: PullRequest) -> Any:
    if isinstance(value, models.Model):
        value = value.pk
    with use_branch(pull_request.source, pull_request.database):
        return field.clean(value, obj)


def _object_of(pull_request: PullRequest, made: Comment) -> Any:
    model = model_of(made.table)
    alias = aliases.branch_alias(pull_request.source, pull_request.database)
    found = model and model._base_manager.using(alias).filter(pk=made.pk_of_object).first()
    if found is None:
        raise NotThere(
            _("“%(branch)s” has no such object (any more).") % {"branch": pull_request.source}
        )
    return found


def resolve(made: Comment, user: Any, resolved: bool = True) -> None:
    """Mark a thread as dealt with, or not; for whoever may read the target and see the object.

    Raises:
        PullRequestForbidden, BranchForbidden.
    """
    if not getattr(user, "is_authenticated", False):
        raise PullRequestForbidden(_("Log in to comment on a pull request."))
    with acting_as(user):
        require("read", made.pull_request.target, made.pull_request.database)
    if made.table and not may_view(user, made.table):
        raise PullRequestForbidden(_("You may not see these objects."))
    made.resolved_at = timezone.now() if resolved else None
    made.resolved_by = user if resolved else None
    made.save(update_fields=["resolved_at", "resolved_by"])


def apply_suggestion(pull_request: PullRequest, made: Comment, user: Any) -> str | None:
    """Write a suggested value to the source: a commit of `user`, with its suggester named.

    For whoever may write to the source and change the model. In a request it is a part of the
    request's own commit.

    Returns:
        The hash of the commit; None when it is made later, by the unit of work around this.

    Raises:
        PullRequestRefused: it is applied already, is no suggestion, or the pull request is
            finished.
        StaleWrite: the field has another value than the one the suggester saw.
        NotThere: the object is gone.
        PullRequestForbidden, BranchForbidden, BranchProtected: the user may not.
        django.core.exceptions.ValidationError: the object would not be valid with it.
    """
    renew(pull_request)
    made.refresh_from_db()
    refuse_finished(pull_request)
    if made.pull_request_id != pull_request.pk or not made.has_suggestion:
        raise PullRequestRefused("no_suggestion", _("There is no suggestion to apply."))
    if made.applied_at is not None:
        raise PullRequestRefused("applied", _("This suggestion is applied already."))
    model: Any = model_of(made.table)
    options = model._meta
    if user is None or not user.has_perm(f"{options.app_label}.change_{options.model_name}"):
        raise PullRequestForbidden(_("You may not change these objects."))
    field = _field_of(made.table, made.field)
    with untranslated():
        message = f"Apply the suggestion for {field.verbose_name} of {options.verbose_name}"
    if made.author is not None and made.author.pk != user.pk:
        message += f"\n\nCo-authored-by: {user_author(made.author)}"
    unit = AutoDoltCommit(message, user_author(user), branch=pull_request.source)
    with acting_as(user), unit:
        require("write", pull_request.source, pull_request.database)
        obj = _object_of(pull_request, made)
        if _written(field, obj) != made.suggested_instead_of:
            raise StaleWrite(pull_request.source)
        value = None if made.suggestion is None else field.to_python(made.suggestion)
        setattr(obj, field.attname, value)
        others = [each.name for each in options.fields if each.name != field.name]
        try:
            obj.full_clean(exclude=others)
        except ValidationError as error:
            raise ValidationError(error.messages) from error
        obj.save(update_fields=[field.name])
    _note_applied(pull_request, user, made)
    return unit.commit_hash


@at_once
def _note_applied(pull_request: PullRequest, user: Any, made: Comment) -> None:
    made.applied_at = made.resolved_at = timezone.now()
    made.applied_by = made.resolved_by = user
    made.save(update_fields=["applied_at", "applied_by", "resolved_at", "resolved_by"])
    data = {"comment": made.pk, "table": made.table, "field": made.field}
    record(pull_request, "pull_request_suggestion_applied", user, data, comment=made)
