"""One row in conflict as the conflicts page shows it, and what its form sends back."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import ValidationError
from django.db.models import FileField, ForeignKey
from django.http import HttpRequest
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from .. import aliases
from ..versioning.conflicts import OURS, THEIRS, RowConflict
from ..versioning.points import Place
from ..versioning.values import field_of
from ..visibility import may_view
from .conflict_choices import Picks, is_decided, is_whole, mark_of
from .object_texts import LONG_ENOUGH, Texts, Told
from .versioned import hidden_fields

OWN = "own"


def texts_of(request: HttpRequest, site: AdminSite, model: Any, place: Place) -> Texts | None:
    """Words the values of a model's rows; None for a table without a model."""
    if model is None:
        return None
    model_admin = site._registry.get(model)
    hidden = set() if model_admin is None else hidden_fields(model_admin, request)
    return Texts(model, request, place, hidden)


class Cell:
    """One field in conflict: its three values, and what is picked."""

    def __init__(self, row: Row, column: str, base: Any, ours: Any, theirs: Any) -> None:
        self.row, self.column = row, column
        self.field = field_of(row.conflict.table, column)
        self.name = f"pick-{row.mark}-{column}"
        self.value_name = f"value-{row.mark}-{column}"
        self.raw = (base, ours, theirs)
        self.error = ""
        self.typed: Any = None

    @property
    def label(self) -> str:
        return capfirst(str(self.field.verbose_name)) if self.field is not None else self.column

    @property
    def pick(self) -> str:
        """`ours`, `theirs`, `own` or "": which of the radio buttons is on."""
        found = self.row.picks.get(self.column, "")
        return OWN if isinstance(found, list) or self.error else found

    @property
    def is_hidden(self) -> bool:
        texts = self.row.texts
        return texts is not None and self.field is not None and texts.is_hidden(self.field.name)

    @property
    def told(self) -> Told:
        """Ours and theirs, with what differs in their words."""
        ours, theirs = (self._text(value) for value in self.raw[1:])
        is_text = min(len(ours), len(theirs)) >= LONG_ENOUGH
        return Told(self.column, self.label, ours, theirs, self.is_hidden, is_text)

    @property
    def base(self) -> str:
        return self._text(self.raw[0])

    def _text(self, value: Any) -> str:
        if self.row.texts is None or self.field is None:
            return "" if value is None else str(value)
        return self.row.texts.text(self.field.name, value)

    def form_field(self) -> forms.Field | None:
        """What a value is typed into; None for a field that takes none."""
        field = self.field
        if (
            field is None
            or self.is_hidden
            or not self.row.may_change
            or not field.editable
            or isinstance(field, FileField)
        ):
            return None
        if isinstance(field, ForeignKey):
            related: Any = field.related_model
            if not may_view(self.row.request.user, related, self.row.request):
                return None
            rows = related._default_manager.using(self.row.alias)
            found: Any = field.formfield(queryset=rows, widget=forms.TextInput)
        else:
            found = field.formfield()
        return found if isinstance(found, forms.Field) else None

    @property
    def widget(self) -> str:
        """The control for a value of one's own, as HTML; "" without one."""
        field = self.form_field()
        if field is None:
            return ""
        value = self.typed
        if value is None:
            picked = self.row.picks.get(self.column)
            value = picked[0] if isinstance(picked, list) else None
        attributes = {
            "aria-label": _("%(field)s: a value of your own") % {"field": self.label},
            "id": f"id-{self.value_name}",
            "data-dolt-own": self.name,
            "rows": 3,
        }
        if self.error:
            attributes |= {"aria-invalid": "true", "aria-describedby": f"error-{self.value_name}"}
        if not isinstance(field.widget, forms.Textarea):
            del attributes["rows"]
        return field.widget.render(
            self.value_name, field.prepare_value(value), attrs={**field.widget.attrs, **attributes}
        )

    def read(self, request: HttpRequest) -> Any:
        """The pick that was sent; None when there is none, or it is wrong (`error` says why)."""
        sent = request.POST.get(self.name, "")
        if sent in (OURS, THEIRS):
            return sent
        field = self.form_field() if sent == OWN else None
        if field is None:
            return None
        self.typed = field.widget.value_from_datadict(request.POST, request.FILES, self.value_name)
        try:
            value = field.clean(self.typed)
            if isinstance(self.field, ForeignKey):
                value = None if value is None else getattr(value, self.field.target_field.attname)
                return [value]
            assert self.field is not None
            if value in field.empty_values and self.field.null and not self.field.blank:
                raise ValidationError(_("This field is required."))
            return [self.field.clean(value, None)]
        except ValidationError as error:
            self.error = " ".join(error.messages)
            return None


