"""The grid filter against every path there is, against the Kalman filter, and by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.flatten_util import ravel_pytree
from scipy import linalg

from mtloc_jax.evidence import Fixes, Moves
from mtloc_jax.tracking import cells as cells_
from mtloc_jax.tracking import grid, grid_tracks, tracks
from mtloc_jax.tracking.cells import Cells
from mtloc_jax.tracking.grid import Steps
from mtloc_jax.tracking.grid_tracks import Floor, GridModel, said_by
from mtloc_jax.tracking.ticks import Prior
from mtloc_jax.tracking.tracks import Walk
from mtloc_jax.tracking.walk_model import Model

pytestmark = pytest.mark.usefixtures("double_precision")

EAST, NORTH = 4, 3


@jax.jit
def both(log_prior, steps):
    beliefs = grid.filtered(log_prior, grid.begin(log_prior), steps)[1]
    return beliefs[0], grid.smoothed(beliefs)


def random_steps(seed=0, count=4):
    draw = np.random.default_rng(seed)
    return draw.normal(size=(EAST, NORTH)), Steps(
        draw.normal(scale=0.8, size=(count, 2)),
        draw.uniform(0.05, 0.6, count),
        draw.uniform(0, 1, count),
        draw.normal(size=(count, EAST, NORTH)),
    )


def carried_by_definition(count, shift, var):
    """Move every cell by whole cells, then let it flow to its neighbours for a time `var`."""
    moved = np.zeros((count, count))
    for cell in range(count):
        moved[min(max(cell + shift, 0), count - 1), cell] = 1
    flow = np.diag(np.ones(count - 1), 1) + np.diag(np.ones(count - 1), -1)
    flow -= np.diag(flow.sum(axis=0))
    return linalg.expm(var / 2 * flow) @ moved


def read_by_definition(table, offset):
    """Read a table between its entries, one axis after the other."""
    for axis, by in enumerate(offset):
        at = np.arange(table.shape[axis])
        table = np.apply_along_axis(
            lambda row, by=by, at=at: np.interp(at + by, at, row), axis, table
        )
    return table


def all_paths(log_prior, steps):
    """Return p(path | what was said), over the cell of the start and after each step."""
    joint = np.exp(log_prior).ravel()
    offset = np.zeros(2)
    for moved, var, prior, said in zip(*steps, strict=True):
        offset = offset + moved
        whole = np.round(offset).astype(int)
        offset = offset - whole
        ways = [
            carried_by_definition(n, w, var) for n, w in zip(log_prior.shape, whole, strict=True)
        ]
        likely = np.exp(read_by_definition(prior * log_prior + said, offset)).ravel()
        joint = joint[..., None] * (np.kron(*ways).T * likely)
    return joint / joint.sum()


def test_filter_and_smoother_are_sums_over_all_paths():
    log_prior, steps = random_steps()
    filtered, smoothed = both(log_prior, steps)
    whole = all_paths(log_prior, steps)
    for k in range(4):
        others = tuple(axis for axis in range(5) if axis != k + 1)
        marginal = whole.sum(axis=others).reshape(EAST, NORTH)
        np.testing.assert_allclose(smoothed.p[k], marginal, atol=1e-9)
        so_far = all_paths(log_prior, Steps(*(part[: k + 1] for part in steps)))
        marginal = so_far.sum(axis=tuple(range(k + 1))).reshape(EAST, NORTH)
        np.testing.assert_allclose(filtered.p[k], marginal, atol=1e-9)


def test_a_stream_is_filtered_bit_for_bit_as_the_whole_walk():
    log_prior, steps = random_steps(1)
    run = jax.jit(grid.filtered)
    whole = run(log_prior, grid.begin(log_prior), steps)[1][0]
    belief, parts = grid.begin(log_prior), []
    for k in range(4):
        belief, made = run(log_prior, belief, Steps(*(part[k : k + 1] for part in steps)))
        parts.append(made[0])
    for told, streamed in zip(whole, map(np.concatenate, zip(*parts, strict=True)), strict=True):
        np.testing.assert_array_equal(told, streamed)


def test_gradients_of_moves_variances_prior_and_what_is_said_are_those_of_differences():
    told = jax.tree.map(jnp.asarray, random_steps(2))

    def seen(log_prior, steps):
        filtered, smoothed = both(log_prior, steps)
        return sum(jnp.sin(grid.placed(one).mean).sum() for one in (filtered, smoothed))

    flat, rebuilt = ravel_pytree(told)
    slope = ravel_pytree(jax.jit(jax.grad(seen, argnums=(0, 1)))(*told))[0]
    for seed in range(5):
        way = np.random.default_rng(seed).normal(size=len(flat)) * 1e-5
        above, below = (float(seen(*rebuilt(flat + sign * way))) for sign in (1, -1))
        assert float(slope @ way) * 2 == pytest.approx(above - below, rel=1e-6)


def wide(count, moved, var):
    """Return steps over 31 x 31 cells on which nothing is said, and a start in their midst."""
    start = np.full((31, 31), -1e3)
    start[15, 15] = 0
    still = np.zeros((count, 31, 31))
    return start, Steps(np.tile(moved, (count, 1)), np.full(count, var), np.zeros(count), still)


def test_thirds_of_cells_add_up_and_variances_too():
    """Ten steps of (0.3, -0.1) of a cell are (3, -1); ten of variance 0.2 are 2."""
    start, steps = wide(10, [0.3, -0.1], 0.2)
    belief = grid.Belief(jnp.exp(jnp.asarray(start)), jnp.zeros(2))
    made = jax.jit(grid.filtered)(jnp.zeros_like(start), belief, steps)[1][0]
    found = grid.placed(made)
    np.testing.assert_allclose(found.mean[-1], [18, 14], atol=1e-6)
    np.testing.assert_allclose(found.mean[0], [15.3, 14.9], atol=1e-6)
    np.testing.assert_allclose(found.sd[-1] ** 2 - 1 / 12, 2, atol=1e-6)


def test_cells_cover_a_floor_and_tables_are_read_between_them():
    found = cells_.covering(np.array([[1.0, 2], [8, 5]]), margin_m=1.0)
    assert found.shape == (3, 2)
    assert found.first_m.tolist() == [1.5, 2.5]
    assert found.centres_m[2, 1].tolist() == [7.5, 5.5]
    table = np.array([[0.0, 10], [3, 13], [6, 16]])
    moved = cells_.between(found, table, np.array([1.0, -1.5]))
    np.testing.assert_allclose(moved, [[1, 6], [4, 9], [6, 11]])
    alone = cells_.covering(np.array([[1.0, 2]]))
    assert alone.shape == (1, 1)
    assert cells_.between(alone, np.array([[7.0]]), np.array([5.0, 5])).tolist() == [[7]]


PRIOR = Prior(np.array([30.0, 30]), 20.0)
CELLS = Cells(np.array([1.5, 1.5]), (20, 20), 3.0)
EVEN = Floor(CELLS, np.zeros((20, 20)))
PLAIN = GridModel(fix_var=1.0, tail=0.0, turn_rad=0.0, prior_per_s=0.0, wander_m2_per_s=1.0)


def walk_east(sigma_m=0.05, fixes=None):
    """Return a walk at 1 m/s from (10, 30), with five fixes a little off it."""
    t_ms = np.arange(0, 20_001, 100)
    moves = Moves(t_ms, np.tile([0.1, 0.0], (200, 1)), np.full(200, sigma_m))
    heard_ms = np.array([2000, 5000, 9000, 12_000, 16_000])
    off_m = np.array([[2.0, -3], [-1, 4], [3, 1], [-4, -2], [1, 2]])
    xy_m = np.stack([10 + heard_ms / 1000, np.full(5, 30.0)], axis=1) + off_m
    fixes = Fixes(heard_ms + 700, heard_ms, xy_m, np.full(5, 4.0)) if fixes is None else fixes
    return Walk(np.array([500, 4000, 8000, 13_050, 20_000]), fixes, moves, PRIOR)


def test_without_a_plan_it_is_the_kalman_filter():
    walk = walk_east()
    found = grid_tracks.located([walk], [said_by(walk.fixes, CELLS, PLAIN)], [EVEN], PLAIN)[0]
    known = {"bias_rad": 0.0, "scale": 0.0, "bias_walk_rad": 0.0, "scale_walk": 0.0}
    model = Model(shared=0.0, tail=0.0, fix_var=1.0, **known)
    even = walk._replace(prior=PRIOR._replace(sd_m=1e4))
    expected = tracks.located([even], model)[0]
    np.testing.assert_allclose(found.causal.xy_m[0], PRIOR.mean_m)
    assert found.causal.sigma_m[0] == PRIOR.sd_m
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one.xy_m[1:], other.xy_m[1:], atol=0.1)
        widened = np.sqrt(other.sigma_m[1:] ** 2 + CELLS.cell_m**2 / 12)
        np.testing.assert_allclose(one.sigma_m[1:], widened, rtol=0.02)


def test_a_plan_keeps_a_walk_in_its_corridor():
    """All fixes lie 5 m north of a corridor at 30 m, and are as sure as the plan is not."""
    walk = walk_east()
    north = walk.fixes._replace(xy_m=walk.fixes.xy_m + np.array([0, 5]))
    share = np.full((20, 20), 0.03)
    share[:, 9:11] = 1
    floor = Floor(CELLS, np.log(share))
    walk = walk._replace(fixes=north)
    said = [said_by(walk.fixes, CELLS, PLAIN)]
    free = grid_tracks.located([walk], said, [EVEN], PLAIN)[0]
    kept = grid_tracks.located([walk], said, [floor], PLAIN._replace(prior_per_s=0.3))[0]
    for one, other in zip(free, kept, strict=True):
        assert np.all(one.xy_m[2:, 1] > 33)
        assert np.all(abs(other.xy_m[2:, 1] - 30) < 2)


def test_no_scan_and_no_motion_are_answered():
    none = Fixes(np.zeros(0, int), np.zeros(0, int), np.zeros((0, 2)), np.zeros(0))
    for walk in (walk_east(fixes=none), walk_east(fixes=none)._replace(moves=None)):
        found = grid_tracks.located([walk], [said_by(none, CELLS)], [EVEN])[0]
        for one in found:
            assert one.xy_m.tolist() == [[30, 30]] * 5
            assert one.sigma_m.tolist() == [20] * 5
    walk = walk_east()._replace(moves=None)
    still, gone = (
        grid_tracks.located(
            [walk], [said_by(walk.fixes, CELLS)], [EVEN], PLAIN._replace(wander_m2_per_s=wander)
        )[0].causal.sigma_m[-1]
        for wander in (1.0, 9.0)
    )
    assert 3 < still + 1 < gone
    assert grid_tracks.located([], [], []) == []
