/** Steps: round, as fine as the pixels, never finer than the data, and the same instants at every refresh. */
import { expect, test } from "vitest";
import { DAY, HOUR, MINUTE, SECOND } from "./duration";
import { alignToStep, chooseStep, rateWindow } from "./step";

function check(span: number, widthPx: number, minMs: number, expected: number): void {
  expect(chooseStep({ from: 0, to: span }, { widthPx, minMs })).toBe(expected);
}

test("a_step_fits_pixels_and_data", () => {
  check(5 * MINUTE, 600, 10 * SECOND, 10 * SECOND);
  check(HOUR, 600, 10 * SECOND, 15 * SECOND);
  check(6 * HOUR, 600, SECOND, 2 * MINUTE);
  check(15 * DAY, 600, 10 * SECOND, 2 * HOUR);
  check(365 * DAY, 400, 10 * SECOND, 2 * DAY);
  check(3650 * DAY, 400, 10 * SECOND, 19 * DAY);
});

test("no_width_yet_is_a_common_width", () => check(HOUR, 0, SECOND, 15 * SECOND));

test("a_wall_does_not_ask_for_more_points_than_a_server_gives", () => {
  const step = chooseStep({ from: 0, to: 30 * DAY }, { widthPx: 20_000, minMs: SECOND });
  expect((30 * DAY) / step).toBeLessThan(2001);
});

test("ends_are_multiples_of_the_step", () => {
  expect(alignToStep({ from: 1_234, to: 98_765 }, 10_000)).toEqual({ from: 0, to: 90_000 });
});

test("a_rate_always_sees_two_points_of_the_collector", () => {
  expect(rateWindow(SECOND)).toBe(30 * SECOND);
  expect(rateWindow(MINUTE)).toBe(4 * MINUTE);
});
