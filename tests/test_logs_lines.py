"""Lines of logs: numbers equal float()'s bit for bit, and every fault is named with its line."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs.lines import Lines, read_lines

DECIMALS = st.from_regex(r"-?[0-9]{0,9}\.?[0-9]{0,9}", fullmatch=True)
FIELDS = st.one_of(DECIMALS, st.floats().map(str), st.text("0123456789+-.eE_naif ", max_size=20))


def lines_of(*text, separator=","):
    return Lines("log.txt", separator, np.arange(1, len(text) + 1), list(text))


def finite(text):
    """Return a number as Python reads it, None where it is none that a log may hold."""
    try:
        value = None if "_" in text else float(text)
    except ValueError:
        return None
    return value if value is not None and np.isfinite(value) else None


@settings(deadline=None, derandomize=True, max_examples=500)
@given(st.lists(FIELDS, min_size=1, max_size=30))
def test_a_field_reads_as_float_reads_it_and_the_first_that_is_none_is_named(texts):
    lines = lines_of(*(f"x,{text},y" for text in texts))
    expected = [finite(text) for text in texts]
    if None in expected:
        with pytest.raises(InputError, match="is not a number") as error:
            lines.numbers([1], limit=np.finfo(float).max)
        assert error.value.line == expected.index(None) + 1
        return
    values = lines.numbers([1], limit=np.finfo(float).max)
    assert values.shape == (len(texts), 1)
    assert values.tobytes() == np.array(expected).tobytes()


@pytest.mark.parametrize("field", ["1_0", "٣", "0x1p3", "1\0", "", "1 2", "nan", "-inf", "101"])
def test_what_is_no_number_or_beyond_the_limit_is_named_with_its_line(field):
    lines = lines_of("1,2,#", f"3,{field},'")
    with pytest.raises(InputError, match=r"^log.txt:2: '.*' is not a number") as error:
        lines.numbers([0, 1], limit=100)
    assert error.value.line == 2


def test_each_column_has_its_limit_and_negative_ones_count_from_the_lines_end():
    lines = lines_of("1;a;b;50", "2;c;60", separator=";")
    assert lines.numbers([0, -1], limit=[2, 100]).tolist() == [[1, 50], [2, 60]]
    with pytest.raises(InputError, match="'60' is not") as error:
        lines.numbers([0, -1], limit=[2, 50])
    assert error.value.line == 2


def test_no_lines_have_no_numbers():
    assert lines_of().numbers([0, 1]).shape == (0, 2)


def test_widths_count_fields_and_the_first_wrong_one_is_named():
    lines = lines_of("a,b", "", ",,")
    assert lines.widths().tolist() == [2, 1, 3]
    lines.check_width(1, or_more=True)
    with pytest.raises(InputError, match="1 fields instead of 2"):
        lines.check_width(2)


def test_lines_are_sorted_by_their_keys():
    lines = lines_of("a1", "b2", "", "a3", "c4")
    known, others = lines.sorted_by((line[:1] for line in lines.text), ("a", "d"))
    assert (known["a"].text, known["a"].number.tolist()) == (["a1", "a3"], [1, 4])
    assert (len(known["d"]), others.text) == (0, ["b2", "", "c4"])


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.binary(max_size=80).map(lambda b: b + b"\n"), st.integers(1, 20))
def test_blocks_of_any_size_hold_the_file_or_name_its_fault(tmp_path_factory, data, size):
    path = tmp_path_factory.mktemp("blocks") / "log.txt"
    path.write_bytes(data)
    parts, fault = [], None
    try:
        parts = list(read_lines(path, ",", block_bytes=size))
    except InputError as error:
        fault = error
    if fault:
        assert fault.path == path
        assert fault.line is not None
        return
    text = data.decode().removeprefix("\ufeff").replace("\r\n", "\n")
    assert [line for part in parts for line in part.text] == text.split("\n")[:-1]
    numbers = np.concatenate([part.number for part in parts])
    assert numbers.tolist() == list(range(1, len(numbers) + 1))


def test_a_line_without_end_comes_by_itself_where_it_may_lack_it(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(b"a\nb")
    with pytest.raises(InputError, match="last line is cut"):
        list(read_lines(path, ","))
    first, last = read_lines(path, ",", last_line_may_lack_end=True)
    assert (first.ended, last.ended, last.text, last.number.tolist()) == (True, False, ["b"], [2])


@pytest.mark.parametrize(
    ("data", "line", "says"),
    [
        (b"", None, "the file is empty"),
        (b"a\nb\xff\n", 2, "not UTF-8"),
        (b"a\r\nb\rc\r\n", 2, "a carriage return in a line"),
        (b"a" * 40, 1, "a line longer than 8 bytes"),
    ],
)
def test_a_file_that_is_no_text_log_is_named(tmp_path, data, line, says):
    (tmp_path / "log.txt").write_bytes(data)
    with pytest.raises(InputError, match=says) as error:
        list(read_lines(tmp_path / "log.txt", ",", block_bytes=8))
    assert error.value.line == line


def test_a_packed_file_reads_like_a_plain_one_and_its_damage_is_named(tmp_path):
    path = tmp_path / "log.txt.gz"
    packed = gzip.compress(b"a\nb\n" * 1000)
    path.write_bytes(packed)
    assert sum(len(part) for part in read_lines(path, ",", block_bytes=100)) == 2000
    flipped = bytearray(packed)
    flipped[-6] ^= 1
    for damaged in (packed[:-9], packed[:9], bytes(flipped), b"a\nb\n"):
        path.write_bytes(damaged)
        with pytest.raises(InputError, match=r"log.txt.gz: damaged gzip file"):
            list(read_lines(path, ","))


def test_a_packed_log_of_lines_without_end_is_refused_early(tmp_path):
    path = tmp_path / "log.txt.gz"
    path.write_bytes(gzip.compress(b"\n" * 40_000_000, 1))
    with pytest.raises(InputError, match="unpacks to more than 60 times its size"):
        for _ in read_lines(path, ","):
            pass
