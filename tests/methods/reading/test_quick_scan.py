"""The quick look at a sheet says what the parser says, or nothing."""

import gc
import io
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agir_pipeline.methods.reading import quick_scan as module
from agir_pipeline.methods.reading.grid import Limits, Refused
from agir_pipeline.methods.reading.quick_scan import quick_scan
from agir_pipeline.methods.reading.sheet_scan import SheetFacts, scan_sheet

LIMITS = Limits(rows=40, columns=30, cells=500)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<worksheet xmlns="urn:x"><sheetData>'
FOOT = "</sheetData></worksheet>"

CELLS = st.sampled_from(
    [
        '<c r="A{n}" s="1" t="s"><v>0</v></c>',
        '<c r="B{n}"><v>1.5</v></c>',
        '<c r="AB{n}" t="str"><f>A1&amp;"x"</f><v>x</v></c>',
        '<c r="C{n}"><f>1+1</f><v>2</v></c>',
        '<c r="C{n}"><f t="shared" si="0"/><v>2</v></c>',
        '<c r="C{n}"><f>1+1</f><v></v></c>',
        '<c r="C{n}"><f>1+1</f></c>',
        '<c r="D{n}" t="e"><v>#REF!</v></c>',
        '<c r="XFD{n}" s="3"/>',
        '<c r="D{n}" s="3" />',
        '<c r="D{n}"></c>',
        '<c r="E{n}" t="inlineStr"><is><t>é</t></is></c>',
        '<c r="E{n}" t="inlineStr"><is><t xml:space="preserve"> a </t></is></c>',
        '<c r="E{n}" t="inlineStr"><is><t> </t></is></c>',
        '<c r="E{n}" t="inlineStr"><is><r><t>a</t></r></is></c>',
        '<c r="F{n}"><v> </v></c>',
        '<c r="F{n}"><v>&#32;</v></c>',
        '<c r="F{n}"><v>&amp;</v></c>',
        "<c r='G{n}'><v>1</v></c>",
        "<c><v>1</v></c>",
        '<c r="H7"><v>1</v></c>',
        '<x:c r="H{n}"><x:v>1</x:v></x:c>',
        '<c r="I{n}"><v><!-- <v>1</v> --></v></c>',
        '<c r="I{n}"><v><![CDATA[1]]></v></c>',
        '<c r="J{n}"><v>a>b</v></c>',
        '<c r="J{n}"><is><c r="A{n}"><v>1</v></c></is></c>',
        '<C r="J{n}"><v>1</v></C>',
        '<c r="A{n}"><v>1',
        "text",
        "",
    ]
)
ROWS = st.sampled_from(
    [
        '<row r="{n}">{cells}</row>',
        '<row r="{n}" spans="1:9" hidden="1">{cells}</row>',
        '<row r="{n}" hidden="false" ht="12.8" x14ac:dyDescent="0.25">{cells}</row>\n',
        '<row r="{n}" hidden="true" >{cells}</row>',
        "<row r='{n}' hidden='1'>{cells}</row>",
        '<row r="{n}" a="b>c" hidden="1">{cells}</row>',
        '<row r="{n}"/>',
        '<row r="{n}" a="b/c" hidden="1">{cells}</row>',
        '<row r="{n}" hidden="1"/>',
        "<row>{cells}</row>",
        "<row r = '{n}'>{cells}</row >",
        '<row r="{n}"> {cells} </row>',
        '<x:row r="{n}">{cells}</x:row>',
        "{cells}",
        "<!-- {cells}",
        "-->",
        "<![CDATA[",
        "]]>",
        "<?x y?>",
        "</sheetData><cols><col hidden='1' min='2' max='3'/></cols><sheetData>",
        '</sheetData><mergeCells><mergeCell ref="A1:B1"/></mergeCells><sheetData>',
        '<row r="{n}"><row r="{n}">{cells}</row></row>',
        '<row r="{n}"><c><is><row r="{n}">{cells}</row></is></c></row>',
        '<row r="0{n}">{cells}</row>',
        "<rows/>",
    ]
)
HEADS = st.sampled_from(
    [
        HEAD,
        HEAD.replace("UTF-8", "utf-8"),
        "\ufeff" + HEAD,
        HEAD.replace(' encoding="UTF-8"', ""),
        HEAD.replace("UTF-8", "iso-8859-1"),
        HEAD.replace("UTF-8", "cp037"),
        "<worksheet><sheetData>",
        " <worksheet><sheetData>",
        HEAD.replace("<worksheet", "<!DOCTYPE x><worksheet"),
        HEAD.replace("<sheetData>", "<!-- <row r='1'/> --><sheetData>"),
        "",
    ]
)


@st.composite
def sheets(draw: Callable[[Any], Any]) -> bytes:
    rows = [
        draw(ROWS).format(
            n=draw(st.integers(number, number + 1)),
            cells="".join(c.format(n=number) for c in draw(st.lists(CELLS, max_size=4))),
        )
        for number in range(1, draw(st.integers(1, 8)))
    ]
    text = draw(HEADS) + "".join(rows) + draw(st.sampled_from([FOOT, FOOT, FOOT, ""]))
    return str(text).encode(draw(st.sampled_from(["utf-8", "utf-8", "utf-8", "utf-16"])))


