"""Series: growing, going back, smoothing, thinning without losing extremes."""

from __future__ import annotations

import numpy as np

from t2sql_tui.runs.series import MOST_POINTS, Series, smooth, thin


def test_a_view_stays_as_it_was_while_the_series_grows() -> None:
    series = Series()
    for step in range(1, 200):
        series.add(step, step / 10, step * 2.0)
    view = series.values
    before = view.copy()
    for step in range(200, 2000):
        series.add(step, step / 10, step * 2.0)
    assert len(series) == 1999
    assert np.array_equal(view, before)
    assert series.last == 3998.0


def test_training_that_went_back_replaces_what_came_after() -> None:
    series = Series()
    for step in (10, 20, 30, 40):
        series.add(step, 0.0, float(step))
    view = series.values
    series.add(30, 1.0, 99.0)
    assert series.steps.tolist() == [10, 20, 30]
    assert series.values.tolist() == [10, 20, 99]
    assert view.tolist() == [10, 20, 30, 40]


def test_a_step_that_is_no_number_is_left_out() -> None:
    series = Series()
    series.add(float("nan"), 0.0, 1.0)
    assert len(series) == 0
    assert series.last is None


def test_smoothing_equals_the_recurrence() -> None:
    values = np.random.default_rng(0).normal(size=1000)
    for weight in (0.6, 0.9, 0.97):
        average = norm = 0.0
        expected = []
        for value in values:
            average = weight * average + (1 - weight) * value
            norm = weight * norm + (1 - weight)
            expected.append(average / norm)
        assert np.allclose(smooth(values, weight), expected, atol=1e-9)


def test_smoothing_goes_over_gaps() -> None:
    out = smooth(np.array([1.0, np.nan, 1.0, np.inf, 1.0]), 0.9)
    assert np.allclose(out, 1.0)


def test_thinning_keeps_every_extreme() -> None:
    values = np.zeros(1_000_000)
    values[123_457], values[777_777] = 9.0, -9.0
    x, y = thin(np.arange(1_000_000.0), values, columns=300)
    assert len(x) <= 602
    assert y.max() == 9.0
    assert y.min() == -9.0
    assert x[0] == 0
    assert x[-1] == 999_999
    assert (np.diff(x) > 0).all()


def test_thinning_a_window_runs_to_its_edges() -> None:
    x, _ = thin(np.arange(100.0), np.arange(100.0), columns=50, window=(10.5, 20.5))
    assert x[0] == 10
    assert x[-1] == 21


def test_thinning_drops_what_is_not_a_number() -> None:
    x, y = thin(np.arange(4.0), np.array([1.0, np.nan, np.inf, 2.0]), columns=50)
    assert (x.tolist(), y.tolist()) == ([0, 3], [1, 2])


def test_a_long_series_stays_bounded_and_keeps_its_extremes() -> None:
    series = Series()
    for step in range(3 * MOST_POINTS):
        series.add(step, float(step), 9.0 if step == 1000 else -9.0 if step == 5000 else (step % 7) / 7)
    assert len(series) <= MOST_POINTS
    assert (np.diff(series.steps) > 0).all()
    assert series.steps[0] == 0 and series.last == (3 * MOST_POINTS - 1) % 7 / 7
    assert series.values.max() == 9.0 and series.steps[series.values.argmax()] == 1000
    assert series.values.min() == -9.0 and series.steps[series.values.argmin()] == 5000
    # What is new is whole.
    assert (np.diff(series.steps[-MOST_POINTS // 4 :]) == 1).all()
    # Halving is rare: a quarter of the room is free after each.
    assert 0 < series.version < 12
