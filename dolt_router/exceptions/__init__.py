"""One tree of errors under `DoltRouterError`.

Each error says in one sentence what happened, with the value quoted, and in another
what to do. Each also inherits the Django class that a caller would catch anyway, has a
stable `code`, and carries what it speaks of (`branch`, `tables`).
"""

from __future__ import annotations

from .base import (
    DoltRouterError,
    NotThere,
    Refused,
    worded,
)
from .branches import (
    BranchDoesNotExist,
    BranchExists,
    BranchForbidden,
    BranchInUse,
    BranchNeedsMigration,
    BranchProtected,
    InvalidBranchName,
    ReadOnlyRevision,
)
from .merges import (
    MergeConflict,
    NotFastForward,
    NothingToCommit,
    SavepointRefused,
    StaleWrite,
    hidden_tables,
)
from .reviews import (
    InvalidPreviewLink,
    PullRequestForbidden,
    PullRequestRefused,
    ReviewRequired,
)
from .servers import (
    BackupError,
    CheckViolated,
    CopyError,
    DoltServerError,
    OutOfRange,
    RemoteError,
    UnsupportedServer,
)
from .writes import (
    AnotherBranchIsWriting,
    CrossBranchRelation,
    CrossBranchWrite,
    MixedTransaction,
    SharedTableWrite,
    UnsupportedByEngine,
)

__all__ = [
    "AnotherBranchIsWriting",
    "BackupError",
    "BranchDoesNotExist",
    "BranchExists",
    "BranchForbidden",
    "BranchInUse",
    "BranchNeedsMigration",
    "BranchProtected",
    "CheckViolated",
    "CopyError",
    "CrossBranchRelation",
    "CrossBranchWrite",
    "DoltRouterError",
    "DoltServerError",
    "InvalidBranchName",
    "InvalidPreviewLink",
    "MergeConflict",
    "MixedTransaction",
    "NotFastForward",
    "NotThere",
    "NothingToCommit",
    "OutOfRange",
    "PullRequestForbidden",
    "PullRequestRefused",
    "ReadOnlyRevision",
    "Refused",
    "RemoteError",
    "ReviewRequired",
    "SavepointRefused",
    "SharedTableWrite",
    "StaleWrite",
    "UnsupportedByEngine",
    "UnsupportedServer",
    "hidden_tables",
    "worded",
]
