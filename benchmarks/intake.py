"""From a workbook of 100,000 rows to accepted, typed, accounted rows, beside its parser alone.

``make bench-intake`` prints, for each of three turns, the time and the memory of python-calamine
reading the file, of a first night (received, read, typed, kept, entered in the ledger) and of a
second night with nothing new. Each is a process of its own, one after the other. Imports count for
none of them; the start of the reading process counts for the nights. Memory is told twice: the
peaks of all processes together, and the most that they held at one moment.
"""

import json
import os
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

N_ROWS = int(os.environ.get("AGIR_BENCH_ROWS", "100000"))
TURNS = 3
WHOLE = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
"""Whose processor time is told."""
DAY = date(2010, 11, 5)
COLUMNS = {
    "person_number": ("identifier", "identifying"),
    "last_name": ("text", "identifying"),
    "first_name": ("text", "identifying"),
    "born_on": ("date", "sensitive"),
    "postcode": ("identifier", "none"),
    "siret": ("identifier", "none"),
    "amount_eur": ("number", "none"),
    "sex": ("code", "none"),
}
MORE = {
    "person_number": "required = true",
    "postcode": 'pattern = "[0-9]{5}"',
    "siret": 'checksum = "siret"',
    "amount_eur": 'unit = "EUR"',
    "sex": """codes = [
  { code = "H", labels = { en = "Man", fr = "Homme" } },
  { code = "F", labels = { en = "Woman", fr = "Femme" } },
]""",
}


def protocol(folder: Path) -> Path:
    """A packaged protocol with one source more, which takes the file."""
    from agir_pipeline.protocol.loading import packaged_protocols

    packaged = packaged_protocols()["nsw"]
    block = """
[[source]]
name = "register"
labels = { en = "Register", fr = "Registre" }
feeds = "measure"
key = ["person_number"]
source = "a benchmark"
[[source.provider]]
name = "office"
labels = { en = "Office", fr = "Bureau" }
"""
    for name, (kind, sensitivity) in COLUMNS.items():
        block += f"""
[[source.column]]
name = "{name}"
type = "{kind}"
labels = {{ en = "{name}", fr = "{name}" }}
sensitivity = "{sensitivity}"
known_before_index = false
{MORE.get(name, "")}
"""
    path = folder / "protocol.toml"
    path.write_text(packaged.read_text("utf-8") + block, encoding="utf-8")
    return path


def write_workbook(path: Path) -> None:
    import xlsxwriter

    workbook = xlsxwriter.Workbook(path)
    sheet, day = workbook.add_worksheet("Suivi"), workbook.add_format({"num_format": "dd/mm/yyyy"})
    sheet.write_row(0, 0, list(COLUMNS))
    for n in range(1, N_ROWS + 1):
        sheet.write_string(n, 0, f"P{n:06}")
        sheet.write_string(n, 1, f"NOM{n % 5000}")
        sheet.write_string(n, 2, f"Prénom{n % 700}")
        sheet.write_datetime(n, 3, date(1985, 1, 1) + timedelta(days=n % 4000), day)
        sheet.write_number(n, 4, 1000 + n % 90_000)
        sheet.write_number(n, 5, 73282932000074)
        sheet.write_number(n, 6, (n % 100_000) / 100)
        sheet.write_string(n, 7, "HF"[n % 2])
    workbook.close()


class Measured(NamedTuple):
    """What some work took: the processor time and the peaks of all its processes together."""

    seconds: float
    cpu: float
    megabytes: float
    at_once: float = 0.0


def calamine(folder: Path) -> Measured:
    """The parser alone."""
    from python_calamine import CalamineWorkbook

    begun = Clock()
    with open(folder / "register.xlsx", "rb") as file, CalamineWorkbook.from_filelike(file) as book:
        rows = book.get_sheet_by_index(0).to_python(skip_empty_area=False)
    assert len(rows) == N_ROWS + 1
    return begun.measured(peak(os.getpid()))


