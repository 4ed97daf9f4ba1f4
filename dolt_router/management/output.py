"""How `manage.py dolt` prints: tables and colours on a terminal, plain lines in a pipe, or JSON."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.core.management.base import OutputWrapper
from django.core.serializers.json import DjangoJSONEncoder


class _Encoder(DjangoJSONEncoder):
    """Knows the package's own results too."""

    def default(self, o: Any) -> Any:
        if dataclasses.is_dataclass(o) and not isinstance(o, type):
            return {field.name: getattr(o, field.name) for field in dataclasses.fields(o)}
        if isinstance(o, bytes):
            return o.hex()
        return super().default(o)


class Output:
    """What a verb prints to. Calling it prints a line for people.

    Args:
        stdout: the command's.
        as_json: `--json`: one document, made of what `data` was given; no lines.
    """

    def __init__(self, stdout: OutputWrapper, as_json: bool = False) -> None:
        self.stdout = stdout
        self.as_json = as_json

    @property
    def is_terminal(self) -> bool:
        """Whether a person looks at it, with colours allowed."""
        return (
            not self.as_json and bool(self.stdout.isatty()) and self.stdout.style_func is not None
        )

    def __call__(self, text: str = "") -> None:
        if not self.as_json:
            self.stdout.write(text)

    def data(self, value: Any) -> None:
        """The result of the verb, printed with `--json` only; call it once."""
        if self.as_json:
            self.stdout.write(json.dumps(plain(value), cls=_Encoder, indent=2))

    def each(self, values: Iterable[Any]) -> None:
        """Results that may be many, printed with `--json` as one line of JSON each."""
        if self.as_json:
            for value in values:
                self.stdout.write(json.dumps(plain(value), cls=_Encoder))

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Rows for people: a table on a terminal, aligned columns in a pipe."""
        if self.as_json:
            return
        cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if cells and self.is_terminal:
            self._rich_table(columns, cells)
            return
        widths = [max((len(row[i]) for row in cells), default=0) for i in range(len(columns))]
        for row in cells:
            self.stdout.write(
                "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip()
            )

    def _rich_table(self, columns: Sequence[str], cells: list[list[str]]) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, box=None, header_style="bold", pad_edge=False)
        for row in cells:
            table.add_row(*[Text(cell) for cell in row])
        self._console().print(table)

    def _console(self) -> Any:
        from rich.console import Console

        stream: Any = self.stdout._out
        return Console(file=stream, force_terminal=True)

    @contextmanager
    def progress(self, text: str, total: int | None = None) -> Iterator[Any]:
        """A progress bar on a terminal, nothing elsewhere; yields a function that advances it."""
        if not self.is_terminal:
            yield lambda steps=1: None
            return
        from rich.progress import Progress

        with Progress(console=self._console(), transient=True) as bar:
            task = bar.add_task(text, total=total)
            yield lambda steps=1: bar.advance(task, steps)


def shown(value: Any) -> str:
    """A value for people: text in quotes, the rest as it prints itself."""
    return repr(value) if isinstance(value, str | bytes) or value is None else str(value)


def plain(value: Any) -> Any:
    """Named tuples as dicts by field name, all the way down; the rest as it is."""
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        return {name: plain(part) for name, part in value._asdict().items()}
    if isinstance(value, dict):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value]
    return value
