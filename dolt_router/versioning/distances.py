"""How far branches are apart, in commits: asked once for each pair of heads.

What two commits have and lack never changes, so it is remembered by their hashes. A page asks for
the hashes only, and a list of branches for what it has not seen yet, in one query.
https://docs.dolthub.com/sql-reference/version-control/dolt-sql-functions#dolt_log
"""

from __future__ import annotations

from collections.abc import Mapping

from .. import aliases
from ..conf import conf
from ..exceptions import BranchDoesNotExist, DoltServerError
from ..names import validate_ref
from .branches import resolve
from .session import verb_connection

Distance = tuple[int, int]  # ahead, behind

KEPT = 20_000  # pairs of hashes that a process remembers
CHUNK = 50  # pairs asked for by one statement


_known: dict[tuple[str, str], Distance] = {}


def _remember(found: Mapping[tuple[str, str], Distance]) -> None:
    if len(_known) >= KEPT:
        _known.clear()
    _known.update(found)


def distance(name: str, into: str, using: str | None = None) -> Distance:
    """Ahead and behind: as `branches.ahead_behind`, and mostly one quick query.

    Raises:
        BranchDoesNotExist: one of them isn't there.
    """
    for ref in (name, into):
        validate_ref(ref)
    with verb_connection(str(conf.DEFAULT_BRANCH), using) as connection:
        with connection.cursor() as cursor:
            try:
                cursor.execute("SELECT dolt_hashof(%s), dolt_hashof(%s)", [name, into])
                mine, theirs = (str(value) for value in cursor.fetchone())
            except DoltServerError as error:
                for ref in (name, into):
                    resolve(ref, using)
                raise BranchDoesNotExist(name, aliases.default_root(using)) from error
    return distances({name: mine}, theirs, using)[name]


def distances(heads: Mapping[str, str], into: str, using: str | None = None) -> dict[str, Distance]:
    """Ahead and behind of each head against the commit `into`.

    Args:
        heads: commit hashes by branch name.
        into: a commit hash.
    """
    found = {(head, into): (0, 0) for head in heads.values() if head == into}
    for head in heads.values():
        if (known := _known.get((head, into))) is not None:
            found[head, into] = known
    missing = sorted({head for head in heads.values() if (head, into) not in found})
    for start in range(0, len(missing), CHUNK):
        chunk = missing[start : start + CHUNK]
        one = "SELECT %s, (SELECT COUNT(*) FROM dolt_log(%s)), (SELECT COUNT(*) FROM dolt_log(%s))"
        values = [value for head in chunk for value in (head, f"{into}..{head}", f"{head}..{into}")]
        with verb_connection(str(conf.DEFAULT_BRANCH), using) as connection:
            with connection.cursor() as cursor:
                cursor.execute(" UNION ALL ".join([one] * len(chunk)), values)
                for head, ahead, behind in cursor.fetchall():
                    found[str(head), into] = int(ahead), int(behind)
    _remember(found)
    return {name: found[head, into] for name, head in heads.items()}
