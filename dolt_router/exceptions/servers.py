"""Errors that a server, a remote or the embedded engine answers with."""

from __future__ import annotations

from django.db.utils import DataError, IntegrityError, NotSupportedError, OperationalError

from .base import DoltRouterError


class RemoteError(DoltRouterError, OperationalError):
    """A remote could not be reached or refused."""

    code = "remote_error"


class BackupError(DoltRouterError, OperationalError):
    """A backup can't be made there, or there is none to restore."""

    code = "backup_error"


class CopyError(DoltRouterError, OperationalError):
    """A database can't be copied to another one, or the copy isn't equal to it."""

    code = "copy_error"


class DoltServerError(DoltRouterError, OperationalError):
    """Any other server error 1105; the server's own words are in the message."""

    code = "dolt_server_error"


class CheckViolated(DoltRouterError, IntegrityError):
    """A row breaks a check constraint: error 1105 on Dolt, where MySQL has 3819."""

    code = "check_violated"


class OutOfRange(DoltRouterError, IntegrityError, DataError):
    """A value doesn't fit its column: error 1105 on Dolt; 1264, 1406 or 1690 on MySQL."""

    code = "out_of_range"


class UnsupportedServer(DoltRouterError, NotSupportedError):
    """The server is not Dolt, or an older Dolt than this package supports."""

    code = "unsupported_server"
