"""Cutting fields out of blocks: numbers equal float()'s bit for bit, whatever they look like."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mtloc_jax.errors import InputError
from mtloc_jax.logs.blocks import Block, blocks
from mtloc_jax.logs.index import Index


def index_of(lines, separator=b","):
    return Index(Block(1, b"".join(line + b"\n" for line in lines)), separator)


def as_python_reads(text):
    try:
        return None if "_" in text else float(text.encode())
    except ValueError:
        return None


DECIMALS = st.from_regex(r"-?[0-9]{0,9}\.?[0-9]{0,9}", fullmatch=True)
FIELDS = st.one_of(DECIMALS, st.floats().map(str), st.text("0123456789+-.eE_naif ", max_size=20))


@settings(deadline=None, derandomize=True, max_examples=300)
@given(st.lists(FIELDS, min_size=1, max_size=30))
def test_a_field_reads_as_float_reads_it(texts):
    index = index_of([b"x," + text.encode() for text in texts])
    values, good = index.floats(np.arange(len(texts)), [1])
    for text, value, is_number in zip(texts, values[:, 0], good[:, 0], strict=True):
        expected = as_python_reads(text)
        assert is_number == (expected is not None and not np.isnan(expected))
        if is_number:
            assert value.tobytes() == np.float64(expected).tobytes()


@settings(deadline=None, derandomize=True, max_examples=200)
@given(st.lists(st.lists(st.binary(max_size=6), min_size=1, max_size=5), min_size=1, max_size=9))
def test_columns_are_what_splitting_gives(rows):
    rows = [[f.replace(b"\n", b"").replace(b",", b"") for f in row] for row in rows]
    index = index_of([b",".join(row) for row in rows])
    assert index.n_fields.tolist() == [len(row) for row in rows]
    for field in range(-5, 5):
        has = [i for i, row in enumerate(rows) if -len(row) <= field < len(row)]
        (column,) = index.columns(np.array(has, int), field, field + 1)
        assert column == [rows[i][field] for i in has]


def test_lines_are_told_apart_by_their_whole_text():
    texts = b"0ab,cdefghijk,1 0ab,cdefghijX,1 0ab,cdefgh  0ab,cdefghijk,".split(b" ")
    index = index_of(texts)
    assert index.with_text(b"ab,cdefghijk,", 1).tolist() == [0, 4]
    assert index.with_text(b"0ab", 0).tolist() == [0, 1, 2, 4]
    assert index.blank().tolist() == [False, False, False, True, False]


def test_digits_want_their_exact_number():
    index = index_of([b"a,0123", b"b,012", b"c,01234", b"d,01x3", b"e,-123", b"f,9876"])
    assert index.digits(np.arange(6), 1, 4).tolist() == [123, -1, -1, -1, -1, 9876]


@settings(deadline=None, derandomize=True, max_examples=100)
@given(st.binary(max_size=80).map(lambda b: b + b"\n"), st.integers(1, 20))
def test_blocks_of_any_size_hold_the_file_or_name_its_fault(tmp_path_factory, data, size):
    path = tmp_path_factory.mktemp("blocks") / "log.txt"
    path.write_bytes(data)
    parts, fault = [], None
    try:
        parts = list(blocks(path, size=size))
    except InputError as error:
        fault = error
    if fault:
        assert fault.path == path
        assert fault.line is not None
        return
    text = data.replace(b"\r\n", b"\n").removeprefix(b"\xef\xbb\xbf")
    assert b"".join(part.data for part in parts) == text
    assert [part.first for part in parts] == np.cumsum(
        [1, *(part.data.count(b"\n") for part in parts[:-1])]
    ).tolist()


def test_a_line_without_end_is_given_one_where_it_may_lack_it(tmp_path):
    path = tmp_path / "log.txt"
    path.write_bytes(b"a\nb")
    with pytest.raises(InputError, match="last line is cut"):
        list(blocks(path))
    first, last = blocks(path, last_line_may_lack_end=True)
    assert (first.ended, last.ended, last.data, last.first) == (True, False, b"b\n", 2)
