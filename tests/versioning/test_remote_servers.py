"""Remotes on another Dolt server: what a push does there, logins, and secrets."""

# ruff: noqa: F811 (fixtures are imported by name)

from __future__ import annotations

import logging
import traceback
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from dolt_router.exceptions import (
    RemoteError,
)
from dolt_router.versioning import remotes
from dolt_router.versioning.remote_errors import explain
from dolt_router.versioning.remote_urls import redact
from tests.inventory.models import Device
from tests.remote_sites import (  # noqa: F401
    SECRET,
    Api,
    MakeSite,
    api,
    log_of,
    make_site,
    no_remotes,
    versioned_rows,
)


def head(alias: str = "default", ref: str = "main") -> str:
    return log_of(alias, ref)[0]


def test_push_fetch_and_clone_over_http(
    no_remotes: None, api: Api, make_branch: Any, make_site: MakeSite
) -> None:
    database = f"hub_{uuid.uuid4().hex[:8]}"
    remotes.add("hub", api.url(database))
    api.run(f"CREATE DATABASE {database}")
    with pytest.raises(RemoteError, match="no commit in common"):
        remotes.push("main", "hub", no_site_there=True)
    remotes.fetch("hub")
    remotes.push("main", "hub", force=True, no_site_there=True)
    Device.objects.create(name="a")
    assert remotes.push("main", "hub", no_site_there=True).commit_hash == head()
    assert api.run("SELECT name FROM inventory_device", database=database) == [("a",)]
    name = f"clone_{uuid.uuid4().hex[:8]}"
    make_site("copy", name)
    remotes.clone(api.url(database), name)
    assert versioned_rows("copy") == versioned_rows("default")
    assert log_of("copy") == log_of("default")


def test_pushed_main_takes_the_shared_tables_of_a_site_that_runs_there(
    no_remotes: None, api: Api, make_branch: Any
) -> None:
    database = f"live_{uuid.uuid4().hex[:8]}"
    api.run(f"CREATE DATABASE {database}")
    remotes.add("live", api.url(database))
    remotes.push("main", "live", force="always", no_site_there=True)
    api.run(
        "DELETE FROM dolt_nonlocal_tables",
        "CREATE TABLE auth_user (id INT PRIMARY KEY)",
        "INSERT INTO auth_user VALUES (1)",
        "CALL dolt_reset('--hard')",
        database=database,
    )
    make_branch("feature/x")
    Device.objects.using("feature/x").create(name="a")
    remotes.push("feature/x", "live")
    merged = ("START TRANSACTION", "CALL dolt_merge('feature/x')", "COMMIT")
    api.run(*merged, database=database)
    assert api.run("SELECT * FROM auth_user", database=database) == [(1,)]
    remotes.pull("main", "live")
    Device.objects.create(name="b")
    remotes.push("main", "live", no_site_there=True)
    tables = {name for (name,) in api.run("SHOW TABLES", database=database)}
    assert "auth_user" not in tables


def test_push_over_uncommitted_work_is_refused(no_remotes: None, api: Api) -> None:
    database = f"busy_{uuid.uuid4().hex[:8]}"
    api.run(f"CREATE DATABASE {database}")
    remotes.add("busy", api.url(database))
    remotes.push("main", "busy", force="always", no_site_there=True)
    api.run("INSERT INTO inventory_site (id, name) VALUES (1, 'draft')", database=database)
    Device.objects.create(name="a")
    with pytest.raises(RemoteError, match="has not committed"):
        remotes.push("main", "busy", no_site_there=True)
    assert api.run("SELECT name FROM inventory_site", database=database) == [("draft",)]


def test_user_without_a_password_on_the_server_is_told_where_it_belongs(
    no_remotes: None, api: Api
) -> None:
    remotes.add("hub", api.url("any"))
    with pytest.raises(RemoteError, match="Set DOLT_REMOTE_PASSWORD"):
        remotes.fetch("hub", user="ann")
    for user in ("", "-x"):
        with pytest.raises(RemoteError, match="name of the user"):
            remotes.fetch("hub", user=user)


