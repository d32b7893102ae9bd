"""A small study whose steward decides: its protocol, its files, and workbooks filled in."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import xlsxwriter
from python_calamine import CalamineWorkbook

from agir_pipeline.protocol.loading import load_protocol
from agir_pipeline.resources.home import Home
from agir_pipeline.resources.making import delivery_receipt, init_home, receive_all

SMALL = Path(__file__).with_name("small.toml")
HEADER = ["id", "group", "age_years", "income_eur"]
Row = list[Any]


def _columns(*names: str) -> str:
    return "".join(
        f"""
[[source.column]]
name = "{name}"
type = "{"date" if name.endswith("_on") else "text"}"
labels = {{ en = "{name}", fr = "{name}" }}
sensitivity = "{"none" if name in ("of", "field", "since_on") else "identifying"}"
known_before_index = false
required = {"true" if name in ("of", "author") else "false"}
"""
        for name in names
    )


def _decisions(name: str, sheet: str, key: str, role: str, *names: str) -> str:
    return f"""
[[source]]
name = "{name}"
labels = {{ en = "{name}", fr = "{name}" }}
feeds = "decision"
key = {key}
sheet = "{sheet}"
source = "a test"
{role}
[[source.provider]]
name = "steward"
labels = {{ en = "Steward", fr = "Gestionnaire" }}
{_columns(*names)}"""


CORRECTIONS = _decisions(
    "fixes",
    "corrections",
    '["of", "which", "field", "since_on"]',
    """[source.corrects]
of_source = "of"
of_key = "which"
of_column = "field"
old_value = "was"
new_value = "is"
effective = "since_on"
expires = "until_on"
author = "author"
approver = "second"
withdrawn = "gone_on"
""",
    *("of", "which", "field", "was", "is", "since_on", "until_on", "author", "second", "gone_on"),
)
MAPPINGS = _decisions(
    "headings",
    "mappings",
    '["of", "heading", "since_on"]',
    """[source.maps]
of_source = "of"
of_heading = "heading"
of_column = "field"
effective = "since_on"
author = "author"
withdrawn = "gone_on"
""",
    *("of", "heading", "field", "since_on", "author", "gone_on"),
)
HOLDS = _decisions(
    "missing",
    "holds",
    '["of", "field", "since_on"]',
    """[source.maps]
of_source = "of"
of_column = "field"
effective = "since_on"
author = "author"
withdrawn = "gone_on"
""",
    *("of", "field", "since_on", "author", "gone_on"),
)

FATE = """
[[source.column]]
name = "fate"
type = "code"
labels = { en = "fate", fr = "fate" }
sensitivity = "none"
known_before_index = false
codes = [
  { code = "gone", labels = { en = "Gone for good", fr = "Retirée" } },
  { code = "still_true", labels = { en = "Still true", fr = "Toujours vraie" } },
]
"""
DEPARTURES = (
    _decisions(
        "leavers",
        "departures",
        '["of", "which", "since_on"]',
        """[source.settles]
of_source = "of"
of_key = "which"
fate = "fate"
since = "since_on"
author = "author"
withdrawn = "gone_on"
""",
        *("of", "which", "since_on", "author", "gone_on"),
    )
    + FATE
)


def deciding_home(folder: Path) -> Path:
    """A study of 60 people whose list is cumulative; Anna and Bert may decide."""
    text = SMALL.read_text(encoding="utf-8").replace(
        'labels = { en = "The office", fr = "Le bureau" }',
        'labels = { en = "The office", fr = "Le bureau" }\nis_cumulative = true',
    )
    first_other = text.index("[[covariate]]")
    protocol = folder / "protocol.toml"
    protocol.write_text(
        text[:first_other] + CORRECTIONS + MAPPINGS + HOLDS + DEPARTURES + text[first_other:],
        encoding="utf-8",
    )
    home = folder / "home"
    init_home(home, str(protocol))
    with open(home / "study.toml", "a", encoding="utf-8") as settings:
        settings.write('\ndeciders = ["Anna", "Bert"]\n')
    return home


def people(changes: dict[int, dict[str, str]] | None = None, header: Row = HEADER) -> str:
    """The office's list; ``changes`` replaces cells of a person, by column."""
    lines = [",".join(header)]
    for n in range(60):
        row = {
            "id": f"P{n}",
            "group": str(int(n % 3 == 0)),
            "age_years": str(20 + n % 25),
            "income_eur": str(1000 + 37 * n % 900),
        }
        lines.append(",".join((row | (changes or {}).get(n, {})).values()))
    return "\n".join(lines) + "\n"


def drop(home: Path, name: str, content: str) -> None:
    (home / "inbox" / "people" / "office" / name).write_text(content, encoding="utf-8")


def received(home: Path, name: str, content: str, known_on: date) -> None:
    """A file of the office that became known on an earlier day."""
    protocol = load_protocol(home / "protocol.toml")
    receipt = delivery_receipt(protocol, "people", None, name, known_on, "command", True)
    receive_all(Home(home), [(content.encode(), receipt)])


def sheets(path: Path) -> dict[str, list[Row]]:
    book = CalamineWorkbook.from_path(path)
    return {name: book.get_sheet_by_name(name).to_python() for name in book.sheet_names}


def filled(path: Path, target: Path, fill: Callable[[str, dict[str, Any]], None]) -> None:
    """The workbook as the steward hands it in: ``fill`` changes the cells of a row, by heading."""
    options = {"default_date_format": "dd/mm/yyyy", "strings_to_formulas": False}
    with xlsxwriter.Workbook(target, options) as book:
        for name, (header, *rows) in sheets(path).items():
            page = book.add_worksheet(name)
            page.write_row(0, 0, header)
            for number, cells in enumerate(rows, 1):
                row = dict(zip(header, cells, strict=True))
                fill(name, row)
                for place, cell in enumerate(row.values()):
                    if cell != "":
                        page.write(number, place, cell)


def book_of(blank: Path, target: Path, lines: dict[str, dict[str, Any]]) -> None:
    """A workbook of the steward's own: one row in each of these sheets, by heading."""
    with xlsxwriter.Workbook(target, {"default_date_format": "dd/mm/yyyy"}) as book:
        for name, (header, *_rows) in sheets(blank).items():
            page = book.add_worksheet(name)
            page.write_row(0, 0, header)
            for place, heading in enumerate(header):
                if heading in lines.get(name, {}):
                    page.write(1, place, lines[name][heading])
