"""The printed effect sheets of a release: one page for each primary outcome."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from jinja2 import Environment, StrictUndefined

from agir_pipeline.contracts.effect_sheets import EFFECT_SHEET, SECTIONS
from agir_pipeline.language import _, current_language, written_day
from agir_pipeline.methods.effects.choices_plot import choices_plot
from agir_pipeline.protocol.model import Protocol

PAGE = """\
<!DOCTYPE html>
<html lang="{{ language }}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
body { font: 1rem/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; width: 100%; margin: 0 0 1.5rem; }
th, td { border: 1px solid #767676; padding: .25rem .5rem; text-align: left; vertical-align: top; }
th { width: 22rem; font-weight: normal; background: #eee; }
svg { max-width: 100%; height: auto; }
@media print { body { margin: 0; font-size: .8rem; } }
</style>
</head>
<body>
<main>
<h1>{{ title }}</h1>
<p>{{ study }}. {{ stamp }}</p>
{% for heading, lines in sections %}
<section>
<h2>{{ heading }}</h2>
<table>
{% for line in lines %}
<tr><th scope="row">{{ line.item }}</th><td>{{ line.told }}</td></tr>
{% endfor %}
</table>
</section>
{% endfor %}
{% if picture %}
<section>
<h2>{{ picture_heading }}</h2>
{{ picture|safe }}
</section>
{% endif %}
</main>
</body>
</html>
"""


def effect_pages(protocol: Protocol, tables: Mapping[str, pd.DataFrame]) -> dict[str, str]:
    """File name → page, from the released tables; none where no primary outcome has a sheet.

    The same tables give the same bytes.
    """
    sheets = tables.get(EFFECT_SHEET)
    if sheets is None or sheets.empty:
        return {}
    page = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    ).from_string(PAGE)
    labels = {o.name: o.labels.in_language(current_language()) for o in protocol.outcomes}
    return {
        f"{EFFECT_SHEET}_{outcome}.html": page.render(
            language=current_language(),
            title=labels[outcome],
            study=protocol.study.title.in_language(current_language()),
            stamp=_stamp(own),
            sections=_sections(own),
            picture_heading=_("The effect under every choice that could be defended"),
            picture=_picture(tables, outcome, labels[outcome]),
        )
        for outcome in labels
        if len(own := sheets[sheets["outcome"] == outcome])
    }


def _sections(lines: pd.DataFrame) -> list[tuple[str, list[dict[Any, Any]]]]:
    """In the order in which the table is to be read."""
    rows = lines.sort_values("position").to_dict("records")
    return [
        (_(str(SECTIONS[section])), [row for row in rows if row["section"] == section])
        for section in dict.fromkeys(row["section"] for row in rows)
    ]


def _stamp(lines: pd.DataFrame) -> str:
    """The day and the digests, so that a printed page says what it is of."""
    first = lines.iloc[0]
    return _("State of {day}; protocol {protocol}, design {design}.").format(
        day=written_day(first["as_of"].date()),
        protocol=str(first["protocol_digest"])[:12],
        design=str(first["design_digest"])[:12],
    )


def _picture(tables: Mapping[str, pd.DataFrame], outcome: str, label: str) -> str:
    """The specification curve; nothing where the outcome has none."""
    curve = tables.get("specification_curve")
    own = None if curve is None else curve[curve["outcome"] == outcome]
    return (None if own is None else choices_plot(own, label)) or ""
