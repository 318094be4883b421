"""Cards: a few lines, perhaps a table, as HTML for a notebook and as the same words for a terminal.

No widgets, no scripts, no style sheet and no fixed background: text takes the theme's colour, dark or light.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# mid-tones that stand out on white and on black; the words say the same
COLOURS = {"✓": "#2e9e5b", "✗": "#d0503f"}
MONO = "font-family:monospace;white-space:pre-wrap;overflow-wrap:anywhere;background:none;color:inherit"


@dataclass(frozen=True)
class Card:
    """Something to show: a mark ("✓", "✗" or "·"), a title, then what there is of lines, quote, table, code."""

    mark: str
    title: str
    lines: Sequence[str] = ()
    quote: str = ""
    head: Sequence[str] = ()
    rows: Sequence[Sequence[str]] = ()
    code: str = ""

    def text(self) -> str:
        parts = [f"{self.mark} {self.title}", *(f"  {line}" for line in self.lines)]
        if self.quote:
            parts += [f"  | {line}" for line in self.quote.splitlines()]
        if self.rows:
            table = [self.head, *self.rows] if self.head else self.rows
            widths = [max(map(len, column)) for column in zip(*table, strict=True)]
            parts += [
                ("  " + "  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True))).rstrip() for row in table
            ]
        if self.code:
            parts += ["", *(f"    {line}" for line in self.code.splitlines())]
        return "\n".join(parts)

    def html(self) -> str:
        colour = COLOURS.get(self.mark, "currentColor")
        parts = [f"<div><strong>{escape(self.mark)} {escape(self.title)}</strong></div>"]
        parts += [f"<div>{escape(line)}</div>" for line in self.lines]
        beside = ""
        if self.quote:
            beside += (
                '<div style="flex:1 1 14em;white-space:pre-wrap;border:1px solid currentColor;border-radius:4px;'
                f'padding:.4em .7em;margin:.4em 0">{escape(self.quote)}</div>'
            )
        if self.rows:
            room = "2 1 24em" if self.quote else "0 1 auto"
            beside += f'<div style="flex:{room};min-width:0;max-width:100%;overflow-x:auto">{self._table()}</div>'
        if beside:
            parts.append(f'<div style="display:flex;flex-wrap:wrap;gap:0 1em;align-items:flex-start">{beside}</div>')
        if self.code:
            parts.append(f'<pre style="{MONO};margin:.5em 0 0">{escape(self.code)}</pre>')
        style = f"border-left:3px solid {colour};padding:.3em .8em;margin:.3em 0;line-height:1.5;color:inherit"
        return f'<div style="{style}">{"".join(parts)}</div>'

    def _table(self) -> str:
        cell = "text-align:left;vertical-align:top;padding:.2em .8em .2em 0;border:none;background:none;color:inherit"
        line = "border-bottom:1px solid currentColor"

        def row(cells: Sequence[str], tag: str, style: str) -> str:
            inner = "".join(f'<{tag} style="{style}">{escape(c)}</{tag}>' for c in cells)
            return f'<tr style="background:none">{inner}</tr>'

        head = row(self.head, "th", f"{cell};{line}") if self.head else ""
        body = "".join(row(r, "td", cell) for r in self.rows)
        return f'<table style="border-collapse:collapse;margin:.4em 0;border:none;color:inherit;font-size:inherit">{head}{body}</table>'

    def show(self) -> None:
        """Into the notebook's output, or printed where there is none."""
        try:
            from IPython import get_ipython
            from IPython.display import display
        except ImportError:
            get_ipython = lambda: None  # noqa: E731
        if get_ipython() is None:
            print(self.text())
        else:
            display({"text/html": self.html(), "text/plain": self.text()}, raw=True)
