"""Reading compiled programs: small texts, their figures worked out by hand; controls apart."""

import dataclasses
import json
import subprocess
import sys

import jax
import jax.numpy as jnp
import pytest

from bench.aot import chips, kept
from bench.aot import programs as aot_programs
from bench.aot.checks import Budget, Figures, budgets, checked, measured, read
from bench.aot.cost import Cost, cost
from bench.aot.hlo import Hlo, Unreadable, arrays_in
from bench.aot.programs import Program, programs
from bench.aot.table import plain, table
from mtloc_jax.errors import InputError
from mtloc_jax.report.markdown import markdown
from tests.conftest import ROOT

# An outer loop of unknown length around one of unknown length around one of three turns.
NESTED = """HloModule nested

%product (p.0: f32[4,8], p.1: f32[8,2]) -> f32[4,2] {
  %p.0 = f32[4,8]{1,0} parameter(0)
  %p.1 = f32[8,2]{1,0} parameter(1)
  ROOT %dot.1 = f32[4,2]{1,0} dot(%p.0, %p.1), lhs_contracting_dims={1}, rhs_contracting_dims={0}
}

%three (s.1: (s32[], f32[4,2])) -> pred[] {
  %s.1 = (s32[], f32[4,2]{1,0}) parameter(0)
  %i.1 = s32[] get-tuple-element(%s.1), index=0
  %c.3 = s32[] constant(3)
  ROOT %less.1 = pred[] compare(%i.1, %c.3), direction=LT
}

%twice (s.2: (s32[], f32[4,2])) -> (s32[], f32[4,2]) {
  %s.2 = (s32[], f32[4,2]{1,0}) parameter(0)
  %i.2 = s32[] get-tuple-element(%s.2), index=0
  %x.2 = f32[4,2]{1,0} get-tuple-element(%s.2), index=1
  %y.2 = f32[4,2]{1,0} add(%x.2, %x.2)
  ROOT %t.2 = (s32[], f32[4,2]{1,0}) tuple(%i.2, %y.2)
}

%more (s.3: (s32[], s32[], f32[4,8], f32[8,2])) -> pred[] {
  %s.3 = (s32[], s32[], f32[4,8]{1,0}, f32[8,2]{1,0}) parameter(0)
  %i.3 = s32[] get-tuple-element(%s.3), index=0
  %n.3 = s32[] get-tuple-element(%s.3), index=1
  ROOT %less.3 = pred[] compare(%i.3, %n.3), direction=LT
}

%step (s.4: (s32[], s32[], f32[4,8], f32[8,2])) -> (s32[], s32[], f32[4,8], f32[8,2]) {
  %s.4 = (s32[], s32[], f32[4,8]{1,0}, f32[8,2]{1,0}) parameter(0)
  %i.4 = s32[] get-tuple-element(%s.4), index=0
  %n.4 = s32[] get-tuple-element(%s.4), index=1
  %x.4 = f32[4,8]{1,0} get-tuple-element(%s.4), index=2
  %w.4 = f32[8,2]{1,0} get-tuple-element(%s.4), index=3
  %f.4 = f32[4,2]{1,0} fusion(%x.4, %w.4), kind=kCustom, calls=%product
  %t.4 = (s32[], f32[4,2]{1,0}) tuple(%i.4, %f.4)
  %loop.4 = (s32[], f32[4,2]{1,0}) while(%t.4), condition=%three, body=%twice
  ROOT %u.4 = (s32[], s32[], f32[4,8]{1,0}, f32[8,2]{1,0}) tuple(%i.4, %n.4, %x.4, %w.4)
}

%epoch (s.5: (s32[], s32[], f32[4,8], f32[8,2])) -> (s32[], s32[], f32[4,8], f32[8,2]) {
  %s.5 = (s32[], s32[], f32[4,8]{1,0}, f32[8,2]{1,0}) parameter(0)
  ROOT %loop.5 = (s32[], s32[], f32[4,8], f32[8,2]) while(%s.5), condition=%more, body=%step
}

ENTRY %main (a: (s32[], s32[], f32[4,8], f32[8,2])) -> (s32[], s32[], f32[4,8], f32[8,2]) {
  %a = (s32[], s32[], f32[4,8]{1,0}, f32[8,2]{1,0}) parameter(0)
  ROOT %loop.6 = (s32[], s32[], f32[4,8], f32[8,2]) while(%a), condition=%more, body=%epoch
}
"""


