"""All detectors of personal data together."""

from collections.abc import Iterator
from itertools import chain

from models.personal.address import addresses
from models.personal.birth import birth_dates
from models.personal.contact import emails, phones
from models.personal.identity import identities
from models.personal.network import network_addresses
from models.personal.passport import passports
from models.personal.payment import cards, ibans
from models.personal.span import Span

DETECTORS = (
    emails,
    phones,
    ibans,
    cards,
    identities,
    passports,
    birth_dates,
    addresses,
    network_addresses,
)


def personal_data(text: str) -> Iterator[Span]:
    """Find personal data; the spans may overlap."""
    return chain.from_iterable(detector(text) for detector in DETECTORS)
