"""A steward's day in the browser, in French: the catalogue, a night, a file nobody can read."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agir_pipeline.resources.making import init_home
from tests.interfaces import Served, serve
from tests.servers import Hook, serving
from tests.ui.browser import Page, browsing

pytestmark = pytest.mark.long

SMALL = Path(__file__).parents[1] / "study" / "small.toml"
HEAD = "id,group,age_years,income_eur\n"
PEOPLE = HEAD + "".join(
    f"P{n},{n % 3 == 0:d},{20 + n % 25},{1000 + 37 * n % 900}\n" for n in range(90)
)
PICTURE_IS_DRAWN = (
    "[...document.images].some(i => i.src.startsWith('data:') && i.naturalWidth > 99)"
)


@pytest.fixture(scope="module")
def hook() -> Iterator[Hook]:
    with serving(Hook()) as hook:
        yield hook


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, hook: Hook) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("ui")
    text = SMALL.read_text(encoding="utf-8").replace('language = "en"', 'language = "fr"', 1)
    (folder / "french.toml").write_text(text, encoding="utf-8")
    init_home(folder / "home", str(folder / "french.toml"))
    (folder / "home" / "study.toml").write_text(f'alert_webhook = "{hook.address}"\n')
    served = serve(folder / "home", language="")
    print(f"\npage up in {served.seconds} s")
    try:
        yield served
    finally:
        served.process.send_signal(signal.SIGTERM)
        served.process.wait(timeout=60)


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    with browsing(tmp_path_factory.mktemp("browser") / "profile") as page:
        yield page


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where screenshots go; AGIR_UI_PICTURES names a folder to keep them."""
    named = os.environ.get("AGIR_UI_PICTURES")
    return Path(named) if named else tmp_path_factory.mktemp("pictures")


def drop(served: Served, text: str, name: str) -> None:
    (served.home / "inbox" / "people" / "office" / name).write_text(text, encoding="utf-8")


def test_the_catalogue_speaks_french_and_asks_nobody_outside(
    served: Served, page: Page, pictures: Path
) -> None:
    began = time.monotonic()
    page.open(f"{served.address}/assets")
    page.wait_for("covariate_balance", "Ressemblance des groupes, avant et après", seconds=60)
    print(f"catalogue shown in {time.monotonic() - began:.1f} s")
    page.picture(pictures / "1_catalogue.png")
    page.open(f"{served.address}/asset-groups")
    page.open(f"{served.address}/automation")
    page.wait_for("inbox", "failed_run", "failed_check", "At 04:00 AM")
    page.picture(pictures / "2_automation.png")
    assert page.outside == []


def test_a_night_is_launched_by_a_click_and_succeeds(
    served: Served, page: Page, pictures: Path
) -> None:
    drop(served, PEOPLE, "2010-01-31.csv")
    page.open(f"{served.address}/locations/agir/jobs/nightly")
    page.wait_for("Materialize all")
    page.picture(pictures / "3_job.png")
    began = time.monotonic()
    page.click("Materialize all")
    page.wait_for("Launched run", seconds=30)
    page.open(f"{served.address}/runs")
    page.wait_for("Launched by", "Success", seconds=120)
    print(f"nightly launched and finished in {time.monotonic() - began:.1f} s")
    page.picture(pictures / "4_run.png")
    assert "Manually launched" in page.words() or "inbox" not in page.words()


def test_an_asset_page_shows_its_columns_its_plot_and_its_checks(
    served: Served, page: Page, pictures: Path
) -> None:
    page.open(f"{served.address}/assets/matched/covariate_balance")
    page.wait_for("love_plot", "Différence standardisée", "Écart avant appariement")
    page.picture(pictures / "5_asset.png")
    page.click("Show Markdown")
    end = time.monotonic() + 20
    while not page.run(PICTURE_IS_DRAWN) and time.monotonic() < end:
        time.sleep(0.25)
    assert page.run(PICTURE_IS_DRAWN)
    page.picture(pictures / "6_plot.png")
    page.open(f"{served.address}/assets/matched/covariate_balance?view=checks")
    page.wait_for("arms_are_alike", "contract_holds", "Succeeded")
    page.picture(pictures / "7_checks.png")


def test_a_released_table_names_the_headings_it_comes_from(served: Served, page: Page) -> None:
    page.open(f"{served.address}/assets/published/income")
    page.wait_for("source_headings", "En-têtes des fichiers", "people: ")


def test_a_file_nobody_can_read_shows_as_a_failed_check_and_is_told(
    served: Served, page: Page, pictures: Path, hook: Hook
) -> None:
    began = time.monotonic()
    drop(served, "nothing;of;this\n1;2;3\n", "broken_header.csv")
    while not hook.received and time.monotonic() - began < 180:
        time.sleep(0.5)
    print(f"told {time.monotonic() - began:.1f} s after the file was dropped")
    failed = [m for m in hook.received if "last_delivery_was_read" in m["subject"]]
    assert len(failed) == 1
    assert "broken_header.csv" in failed[0]["sentence"]
    assert failed[0]["link"].startswith(served.address)
    page.open(failed[0]["link"])
    page.wait_for("last_delivery_was_read", "Failed")
    page.click("last_delivery_was_read")
    page.wait_for("broken_header.csv")
    page.picture(pictures / "8_failed_check.png")