def entry(*lines, before=""):
    return Hlo(before + "ENTRY %main (a: f32[2]) -> f32[2] {\n" + "\n".join(lines) + "\n}\n")


def cost_of(*lines, before=""):
    return cost(entry(*lines, before=before), "main")


def test_the_step_is_the_loop_within_the_loop():
    hlo = Hlo(NESTED)
    assert hlo.step == "step"
    assert [hlo.trips(loop) for loop in hlo.loops("step")] == [3]
    assert [hlo.trips(loop) for loop in hlo.all_loops(hlo.entry)] == [None, None, 3]
    with pytest.raises(Unreadable, match="0 loops over steps"):
        _ = entry("  ROOT %a = f32[2]{0} parameter(0)").step


def test_a_step_costs_its_product_and_its_loops_as_often_as_they_turn():
    # The product reads 4 x 8 and 8 x 2 and writes 4 x 2 numbers; a sum reads 4 x 2, writes 4 x 2.
    assert cost(Hlo(NESTED), "step") == Cost(
        bytes=4 * (32 + 16 + 8) + 3 * 4 * (8 + 8), flop=2 * 4 * 2 * 8, operations=1 + 3
    )


@pytest.mark.parametrize(
    ("text", "bytes_", "in_memory"),
    [
        ("f32[100,3]{1,0}", 1200, [True]),
        ("f32[100,3]{1,0:T(8,128)}", 4 * 104 * 128, [True]),  # as tiles of 8 x 128 pad it
        ("f32[3,100]{0,1:T(8,128)S(1)}", 4 * 104 * 128, [False]),
        ("(pred[], bf16[2,2]{1,0})", 1 + 8, [True, True]),
    ],
)
def test_an_array_takes_what_its_tiles_do(text, bytes_, in_memory):
    found = arrays_in(text)
    assert sum(array.bytes for array in found) == bytes_
    assert [array.in_memory for array in found] == in_memory


def test_a_slice_costs_the_slice_and_an_update_in_place_the_update():
    before = """%cut (p.0: f32[9,4], p.1: s32[]) -> f32[1,4] {
  %p.0 = f32[9,4]{1,0} parameter(0)
  %p.1 = s32[] parameter(1)
  %zero = s32[] constant(0)
  ROOT %cut.1 = f32[1,4]{1,0} dynamic-slice(%p.0, %p.1, %zero), dynamic_slice_sizes={1,4}
}

"""
    found = cost_of(
        "  %a = f32[9,4]{1,0} parameter(0)",
        "  %i = s32[] parameter(1)",
        "  %c = f32[1,4]{1,0} fusion(%a, %i), kind=kLoop, calls=%cut",
        "  ROOT %u = f32[9,4]{1,0} dynamic-update-slice(%a, %c, %i, %i)",
        before=before,
    )
    assert found.bytes == (16 + 4 + 16) + 2 * 16


def test_a_tpus_product_is_a_convolution():
    found = cost_of(
        "  %a = f32[100,128]{1,0} parameter(0)",
        "  %w = f32[128,512]{1,0} parameter(1)",
        "  ROOT %p = f32[100,512]{1,0} convolution(%a, %w), dim_labels=bf_io->bf",
    )
    assert found.flop == 2 * 100 * 128 * 512


KERNEL = """  %x = f32[16,100,20]{2,1,0} parameter(0)
  %k = f32[16,2,512]{2,1,0} parameter(1)
  %r = f32[16,128,512]{2,1,0:S(1)} parameter(2)
  ROOT %h = f32[16,100,128]{2,1,0} custom-call(%x, %k, %r), custom_call_target="tpu_custom_call", \
metadata={op_name="jit(f)/NAME/pallas_call"}"""


def test_a_kernel_of_our_own_costs_its_operands_its_results_and_the_products_in_it():
    # Nine steps after the first, of 16 runs' 100 windows, each 128 x 512; the weights are on chip.
    forward, backward = (
        cost_of(KERNEL.replace("NAME", f"lstm_mosaic_{name}")) for name in ("forward", "backward")
    )
    assert forward.bytes == 4 * 16 * (100 * 20 + 2 * 512 + 100 * 128)
    assert forward.flop == 2 * 16 * 9 * 100 * 128 * 512
    assert backward.flop == 3 * forward.flop
    with pytest.raises(Unreadable, match="nobody counted"):
        cost_of(KERNEL.replace("NAME", "another"))


