"""Django REST framework: its errors roll the request back."""

from __future__ import annotations

import pytest
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import path
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response
from rest_framework.views import APIView

from dolt_router.autocommit import commit_message
from dolt_router.models import Commit
from tests.inventory.models import Device


class Invalid(APIView):
    """Writes, and finds out afterwards."""

    authentication_classes: list[type] = []

    def post(self, request: HttpRequest) -> Response:
        Device.objects.create(name="a")
        raise ValidationError({"name": "taken"})


@commit_message("Device {name} by API")
class Valid(APIView):
    """Writes."""

    authentication_classes: list[type] = []

    def post(self, request: HttpRequest, name: str) -> Response:
        Device.objects.create(name=name)
        return Response({"saved": True})


urlpatterns = [
    path("invalid/", Invalid.as_view()),
    path("valid/<name>/", Valid.as_view()),
]


@pytest.fixture(autouse=True)
def urls() -> object:
    with override_settings(ROOT_URLCONF=__name__):
        yield


def test_validation_error_after_writing_leaves_nothing(feature: str) -> None:
    before = Commit.objects.on(feature).count()
    response = Client().post("/invalid/", headers={"x-dolt-branch": feature})
    assert response.status_code == 400
    assert not Device.objects.using(feature).exists()
    assert Commit.objects.on(feature).count() == before


def test_api_write_is_one_commit_with_the_views_words(feature: str) -> None:
    before = Commit.objects.on(feature).count()
    response = Client().post("/valid/r1/", headers={"x-dolt-branch": feature})
    assert response.status_code == 200
    assert Commit.objects.on(feature).count() == before + 1
    assert Commit.objects.on(feature)[0].message == "Device r1 by API"
