"""Numbers partners know people and firms by. None belongs to anybody."""

import numpy as np
import pandas as pd
from stdnum import luhn

from agir_pipeline.methods.synthetic.calibration import Calibration
from agir_pipeline.methods.synthetic.spelling import folded
from agir_pipeline.protocol.model import Protocol

ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
TOKEN_LENGTH = 8
TOKEN_STEP = 0x9E3779B1
"""Odd, so that multiplying by it modulo a power of two gives each number once."""


def add_identifiers(
    people: pd.DataFrame, protocol: Protocol, calibration: Calibration
) -> pd.DataFrame:
    """Case numbers, references at the partners, contacts, survey tokens, employers' SIRET."""
    numbers = pd.Series(np.arange(1, len(people) + 1), people.index)
    is_beneficiary = people["role"] == "beneficiary"
    prefix = _case_prefix(protocol)
    case = (is_beneficiary.cumsum()).map(lambda k: f"{prefix}{k:03d}").where(is_beneficiary, "")
    references = {p.provider: p.reference_prefix for p in calibration.partners}
    is_listed = people["provider"] != ""
    reference = pd.Series(
        [
            f"{references.get(p, '')}-{n:05d}"
            for p, n in zip(people["provider"], numbers, strict=True)
        ],
        people.index,
    ).where(is_listed, "")
    sirets = [siret(calibration.pool.siren_prefix.value, k) for k in people["employer_number"]]
    first, last = people["first_name"].map(folded), people["last_name"].map(folded)
    return people.assign(
        case_number=case,
        provider_ref=reference,
        token=[token(k) for k in numbers],
        employer_siret=sirets,
        # One in nine has none; the others are of the range kept for fiction.
        phone=["" if k % 9 == 0 else _phone(k) for k in numbers],
        email=first + "." + last + numbers.map(str) + "@example.org",
    )


def siret(prefix: str, number: int) -> str:
    """A workplace number with valid check digits, in a range kept for invented firms."""
    body = f"{prefix}{number:0{8 - len(prefix)}d}"
    siren = body + luhn.calc_check_digit(body)
    return f"{siren}0001" + luhn.calc_check_digit(f"{siren}0001")


def token(number: int) -> str:
    """Eight characters, different for each number."""
    base = len(ALPHABET)
    value = number * TOKEN_STEP % base**TOKEN_LENGTH
    return "".join(ALPHABET[value // base**k % base] for k in range(TOKEN_LENGTH))


def _phone(number: int) -> str:
    return f"06 39 98 {number // 100 % 100:02d} {number % 100:02d}"


def _case_prefix(protocol: Protocol) -> str:
    """The fixed beginning of the case numbers, as the protocol's pattern writes it."""
    columns = protocol.source("beneficiary_register").columns
    pattern = next(c.pattern for c in columns if c.name == "case_number")
    return (pattern or "").partition("[")[0]
