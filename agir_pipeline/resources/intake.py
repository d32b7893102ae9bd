"""What ``study.toml`` says of files: where partners leave them, what one of them may ask for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from pydantic import (
    BaseModel,
    ConfigDict,
    NonNegativeFloat,
    PositiveFloat,
    PositiveInt,
    field_validator,
)

from agir_pipeline.methods.reading.grid import Limits

MEGABYTE = 1_000_000
SCHEMES = ("file", "sftp", "ftp", "ftps", "webdav+https", "webdav+http", "s3")


class FileSettings(BaseModel):
    """What the files of one source may ask of the machine; what is left out stays as it is."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    max_megabytes: PositiveFloat | None = None
    """Of a workbook."""
    max_csv_megabytes: PositiveFloat | None = None
    max_rows: PositiveInt | None = None
    """Of a sheet of a workbook; a csv file has no limit of rows."""
    max_columns: PositiveInt | None = None
    macros: bool = False
    """Whether workbooks with macros are read. The macros are never run."""

    def limits(self) -> Limits:
        limits = Limits(macros=self.macros)
        if self.max_megabytes:
            n_bytes = int(self.max_megabytes * MEGABYTE)
            grown = max(limits.declared_bytes, 10 * n_bytes)
            limits = replace(limits, file_bytes=n_bytes, declared_bytes=grown)
        if self.max_csv_megabytes:
            limits = replace(limits, text_bytes=int(self.max_csv_megabytes * MEGABYTE))
        rows, columns = self.max_rows or limits.rows, self.max_columns or limits.columns
        cells = max(limits.cells, rows * 50)
        return replace(limits, rows=rows, columns=columns, cells=cells)


class Location(BaseModel):
    """A folder at a partner's from which the nightly run fetches files. It is only ever read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    source: str
    provider: str
    url: str
    """One of ``SCHEMES``, without a password in it."""
    pattern: str = "*"
    """Names of the files to take."""
    user: str = ""
    """The password stands in the environment, as ``AGIR_LOCATION_`` and the provider's name."""
    key_file: str = ""
    """SFTP: the file of a private key, in place of a password."""
    fingerprint: str = ""
    """SFTP: the host key of the server, as ``SHA256:…``. Without it nothing is fetched."""
    look_seconds: NonNegativeFloat = 5.0
    """How long a file must have stayed the same to be taken."""

    @field_validator("url")
    @classmethod
    def _is_known(cls, url: str) -> str:
        scheme, _mark, rest = url.partition("://")
        if scheme not in SCHEMES or "@" in rest.partition("/")[0]:
            raise ValueError(url)
        return url

    @property
    def scheme(self) -> str:
        return self.url.partition("://")[0]

    @property
    def password(self) -> str | None:
        return os.environ.get(f"AGIR_LOCATION_{self.provider.upper()}")


@dataclass(frozen=True)
class Intake:
    """The settings of the site for reading files."""

    files: Mapping[str, FileSettings] = field(default_factory=dict)

    def limits(self, source: str) -> Limits:
        """What the files of one source may ask of the machine."""
        return self.files.get(source, FileSettings()).limits()

    def password(self, provider: str) -> str | None:
        """The password with which a partner locks its workbooks, read at each use."""
        return os.environ.get(f"AGIR_WORKBOOK_{provider.upper()}")
