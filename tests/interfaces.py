"""The interface of a study started as people do, and asked as its pages ask."""

import os
import re
import subprocess
import sys
from pathlib import Path

import requests

COMMAND = [sys.executable, "-P", "-m", "agir_pipeline.cli"]


class Served:
    """An interface that runs, where, and how many seconds it took to come up."""

    def __init__(self, home: Path, process: "subprocess.Popen[str]", first_line: str) -> None:
        self.home, self.process = home, process
        self.address = re.findall(r"http://\S+", first_line)[0]
        self.seconds = int(re.findall(r"\((\d+) s\)", first_line)[0])

    def ask(self, query: str, **variables: str) -> dict[str, object]:
        body = {"query": query, "variables": variables}
        answer = requests.post(f"{self.address}/graphql", json=body, timeout=60).json()
        assert "errors" not in answer, answer["errors"]
        found: dict[str, object] = answer["data"]
        return found


def serve(home: Path, language: str = "en", folder: Path | None = None) -> Served:
    """``folder`` is the one the command is given in, else that of the tests."""
    process = subprocess.Popen(
        [*COMMAND, "ui", "--home", str(home)], cwd=folder,
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        env={**os.environ, "AGIR_LANGUAGE": language},
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        if "http://127.0.0.1" in line and "Ctrl-C" in line:
            return Served(home, process, line)
    raise AssertionError("the interface ended before it came up")
