"""URLs of the branch pages. A branch name may contain slashes, so it comes last."""

from __future__ import annotations

from django.urls import path

from . import views

app_name = "branches"

urlpatterns = [
    path("", views.branch_list, name="list"),
    path("switch/", views.switch, name="switch"),
    path("create/", views.create, name="create"),
    path("log/<path:name>", views.log, name="log"),
    path("changes/<path:name>", views.changes, name="changes"),
    path("merge/<path:name>", views.merge, name="merge"),
    path("delete/<path:name>", views.delete, name="delete"),
    path("commit/<str:commit_hash>/", views.commit, name="commit"),
    path("revert/<str:commit_hash>/", views.revert, name="revert"),
]
