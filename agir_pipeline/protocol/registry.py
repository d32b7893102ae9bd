"""The methods a protocol may name: each is a file of the package, found by its name."""

from pathlib import Path

PACKAGE = Path(__file__).parents[1]
EVENT_METHOD = "counts_"


def models_folder() -> Path:
    """``dbt_like_sql``: inside an installed package, beside it in a checkout."""
    installed = PACKAGE / "dbt_like_sql"
    return installed if installed.is_dir() else PACKAGE.parent / "dbt_like_sql"


def event_methods() -> list[str]:
    """The ways an event can be counted: one macro ``counts_<method>.sql`` each."""
    macros = (models_folder() / "macros").glob(f"{EVENT_METHOD}*.sql")
    return sorted(path.stem.removeprefix(EVENT_METHOD) for path in macros)
