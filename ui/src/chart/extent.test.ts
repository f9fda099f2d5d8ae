/** The value axis: zero where it helps, thresholds always, air above. */
import { expect, test } from "vitest";
import { type ExtentWish, extent } from "./extent";

function check(least: number | null, most: number | null, wish: ExtentWish, low: number, high: number): void {
  const [from, to] = extent(least, most, wish);
  expect(from).toBeCloseTo(low, 6);
  expect(to).toBeCloseTo(high, 6);
}

test("zero_is_on_the_axis_unless_it_presses_the_lines_flat", () => {
  check(10, 50, {}, 0, 54);
  check(1000, 1010, {}, 999.2, 1010.8);
  check(-50, -10, {}, -54, 0);
});

test("percent_goes_from_nothing_to_all", () => {
  check(20, 40, { floor: 0, ceiling: 100 }, 0, 100);
  check(20, 100.001, { floor: 0, ceiling: 100 }, 0, 100);
  check(20, 140, { floor: 0, ceiling: 100 }, 0, 151.2);
});

test("a_threshold_is_always_seen", () => check(1, 2, { include: [90] }, 0, 97.2));

test("nothing_and_flat_lines_have_an_axis_too", () => {
  check(null, null, {}, 0, 1);
  check(0, 0, {}, 0, 1);
  check(5, 5, {}, 4.6, 5.4);
});
