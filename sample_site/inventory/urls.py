"""URLs of the inventory pages."""

from __future__ import annotations

from django.urls import path

from . import views

urlpatterns = [
    path("", views.Dashboard.as_view(), name="dashboard"),
    path("sites/", views.SiteList.as_view(), name="sites"),
    path("sites/<int:pk>/", views.SiteDetail.as_view(), name="site"),
    path("racks/<int:pk>/", views.RackDetail.as_view(), name="rack"),
    path("devices/", views.DeviceList.as_view(), name="devices"),
    path("devices/add/", views.DeviceCreate.as_view(), name="device-add"),
    path("devices/<int:pk>/", views.DeviceDetail.as_view(), name="device"),
    path("devices/<int:pk>/edit/", views.DeviceUpdate.as_view(), name="device-edit"),
    path("devices/<int:pk>/delete/", views.DeviceDelete.as_view(), name="device-delete"),
    path("addresses/", views.IPAddressList.as_view(), name="addresses"),
]
