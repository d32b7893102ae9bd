"""REDCap: every record of one project. Built from its documentation: no server proved it.

Export rights may hold fields back without a word, so the columns are compared with those the
project says it exports. Checkboxes come as ``field___code``, 1 or 0; the 0 is also written where
nobody was asked.
"""

from typing import Any

from agir_pipeline.methods.reading.questionnaire import Field, Questionnaire
from agir_pipeline.resources.sources.exchange import Exchange, json_of
from agir_pipeline.resources.sources.faults import ServerFault
from agir_pipeline.resources.sources.pulled import Ask, Pulled, as_cell, whole

DENIED = (401, 403)
CHECKBOX = "checkbox"
BESIDE = ("redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance")
"""What tells rows of one record apart, where a project has events or repeats."""


def pull(ask: Ask, exchange: Exchange) -> Pulled:
    """All records of the project the token belongs to, flat and in codes.

    Raises:
        ServerFault: the project cannot be read, a field is held back, or no whole export came.
    """
    exchange.may_repeat = True  # every call here only reads
    return whole(lambda: _export(ask, exchange))


def _export(ask: Ask, exchange: Exchange) -> Pulled:
    asked = _asked(ask, exchange)
    names = [str(one.get("export_field_name")) for one in _list(ask, exchange, "exportFieldNames")]
    record_id = next(iter(asked), "")
    before = _ids(ask, exchange, record_id)
    rows = _list(ask, exchange, "record", type="flat", rawOrLabel="raw", exportSurveyFields="true")
    if missing := [name for name in names if any(name not in row for row in rows)]:
        raise ServerFault("missing_fields" if len(missing) < len(names) else "not_whole")
    found = dict.fromkeys(name for row in rows for name in row)
    beside = [name for name in found if name not in names]
    header = [record_id, *[n for n in (*names, *beside) if n != record_id]]
    boxes = _boxes(names, asked)
    lines = sorted(_line(row, header, boxes) for row in rows)
    if sorted(before) != sorted(line[0] for line in lines) or before != _ids(
        ask, exchange, record_id
    ):
        raise ServerFault("not_whole")
    keys = [tuple(as_cell(row.get(n)) for n in (record_id, *BESIDE)) for row in rows]
    if len(set(keys)) != len(keys) or asked != _asked(ask, exchange):
        raise ServerFault("not_whole")
    fields = tuple(_field(name, asked) for name in header)
    return Pulled(header, lines, Questionnaire(ask.form, ("en",), "", fields))


def _boxes(names: list[str], asked: dict[str, str]) -> list[list[str]]:
    """The columns of each question with boxes to tick."""
    found: dict[str, list[str]] = {}
    for name in names:
        question, mark, _code = name.partition("___")
        if mark and asked.get(question, "").startswith(f"{CHECKBOX}|"):
            found.setdefault(question, []).append(name)
    return list(found.values())


def _line(row: dict[str, Any], header: list[str], boxes: list[list[str]]) -> list[str]:
    """One record. Of boxes none of which is ticked nobody knows whether they were shown."""
    told = {name: as_cell(row.get(name)) for name in header}
    for together in boxes:
        if all(told[name] == "0" for name in together):
            told |= dict.fromkeys(together, "")
    return list(told.values())


def _field(name: str, asked: dict[str, str]) -> Field:
    question = name.partition("___")[0]
    if question not in asked:
        return Field(name)
    return Field(name, question=question, type=asked[question], relevance=("unknown(form)",))


def _asked(ask: Ask, exchange: Exchange) -> dict[str, str]:
    """Name of each field → its type and its choices; the first one names the record."""
    told = _list(ask, exchange, "metadata")
    if not told:
        raise ServerFault("not_whole")
    return {
        str(one.get("field_name")): "|".join(
            str(one.get(key) or "")
            for key in ("field_type", "select_choices_or_calculations", "branching_logic")
        )
        for one in told
    }


def _ids(ask: Ask, exchange: Exchange, record_id: str) -> list[str]:
    rows = _list(ask, exchange, "record", type="flat", rawOrLabel="raw", fields=record_id)
    return [as_cell(row.get(record_id)) for row in rows]


def _list(ask: Ask, exchange: Exchange, content: str, **more: str) -> list[dict[str, Any]]:
    """One export; the token goes in the body, as this API knows no other place for it."""
    fields = more.pop("fields", None)
    given = {"token": ask.secret, "content": content, "format": "json", "returnFormat": "json"}
    given |= more | ({"fields[0]": fields} if fields else {})
    answer = exchange.post(f"{ask.server.url}/api/", data=given)
    if answer.status_code in DENIED:
        raise ServerFault("login")
    told = json_of(answer)
    if isinstance(told, dict) and "error" in told:
        raise ServerFault("unknown")
    if not isinstance(told, list) or not all(isinstance(one, dict) for one in told):
        raise ServerFault("not_whole")
    return told
