"""Forms of the branch bar."""

from __future__ import annotations

from django import forms

from dolt_router.exceptions import InvalidBranchName
from dolt_router.models import Branch
from dolt_router.names import validate_branch


class SwitchForm(forms.Form):
    """Which branch to go to."""

    branch = forms.CharField(max_length=250)

    def clean_branch(self) -> str:
        """The branch must exist. (If it vanishes later, the middleware answers 404.)"""
        name = self.cleaned_data["branch"].strip()
        if not Branch.objects.filter(name=name).exists():
            raise forms.ValidationError(f'There is no branch "{name}".')
        return name


class BranchForm(forms.Form):
    """The name of a new branch, and where it starts."""

    name = forms.CharField(max_length=250)
    start_point = forms.CharField(max_length=250, required=False)

    def clean_name(self) -> str:
        """Only a name that can be a branch."""
        name = self.cleaned_data["name"].strip()
        try:
            return validate_branch(name)
        except InvalidBranchName as error:
            raise forms.ValidationError(str(error)) from error