def test_what_the_reader_does_not_know_is_an_error_and_not_a_nought():
    with pytest.raises(Unreadable, match="f8e4m3"):
        arrays_in("f8e4m3[4]{0}")
    with pytest.raises(Unreadable, match="product of a library"):
        cost_of(
            "  %a = f32[2,2]{1,0} parameter(0)",
            '  ROOT %g = f32[2,2]{1,0} custom-call(%a, %a), custom_call_target="__cublas$gemm"',
        )
    with pytest.raises(Unreadable, match="without an entry"):
        Hlo("HloModule nothing\n")


def made(**of):
    plainly = {"name": "p", "jitted": None, "arguments": (), "unit": "run-step", "units": 2}
    return Program(**plainly | {"loops": True, "runs": 3, "flop": 64.0, "donated": 100.0} | of)


LARGE = Budget(1e9, 10**9, 1e9)
H100 = chips.CHIPS["h100"]


def failed(found, budget=LARGE):
    return [check.name for check in checked(found, H100, budget) if not check.passed]


def test_figures_are_told_a_unit_and_a_run():
    found = read(made(), NESTED, peak_bytes=6 * 10**6, in_place_bytes=100)
    assert found.mb == (4 * 56 + 3 * 64) / 2 / 1e6
    assert (found.mflop, found.operations, found.peak_mb) == (128 / 2 / 1e6, 4, 2.0)
    assert found.loops_over_runs == ["loop.4"]  # it turns three times, for three runs
    assert failed(found) == ["no loop over runs"]
    assert failed(read(made(runs=4), NESTED, 0, 100)) == []


@pytest.mark.parametrize(
    ("wrong", "name"),
    [
        ({"text": NESTED.replace(" add(", " all-reduce(")}, "no collectives"),
        ({"text": NESTED.replace("f32[4,2]", "f64[4,2]")}, "no float64"),
        ({"in_place_bytes": 90}, "state updated in place"),
        ({"peak_bytes": 72 * 2**30}, "fits"),
        ({"flop": 60.0}, "products of the network"),
        ({"again": 4.0}, "products of the network"),
        ({"budget": Budget(1e-6, 99, 99)}, "MB"),
        ({"budget": Budget(99, 3, 99)}, "operations"),
        ({"peak_bytes": 4 * 10**6, "budget": Budget(99, 99, 0.9)}, "peak MB a run"),
    ],
)
def test_each_check_finds_what_it_is_there_for(wrong, name):
    text, flop = wrong.pop("text", NESTED), wrong.pop("flop", 64.0)
    again = wrong.pop("again", 0.0)
    budget = wrong.pop("budget", LARGE)
    given = {"peak_bytes": 0, "in_place_bytes": 100} | wrong
    found = read(made(runs=4, flop=flop, again=again), text, **given)
    assert failed(found, budget) == [name]


def test_a_program_that_its_compiler_refuses_does_not_fit():
    refused = Figures("p", "run-step", 4, refused="RESOURCE_EXHAUSTED: 24 GiB on 16")
    assert failed(refused) == ["fits"]
    assert "does not fit" in markdown(table("h100", H100, [(refused, [])], {}))


def test_the_table_names_what_is_not_as_agreed():
    found = read(made(runs=4), NESTED, 0, 100)
    lines = [(found, checked(found, H100, Budget(99, 3, 99)))]
    text = markdown(table("h100", H100, lines, {}))
    assert "NOT AS AGREED: p: operations: 4, at most 3" in text
    (program,) = plain("h100", lines, {"p": "abc"})["programs"]
    assert program["operations"] == 4
    assert {"name": "operations", "passed": False, "said": "4, at most 3"} in program["checks"]


def kept_in(path, **revisions):
    """Write a chip's file that holds programs of some revisions; return what is read of it."""
    compiled = {
        name: kept.Compiled(dataclasses.replace(read(made(), NESTED, 0, 100), program=name), at)
        for name, at in revisions.items()
    }
    judged = kept.judged("h100", compiled)
    path.write_text(json.dumps(plain("h100", judged, kept.revisions(compiled))), encoding="utf-8")
    return kept.read(path)


def test_programs_compiled_now_are_put_beside_those_of_before_each_with_its_revision(tmp_path):
    before = kept_in(tmp_path / "h100.json", motion="a1", training="a1", gone="a1")
    now = {"training": before["training"]._replace(revision="b2")}
    both = kept.merged(before, now, ["training", "frozen", "motion"])
    assert kept.revisions(both) == {"training": "b2", "motion": "a1"}
    text = markdown(table("h100", H100, kept.judged("h100", both), kept.revisions(both)))
    assert "revision b2: training" in text
    assert "revision a1: motion" in text
    assert both["motion"].figures == dataclasses.replace(
        read(made(), NESTED, 0, 100), program="motion"
    )
    assert kept.read(tmp_path / "none.json") == {}