class Row:
    """One row in conflict, with its cells."""

    def __init__(
        self,
        request: HttpRequest,
        conflict: RowConflict,
        picks: Picks,
        texts: Texts | None,
        place: Place,
        position: int = 0,
    ) -> None:
        self.request, self.conflict, self.picks, self.texts = request, conflict, picks, texts
        self.at = f"{position}:{conflict.table}"  # where to find it while no branch moves
        self.mark = mark_of(conflict)
        self.alias = aliases.branch_alias(place.ref, place.root)
        self.cells = [
            Cell(self, each.field, each.base, each.ours, each.theirs) for each in conflict.fields
        ]
        self.is_whole = is_whole(conflict)
        self.name = f"pick-{self.mark}-"

    @property
    def may_change(self) -> bool:
        """Whether the user may give the row values of their own."""
        model = self.conflict.model
        if model is None or model._meta.auto_created:
            return False
        options = model._meta
        user: Any = getattr(self.request, "user", None)
        return bool(user and user.has_perm(f"{options.app_label}.change_{options.model_name}"))

    @property
    def is_decided(self) -> bool:
        return is_decided(self.conflict, self.picks)

    @property
    def pick(self) -> str:
        """Which side is picked for the row as a whole."""
        return str(self.picks.get("", ""))

    @property
    def title(self) -> str:
        """What the object is called on either side, or its key."""
        model = self.conflict.model
        key = ", ".join(str(value) for value in self.conflict.key.values())
        if model is None or model._meta.auto_created or self.texts is None:
            return f"{self.conflict.table} {key}"
        values = self.conflict.ours or self.conflict.theirs or {}
        hidden = self.texts.hidden
        try:
            fields = [f for f in model._meta.concrete_fields if f.column in values]
            named = model(
                **{f.attname: values[str(f.column)] for f in fields if f.name not in hidden}
            )
            named._state.db = self.alias
            name = str(named)
        except Exception:  # a __str__ that follows relations that aren't there
            name = key
        return f"{capfirst(str(model._meta.verbose_name))} {name}"

    @property
    def sides(self) -> list[tuple[str, str, list[tuple[str, str]] | None]]:
        """For the row as a whole: (side, name of its radio's value, its values; None: deleted)."""
        return [
            (OURS, f"{self.name}ours", self._values(self.conflict.ours)),
            (THEIRS, f"{self.name}theirs", self._values(self.conflict.theirs)),
        ]

    def _values(self, side: dict[str, Any] | None) -> list[tuple[str, str]] | None:
        if side is None:
            return None
        found = []
        for column, value in side.items():
            cell = Cell(self, column, None, value, value)
            if not cell.is_hidden and column not in self.conflict.key:
                found.append((cell.label, cell.told.old))
        return found

    @property
    def values(self) -> list[tuple[str, Any]]:
        """Every value that is shown, by the name of its field: for `Texts.fetch`."""
        found = [(cell.field.name, v) for cell in self.cells if cell.field for v in cell.raw]
        for side in (self.conflict.ours, self.conflict.theirs) if self.is_whole else ():
            for column, value in (side or {}).items():
                if (field := field_of(self.conflict.table, column)) is not None:
                    found.append((field.name, value))
        return found

    @property
    def deleted_by(self) -> str:
        """`ours` or `theirs`: the side that deleted the row; "" when neither did."""
        if self.conflict.ours is None:
            return OURS
        return THEIRS if self.conflict.theirs is None else ""

    def read(self, request: HttpRequest) -> Picks:
        """What the form says of this row, over what was picked before."""
        if request.POST.get("_row") in (f"{self.mark}:{OURS}", f"{self.mark}:{THEIRS}"):
            side = str(request.POST["_row"]).partition(":")[2]
            columns = [""] if self.is_whole else [cell.column for cell in self.cells]
            return dict.fromkeys(columns, side)
        picks = dict(self.picks)
        if self.is_whole:
            sent = request.POST.get(self.name, "")
            return {"": sent} if sent in (OURS, THEIRS) else picks
        for cell in self.cells:
            pick = cell.read(request)
            if pick is not None:
                picks[cell.column] = pick
            elif cell.error:
                picks.pop(cell.column, None)
        return picks
