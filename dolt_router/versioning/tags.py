"""Tags: names for commits that stay.

https://docs.dolthub.com/sql-reference/version-control/dolt-sql-procedures#dolt_tag
"""

from __future__ import annotations

from .. import aliases, context
from ..conf import conf
from ..exceptions import BranchDoesNotExist, BranchExists, DoltServerError
from ..names import validate_branch, validate_ref
from ..wording import validate_author
from .branches import delete as delete_branch
from .branches import names as branch_names
from .branches import refuse_fixed, resolve
from .session import verb_connection


def names(using: str | None = None) -> list[str]:
    """The names of all tags, sorted."""
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT tag_name FROM dolt_tags ORDER BY tag_name")
        return [name for (name,) in cursor.fetchall()]


def create(
    name: str,
    ref: str | None = None,
    message: str | None = None,
    author: str | None = None,
    using: str | None = None,
) -> str:
    """Tag `ref` (a branch, tag or commit; the active branch if None).

    Returns:
        The hash of the tagged commit.

    Raises:
        InvalidBranchName: the name can't be a ref.
        BranchExists: a tag or a branch has this name: an alias could mean either.
        BranchDoesNotExist: there is no such ref.
        ValueError: `author` has not the form `Name <email>`.
    """
    validate_branch(name)
    taken = {other.lower() for other in [*names(using), *branch_names(using)]}
    if name.lower() in taken:
        raise BranchExists(name, aliases.default_root(using))
    commit_hash = resolve(validate_ref(ref or aliases.current_branch(using)), using)
    who = validate_author(author) if author else context.describe([]).author
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        arguments = ("-m", message or name, "--author", who, name, commit_hash)
        connection.engine.run(cursor, "dolt_tag", *arguments)
    return commit_hash


def delete(name: str, using: str | None = None) -> None:
    """Delete a tag; the commit stays.

    Raises:
        BranchDoesNotExist: there is no such tag.
    """
    validate_ref(name)
    with verb_connection(conf.DEFAULT_BRANCH, using) as connection, connection.cursor() as cursor:
        try:
            connection.engine.run(cursor, "dolt_tag", "-d", name)
        except DoltServerError as error:
            if name in names(using):
                raise
            root = aliases.default_root(using)
            raise BranchDoesNotExist(name, root, names(using)) from error


def archive(branch: str, message: str | None = None, using: str | None = None) -> str:
    """Put a branch away: its head becomes the tag `archive/<branch>`, and the branch is deleted.

    `branches.create(branch, f"archive/{branch}")` brings it back.

    Returns:
        The name of the tag.

    Raises:
        BranchExists: it was archived before under this name.
        BranchProtected, BranchInUse, BranchDoesNotExist: the branch can't be deleted.
    """
    refuse_fixed(branch, using, force=True)
    name = f"archive/{branch}"
    create(name, branch, message or f'Archive of branch "{branch}"', using=using)
    try:
        delete_branch(branch, force=True, using=using)
    except BaseException:
        delete(name, using)
        raise
    return name
