"""Files of weights that are made to do harm, or damaged, end in one line and do none."""

import io
import zipfile

import numpy as np
import pytest
from safetensors.numpy import save_file

from mtloc_jax.errors import InputError
from mtloc_jax.surgery import foreign
from mtloc_jax.surgery.confined import MIB
from mtloc_jax.surgery.foreign import read_foreign, read_with_card
from mtloc_jax.surgery.weight_files import held_bytes, read_weights
from tests.attack import weights


@pytest.fixture(scope="module")
def traps(tmp_path_factory):
    return weights.traps(tmp_path_factory.mktemp("traps"))


SAYS = {
    "a pickle": "kernel.npy holds object, not numbers",
    "zeros without end": "says that it holds 268,435,5.* bytes of arrays, 16,777,216 are",
    "a header of 400 GB": "has not the size that its header says",
    "a member larger than it says": "cannot be read",
    "a header nested 9,000 times": "cannot be read",
    "one name twice": "two arrays in it have one name",
    "a name of 5,000 levels": "is no name of a weight",
    "a terminal's commands in a name": r"'imu\\x1b\]0;owned\\x07/kernel' is no name of a weight",
    "another compression": "another method than deflate",
    "text for numbers": "kernel.npy holds <U1, not numbers",
    "a number that is none": "kernel holds a value that is not a finite number",
    "another file's bytes": "the values of out/out/x:0 lie outside of it",
    "another file's values": "the values of out/out/x:0 lie outside of it",
    "a link to another file": "net/net is a link",
    "a link where names are": "layers/lstm/vars is a link",
    "a link within": "net/net is a link",
    "a ring of groups": "out/out/again is a second name of something",
    "a data set of 400 GB": "says that it holds 400,",
    "compressed zeros without end": "says that it holds 27",
    "a chunk of a gigabyte": "says that it holds 1,073,7",
    "text for values": "out/out/x:0 holds object, not numbers",
    "settings nested 50,000 times": "cannot be read",
    "a header of 2**62 bytes": "cannot be read",
    "a card nested 50,000 times": "cannot be read",
}
"""A trap -> what is said of it; those of a card are said by `read_with_card`."""


@pytest.mark.parametrize("name", SAYS)
def test_a_trap_is_refused_in_a_line_that_names_it(traps, name):
    with pytest.raises(InputError, match=SAYS[name]) as caught:
        read_weights(traps[name])
    assert str(caught.value).startswith(f"{traps[name]}: ")
    assert "\n" not in str(caught.value)
    assert not traps[name].with_name("unpickled").exists()


@pytest.mark.parametrize("name", ["a card that is a list", "a site that is a number"])
def test_a_card_that_is_none_is_refused(traps, name):
    with pytest.raises(InputError, match=r"its card is none of a network \((it|site) is no object"):
        read_with_card(traps[name])


def test_every_trap_is_tested(traps):
    assert traps.keys() - SAYS.keys() == {"a card that is a list", "a site that is a number"}


def test_a_pickle_would_have_run():
    packed = io.BytesIO()
    weights.pickled(packed, weights.Path("/nowhere/made/by/a/pickle"))
    packed.seek(0)
    with pytest.raises(FileNotFoundError, match="made/by/a/pickle"):
        np.load(packed, allow_pickle=True)["kernel"]


@pytest.mark.parametrize("kind", weights.KINDS)
def test_a_whole_file_comes_through_the_other_process_bit_for_bit(tmp_path, kind):
    path = tmp_path / f"net{weights.KINDS[kind]}"
    path.write_bytes(weights.whole(kind))
    tree, wanted = read_foreign(path), weights.layers()
    for name, value in wanted.items():
        layer, leaf = name.split("/")
        assert tree[layer][leaf].tobytes() == value.tobytes()
        assert tree[layer][leaf].shape == value.shape
    assert sum(map(len, tree.values())) == len(wanted)


def test_arrays_of_any_number_and_order_are_read(tmp_path):
    odd = {
        "big_endian": np.arange(6, dtype=">f8").reshape(2, 3),
        "fortran": np.asfortranarray(np.arange(6, dtype=np.float16).reshape(2, 3)),
        "none": np.zeros((0, 3), np.float32),
        "one": np.array(7, np.int64),
        "said": np.array([True, False]),
    }
    np.savez_compressed(tmp_path / "net.npz", **odd)
    found = read_foreign(tmp_path / "net.npz")
    assert found.keys() == odd.keys()
    for name, value in odd.items():
        np.testing.assert_array_equal(found[name], value)
        assert found[name].dtype == value.dtype.newbyteorder("=")
        assert found[name].flags.writeable


def test_half_precision_of_the_short_kind_is_read_as_float32(tmp_path):
    head = b'{"kernel":{"dtype":"BF16","shape":[3],"data_offsets":[0,6]}}'
    values = np.array([1.5, -2.0, 3.140625], np.float32)
    high = (values.view(np.uint32) >> 16).astype("<u2").tobytes()
    path = tmp_path / "net.safetensors"
    path.write_bytes(len(head).to_bytes(8, "little") + head + high)
    np.testing.assert_array_equal(read_foreign(path)["kernel"], values)
    path.write_bytes(path.read_bytes().replace(b"BF16", b"C64 ").replace(b'"C64 "', b'"C64" '))
    with pytest.raises(InputError, match=r"net\.safetensors: "):
        read_foreign(path)


