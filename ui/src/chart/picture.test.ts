/** Which part of a picture may still change. */
import { expect, test } from "vitest";
import { partialFrom } from "./picture";

function at(...times: number[]): Parameters<typeof partialFrom>[0] {
  const series = { key: "", name: "", labels: {}, hueKey: "", times, values: times.map(() => 1) };
  return { series: [series], window: { from: 0, to: 100 }, stepMs: 10 };
}

test("the_newest_step_is_partial_while_it_lasts", () => {
  expect(partialFrom(at(70, 80, 90), 95)).toBe(80);
  expect(partialFrom(at(70, 80, 90), 100)).toBeNull();
});

test("a_point_of_this_moment_is_partial_from_the_last_whole_one", () => {
  expect(partialFrom(at(70, 80, 84), 85)).toBe(80);
});

test("a_picture_of_the_past_is_whole", () => expect(partialFrom(at(10, 20), 5000)).toBeNull());
