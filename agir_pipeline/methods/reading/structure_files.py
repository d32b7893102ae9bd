"""A questionnaire from the structure file (.lss) a steward exports beside the responses."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

from agir_pipeline.methods.reading.field_maps import (
    conditions,
    heading_parts,
)
from agir_pipeline.methods.reading.grid import Grid, Refused
from agir_pipeline.methods.reading.questionnaire import METADATA, Field, Questionnaire, plain

CONTAINER = "limesurvey_structure"
MARK = "limesurveydoctype"
"""Stands near the head of every structure file."""
ARRAYS_OF_CELLS = (";", ":")

Row = dict[str, str]


def read_structure(data: bytes) -> Grid:
    """The questionnaire as one cell of canonical JSON."""
    questionnaire = from_structure(data)
    text = json.dumps(json.loads(questionnaire.to_json()), ensure_ascii=False)
    return Grid(CONTAINER, "", [(1, [text])])


def from_structure(data: bytes) -> Questionnaire:
    """The questionnaire of a structure file; refuses one that declares a document type."""
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise Refused("doctype")
    try:
        document = ElementTree.fromstring(data)  # noqa: S314 - no DTD, in the reading process
    except ElementTree.ParseError as fault:
        raise Refused("damaged") from fault
    return _Structure(document).questionnaire()


class _Structure:
    """The tables of a structure file."""

    def __init__(self, document: ElementTree.Element) -> None:
        self.document = document
        survey = next(self.rows("surveys"), {})
        self.form, self.pages = survey.get("sid", ""), survey.get("format", "")
        others = survey.get("additional_languages", "").split()
        self.languages = (survey.get("language", "en"), *others)
        self.survey = survey
        self.texts = self._texts("question_l10ns", "qid", "question")
        answers = self._texts("answer_l10ns", "aid", "answer")
        self.subs: dict[str, list[Row]] = defaultdict(list)
        for row in self.rows("subquestions"):
            self.subs[row["parent_qid"]].append(row)
        self.options: dict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(dict)
        for row in self.rows("answers"):
            self.options[row["qid"], row["scale_id"]][row["code"]] = answers[row["aid"]]
        self.attributes = {
            (row["qid"], row["attribute"]): row["value"] for row in self.rows("question_attributes")
        }

    def rows(self, table: str) -> Iterator[Row]:
        for row in self.document.iterfind(f"{table}/rows/row"):
            yield {cell.tag: cell.text or "" for cell in row}

    def _texts(self, table: str, key: str, text: str) -> Mapping[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = defaultdict(dict)
        for row in self.rows(table):
            found[row[key]][row["language"]] = plain(row[text])
        return found

    def questionnaire(self) -> Questionnaire:
        groups = sorted(self.rows("groups"), key=lambda row: int(row["group_order"]))
        page = {row["gid"]: number for number, row in enumerate(groups, 1)}
        shown = {row["gid"]: row["grelevance"] for row in groups}
        questions = sorted(
            self.rows("questions"), key=lambda row: (page[row["gid"]], int(row["question_order"]))
        )
        fields = [*self._metadata()]
        for question in questions:
            told = conditions([shown[question["gid"]], question["relevance"]])
            fields += self._fields(question, page[question["gid"]], tuple(told))
        return Questionnaire(self.form, self.languages, self.pages, tuple(fields))

    def _metadata(self) -> Iterator[Field]:
        off = {
            **dict.fromkeys(("startdate", "datestamp"), self.survey.get("datestamp") != "Y"),
            "ipaddr": self.survey.get("ipaddr") != "Y",
            "refurl": self.survey.get("refurl") != "Y",
        }
        for name in METADATA:
            if not off.get(name, False):
                yield Field(name, raw_name=name)

    def _fields(self, question: Row, page: int, relevance: tuple[str, ...]) -> Iterator[Field]:
        stem = f"{self.form}X{question['gid']}X{question['qid']}"
        for code, raw, parts in self._columns(question):
            title, kind = question["title"], question["type"]
            options = (
                {} if parts[-1:] in (["*other"], ["*comment"]) else self._options(question, parts)
            )
            yield Field(
                name=title + code,
                question=title,
                type="|count" if parts == ["*filecount"] else kind,
                page=page,
                relevance=relevance,
                labels=self._labels(question, parts),
                options=options,
                raw_name=stem + raw,
            )

    def _columns(self, question: Row) -> Iterator[tuple[str, str, list[str]]]:
        """Of each column of a question: what follows its code, its raw name, and its parts."""
        kind = question["type"]
        subs = sorted(self.subs[question["qid"]], key=lambda row: int(row["question_order"]))
        codes = [row["title"] for row in subs if row["scale_id"] == "0"]
        across = [row["title"] for row in subs if row["scale_id"] == "1"]
        if kind in ARRAYS_OF_CELLS:
            for down in codes:
                for right in across:
                    yield f"[{down}_{right}]", f"{down}_{right}", [down, right]
        elif kind == "1":
            for code in codes:
                for n in (1, 2):
                    yield f"[{code}][{n}]", f"{code}#{n - 1}", [code, f"*scale {n}"]
        elif kind == "R":
            for n in range(1, self._n_ranks(question) + 1):
                yield f"[{n}]", str(n), [f"*rank {n}"]
        elif codes:
            for code in codes:
                yield f"[{code}]", code, [code]
                if kind == "P":
                    yield f"[{code}comment]", f"{code}comment", [code, "*comment"]
        else:
            yield "", "", []
        yield from self._extra(kind, question["other"] == "Y")

    def _extra(self, kind: str, has_other: bool) -> Iterator[tuple[str, str, list[str]]]:
        if kind == "O":
            yield "[comment]", "comment", ["*comment"]
        if kind == "|":
            yield "[filecount]", "_filecount", ["*filecount"]
        if has_other:
            yield "[other]", "other", ["*other"]
            if kind == "P":
                yield "[othercomment]", "othercomment", ["*othercomment"]

    def _n_ranks(self, question: Row) -> int:
        most = self.attributes.get((question["qid"], "max_subquestions"), "")
        return int(most) if most.isdecimal() else len(self.options[question["qid"], "0"])

    def _options(self, question: Row, parts: list[str]) -> dict[str, dict[str, str]]:
        scale = "1" if parts[-1:] == ["*scale 2"] else "0"
        return dict(self.options.get((question["qid"], scale), {}))

    def _labels(self, question: Row, parts: list[str]) -> dict[str, tuple[str, ...]]:
        labels: dict[str, tuple[str, ...]] = {}
        for language in self.languages:
            names: dict[str, Any] = {
                row["title"]: self.texts[row["qid"]].get(language, "")
                for row in self.subs[question["qid"]]
            }
            text = self.texts[question["qid"]].get(language, "")
            labels[language] = heading_parts(text, parts, names, language)
        return labels
