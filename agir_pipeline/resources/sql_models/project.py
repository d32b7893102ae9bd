"""What a folder of SQL models declares: steps, models, sources, columns and data tests.

The format is dbt's; a key that this runner would not obey is refused rather than ignored.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from agir_pipeline.errors import Mistake, UsageError
from agir_pipeline.language import _

Declared = TypeVar("Declared", bound=BaseModel)

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe one in C, where PyYAML was built with it."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())


class _Settings(BaseModel):
    """dbt_project.yml; keys that only dbt itself needs are left to it."""

    model_config = ConfigDict(extra="ignore", alias_generator=lambda name: name.replace("_", "-"))

    model_paths: list[str]
    macro_paths: list[str] = []


class DeclaredColumn(_Closed):
    """A column of a model or source in schema.yml."""

    name: str
    description: str = ""
    data_type: str | None = None
    data_tests: list[str | dict[str, Any]] = []
    meta: dict[str, Any] = {}


class DeclaredModel(_Closed):
    """A model in schema.yml: its columns are exactly those of the table."""

    name: str
    description: str = ""
    columns: list[DeclaredColumn] = []
    data_tests: list[str | dict[str, Any]] = []
    meta: dict[str, Any] = {}


class _SourceTable(_Closed):
    name: str
    description: str = ""
    columns: list[DeclaredColumn] = []


class DeclaredSource(_Closed):
    """A schema that models read; without ``tables``, each study has its own tables there."""

    name: str
    description: str = ""
    tables: list[_SourceTable] = []


class _SchemaFile(_Closed):
    version: int = 2
    models: list[DeclaredModel] = []
    sources: list[DeclaredSource] = []


@dataclass(frozen=True)
class ModelFile:
    """One ``<step>/<name>.sql``."""

    name: str
    step: str
    path: Path
    text: str


@dataclass(frozen=True)
class Project:
    """A folder of SQL models, read and checked."""

    folder: Path
    steps: Sequence[str]
    models: Mapping[str, ModelFile]
    declared: Mapping[str, DeclaredModel]
    sources: Sequence[DeclaredSource]
    macros: str

    def has_source(self, schema: str, table: str) -> bool:
        """Whether a schema.yml lists this table, or leaves the schema's tables to the study."""
        return any(
            source.name == schema
            and (not source.tables or table in {listed.name for listed in source.tables})
            for source in self.sources
        )


def load_project(folder: Path) -> Project:
    """The project in ``folder``; raises UsageError with every mistake, each with its file.

    A step whose folder is not there yet has no model.
    """
    settings = _declared(folder / "dbt_project.yml", _Settings)
    mistakes: list[Mistake] = []
    models = _models(folder, settings.model_paths, mistakes)
    declared: dict[str, DeclaredModel] = {}
    sources: list[DeclaredSource] = []
    for step in settings.model_paths:
        for path in sorted((folder / step).rglob("*.yml")):
            if path.name != "schema.yml":
                mistakes.append(Mistake(str(path), _("models are declared in schema.yml")))
                continue
            file = _declared(path, _SchemaFile)
            sources += file.sources
            for model in file.models:
                known = models.get(model.name)
                if known is None or known.step != step or model.name in declared:
                    message = _("model {name} has no file in this folder, or stands here twice")
                    mistakes.append(Mistake(str(path), message.format(name=model.name)))
                declared[model.name] = model
    if mistakes:
        raise UsageError("\n".join(f"{m.place}: {m.message}" for m in mistakes))
    macros = [
        path.read_text(encoding="utf-8")
        for place in settings.macro_paths
        for path in sorted((folder / place).glob("*.sql"))
    ]
    steps = tuple(settings.model_paths)
    return Project(folder, steps, models, declared, sources, "\n".join(macros))


def _models(folder: Path, steps: Sequence[str], mistakes: list[Mistake]) -> dict[str, ModelFile]:
    models: dict[str, ModelFile] = {}
    for step in steps:
        for path in sorted((folder / step).rglob("*.sql")):
            if path.stem in models:
                message = _("a model of this name already stands in {step}/")
                step_before = models[path.stem].step
                mistakes.append(Mistake(str(path), message.format(step=step_before)))
                continue
            text = path.read_text(encoding="utf-8")
            models[path.stem] = ModelFile(path.stem, step, path, text)
    return models


def _declared(path: Path, shape: type[Declared]) -> Declared:
    try:
        return shape.model_validate(yaml.load(path.read_text(encoding="utf-8"), _LOADER) or {})  # noqa: S506
    except FileNotFoundError:
        raise UsageError(_("{file}: not found").format(file=path)) from None
    except yaml.YAMLError as fault:
        mark = getattr(fault, "problem_mark", None)
        line = mark.line + 1 if mark else "?"
        raise UsageError(_("{file}: not YAML, line {line}").format(file=path, line=line)) from None
    except ValidationError as fault:
        found = [
            f"{path}: {'.'.join(str(part) for part in error['loc'])}: {error['msg']}"
            for error in fault.errors(include_input=False, include_url=False)
        ]
        raise UsageError("\n".join(found)) from None
