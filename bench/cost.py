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


def matmul_flops() -> int:
    """Return what the yardstick's matrix product costs."""
    return 2 * MATMUL_SIZE**3


def _projection(shape: Shape, channels: int) -> int:
    return 2 * shape.time_steps * channels * 4 * shape.hidden


def _lstm(shape: Shape, channels: int) -> int:
    recurrent = 2 * shape.time_steps * shape.hidden * 4 * shape.hidden
    return _projection(shape, channels) + recurrent


def _wifi(shape: Shape) -> int:
    return 2 * shape.hidden * (shape.aps + shape.hidden)


def _fusion(shape: Shape) -> int:
    return 2 * shape.hidden * (3 * shape.hidden + 2)
