"""Pieces of pages that need no other file and no network; they follow the reader's light or dark theme."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL.Image import Image

STYLE = """\
:root { color-scheme: light dark; --line: #8884; --faint: #888; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1500px; margin: 2em auto; padding: 0 1em; }
h1 { font-size: 1.4em; } h2 { font-size: 1.1em; margin-top: 2em; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3em .8em; border-bottom: 1px solid var(--line); text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
small { color: var(--faint); display: block; } .best { font-weight: 700; }
img { max-width: 100%; height: auto; border-radius: 6px; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .1em 1em; } dt { color: var(--faint); }
dd { margin: 0; overflow-wrap: anywhere; }
"""


def document(title: str, body: str, style: str = "") -> str:
    """A whole page. title: plain text. body: HTML. style: CSS beyond STYLE."""
    return f"""\
<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{escape(title)}</title>
<style>
{STYLE}{style}</style></head><body>
{body}</body></html>
"""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; head: plain text. rows: cells as HTML, each with its own <td>."""
    top = "".join(f"<th>{escape(name)}</th>" for name in head)
    return f"<table><tr>{top}</tr>{''.join('<tr>' + ''.join(row) + '</tr>' for row in rows)}</table>"


def facts(values: Mapping[str, Any], above: str = "") -> Iterable[str]:
    """Rows of a <dl>: names and values as plain text, those of inner mappings under "outer / inner"."""
    for name, value in values.items():
        label = f"{above}{name}"
        if isinstance(value, Mapping):
            yield from facts(value, f"{label} / ")
        else:
            yield f"<dt>{escape(label)}</dt><dd>{escape(str(value))}</dd>"


def data_address(picture: Image, form: str = "PNG", **options: Any) -> str:
    """A picture as an address that holds it; options: of PIL's `save`."""
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
