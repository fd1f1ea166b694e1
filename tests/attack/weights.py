"""Files of weights as an attacker would hand them over: whole ones, traps, and what each must give.

Numpy and h5py alone, no JAX: these are read in forked processes.
"""

import importlib.util
import io
import json
import os
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from safetensors.numpy import save

MIB = 2**20
BOMB_BYTES = 256 * MIB
HIDDEN = 16
TORCH = importlib.util.find_spec("torch") is not None
KINDS = {
    "npz": ".npz",
    "npz, packed": ".npz",
    "h5": ".h5",
    "h5, packed": ".h5",
    "safetensors": ".safetensors",
    **({"torch": ".pt"} if TORCH else {}),
}
"""Kind of file -> how its name ends."""
CHECKED = ("npz", "npz, packed", "torch", "trap")
"""Kinds with a checksum: what is taken of a damaged file must be what was saved."""


def layers(seed: int = 0) -> dict[str, np.ndarray]:
    """Return the weights of a small network by path."""
    random = np.random.default_rng(seed)
    shapes = {
        "imu/kernel": (2, 4 * HIDDEN),
        "imu/recurrent_kernel": (HIDDEN, 4 * HIDDEN),
        "imu/bias": (4 * HIDDEN,),
        "out/kernel": (HIDDEN, 2),
        "out/bias": (2,),
    }
    return {name: random.normal(size=of).astype(np.float32) for name, of in shapes.items()}


def whole(kind: str) -> bytes:
    """Return a whole file of that kind."""
    return _MAKERS[kind](layers())


def traps(folder: Path) -> dict[str, Path]:
    """Write one file of every trap to a folder: by name, what a reader must refuse in a line."""
    folder.mkdir(parents=True, exist_ok=True)
    secret = folder / "secret"
    secret.write_bytes(np.arange(64, dtype=np.float32).tobytes())
    made = {}
    for name, (suffix, make) in _TRAPS.items():
        made[name] = folder / f"{name.replace(' ', '-')}{suffix}"
        make(made[name])
    return made


