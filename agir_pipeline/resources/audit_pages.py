"""The Data Docs as the steward opens them: nothing asked of other machines, and a first page.

The library's pages load styles, scripts and a counting picture from elsewhere, and its first page
shows nothing without them. Ours says what was audited, newest first, and what is not as before.
"""

import html
from pathlib import Path
from urllib.parse import quote

import pandas as pd

from agir_pipeline.language import _, current_language
from agir_pipeline.protocol.model import Protocol
from agir_pipeline.resources.files import make_folder, write_whole
from agir_pipeline.resources.home import Home

INDEX = "index.html"
INSIDE = """
<meta http-equiv="Content-Security-Policy"
  content="default-src 'none'; img-src file: data:; style-src 'unsafe-inline'; script-src 'none'">
<style>
body { font: 16px/1.45 sans-serif; margin: 2rem auto; max-width: 62rem; color: #1b1b1b; }
table { border-collapse: collapse; } td, th { border: 1px solid #bbb; padding: .3rem .6rem; }
.fa-check-circle::before { content: "\\2713"; color: #17603a; font-style: normal; }
.fa-times::before { content: "\\2717"; color: #a3122a; font-style: normal; font-weight: bold; }
.navbar-brand, .ge-navigation-sidebar-container > :first-child, footer, .cooltip { display: none; }
</style>
"""


def site(home: Home) -> Path:
    """The folder of the pages."""
    return home.audit / "data_docs"


def first_page(home: Home) -> Path:
    return site(home) / INDEX


def keep_pages(home: Home) -> None:
    """The pages made now beside those of earlier nights, which the library would remove.

    A browser fetches nothing for them from elsewhere.
    """
    built = home.audit / "gx" / "uncommitted" / "data_docs" / "local_site"
    make_folder(site(home), mode=0o700)
    for page in built.glob("*/**/*.html"):
        text = page.read_text(encoding="utf-8")
        start = text.index("<head>") + len("<head>")
        kept = text[:start] + INSIDE + text[start:]
        write_whole(site(home) / page.relative_to(built), kept.encode())


def write_first_page(home: Home, protocol: Protocol, table: pd.DataFrame) -> None:
    """``table``: every measure of every delivery audited so far."""
    title = _("Each night's deliveries beside the ones before them")
    headings = [_("Known since"), _("Source"), _("Provider"), _("Measures"), _("Not as before")]
    names = {source.name: source for source in protocol.sources}
    told = table.assign(is_odd=~table["is_met"].astype(bool)).groupby(
        ["known_on", "source", "provider", "receipt_id"]
    )["is_odd"]
    language = current_language()
    lines = []
    for (day, name, by, receipt), n, odd in (
        told.agg(["size", "sum"]).sort_index(ascending=False).itertuples()
    ):
        source = names[name]
        shown = [
            f"{day:%Y-%m-%d}",
            source.labels.in_language(language),
            source.provider(by).labels.in_language(language),
            str(n),
            str(odd),
        ]
        cells = [html.escape(text) for text in shown]
        pages = sorted(site(home).glob(f"validations/*/*/*{receipt}/*/*.html"))
        if pages:
            address = quote(pages[-1].relative_to(site(home)).as_posix())
            cells[0] = f'<a href="{address}">{cells[0]}</a>'
        lines.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    content = (
        f'<!DOCTYPE html>\n<html lang="{language}"><head><meta charset="utf-8">{INSIDE}'
        f"<title>{html.escape(title)}</title></head><body><h1>{html.escape(title)}</h1>\n"
        f"<table><tr>{''.join(f'<th>{html.escape(h)}</th>' for h in headings)}</tr>\n"
        + "\n".join(lines)
        + "\n</table></body></html>\n"
    )
    write_whole(first_page(home), content.encode())