def whole(content: bytes) -> SheetFacts | None:
    try:
        return scan_sheet(io.BytesIO(content), LIMITS)
    except (Refused, Exception):
        return None


def told(content: bytes) -> SheetFacts | None:
    return quick_scan(io.BytesIO(content), LIMITS)


@settings(max_examples=400)
@given(content=sheets(), chunk=st.sampled_from([3, 50, 1 << 20]))
@example(content=f"{HEAD}<!-- <row r='1'>{FOOT}".encode(), chunk=3)
def test_an_answer_is_the_one_the_parser_gives(content: bytes, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CHUNK_BYTES", chunk)
        quick = told(content)
    assert quick is None or quick == whole(content)


NOISE = [
    *(b"<", b">", b'"', b"/", b"<!--", b"-->", b"&", b" ", b"9", b"r", b"", b"<c>", b"\0"),
    *(b"]]>", b"\xff", b"\xef\xbf\xbf", b' r="1"', b' spans=""', b' hidden="1"', b"\x0b", b"<?"),
]


def plain(n_rows: int = 30, first: int = 1) -> str:
    return "".join(
        f'<row r="{n}" spans="1:3"><c r="A{n}" t="s"><v>{n}</v></c><c r="B{n}" s="2"/>'
        f'<c r="C{n}" s="1"><v>4.5</v></c></row>'
        for n in range(first, first + n_rows)
    )


@pytest.mark.parametrize(
    "more",
    [
        "",
        '<row r="31"><c r="AA31"><v>1</v></c></row>',
        '<row r="31"><c r="AA31"><v>1</v></c><c r="A31"><v>1</v></c></row>',
        '<row r="31"><c r="C31"><v>1</v></c></row><row r="32" hidden="1"><c r="D32" s="1"/></row>',
        '<row r="41"><c r="A41"><v>1</v></c></row>',
    ],
)
def test_rows_within_the_columns_known_are_told_as_the_others(
    more: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", 400)
    monkeypatch.setattr(module, "LARGE_BYTES", 800)
    content = f"{HEAD}{plain()}{more}{plain(3, 33)}{FOOT}".encode()
    assert told(content) == whole(content)


@pytest.mark.parametrize("chunk", [300, 1 << 20])
def test_mutated_sheets_are_never_told_otherwise_than_by_the_parser(
    chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK_BYTES", chunk)
    monkeypatch.setattr(module, "LARGE_BYTES", 600)
    content = f"{HEAD}{plain()}{FOOT}".encode()
    chance = random.Random(7)
    n_answers = 0
    for _turn in range(2_000):
        mutated = bytearray(content)
        for _byte in range(chance.randrange(1, 4)):
            place = chance.randrange(len(mutated))
            mutated[place : place + chance.randrange(3)] = chance.choice(NOISE)
        quick = told(bytes(mutated))
        n_answers += quick is not None
        assert quick is None or quick == whole(bytes(mutated))
    assert n_answers > 50


def test_plain_rows_never_reach_the_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[bytes] = []
    other = module._Quick._other
    monkeypatch.setattr(
        module._Quick, "_other", lambda self, text: seen.append(text) or other(self, text)
    )
    content = f"{HEAD}{plain()}{FOOT}".encode()
    facts = told(content)
    assert facts is not None
    assert (facts.n_rows, facts.n_columns, len(facts.held_rows)) == (30, 3, 30)
    assert b"".join(seen) == f'\n<worksheet xmlns="urn:x"><sheetData>{FOOT}'.encode()


def test_a_look_leaves_nothing_behind_where_nobody_looks_for_cycles() -> None:
    gc.collect()
    gc.disable()
    try:
        told(f"{HEAD}{plain()}{FOOT}".encode())
        left = [one for one in gc.get_objects() if isinstance(one, module._Quick)]
    finally:
        gc.enable()
    assert left == []


def test_odd_rows_are_read_by_the_parser_in_their_place() -> None:
    odd = '<row><c/><c t="e"><v>#N/A</v></c></row><row hidden="1"><c><f>1</f></c></row>'
    content = f'{HEAD}{plain(2)}{odd}<row r="9" hidden="1"/>{plain(2, 10)}{FOOT}'.encode()
    facts = told(content)
    assert facts is not None
    assert facts.errors == {(3, 2): "#N/A"}
    assert facts.uncached == [(4, 1)]
    assert facts.hidden_rows == [4, 9]
    assert facts.held_rows == {1, 2, 3, 4, 10, 11}


@pytest.mark.parametrize(
    "content",
    [
        f"{HEAD}{plain(50)}{FOOT}",
        HEAD + '<row r="1"><c r="AZ1"><v>1</v></c></row>' + FOOT,
        HEAD + "<row" + " " * 200,
        "no sheet",
    ],
)
def test_what_may_be_refused_is_left_to_the_parser(
    content: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "REST_BYTES", 100)
    assert told(content.encode()) is None
