"""Views that write in every way there is, for tests of the middleware."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse

from dolt_router import current_branch
from dolt_router.autocommit import commit_message
from dolt_router.models import Branch
from tests.inventory.models import Device, Site, Tag


def names(request: HttpRequest) -> JsonResponse:
    found = list(Device.objects.order_by("pk").values_list("name", flat=True))
    return JsonResponse({"branch": current_branch(), "names": found})


def save(request: HttpRequest) -> HttpResponse:
    Device.objects.create(name=request.GET["name"])
    return HttpResponse("saved")


def many(request: HttpRequest) -> HttpResponse:
    """Every way of writing in one request."""
    name = request.GET["name"]
    site = Site.objects.create(name=name)
    made = Device.objects.bulk_create(Device(name=f"{name}-{i}", site=site) for i in range(3))
    Device.objects.filter(name=f"{name}-0").update(height=7)
    Device.objects.filter(name=f"{name}-1").delete()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO inventory_tag (name) VALUES (%s)", [f"{name}-raw"])
    with transaction.atomic():
        device = Device.objects.create(name=f"{name}-m2m", site=site)
        device.tags.set(Tag.objects.filter(name=f"{name}-raw"))
    return JsonResponse({"made": len(made)})


def fail(request: HttpRequest) -> HttpResponse:
    Device.objects.create(name=request.GET["name"])
    raise ValueError("after writing")


def error_status(request: HttpRequest) -> HttpResponse:
    Device.objects.create(name=request.GET["name"])
    return HttpResponse("no", status=503)


def rollback(request: HttpRequest) -> HttpResponse:
    Device.objects.create(name=request.GET["name"])
    transaction.set_rollback(True)
    return HttpResponse("rolled back")


def recover(request: HttpRequest) -> HttpResponse:
    """A part fails and is rolled back; the rest is kept."""
    try:
        with transaction.atomic():
            Device.objects.create(name="dropped")
            raise ValueError
    except ValueError:
        Device.objects.create(name="kept")
    return HttpResponse("recovered")


def delete_branch(request: HttpRequest) -> HttpResponse:
    """The active branch, after reading from it."""
    name = current_branch()
    count = Device.objects.count()
    Branch.objects.get(name=name).delete(force=True)
    return HttpResponse(f"{name} had {count}")


def merge_branch(request: HttpRequest) -> HttpResponse:
    return HttpResponse(Branch.objects.get(name=request.GET["name"]).merge().commit_hash)


def hook(request: HttpRequest) -> HttpResponse:
    device = Device.objects.create(name=request.GET["name"])
    seen: list[bool] = request.__dict__.setdefault("seen", [])
    transaction.on_commit(lambda: seen.append(Device.objects.filter(pk=device.pk).exists()))
    return HttpResponse("hooked")


@commit_message("Rename by {request.path}: {who}")
def worded(request: HttpRequest) -> HttpResponse:
    Device.objects.create(name=request.GET["name"])
    return HttpResponse("worded")


@transaction.non_atomic_requests
def each_its_own(request: HttpRequest) -> HttpResponse:
    Device.objects.create(name=request.GET["name"] + "-1")
    Device.objects.create(name=request.GET["name"] + "-2")
    return HttpResponse("two")


def user_and_device(request: HttpRequest) -> HttpResponse:
    user = get_user_model().objects.create_user(request.GET["name"])
    Device.objects.create(name=request.GET["name"], owner=user)
    return HttpResponse("both")


def stream(request: HttpRequest) -> StreamingHttpResponse:
    def parts() -> Iterator[str]:
        for number in range(3):
            Device.objects.create(name=f"{request.GET['name']}-{number}")
            yield f"{current_branch()} {number}\n"
        if "boom" in request.GET:
            raise ValueError("in the stream")

    return StreamingHttpResponse(parts())


async def async_save(request: HttpRequest) -> HttpResponse:
    await Device.objects.acreate(name=request.GET["name"])
    count = await Device.objects.acount()
    return JsonResponse({"branch": current_branch(), "count": count})


async def async_stream(request: HttpRequest) -> StreamingHttpResponse:
    async def parts() -> AsyncIterator[str]:
        for number in range(3):
            await Device.objects.acreate(name=f"{request.GET['name']}-{number}")
            yield f"{current_branch()} {number}\n"

    return StreamingHttpResponse(parts())


def long_stream(request: HttpRequest) -> StreamingHttpResponse:
    """Writes, and goes on until the client is gone."""

    def parts() -> Iterator[bytes]:
        try:
            for number in range(2000):
                Device.objects.create(name=f"{request.GET['name']}-{number}")
                yield b"x" * 65536
        finally:
            Path(os.environ["STREAM_ENDED"]).touch()

    return StreamingHttpResponse(parts())


async def async_long_stream(request: HttpRequest) -> StreamingHttpResponse:
    """The same for an async server."""

    async def parts() -> AsyncIterator[bytes]:
        try:
            for number in range(2000):
                await Device.objects.acreate(name=f"{request.GET['name']}-{number}")
                yield b"x" * 65536
        finally:
            Path(os.environ["STREAM_ENDED"]).touch()

    return StreamingHttpResponse(parts())


VIEWS = [
    names,
    save,
    many,
    fail,
    error_status,
    rollback,
    recover,
    delete_branch,
    merge_branch,
    hook,
    worded,
    each_its_own,
    user_and_device,
    stream,
    async_save,
    async_stream,
    long_stream,
    async_long_stream,
]
