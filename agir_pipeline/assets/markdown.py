"""Small tables and pictures for the catalogue, in the language and number format of the reader."""

import base64
from collections.abc import Iterable, Sequence
from datetime import date

import pandas as pd

from agir_pipeline.language import written_day, written_number

Cell = str | int | float | date | None


def markdown_table(headings: Sequence[str], rows: Iterable[Sequence[Cell]]) -> str:
    """A Markdown table; numbers stand to the right, what is missing is a dash."""
    body = [list(row) for row in rows]
    is_number = [
        all(isinstance(row[place], int | float) or row[place] is None for row in body)
        for place in range(len(headings))
    ]
    marks = ["---:" if right else "---" for right in is_number]
    lines = [list(headings), marks, *([_written(cell) for cell in row] for row in body)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def picture(svg: str, text: str) -> str:
    """A drawing inside Markdown, with the words that stand for it."""
    drawn = base64.b64encode(svg.encode()).decode()
    return f"![{text}](data:image/svg+xml;base64,{drawn})"


def _written(cell: Cell) -> str:
    if cell is None or pd.isna(cell):
        return "–"
    if isinstance(cell, date):
        return written_day(cell)
    if isinstance(cell, int | float):
        return written_number(cell)
    return str(cell).replace("|", "\\|").replace("\n", " ")
