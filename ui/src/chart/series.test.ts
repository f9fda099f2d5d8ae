/** Names: each thing is said once. */
import { expect, test } from "vitest";
import { canonical, distinguish } from "./series";

test("equal_labels_have_equal_text_in_any_order", () => {
  expect(canonical({ b: "2", a: "1" })).toBe(canonical({ a: "1", b: "2" }));
  expect(canonical({ a: '1",b="2' })).not.toBe(canonical({ a: "1", b: "2" }));
});

test("what_all_share_is_said_once", () => {
  expect(
    distinguish([
      { __name__: "cpu", host: "a", cpu: "0" },
      { __name__: "cpu", host: "b", cpu: "0" },
    ]),
  ).toEqual({ shared: 'cpu{cpu="0"}', names: ["a", "b"] });
});

test("several_differences_carry_their_names", () => {
  const { names } = distinguish([
    { host: "a", cpu: "0" },
    { host: "b", cpu: "1" },
  ]);
  expect(names).toEqual(["cpu=0  host=a", "cpu=1  host=b"]);
});

test("one_series_is_named_in_full", () => {
  expect(distinguish([{ __name__: "up", job: "x" }])).toEqual({ shared: "", names: ['up{job="x"}'] });
  expect(distinguish([{}]).names).toEqual(["{}"]);
  expect(distinguish([])).toEqual({ shared: "", names: [] });
});

test("metrics_that_differ_are_named_by_metric", () => {
  expect(distinguish([{ __name__: "mem_used" }, { __name__: "mem_free" }]).names).toEqual(["mem_used", "mem_free"]);
});
