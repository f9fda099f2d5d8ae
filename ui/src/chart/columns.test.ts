/** Columns: gaps stay gaps, lost points do not break a line, and stacks stand on what is below them. */
import { expect, test } from "vitest";
import { type Column, lonePoints, toColumns } from "./columns";
import type { Series } from "./series";

const STEP = 10;

function series(points: Readonly<Record<number, number | null>>, side?: "down"): Series {
  const times = Object.keys(points).map(Number);
  const values = times.map((time) => points[time] ?? null);
  return { key: "k", name: "k", labels: {}, hueKey: "k", times, values, ...(side === undefined ? {} : { side }) };
}

function check(all: readonly Series[], times: number[], ...drawn: Column[]): void {
  expect(toColumns(all, { stepMs: STEP, stack: false })).toEqual({ times, drawn });
}

test("points_on_one_grid_need_nothing_between_them", () => {
  check([series({ 0: 1, 10: 2 }), series({ 0: 3, 10: 4 })], [0, 10], [1, 2], [3, 4]);
});

test("a_gap_of_more_than_three_steps_breaks_the_line", () => {
  check([series({ 0: 1, 10: 2, 50: 3 })], [0, 10, 20, 50], [1, 2, null, 3]);
});

test("two_lost_points_do_not_break_the_line", () => {
  check([series({ 0: 1, 30: 2 })], [0, 30], [1, 2]);
  check([series({ 0: 1, 30: 2 }), series({ 0: 5, 10: 5, 20: 5, 30: 5 })], [0, 10, 20, 30], [1, undefined, undefined, 2], [5, 5, 5, 5]);
});

test("missing_and_impossible_values_are_lost_points", () => {
  check([series({ 0: 1, 10: null, 20: Number.NaN, 30: 2 })], [0, 30], [1, 2]);
  check([series({ 0: Infinity, 10: 1 })], [10], [1]);
});

test("before_its_first_and_after_its_last_point_there_is_no_line", () => {
  check([series({ 10: 1 }), series({ 0: 2, 10: 2, 20: 2 })], [0, 10, 20], [null, 1, null], [2, 2, 2]);
});

test("what_goes_down_is_drawn_below_zero", () => {
  check([series({ 0: 1, 10: 2 }, "down")], [0, 10], [-1, -2]);
});

test("a_stack_sums_up_and_bridges_what_is_only_lost", () => {
  const all = [series({ 0: 1, 10: 1, 20: 1, 30: 1 }), series({ 0: 2, 30: 8 })];
  const { drawn } = toColumns(all, { stepMs: STEP, stack: true });
  expect(drawn).toEqual([
    [1, 1, 1, 1],
    [3, 5, 7, 9],
  ]);
});

test("a_stack_without_any_layer_is_a_gap", () => {
  const { times, drawn } = toColumns([series({ 0: 1, 50: 1 }), series({ 0: 1, 50: 1 })], { stepMs: STEP, stack: true });
  expect(times).toEqual([0, 10, 50]);
  expect(drawn[1]).toEqual([2, null, 2]);
});

test("points_between_two_gaps_are_found", () => {
  expect(lonePoints([1, null, 2, null, 3, 4])).toEqual([0, 2]);
  expect(lonePoints([null, undefined, 1, undefined, 2])).toEqual([]);
  expect(lonePoints([5])).toEqual([0]);
});
