"""Drawn and damaged files in every format and encoding: rows balance, causes are told.

``make fuzz-small`` draws 2,000, ``make fuzz`` 20,000. The first that breaks a promise ends it.
"""

import argparse
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from agir_pipeline.methods.reading.grid import Grid, Limits
from agir_pipeline.methods.reading.rows import RowsRead
from agir_pipeline.resources.parser import Parser
from tests.fuzzing import Figures, drawn_files, judge
from tests.methods.reading.conftest import column, read, source

TOLD_EVERY = 1_000


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--files", type=int, default=2_000)
    asked.add_argument("--seed", type=int, default=int(time.time()))
    options = asked.parse_args()
    by = source(
        column("id", "identifier"),
        column("nom"),
        column("born_on", "date", aliases=["né_le"]),
        column("montant", "number"),
        key=["id"],
    )

    def typed(grid: Grid) -> RowsRead:
        return read(grid, by)

    figures, seconds = Figures(), []
    begun = time.perf_counter()
    print(f"seed {options.seed}", flush=True)
    with TemporaryDirectory() as folder, Parser(Limits()) as parser:
        for drawn in drawn_files(options.seed, options.files):
            since = time.perf_counter()
            try:
                judge(drawn, parser, Path(folder), typed, figures)
            except Exception:
                kept = Path(f"fuzz-{options.seed}-{drawn.name}")
                kept.write_bytes(drawn.content)
                print(f"{kept} breaks a promise; it is kept", flush=True)
                raise
            seconds.append(time.perf_counter() - since)
            if figures.n_files % TOLD_EVERY == 0:
                print(f"{figures.n_files} files", flush=True)
    seconds.sort()
    print(figures)
    print(f"p99 {seconds[int(0.99 * len(seconds))]:.3f} s, longest {seconds[-1]:.2f} s a file")
    print(f"{time.perf_counter() - begun:.0f} s in all, every row with one end, every cause told")
    return 0


if __name__ == "__main__":
    sys.exit(main())
