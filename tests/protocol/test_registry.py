"""The methods a protocol may name are the files that are there."""

from pathlib import Path

import pytest

from agir_pipeline.protocol import registry


def test_the_ways_to_count_an_event_are_the_macros_of_the_models() -> None:
    assert (registry.models_folder() / "dbt_project.yml").is_file()
    assert {"gross", "path_net"} <= set(registry.event_methods())


def test_an_installed_package_carries_its_models(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dbt_like_sql" / "macros").mkdir(parents=True)
    (tmp_path / "dbt_like_sql" / "macros" / "counts_twice.sql").write_text("")
    monkeypatch.setattr(registry, "PACKAGE", tmp_path)
    assert registry.event_methods() == ["twice"]