def night(folder: Path) -> Measured:
    """What a nightly run does: receive, read, type, keep, enter in the ledger."""
    from agir_pipeline.protocol.loading import load_protocol
    from agir_pipeline.resources.landing import Landing
    from agir_pipeline.resources.ledger import FileAccount
    from agir_pipeline.resources.parser import Parser
    from agir_pipeline.resources.readings import Readings
    from agir_pipeline.resources.receipts import Receipt

    landing = Landing(folder / "landing")
    landing.create()
    readings = Readings(folder / "parsed", landing, load_protocol(protocol(folder)), b"k" * 32)
    begun = Clock()
    content = (folder / "register.xlsx").read_bytes()
    receipt = Receipt("delivery", "", DAY, "register", "office", "register.xlsx")
    receipt = landing.receive(content, receipt).receipt
    known = landing.ledger.readings()
    with Parser() as parser:
        reading = readings.read(receipt, parser)
        reader_peak = peak(parser.process_id) if parser.process_id else 0.0
    if (receipt.receipt_id, reading.contract) not in known:
        account = FileAccount(
            receipt.receipt_id, reading.contract, reading.ends, reading.refusal, reading.findings
        )
        landing.ledger.record_readings([account])
    assert reading.ends["Suivi"]["accepted"] == len(reading.rows) == N_ROWS
    return begun.measured(peak(os.getpid()) + reader_peak)


class Clock:
    """Time since it was made."""

    def __init__(self) -> None:
        self.begun, self.cpu = time.perf_counter(), used()

    def measured(self, megabytes: float) -> Measured:
        return Measured(time.perf_counter() - self.begun, used() - self.cpu, megabytes)


def used() -> float:
    """Seconds of processor time of this process and those it has waited for."""
    return sum(one.ru_utime + one.ru_stime for one in map(resource.getrusage, WHOLE))


def peak(process_id: int) -> float:
    """Megabytes. The kernel's own figure for children counts this process before they began."""
    told = Path(f"/proc/{process_id}/status").read_text("utf-8")
    return int(told.partition("VmHWM:")[2].split()[0]) / 1024


def measured(what: str, folder: Path) -> Measured:
    """The work in a process of its own, looked at every hundredth of a second."""
    command, most = [sys.executable, __file__, what, str(folder)], 0.0
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        while process.poll() is None:
            most = max(most, resident(process.pid))
            time.sleep(0.01)
        assert process.stdout is not None
        told = json.loads(process.stdout.read())
    return Measured(*told[:-1], most)


def resident(process_id: int) -> float:
    """Megabytes that a process and its children hold now."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text("utf-8")
        children = Path(f"/proc/{process_id}/task/{process_id}/children").read_text("utf-8")
        own = int(status.partition("VmRSS:")[2].split()[0]) / 1024
    except (OSError, IndexError):  # it has just ended
        return 0.0
    return own + sum(map(resident, map(int, children.split())))


def main() -> None:
    if len(sys.argv) > 1:
        work = {"calamine": calamine, "first": night, "second": night}[sys.argv[1]]
        print(json.dumps(work(Path(sys.argv[2]))))
        return
    with TemporaryDirectory() as made:
        folder = Path(made)
        write_workbook(folder / "register.xlsx")
        print(f"{N_ROWS} rows of {len(COLUMNS)} columns: seconds, of processor, MB, MB at once")
        for turn in range(TURNS):
            home = folder / f"home{turn}"
            home.mkdir()
            (home / "register.xlsx").symlink_to(folder / "register.xlsx")
            found = {name: measured(name, home) for name in ("calamine", "first", "second")}
            base, first, second = found.values()
            told = ", ".join(
                f"{n} {s:.2f} {c:.2f} {m:.0f} {o:.0f}" for n, (s, c, m, o) in found.items()
            )
            ratios = [one / other for one, other in zip(first, base, strict=True)]
            print(
                f"{told}; first/calamine {ratios[0]:.2f} (processor {ratios[1]:.2f}, memory "
                f"{ratios[2]:.2f}, at once {ratios[3]:.2f}), second/first "
                f"{second.seconds / first.seconds:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