def test_programs_of_another_compiler_are_not_put_into_one_table(tmp_path):
    path = tmp_path / "h100.json"
    kept_in(path, training="a1")
    text = path.read_text().replace(f'"jax": "{jax.__version__}"', '"jax": "0.1"')
    path.write_text(text)
    with pytest.raises(InputError, match=r"compiled by jax 0\.1, here is"):
        kept.read(path)


def test_budgets_are_of_programs_that_there_are_and_all_of_an_h100_and_a_v5e_have_one():
    names = set(programs(jax.devices()[:1], 2))
    assert set(budgets("h100")) == names
    of_tpu = names | {"fused", "fused-judging"}  # a GPU has no kernel of ours
    assert set(budgets("v5e")) == of_tpu
    assert all(set(budgets(chip)) <= of_tpu for chip in chips.CHIPS)


def test_a_program_without_a_budget_is_said_to_have_none():
    found = read(made(runs=4), NESTED, 0, 100)
    lines = [(found, checked(found, H100, None))]
    assert not [check for check in lines[0][1] if not check.passed]
    assert "no budget is agreed for p" in markdown(table("h100", H100, lines, {}))


def test_without_its_compiler_the_command_says_how_to_install_it_and_exits_with_77():
    lacking = [
        name for name, chip in chips.CHIPS.items() if not all(map(chips.is_there, chip.needs))
    ]
    if not lacking:
        pytest.skip("the compilers of all chips are installed")
    command = [sys.executable, "-m", "launch.aot", f"--chip={lacking[0]}"]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert told.returncode == 77
    assert "pip install -e '.[aot-" in told.stderr


# Controls: the same training program, spoilt in one way each, by the compiler itself.


def devices_of(chip):
    try:
        return chips.devices(chip)
    except chips.NotInstalled as lacking:
        pytest.skip(str(lacking))
    except NotImplementedError:  # CUDA was looked for first, and with it went its compiler
        pytest.skip("without a GPU the compiler of one answers under JAX_PLATFORMS=cpu alone")


@pytest.mark.slow
@pytest.mark.parametrize("chip", ["h100", "v5e", "v6e"])
@pytest.mark.parametrize("name", ["training", "judging"])
def test_training_and_judging_are_as_agreed(chip, name):
    program = programs(devices_of(chip), chips.CHIPS[chip].runs)[name]()
    made = checked(measured(program), chips.CHIPS[chip], budgets(chip)[name])
    assert not [check for check in made if not check.passed]


def trained(devices):
    return programs(devices, 5)["pretraining"]()


def spoilt(devices, change, *, donate=True):
    program = trained(devices)
    advance = program.jitted.__wrapped__

    def changed(*arguments):
        return change(advance(*arguments))

    return dataclasses.replace(program, jitted=jax.jit(changed, donate_argnums=(0,) * donate))


def less_their_mean(state):
    return state._replace(loss=state.loss - state.loss.mean())


def in_float64(state):
    return state._replace(loss=(state.loss.astype("float64") / 3).astype("float32"))


def with_an_extra_product(devices, monkeypatch):
    whole = aot_programs.pretraining_static

    def dearer(shape):
        made = whole(shape)

        def loss(outputs, target, weight):
            wide = jnp.sin(outputs[:, :1] * jnp.arange(512))
            return made.problem.loss(outputs, target, weight) + jnp.sum((wide.T @ wide) ** 2)

        problem = dataclasses.replace(made.problem, loss=loss)
        return dataclasses.replace(made, problem=problem)

    monkeypatch.setattr(aot_programs, "pretraining_static", dearer)
    return trained(devices)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "spoil"),
    [
        (None, lambda on, _: trained(on)),
        ("no collectives", lambda on, _: spoilt(on, less_their_mean)),
        ("state updated in place", lambda on, _: spoilt(on, lambda state: state, donate=False)),
        ("no float64", lambda on, _: spoilt(on, in_float64)),
        ("products of the network", with_an_extra_product),
    ],
)
def test_a_compiler_shows_what_was_spoilt(name, spoil, monkeypatch):
    program = spoil(devices_of("h100"), monkeypatch)
    with jax.enable_x64(name == "no float64"):
        found = measured(program)
    assert failed(found) == ([] if name is None else [name])
