"""One read and one write view for each side."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path

from tests.inventory.models import Device


def read(request: HttpRequest, using: str) -> HttpResponse:
    devices = Device.objects.using(using) if using == "plain" else Device.objects
    rows = list(devices.order_by("pk")[:20].values("pk", "name", "height"))
    one = devices.get(pk=rows[0]["pk"])
    return JsonResponse({"rows": rows, "one": one.name})


def write(request: HttpRequest, using: str) -> HttpResponse:
    if using != "plain":
        return _write(Device.objects)
    with transaction.atomic(using="plain"):  # what ATOMIC_REQUESTS does
        return _write(Device.objects.using("plain"))


def _write(devices) -> HttpResponse:  # type: ignore[no-untyped-def]
    device = devices.order_by("pk")[0]
    device.height += 1
    device.save()
    return HttpResponse("saved")


urlpatterns = [
    path("read/<using>/", transaction.non_atomic_requests("plain")(read)),
    path("write/<using>/", transaction.non_atomic_requests("plain")(write)),
]
