import math
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.errors import InputError
from retrieval.timestamps import parse_timestamp

NOON = datetime(2024, 3, 4, 12, 30, tzinfo=UTC).timestamp()
MIDNIGHT = datetime(2024, 3, 4, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("value", "text", "epoch"),
    [
        ("2024-03-04", "2024-03-04", MIDNIGHT),
        ("20240304", "2024-03-04", MIDNIGHT),
        (20240304, "2024-03-04", MIDNIGHT),
        ("2024-3-4", "2024-03-04", MIDNIGHT),
        ("2024/03/04", "2024-03-04", MIDNIGHT),
        ("2024年3月4日", "2024-03-04", MIDNIGHT),
        (date(2024, 3, 4), "2024-03-04", MIDNIGHT),
        ("2024-03-04T12:30", "2024-03-04T12:30", NOON),
        ("2024-03-04 12:30:00", "2024-03-04T12:30:00", NOON),
        ("2024/3/4 12:30", "2024-03-04T12:30", NOON),
        ("2024/3/4 12:30:00", "2024-03-04T12:30:00", NOON),
        ("2024年3月4日 12:30", "2024-03-04T12:30", NOON),
        ("2024年3月4日 12时30分00秒", "2024-03-04T12:30:00", NOON),
        ("2024年03月04日 星期一 12：30", "2024-03-04T12:30", NOON),
        ("2024-03-04T12:30:00Z", "2024-03-04T12:30:00Z", NOON),
        ("2024-03-04T20:30+08:00", "2024-03-04T12:30Z", NOON),
        ("2024-03-04T20:30:00.250+08:00", "2024-03-04T12:30:00.250Z", NOON + 0.25),
        ("2024-03-04T12:30:00.000001", "2024-03-04T12:30:00.000001", NOON + 1e-6),
        (datetime(2024, 3, 4, 20, 30, tzinfo=timezone(timedelta(hours=8))), "2024-03-04T12:30:00Z", NOON),
        (datetime(2024, 3, 4, 12, 30), "2024-03-04T12:30:00", NOON),
        ("Mon, 04 Mar 2024 20:30:00 +0800", "2024-03-04T12:30:00Z", NOON),
        ("4 Mar 2024 12:30 GMT", "2024-03-04T12:30Z", NOON),
        (int(NOON), "2024-03-04T12:30:00Z", NOON),
        (NOON + 0.5, "2024-03-04T12:30:00.500Z", NOON + 0.5),
        (str(int(NOON)), "2024-03-04T12:30:00Z", NOON),
        (int(NOON) * 1000, "2024-03-04T12:30:00Z", NOON),
        (f"{int(NOON)}250", "2024-03-04T12:30:00.250Z", NOON + 0.25),
    ],
)
def test_a_known_format_is_read_in_the_precision_given(value: object, text: str, epoch: float) -> None:
    moment = parse_timestamp(value)
    assert moment is not None
    assert moment.text == text
    assert moment.epoch == pytest.approx(epoch, abs=1e-6)


@pytest.mark.parametrize("value", [None, "", "  ", math.nan, "NaN", "null", "None", "NaT"])
def test_a_missing_time_is_none(value: object) -> None:
    assert parse_timestamp(value) is None


@pytest.mark.parametrize(
    "value",
    [
        "03/04/2024",
        "yesterday",
        "2024-13-01",
        "2023-02-29",
        "2024年13月1日",
        "12:30",
        7,
        -1,
        0,
        "42",
        True,
        [2024],
        math.inf,
        "2024-03-04T25:00",
        "Mon, 32 Mar 2024 12:30:00 +0000",
        "Mon, 04 Mar 2024",
        10**20,
        "1" * 5000,
        "٢٠٢٤-٠٣-٠٤",
    ],
)
def test_an_unknown_or_ambiguous_time_is_refused_with_the_accepted_formats(value: object) -> None:
    with pytest.raises(InputError, match=r"unknown time format.*ISO 8601"):
        parse_timestamp(value)


@pytest.mark.parametrize("value", ["1969-12-31", "2201-01-01T00:00:00Z", date(1, 1, 1), "9999年1月1日"])
def test_a_year_out_of_range_is_refused(value: object) -> None:
    with pytest.raises(InputError, match=r"not in 1970\.\.2200"):
        parse_timestamp(value)


def test_a_long_value_is_shortened_in_the_message() -> None:
    with pytest.raises(InputError) as caught:
        parse_timestamp("secret words " * 100)
    assert len(str(caught.value)) < 400


@given(st.datetimes(datetime(1971, 1, 1), datetime(2199, 12, 31), timezones=st.one_of(st.none(), st.timezones())))
def test_what_was_read_reads_the_same_again(moment: datetime) -> None:
    first = parse_timestamp(moment.isoformat())
    assert first is not None
    assert parse_timestamp(first.text) == first


@given(st.text() | st.integers() | st.floats())
def test_anything_is_read_or_refused(value: object) -> None:
    with suppress(InputError):
        parse_timestamp(value)