def test_zeros_compress_so_a_small_file_of_them_is_read_and_a_large_one_refused(tmp_path):
    zeros = np.zeros(held_bytes(0) // 4 - 1024, np.float32)
    np.savez_compressed(tmp_path / "small.npz", kernel=zeros)
    assert read_foreign(tmp_path / "small.npz")["kernel"].size == zeros.size
    np.savez_compressed(tmp_path / "large.npz", kernel=zeros, other=zeros)
    with pytest.raises(InputError, match=r"large\.npz: says that it holds .*; save the weights"):
        read_foreign(tmp_path / "large.npz")
    np.savez(tmp_path / "plain.npz", kernel=zeros, other=zeros)
    assert read_foreign(tmp_path / "plain.npz")["other"].size == zeros.size


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (("a.b", "a.b.c"), r"w\.npz: a/b is both a weight and a layer"),
        (("a/b/c", "a.b"), r"w\.npz: a/b is both a weight and a layer"),
        (("a.b", "a/b"), r"w\.npz: two weights are called a/b"),
    ],
)
def test_names_that_are_one_path_however_it_is_written_are_refused(tmp_path, names, says):
    np.savez(tmp_path / "w.npz", **dict.fromkeys(names, np.ones(3, np.float32)))
    with pytest.raises(InputError, match=says):
        read_foreign(tmp_path / "w.npz")


def test_an_array_beside_another_whose_name_ends_in_npy_is_refused(tmp_path):
    np.savez(tmp_path / "w.npz", a=np.ones(3, np.float32))
    with zipfile.ZipFile(tmp_path / "w.npz", "a") as file:
        file.writestr("a", file.read("a.npy"))
    with pytest.raises(InputError, match=r"w\.npz: cannot be read \(two arrays in it"):
        read_foreign(tmp_path / "w.npz")


def test_an_encrypted_member_is_named(tmp_path):
    content = bytearray(weights.whole("npz"))
    at = content.index(b"PK\x01\x02")
    content[at + 8] |= 1
    (tmp_path / "net.npz").write_bytes(bytes(content))
    with pytest.raises(InputError, match="it is encrypted"):
        read_foreign(tmp_path / "net.npz")


def test_a_damaged_listing_of_a_zip_ends_in_one_line(tmp_path):
    content = bytearray(weights.whole("npz"))
    content[content.index(b"PK\x01\x02") + 10] ^= 3  # the method: once a NotImplementedError
    (tmp_path / "net.npz").write_bytes(bytes(content))
    with pytest.raises(InputError, match=r"net\.npz: cannot be read"):
        read_foreign(tmp_path / "net.npz")


def test_a_listing_that_leaves_an_array_out_is_refused(tmp_path):
    whole, part = tmp_path / "whole.npz", tmp_path / "part.npz"
    np.savez(whole, kernel=np.ones((2, 3), np.float32), bias=np.ones(3, np.float32))
    content = whole.read_bytes()
    assert len(read_foreign(whole)) == 2
    with zipfile.ZipFile(whole) as file:
        listing, second = file.start_dir, content.rindex(b"PK\x01\x02")
    end = bytearray(content[content.rindex(b"PK\x05\x06") :])
    end[8:12] = (1).to_bytes(2, "little") * 2  # one member, where there were two
    end[12:16] = (second - listing).to_bytes(4, "little")
    part.write_bytes(content[:second] + bytes(end))
    with pytest.raises(InputError, match=r"part\.npz: cannot be read \(it holds what its listing"):
        read_foreign(part)
    end[8:12], end[12:16] = bytes(4), bytes(4)
    part.write_bytes(content[:listing] + bytes(end))
    with pytest.raises(InputError, match=r"part\.npz: cannot be read \(it holds what its listing"):
        read_foreign(part)


def test_an_inflated_member_that_is_damaged_ends_in_one_line(tmp_path):
    packed = io.BytesIO()
    np.savez_compressed(packed, **weights.layers())
    content = packed.getvalue()
    first = zipfile.ZipFile(io.BytesIO(content)).infolist()[0]
    begin = first.header_offset + 30 + len(first.filename) + 20
    (tmp_path / "net.npz").write_bytes(content[:begin] + b"\xff" * 40 + content[begin + 40 :])
    with pytest.raises(InputError, match=r"net\.npz: cannot be read"):
        read_foreign(tmp_path / "net.npz")


def test_a_reader_that_is_stopped_is_the_files_fault(tmp_path, monkeypatch):
    path = tmp_path / "net.h5"
    path.write_bytes(weights.whole("h5"))
    stopped = foreign.confined.ended(-24, b"", foreign.confined.limits_for(1, MIB))
    monkeypatch.setattr(foreign.confined, "run", lambda *_: stopped)
    with pytest.raises(InputError, match=r"net\.h5: cannot be read \(its reader had not ended af"):
        read_foreign(path)


@pytest.mark.parametrize("kind", ["folder", "pipe", "device"])
def test_what_is_no_plain_file_is_named(tmp_path, kind):
    path = tmp_path / "net.npz"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        weights.os.mkfifo(path)
    else:
        path.symlink_to("/dev/zero")
    with pytest.raises(InputError, match=r"net\.npz: is no plain file"):
        read_foreign(path)


def test_a_file_larger_than_any_network_is_not_opened(tmp_path):
    with (tmp_path / "net.safetensors").open("wb") as file:
        file.truncate(4096 * MIB + 1)
    with pytest.raises(InputError, match="is of 4,294,967,297 bytes"):
        read_foreign(tmp_path / "net.safetensors")


def test_a_dtype_without_numbers_is_named(tmp_path):
    save_file({"kernel": np.zeros(2, np.float32)}, tmp_path / "net.safetensors")
    path = tmp_path / "net.safetensors"
    path.write_bytes(path.read_bytes().replace(b'"F32"', b'"I32"'))
    assert read_foreign(path)["kernel"].dtype == np.int32
