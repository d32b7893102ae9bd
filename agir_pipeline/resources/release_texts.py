"""What a release says of itself: dictionary page, README, ``datapackage.json``."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, StrictUndefined

from agir_pipeline.contracts.model import Column, TableContract, in_language
from agir_pipeline.contracts.published import TYPES
from agir_pipeline.contracts.words import UNITS
from agir_pipeline.language import _

DICTIONARY_PAGE = """\
<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ words.title }}</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 0 0 2.5rem; }
caption { text-align: left; font-weight: bold; padding: .5rem 0; }
th, td { border: 1px solid #767676; padding: .3rem .5rem; text-align: left; vertical-align: top; }
thead th { background: #eee; }
a { color: #00457c; }
</style>
</head>
<body>
<main>
<h1>{{ words.title }}</h1>
<nav aria-label="{{ words.tables }}">
<h2>{{ words.tables }}</h2>
<ul>
{% for table in tables %}
<li><a href="#{{ table.name }}">{{ table.name }}</a>{{ words.colon }} {{ table.title }}
({{ table.n_rows }} {{ words.rows }})</li>
{% endfor %}
</ul>
</nav>
{% for table in tables %}
<section id="{{ table.name }}" aria-labelledby="title-{{ table.name }}">
<h2 id="title-{{ table.name }}">{{ table.name }}</h2>
<p>{{ words.key }}{{ words.colon }} {{ table.key }}.
{{ words.files }}{{ words.colon }} <a href="csv/{{ table.name }}.csv">{{ table.name }}.csv</a>,
<a href="parquet/{{ table.name }}.parquet">{{ table.name }}.parquet</a></p>
<table>
<caption>{{ table.title }}</caption>
<thead><tr>
{% for heading in words.headings %}<th scope="col">{{ heading }}</th>
{% endfor %}</tr></thead>
<tbody>
{% for column in table.columns %}
<tr><th scope="row"><code>{{ column.name }}</code></th><td>{{ column.label }}</td>
<td>{{ column.description }}</td><td>{{ column.type }}</td><td>{{ column.unit }}</td>
<td>{% for code, label in column.codes %}<code>{{ code }}</code> {{ label }}<br>{% endfor %}</td>
<td>{{ column.source }}</td></tr>
{% endfor %}
</tbody>
</table>
</section>
{% endfor %}
</main>
</body>
</html>
"""


def dictionary_page(
    title: str, contracts: Sequence[TableContract], n_rows: Mapping[str, int], language: str
) -> str:
    """One page: a table of columns per released table, with links to its files."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    words = {
        "title": _("Data dictionary: {study}").format(study=title),
        "tables": _("Tables"),
        "rows": _("rows"),
        "key": _("One row per"),
        "files": _("Files"),
        "colon": "\N{NO-BREAK SPACE}:" if language == "fr" else ":",
        "headings": [
            _("Column"), _("Label"), _("Description"), _("Type"), _("Unit"), _("Codes"),
            _("Read from"),
        ],
    }  # fmt: skip
    tables = [
        {
            "name": contract.name,
            "title": in_language(contract.title, language),
            "n_rows": n_rows[contract.name],
            "key": " × ".join(contract.key),
            "columns": [_described(column, language) for column in contract.columns],
        }
        for contract in contracts
    ]
    page = environment.from_string(DICTIONARY_PAGE)
    return page.render(language=language, words=words, tables=tables)


def _described(column: Column, language: str) -> dict[str, Any]:
    return {
        "name": column.name,
        "label": in_language(column.label, language),
        "description": in_language(column.description, language),
        "type": in_language(TYPES[column.type], language),
        "unit": in_language(UNITS.get(column.unit, column.unit), language),
        "codes": [(code, in_language(label, language)) for code, label in column.codes.items()],
        "source": ", ".join(column.source_columns),
    }


def read_me(title: str, release_id: str, database: str, table: str) -> str:
    """What the folder holds and how to load it in R, Stata and Python."""
    parts = [
        f"# {title}",
        _("Release {id}, tier 1: pseudonymised rows for accredited evaluators.").format(
            id=release_id
        ),
        _(
            "`parquet/` holds the typed tables, `csv/` the same for a French spreadsheet, "
            "`{database}` all of them in one DuckDB file. `dictionary.html` and "
            "`dictionary.csv` describe every column, `datapackage.json` describes the csv files "
            "to software. `../MANIFEST.json` lists the SHA-256 of every file."
        ).format(database=database),
        _(
            'In csv files an empty cell is a missing value and `""` an empty text. A text that '
            "a spreadsheet would take for a formula has an apostrophe put before it."
        ),
        "## R",
        f'```r\nx <- read.csv2("csv/{table}.csv", fileEncoding = "UTF-8-BOM", na.strings = "")\n'
        f'y <- arrow::read_parquet("parquet/{table}.parquet")  # arrow\n```',
        "## Stata",
        f'```stata\nimport delimited "csv/{table}.csv", delimiters(";") encoding("UTF-8") '
        "varnames(1) clear\ndestring, dpcomma replace\n```",
        "## Python",
        f'```python\nimport pandas as pd\nx = pd.read_parquet("parquet/{table}.parquet")\n'
        f'y = pd.read_csv("csv/{table}.csv", sep=";", decimal=",", encoding="utf-8-sig")\n```',
        "## DuckDB",
        f"```sql\nattach '{database}' as release (read_only);\nfrom release.\"{table}\";\n```",
    ]
    return "\n\n".join(parts) + "\n"


FRICTIONLESS: Mapping[str, str] = {
    "text": "string",
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "instant": "datetime",
}


def data_package(
    study: str, title: str, release_id: str, contracts: Sequence[TableContract], language: str
) -> str:
    """The csv files for software that reads Frictionless data packages (version 1)."""
    package = {
        "profile": "tabular-data-package",
        "name": study.replace("_", "-"),
        "title": title,
        "id": release_id,
        "resources": [_resource(contract, language) for contract in contracts],
    }
    return json.dumps(package, ensure_ascii=False, indent=1) + "\n"


def _resource(contract: TableContract, language: str) -> dict[str, Any]:
    return {
        "profile": "tabular-data-resource",
        "name": contract.name,
        "title": in_language(contract.title, language),
        "path": f"csv/{contract.name}.csv",
        "format": "csv",
        "encoding": "utf-8",
        "dialect": {"delimiter": ";", "lineTerminator": "\r\n", "doubleQuote": True},
        "schema": {
            "fields": [_field(column, language) for column in contract.columns],
            "primaryKey": list(contract.key),
            "missingValues": [""],
        },
    }


def _field(column: Column, language: str) -> dict[str, Any]:
    field: dict[str, Any] = {
        "name": column.name,
        "type": FRICTIONLESS[column.type],
        "title": in_language(column.label, language),
    }
    if column.description:
        field["description"] = in_language(column.description, language)
    if column.type == "number":
        field["decimalChar"] = ","
    constraints: dict[str, Any] = {} if column.is_nullable else {"required": True}
    if column.codes and column.is_closed:
        constraints["enum"] = list(column.codes)
    return field | ({"constraints": constraints} if constraints else {})
