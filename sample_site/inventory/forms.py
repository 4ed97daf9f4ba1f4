"""Forms of the inventory pages."""

from __future__ import annotations

from typing import Any

from django import forms

from .models import Device, Site


class DeviceForm(forms.ModelForm):
    """A device, with its tags, and what to say of the change."""

    change_note = forms.CharField(
        label="What is this change?",
        max_length=200,
        required=False,
        help_text="The message in the log. Left empty, it tells what changed.",
    )

    class Meta:
        model = Device
        fields = [
            "name",
            "role",
            "status",
            "site",
            "rack",
            "position",
            "hardware",
            "serial",
            "owner",
            "tags",
            "comments",
        ]
        widgets = {
            "tags": forms.CheckboxSelectMultiple,
            "comments": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].label_from_instance = lambda user: user.get_full_name() or str(user)
        racks = self.fields["rack"]
        racks.queryset = racks.queryset.select_related("site")
        racks.label_from_instance = lambda rack: f"{rack.site.slug} / {rack.name}"


class DeviceFilterForm(forms.Form):
    """What the device list can be narrowed by."""

    q = forms.CharField(
        label="Search",
        required=False,
        widget=forms.SearchInput(attrs={"placeholder": "Name, serial or hardware"}),
    )
    site = forms.ModelChoiceField(Site.objects.all(), required=False, empty_label="All sites")
    status = forms.ChoiceField(choices=[("", "Any status"), *Device.Status.choices], required=False)
