/** Last, min, mean, max; order of the table; the value under the pointer. */
import { expect, test } from "vitest";
import type { Series } from "./series";
import { byLast, statistics, valueAt } from "./statistics";

test("missing_points_do_not_count", () => {
  expect(statistics([1, null, 3, Number.NaN, 5, null])).toEqual({ last: 5, min: 1, mean: 3, max: 5 });
  expect(statistics([null, Number.NaN])).toEqual({ last: null, min: null, mean: null, max: null });
});

test("the_largest_last_value_comes_first_and_none_comes_last", () => {
  const rows = [
    { name: "none", stats: statistics([null]) },
    { name: "b", stats: statistics([9, 1]) },
    { name: "a", stats: statistics([0, 1]) },
    { name: "top", stats: statistics([2]) },
  ];
  expect(rows.sort(byLast).map(({ name }) => name)).toEqual(["top", "a", "b", "none"]);
});

test("the_value_at_an_instant_is_the_nearest_within_reach", () => {
  const series: Series = { key: "", name: "", labels: {}, hueKey: "", times: [0, 10, 20, 90], values: [1, 2, null, 4] };
  expect(valueAt(series, 11, 30)).toBe(2);
  expect(valueAt(series, 4, 30)).toBe(1);
  // A single lost point is bridged by the line, so its neighbour speaks for it.
  expect(valueAt(series, 20, 30)).toBe(2);
  expect(valueAt(series, 60, 30)).toBeNull();
  expect(valueAt(series, 95, 30)).toBe(4);
});
