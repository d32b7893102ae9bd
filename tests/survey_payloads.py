"""What a survey server holds: an invented survey, or the real one as it was exported."""

import csv
import io
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from agir_pipeline.methods.reading.structure_files import from_structure

SURVEY = 140140


@dataclass
class Survey:
    """What a LimeSurvey server holds of one survey."""

    header: list[str]
    rows: list[list[str]]
    field_maps: dict[str, dict[str, dict[str, Any]]]
    """Language → raw name → what the server says of the column."""
    properties: dict[str, dict[str, Any]] = field(default_factory=dict)
    participants: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, str] = field(default_factory=dict)

    def exported(self, start: int, end: int | None) -> bytes:
        found = [r for r in self.rows if start <= int(r[0]) and (end is None or int(r[0]) <= end)]
        return as_export(self.header, found)


def as_export(header: list[str], rows: list[list[str]]) -> bytes:
    """As LimeSurvey writes a csv: a byte order mark, all quoted, an empty line at the end."""
    if not rows:
        return b"\r\n"
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    writer.writerow(header)
    writer.writerows(rows)
    return b"\xef\xbb\xbf" + (text.getvalue() + "\r\n").encode()


META = ("id", "submitdate", "lastpage", "startlanguage", "seed", "token", "startdate", "datestamp")


def invented_survey(n_rows: int, seed: int = 0) -> Survey:
    """Four questions and ``n_rows`` responses with gaps in their numbers."""
    draw = random.Random(seed)
    questions = [("AGE", "N", ""), ("WORK", "L", ""), ("HELP", "M", "ML"), ("WHY", "T", "")]
    columns = {name: {"fieldname": name, "type": name, "qid": "", "aid": ""} for name in META}
    for number, (title, kind, part) in enumerate(questions, 1):
        raw = f"{SURVEY}X1X{number}{part}"
        columns[raw] = {
            "fieldname": raw, "type": kind, "sid": SURVEY, "gid": 1, "qid": number, "aid": part,
            "title": title, "question": f"<b>{title}</b>?", "relevance": "1", "grelevance": "",
        }  # fmt: skip
    rows, number = [], 0
    for _row in range(n_rows):
        number += 1 if draw.random() < 0.9 else draw.randint(2, 9)
        done = "2010-11-05 10:00:00" if draw.random() < 0.7 else ""
        rows.append(
            [str(number), done, "1", "fr", str(draw.randint(0, 10**9)), f"tok{number:06}"]
            + ["2010-11-05 09:00:00"] * 2
            + [str(draw.randint(16, 26)), draw.choice(["A1", "A2", ""]), draw.choice(["Y", ""])]
            + [draw.choice(["", "=1+1", 'say "yes" ; no', "two\nlines", "Œuvre 😞"])]
        )
    header = [*META, "AGE", "WORK", "HELP[ML]", "WHY"]
    options = {"A1": {"answer": "Yes", "scale_id": "0"}, "A2": {"answer": "No", "scale_id": "0"}}
    properties = {
        "2": {"fr": {"answeroptions": options}},
        "3": {"fr": {"subquestions": {"9": {"title": "ML", "question": "Local centre"}}}},
    }
    facts = {
        "anonymized": "N", "active": "Y", "language": "fr", "additional_languages": "",
        "format": "G",
    }  # fmt: skip
    return Survey(header, rows, {"fr": columns}, properties, [], facts)


def real_survey(folder: Path) -> Survey:
    """Survey 140140 as a server had it: real exports, and what its structure file says."""
    structure = (folder / "survey_140140.lss").read_bytes()
    lines = _csv(folder / "t0_fr_code_short.csv", ";")
    people = _csv(folder / "participants_tokens.csv", ",")
    heads = [head.split("<")[0].strip() for head in people[0]]
    participants = [_participant(dict(zip(heads, line, strict=True))) for line in people[1:]]
    field_maps, properties = _told(structure)
    facts = {
        "anonymized": "N", "active": "Y", "language": "fr", "additional_languages": "en",
        "format": "G",
    }  # fmt: skip
    return Survey(lines[0], lines[1:], field_maps, properties, participants, facts)


def _csv(path: Path, delimiter: str) -> list[list[str]]:
    with open(path, encoding="utf-8-sig", newline="") as file:
        return [line for line in csv.reader(file, delimiter=delimiter) if line]


def _participant(told: dict[str, str]) -> dict[str, Any]:
    info = {name: told.pop(name) for name in ("firstname", "lastname", "email")}
    return {**told, "participant_info": info}


def _told(structure: bytes) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The field maps and the properties of every question, as RemoteControl words them."""
    document = ElementTree.fromstring(structure)

    def rows(table: str) -> list[dict[str, str]]:
        found = document.iterfind(f"{table}/rows/row")
        return [{cell.tag: cell.text or "" for cell in row} for row in found]

    questions = {row["title"]: row for row in rows("questions")}
    texts = {(row["qid"], row["language"]): row["question"] for row in rows("question_l10ns")}
    answers = {(row["aid"], row["language"]): row["answer"] for row in rows("answer_l10ns")}
    field_map: dict[str, dict[str, Any]] = {}
    for one in from_structure(structure).fields:
        question = questions.get(one.question)
        if question is None:
            field_map[one.raw_name] = {
                "fieldname": one.raw_name, "type": one.raw_name, "gid": "", "qid": "", "aid": "",
            }  # fmt: skip
            continue
        parts = one.name.removeprefix(one.question).strip("[]").split("][")
        field_map[one.raw_name] = {
            "fieldname": one.raw_name, "type": question["type"], "gid": question["gid"],
            "qid": question["qid"], "aid": parts[0], "title": one.question,
            "question": texts[question["qid"], "fr"],
        }  # fmt: skip
    last = {told["qid"]: told for told in field_map.values() if told["qid"]}
    for question in questions.values():
        last[question["qid"]] |= {"relevance": question["relevance"], "grelevance": "1"}
    properties: dict[str, dict[str, Any]] = {}
    for question in questions.values():
        for language in ("fr", "en"):
            qid = question["qid"]
            subs = {
                row["qid"]: {
                    "title": row["title"], "question": texts[row["qid"], language],
                    "scale_id": row["scale_id"],
                }
                for row in rows("subquestions")
                if row["parent_qid"] == qid
            }  # fmt: skip
            options = {
                row["code"]: {"answer": answers[row["aid"], language], "order": row["sortorder"]}
                for row in rows("answers")
                if row["qid"] == qid and question["type"] != "1"
            }
            told = {"subquestions": subs, "answeroptions": options}
            properties.setdefault(qid, {})[language] = told
    field_maps = {
        language: {
            raw: told | ({"question": texts[told["qid"], language]} if told["qid"] else {})
            for raw, told in field_map.items()
        }
        for language in ("fr", "en")
    }
    return field_maps, properties
