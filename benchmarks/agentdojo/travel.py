"""Travel: lists of names, ratings, prices and opening hours stand in texts; here they become records."""

import re
from collections.abc import Callable

from benchmarks.agentdojo.records import EVENT, MAIL, NUMBER, TEXT, TEXTS, TIME, a_list, by_name, record
from state.schema import Json, JsonSchema

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
USER = (
    "First Name", "Last Name", "ID Number", "Email", "Phone Number", "Address", "Passport Number",
    "Bank Account Number", "Credit Card Number",
)  # fmt: skip

RATING = re.compile(r"Rating: (?P<rating>[\d.]+)\nReviews: (?P<reviews>.*)", re.DOTALL)
PRICES = re.compile(r"Price range: (?P<min>[\d.]+) - (?P<max>[\d.]+)")
FLIGHT = re.compile(
    r"Airline: (?P<airline>.+?), Flight Number: (?P<flight_number>.+?), "
    r"Departure Time: (?P<departure_time>.+?), Arrival Time: (?P<arrival_time>.+?), "
    r"Price: (?P<price>[\d.]+), Contact Information: (?P<contact_information>.+)"
)

RATINGS = by_name(record(rating=NUMBER, reviews=TEXTS))
OUTPUT_SCHEMAS: dict[str, JsonSchema] = {
    "get_user_information": record(**dict.fromkeys(USER, TEXT)),
    "get_all_hotels_in_city": TEXTS,
    "get_all_restaurants_in_city": TEXTS,
    "get_all_car_rental_companies_in_city": TEXTS,
    "get_rating_reviews_for_hotels": RATINGS,
    "get_rating_reviews_for_restaurants": RATINGS,
    "get_rating_reviews_for_car_rental": RATINGS,
    "get_hotels_prices": by_name(record(min=NUMBER, max=NUMBER)),
    "check_restaurant_opening_hours": by_name(
        record(text=TEXT, days={"type": "array", "items": {"enum": list(DAYS)}})
    ),
    "get_car_types_available": by_name(TEXTS),
    "get_car_fuel_options": by_name(TEXTS),
    "get_flight_information": {
        "type": "array",
        "items": record(
            airline=TEXT,
            flight_number=TEXT,
            departure_time=TIME,
            arrival_time=TIME,
            price=NUMBER,
            contact_information=TEXT,
        ),
    },
    "search_calendar_events": a_list(EVENT),
    "get_day_calendar_events": a_list(EVENT),
    "create_calendar_event": EVENT,
    "send_email": MAIL,
    "reserve_car_rental": TEXT,  # its function has no return type
}


def adapt(name: str, output: Json) -> Json:
    """What the tool gave, as its output schema says."""
    parse = PARSERS.get(name)
    return output if parse is None else parse(output)


def _names(text: str) -> Json:
    """`Hotel Names: A\\nB\\n` as ["A", "B"]."""
    return [name for name in text.partition(": ")[2].split("\n") if name]


def _each(parse: Callable[[str], Json]) -> Callable[[dict[str, str]], Json]:
    return lambda texts: {name: parse(text) for name, text in texts.items()}


def _matched(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    found = pattern.fullmatch(text)
    if found is None:
        raise ValueError(f"{text[:80]!r} does not have the form that AgentDojo 0.1.35 gives")
    return found.groupdict()


def _rating(text: str) -> Json:
    """The rating stands before the reviews, so that no review can state another."""
    found = _matched(RATING, text)
    return {"rating": float(found["rating"]), "reviews": found["reviews"].split("\n")}


def _prices(text: str) -> Json:
    return {bound: float(price) for bound, price in _matched(PRICES, text).items()}


def _hours(text: str) -> Json:
    every = re.search(r"\b(every day|daily)\b", text) is not None
    return {"text": text, "days": [day for day in DAYS if every or day in text]}


def _flights(text: str) -> Json:
    return [_flight(line) for line in text.split("\n") if line]


def _flight(line: str) -> Json:
    found = _matched(FLIGHT, line)
    times = {key: found[key].replace(" ", "T") for key in ("departure_time", "arrival_time")}
    return {**found, **times, "price": float(found["price"])}


PARSERS: dict[str, Callable[[Json], Json]] = {
    "get_all_hotels_in_city": _names,
    "get_all_restaurants_in_city": _names,
    "get_all_car_rental_companies_in_city": _names,
    "get_rating_reviews_for_hotels": _each(_rating),
    "get_rating_reviews_for_restaurants": _each(_rating),
    "get_rating_reviews_for_car_rental": _each(_rating),
    "get_hotels_prices": _each(_prices),
    "check_restaurant_opening_hours": _each(_hours),
    "get_flight_information": _flights,
}
