"""Floating-point operations, counted by hand from the shapes: matrix products alone.

The count is the textbook's for every contestant, also for one that saves some of them, so that
GFLOP/s compare as times do. What our own step really multiplies says mtloc_jax.core.flops.
"""

from typing import Literal

from bench.problem import Shape

Imu = Literal["trained", "frozen", "known"]
"""What a step does with the IMU branch: trains it, only runs it, or has its features already."""

MATMUL_SIZE = 2048
"""Rows and columns of the yardstick's matrices (bench.contestants.matmul)."""


def step_flops(shape: Shape, imu: Imu = "trained") -> int:
    """Return what one optimiser step costs: forward, and backward for what trains.

    The backward pass costs twice the forward pass, less the gradients with respect to the data,
    which nobody needs: 870 MFLOP at 750 access points, batches of 100 and 10 samples a window.
    """
    hidden = shape.hidden
    window = 3 * (_wifi(shape) + _fusion(shape)) - 2 * shape.aps * hidden
    window += 3 * _lstm(shape, shape.mag_channels) - _projection(shape, shape.mag_channels)
    if imu == "trained":
        window += 3 * _lstm(shape, shape.imu_channels) - _projection(shape, shape.imu_channels)
    elif imu == "frozen":
        window += _lstm(shape, shape.imu_channels)
    return shape.batch * window


def step_bytes(shape: Shape) -> int:
    """Return what one optimiser step of one run must read and write of the device's memory.

    Weights and RMSprop's moments come and go once, and the batch comes: a fingerprint a window,
    its samples and its place. What lies between a step's layers could stay on the chip; that it
    does not is what a share of this roofline tells.
    """
    samples = shape.time_steps * (shape.imu_channels + shape.mag_channels)
    return 4 * (4 * _weights(shape) + shape.batch * (shape.aps + samples + 2))


def matmul_flops(size: int = MATMUL_SIZE) -> int:
    """Return what the yardstick's matrix product costs."""
    return 2 * size**3


def copied_bytes(megabytes: int) -> int:
    """Return what the other yardstick reads and writes: so many MB, each once."""
    return 2 * megabytes * 10**6


def _weights(shape: Shape) -> int:
    hidden, channels = shape.hidden, shape.imu_channels + shape.mag_channels
    lstms = 4 * hidden * (channels + 2 * (hidden + 1))
    return lstms + hidden * (shape.aps + 4 * hidden) + 3 * hidden + 2 * (hidden + 1)


def _projection(shape: Shape, channels: int) -> int:
    return 2 * shape.time_steps * channels * 4 * shape.hidden


def _lstm(shape: Shape, channels: int) -> int:
    recurrent = 2 * shape.time_steps * shape.hidden * 4 * shape.hidden
    return _projection(shape, channels) + recurrent


def _wifi(shape: Shape) -> int:
    return 2 * shape.hidden * (shape.aps + shape.hidden)


def _fusion(shape: Shape) -> int:
    return 2 * shape.hidden * (3 * shape.hidden + 2)
