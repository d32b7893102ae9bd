"""From a model's text to the SQL that runs: ``ref``, ``source``, ``var``, ``config``, macros.

Dates are variables rendered as ISO text: a model writes
``cast('{{ var("data_cut_on") }}' as date)``, which dbt renders alike. A text with a quote in it is
refused as a variable, since it could end the literal it stands in.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from agir_pipeline.errors import UsageError
from agir_pipeline.language import _
from agir_pipeline.resources.sql_models.project import ModelFile, Project
from agir_pipeline.resources.tables import qualified

_MATERIALIZED = ("table", "view")  # both become tables: a step is replaced as a whole


@dataclass(frozen=True)
class Rendered:
    """A model ready to run; ``depends_on`` are the (schema, table) it names."""

    model: ModelFile
    sql: str
    depends_on: frozenset[tuple[str, str]]
    is_enabled: bool
    """Whether ``config(enabled=…)`` lets this study have the model."""


class ModelMistake(Exception):
    """What ``ref``, ``source``, ``var`` or ``config`` finds wrong; its file is added later."""


class _DataTestBlock(Extension):
    """``{% test name(model, …) %} … {% endtest %}``: a macro called ``test_name``, as in dbt."""

    tags = {"test"}  # noqa: RUF012  (jinja2 declares it so)

    def parse(self, parser: Parser) -> nodes.Node:
        macro = nodes.Macro(lineno=next(parser.stream).lineno)
        macro.name = f"test_{parser.parse_assign_target(name_only=True).name}"
        parser.parse_signature(macro)
        macro.body = parser.parse_statements(("name:endtest",), drop_needle=True)
        return macro


@cache
def _environment() -> jinja2.Environment:
    return ImmutableSandboxedEnvironment(
        undefined=jinja2.StrictUndefined, extensions=[_DataTestBlock], autoescape=False
    )


@lru_cache(maxsize=200)
def _template(text: str) -> jinja2.Template:
    """Compiled once: a night renders each model for every round it forms."""
    return _environment().from_string(text)


@dataclass(frozen=True)
class Renderer:
    """Renders the models and data tests of one project with one set of variables."""

    project: Project
    variables: Mapping[str, Any]

    def model(self, name: str) -> Rendered:
        """The SQL of model ``name``; raises UsageError naming the file and what is wrong."""
        model = self.project.models[name]
        used: set[tuple[str, str]] = set()
        switches: list[bool] = []
        names = self._names(model.step, used.add) | {"config": partial(_config, switches)}
        macros = self._macros(names)
        text = self._text(model.path, model.text, names | macros | {"context": macros})
        sql = text.strip().removesuffix(";")
        return Rendered(model, sql, frozenset(used), is_enabled=all(switches))

    def data_test(self, name: str, path: Path, arguments: Mapping[str, Any]) -> str:
        """The query of a data test written as a macro; its rows are the failures."""
        macro = self._macros(self._names(None, lambda table: None)).get(f"test_{name}")
        if macro is None:
            raise UsageError(_("{file}: unknown data test {name}").format(file=path, name=name))
        try:
            return str(macro(**arguments))
        except (ModelMistake, jinja2.TemplateError, TypeError) as fault:
            raise UsageError(
                _("{file}: data test {name}: {fault}").format(file=path, name=name, fault=fault)
            ) from None

    def reference(self, name: str) -> tuple[str, str]:
        """(schema, table) of a model."""
        if name not in self.project.models:
            raise ModelMistake(_("ref('{name}'): there is no such model").format(name=name))
        return self.project.models[name].step, name

    def _names(
        self, step: str | None, use: Callable[[tuple[str, str]], None]
    ) -> dict[str, Callable[..., Any]]:
        steps = self.project.steps

        def ref(name: str) -> str:
            schema, table = self.reference(name)
            if step is not None and steps.index(schema) > steps.index(step):
                message = _("ref('{name}'): {schema} is built after {step}")
                raise ModelMistake(message.format(name=name, schema=schema, step=step))
            use((schema, table))
            return qualified(schema, table)

        def source(schema: str, table: str) -> str:
            if not self.project.has_source(schema, table):
                message = _("source('{schema}', '{table}') is declared in no schema.yml")
                raise ModelMistake(message.format(schema=schema, table=table))
            use((schema, table))
            return qualified(schema, table)

        return {"ref": ref, "source": source, "var": self._variable}

    def _variable(self, name: str, *default: Any) -> Any:
        if name not in self.variables and not default:
            raise ModelMistake(_("var('{name}') has no value").format(name=name))
        value = self.variables.get(name, *default)
        if _has_quote(value):
            raise ModelMistake(_("var('{name}') holds a quote").format(name=name))
        return value

    def _macros(self, names: Mapping[str, Any]) -> dict[str, Any]:
        path = self.project.folder / "macros"
        template = self._compiled(path, self.project.macros)
        module = template.make_module(dict(names))
        return {key: value for key, value in vars(module).items() if not key.startswith("_")}

    def _text(self, path: Path, text: str, names: Mapping[str, Any]) -> str:
        template = self._compiled(path, text)
        try:
            return template.render(names)
        except (ModelMistake, jinja2.TemplateError, TypeError) as fault:
            raise UsageError(f"{path}: {fault}") from None

    def _compiled(self, path: Path, text: str) -> jinja2.Template:
        try:
            return _template(text)
        except jinja2.TemplateSyntaxError as fault:
            raise UsageError(
                _("{file}, line {line}: {fault}").format(
                    file=path, line=fault.lineno, fault=fault.message
                )
            ) from None


def _config(
    switches: list[bool], materialized: str = "table", enabled: bool = True, **others: Any
) -> str:
    if others or materialized not in _MATERIALIZED:
        message = _("config() takes materialized='table' or 'view', enabled, and nothing else")
        raise ModelMistake(message)
    switches.append(bool(enabled))
    return ""


def _has_quote(value: Any) -> bool:
    if isinstance(value, str):
        return "'" in value
    if isinstance(value, Mapping):
        return any(_has_quote(part) for pair in value.items() for part in pair)
    if isinstance(value, list | tuple | set | frozenset):
        return any(_has_quote(part) for part in value)
    return False
