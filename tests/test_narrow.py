"""A figure for small screens has its panels below each other, and every label of them."""

from itertools import pairwise

import pytest
from matplotlib.figure import Figure

from mtloc_jax.report import style
from mtloc_jax.report.narrow import WIDTH_IN, narrow


@pytest.fixture
def drawn():
    with style.drawing():
        made = style.figure("a title", "a caption", 9.0, 3.0)
        panels = made.subplots(1, 3, sharey=True, sharex=True)
        for axes in panels:
            axes.plot([0, 1], [0, 5], label="ours")
            axes.set(xlabel="time (s)")
        panels[0].set_ylabel("error (m)")
        style.legend(made, panels)
        made.draw_without_rendering()
        yield made


def laid_out(made: Figure) -> Figure:
    narrow(made)
    made.draw_without_rendering()
    return made


def test_panels_stand_below_each_other_and_are_as_wide_as_the_screen(drawn):
    places = [axes.get_position() for axes in laid_out(drawn).axes]
    assert drawn.get_size_inches()[0] == WIDTH_IN
    assert all(below.y1 < above.y0 for above, below in pairwise(places))
    assert all(place.width > 0.8 for place in places)


def test_inner_panels_get_the_labels_that_the_outer_ones_had_alone(drawn):
    for axes in laid_out(drawn).axes:
        assert axes.get_ylabel() == "error (m)"
        assert axes.yaxis.get_tick_params()["labelleft"]


def test_the_legend_stands_above_the_panels_and_covers_none(drawn):
    [legend] = laid_out(drawn).legends
    box = legend.get_window_extent().transformed(drawn.transFigure.inverted())
    assert box.y0 > max(axes.get_position().y1 for axes in drawn.axes)
    assert [text.get_text() for text in legend.get_texts()] == ["ours"]


def test_title_and_caption_are_left_to_the_page(drawn):
    assert laid_out(drawn).get_suptitle() == drawn.get_supxlabel() == ""


def test_long_names_of_rows_are_wrapped_and_leave_room_for_the_figures():
    with style.drawing():
        made = style.figure("a title", "", 9.0, 3.0)
        axes = made.subplots()
        axes.barh([0, 1], [3, 4])
        axes.set_yticks([0, 1], ["matcher, transferred with motion network, causal", "5-NN"])
        made.draw_without_rendering()
        laid_out(made)
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names == ["matcher, transferred\nwith motion network,\ncausal", "5-NN"]
    assert axes.get_position().width > 0.55


def test_maps_keep_their_shape_and_their_bar_of_colours():
    with style.drawing():
        made = style.figure("a title", "", 9.0, 3.0)
        panels = made.subplots(1, 2, sharex=True, sharey=True)
        images = [axes.imshow([[0, 1], [1, 0]]) for axes in panels]
        made.colorbar(images[0], ax=list(panels), label="error (m)")
        for axes in panels:
            axes.set_aspect("equal")
        made.draw_without_rendering()
        laid_out(made)
    bar = made.axes[-1].get_position()
    boxes = [axes.get_window_extent() for axes in panels]
    assert all(box.width == pytest.approx(box.height, rel=0.01) for box in boxes)
    assert bar.x0 > max(axes.get_position().x1 for axes in panels)