def _npz(flat: dict[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    np.savez(content, **flat)  # type: ignore[arg-type]
    return content.getvalue()


def _packed_npz(flat: dict[str, np.ndarray]) -> bytes:
    content = io.BytesIO()
    np.savez_compressed(content, **flat)  # type: ignore[arg-type]
    return content.getvalue()


def _h5(flat: dict[str, np.ndarray], **options: object) -> bytes:
    content = io.BytesIO()
    with h5py.File(content, "w") as file:
        file.attrs["keras_version"] = "2.11.0"
        for path, value in flat.items():
            layer, name = path.split("/")
            file.create_dataset(f"{layer}/{layer}/{name}:0", data=value, **options)
        for layer in file:
            names = [f"{layer}/{name}:0" for name in file[layer]]
            file[layer].attrs["weight_names"] = names
        file.attrs["layer_names"] = list(file)
    return content.getvalue()


def _packed_h5(flat: dict[str, np.ndarray]) -> bytes:
    return _h5(flat, compression="gzip", shuffle=True, fletcher32=True)


def _torch(flat: dict[str, np.ndarray]) -> bytes:
    import torch

    packed = io.BytesIO()
    torch.save({name: torch.from_numpy(value) for name, value in flat.items()}, packed)
    return packed.getvalue()


def _keras(path: Path) -> h5py.File:
    path.write_bytes(whole("h5"))
    return h5py.File(path, "r+")


def _zip(path: Path, members: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> None:
    with zipfile.ZipFile(path, "w", method, compresslevel=1) as file:
        for name, content in members.items():
            file.writestr(name, content)


def _npy(shape: str, content: bytes, dtype: str = "<f4") -> bytes:
    words = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(words)) + words + content


class _Shell:
    """Run a command where it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple:
        return os.mkdir, (str(self.mark),)


def pickled(path: Path, mark: Path) -> None:
    """Write a `.npz` that makes the folder `mark` when it is unpickled."""
    np.savez(path, kernel=np.array([_Shell(mark)], object), allow_pickle=True)


def _bomb_npz(path: Path) -> None:
    _zip(path, {"imu/kernel.npy": _npy(f"({BOMB_BYTES // 4},)", bytes(BOMB_BYTES))})


def _liar_npz(path: Path) -> None:
    _zip(path, {"imu/kernel.npy": _npy("(100000000000,)", bytes(64))})


def _small_claim_npz(path: Path) -> None:
    """A member that says it holds 64 bytes, and inflates to a bomb's size."""
    _bomb_npz(path)
    content, size = bytearray(path.read_bytes()), 64
    central = content.rindex(b"PK\x01\x02")
    content[central + 24 : central + 28] = content[22:26] = struct.pack("<I", size)
    path.write_bytes(bytes(content))


def _nested_header(path: Path) -> None:
    _zip(path, {"imu/kernel.npy": _npy("(" * 9000, b"")})


def _twice_npz(path: Path) -> None:
    member = _npy("(2,)", bytes(8))
    _zip(path, {"imu/kernel.npy": member, "imu/kernex.npy": member})
    path.write_bytes(path.read_bytes().replace(b"kernex", b"kernel"))


def _many_levels(path: Path) -> None:
    _zip(path, {"a/" * 5000 + "kernel.npy": _npy("(2,)", bytes(8))})


def _control_name(path: Path) -> None:
    _zip(path, {"imu\x1b]0;owned\x07/kernel.npy": _npy("(2,)", bytes(8))})


def _lzma_npz(path: Path) -> None:
    _zip(path, {"imu/kernel.npy": _npy("(2,)", bytes(8))}, zipfile.ZIP_LZMA)


def _text_npz(path: Path) -> None:
    np.savez(path, kernel=np.array(["a", "b"]))


def _nan_npz(path: Path) -> None:
    np.savez(path, kernel=np.array([1, np.nan], np.float32))


def _external_storage(path: Path) -> None:
    with _keras(path) as file:
        file.create_dataset("out/out/x:0", (64,), "f4", external=[(path.parent / "secret", 0, 256)])


def _virtual(path: Path) -> None:
    with h5py.File(path.with_name("other.h5"), "w") as other:
        other["x"] = np.ones(4, np.float32)
    with _keras(path) as file:
        layout = h5py.VirtualLayout((4,), "f4")
        layout[:] = h5py.VirtualSource(path.with_name("other.h5"), "x", (4,))
        file.create_virtual_dataset("out/out/x:0", layout)


def _external_link(path: Path) -> None:
    path.with_name("linked.h5").write_bytes(whole("h5"))
    with _keras(path) as file:
        file["net/net"] = h5py.ExternalLink(str(path.with_name("linked.h5")), "/out/out")


def _link_to_vars(path: Path) -> None:
    with h5py.File(path, "w") as file:
        file["layers/lstm/cell/vars/0"] = np.zeros((2, 4), np.float32)
        file["layers/lstm/vars"] = h5py.ExternalLink(str(path.parent / "linked.h5"), "/out")


def _soft_link(path: Path) -> None:
    with _keras(path) as file:
        file["net/net"] = h5py.SoftLink("/out/out")


def _ring(path: Path) -> None:
    with _keras(path) as file:
        file["out/out/again"] = file["out"]


def _huge_h5(path: Path) -> None:
    with _keras(path) as file:
        file.create_dataset("out/out/x:0", (10**11,), "f4", chunks=(1024,))


def _bomb_h5(path: Path) -> None:
    with _keras(path) as file:
        shape, chunk = (BOMB_BYTES // 4,), zlib.compress(bytes(4 * MIB))
        kept = file.create_dataset("out/out/x:0", shape, "f4", chunks=(MIB,), compression="gzip")
        for begin in range(0, shape[0], MIB):
            kept.id.write_direct_chunk((begin,), chunk)


def _big_chunk_h5(path: Path) -> None:
    with _keras(path) as file:
        # One value kept, in a chunk of a gigabyte.
        file.create_dataset(
            "out/out/x:0", (1,), "f4", maxshape=(None,), chunks=(256 * MIB,), compression="gzip"
        )
        file["out/out/x:0"].id.write_direct_chunk((0,), bytes(64))


def _text_h5(path: Path) -> None:
    with _keras(path) as file:
        file["out/out/x:0"] = "text"


def _deep_config(path: Path) -> None:
    with _keras(path) as file:
        file.attrs["model_config"] = "[" * 50000


def _huge_header(path: Path) -> None:
    path.write_bytes(struct.pack("<Q", 2**62) + b"{}")


def _safetensors(path: Path, card: str) -> None:
    path.write_bytes(save(layers(), {"card": card}))


_TRAPS: dict[str, tuple[str, Callable[[Path], None]]] = {
    "a pickle": (".npz", lambda path: pickled(path, path.with_name("unpickled"))),
    "zeros without end": (".npz", _bomb_npz),
    "a header of 400 GB": (".npz", _liar_npz),
    "a member larger than it says": (".npz", _small_claim_npz),
    "a header nested 9,000 times": (".npz", _nested_header),
    "one name twice": (".npz", _twice_npz),
    "a name of 5,000 levels": (".npz", _many_levels),
    "a terminal's commands in a name": (".npz", _control_name),
    "another compression": (".npz", _lzma_npz),
    "text for numbers": (".npz", _text_npz),
    "a number that is none": (".npz", _nan_npz),
    "another file's bytes": (".h5", _external_storage),
    "another file's values": (".h5", _virtual),
    "a link to another file": (".h5", _external_link),
    "a link where names are": (".h5", _link_to_vars),
    "a link within": (".h5", _soft_link),
    "a ring of groups": (".h5", _ring),
    "a data set of 400 GB": (".h5", _huge_h5),
    "compressed zeros without end": (".h5", _bomb_h5),
    "a chunk of a gigabyte": (".h5", _big_chunk_h5),
    "text for values": (".h5", _text_h5),
    "settings nested 50,000 times": (".h5", _deep_config),
    "a header of 2**62 bytes": (".safetensors", _huge_header),
    "a card that is a list": (".safetensors", lambda path: _safetensors(path, "[]")),
    "a card nested 50,000 times": (".safetensors", lambda path: _safetensors(path, "[" * 50000)),
    "a site that is a number": (
        ".safetensors",
        lambda path: _safetensors(path, json.dumps({"site": 3})),
    ),
}
_MAKERS: dict[str, Callable[[dict[str, np.ndarray]], bytes]] = {
    "npz": _npz,
    "npz, packed": _packed_npz,
    "h5": _h5,
    "h5, packed": _packed_h5,
    "safetensors": save,
    "torch": _torch,
}