def test_unreachable_remote_on_disk(no_remotes: None, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no database")
    with pytest.raises(RemoteError):
        remotes.add("bad", f"file://{tmp_path}/file")


def everything_told(error: BaseException) -> str:
    told = []
    found: BaseException | None = error
    while found is not None:
        told += [str(found), repr(found), repr(found.args), repr(vars(found))]
        told += ["".join(traceback.format_exception(found))]
        assert found.__context__ in (None, found.__cause__)
        found = found.__cause__
    return "\n".join(told)


@pytest.fixture
def closed(api: Api) -> Iterator[str]:
    """The URL of a remote that refuses the login, with a secret in it."""
    api.run("CREATE DATABASE IF NOT EXISTS closed", "CREATE USER IF NOT EXISTS 'boss'@'%'")
    api.run("GRANT ALL ON *.* TO 'boss'@'%' WITH GRANT OPTION")
    api.run(f"ALTER USER 'root'@'localhost' IDENTIFIED BY '{SECRET}'", user="boss")
    yield api.url("closed", f"root:{SECRET}@")
    api.run("ALTER USER 'root'@'localhost' IDENTIFIED BY ''", user="boss")


def test_password_in_a_url_is_not_sent(no_remotes: None, closed: str) -> None:
    remotes.add("closed", closed)
    with pytest.raises(RemoteError, match=r"refused the login.*DOLT_REMOTE_PASSWORD"):
        remotes.fetch("closed")


def test_no_credential_is_told(
    no_remotes: None, closed: str, caplog: pytest.LogCaptureFixture
) -> None:
    urls = {"closed": closed, "dead": f"http://ann:{SECRET}@127.0.0.1:1/inventory"}
    errors: list[RemoteError] = []
    with caplog.at_level(logging.DEBUG), CaptureQueriesContext(connection) as queries:
        told = repr([remotes.add(name, url) for name, url in urls.items()])
        for act in (
            lambda: remotes.fetch("dead"),
            lambda: remotes.fetch("closed"),
            lambda: remotes.push("main", "closed", no_site_there=True),
            lambda: remotes.push("main", "closed", force=True, no_site_there=True),
            lambda: remotes.pull("main", "closed"),
            lambda: remotes.clone(closed, "never_made"),
            lambda: remotes.add("closed", closed),
        ):
            with pytest.raises(RemoteError) as caught:
                act()
            errors.append(caught.value)
    assert "could not be reached" in str(errors[0])
    for error in errors[:-1]:
        assert "//***@127.0.0.1" in str(error.__cause__)
    told += "\n".join(everything_told(error) for error in errors)
    told += repr(remotes.list_remotes()) + caplog.text + repr(queries.captured_queries)
    assert SECRET not in told
    assert remotes.list_remotes()[1] == ("dead", "http://***@127.0.0.1:1/inventory")


@pytest.mark.parametrize(
    ("server_text", "advice"),
    [
        (
            "unknown push error; rpc error: code = PermissionDenied desc = this server only "
            "provides read-only access",
            "takes no pushes",
        ),
        (
            "unknown push error; rpc error: code = PermissionDenied desc = API Authorization "
            "Failure: bk has not been granted SuperUser access",
            "SUPER as well to push",
        ),
        ("something new\nin two lines", "the server says: something new in two lines."),
    ],
)
def test_what_the_server_says_is_told_with_what_to_do(server_text: str, advice: str) -> None:
    assert advice in str(explain('push "main" to "hub"', server_text))


@pytest.mark.parametrize(
    ("text", "url", "redacted"),
    [
        ("at 'http://u:p@h/x': no", "", "at 'http://***@h/x': no"),
        ("https://t0ken@h/x", "", "https://***@h/x"),
        ("https://h/x?sig=abc&t=1 failed", "", "https://h/x?*** failed"),
        ("login with pass word failed", "http://u:pass%20word@h/x", "login with *** failed"),
        ("login with t0kent0ken failed", "https://t0kent0ken@h", "login with *** failed"),
        ("mail ann@example.org", "", "mail ann@example.org"),
    ],
)
def test_secrets_are_taken_out_of_texts(text: str, url: str, redacted: str) -> None:
    assert redact(text, url) == redacted
