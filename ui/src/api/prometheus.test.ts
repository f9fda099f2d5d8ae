/** Prometheus's JSON becomes series and samples; selectors are quoted so that no value breaks out. */
import { expect, test } from "vitest";
import { hueKeys, quote, readInstant, readValue, selector, seriesFromMatrix, withNewest } from "./prometheus";

test("values_come_as_words_too", () => {
  expect(readValue("1.5")).toBe(1.5);
  expect(readValue("+Inf")).toBe(Infinity);
  expect(readValue("-Inf")).toBe(-Infinity);
  expect(readValue("NaN")).toBeNaN();
});

test("a_matrix_becomes_series", () => {
  const { series, shared } = seriesFromMatrix([
    { metric: { __name__: "up", job: "a" }, values: [[1.5, "1"], [2.5, "NaN"]] },
    { metric: { __name__: "up", job: "b" }, values: [[1.5, "0"]] },
  ]);
  expect(shared).toBe("up");
  expect(series.map(({ name }) => name)).toEqual(["a", "b"]);
  expect(series[0]?.times).toEqual([1500, 2500]);
  expect(series[0]?.values).toEqual([1, Number.NaN]);
});

test("a_series_runs_on_to_its_newest_value", () => {
  const matrix = [{ metric: { a: "1" }, values: [[10, "1"], [20, "2"]] as [number, string][] }];
  const runsOn = withNewest(matrix, [
    { metric: { a: "1" }, value: [24, "3"] },
    { metric: { a: "new" }, value: [24, "9"] },
  ]);
  expect(runsOn).toEqual([
    { metric: { a: "1" }, values: [[10, "1"], [20, "2"], [24, "3"]] },
    { metric: { a: "new" }, values: [[24, "9"]] },
  ]);
  expect(withNewest(matrix, [{ metric: { a: "1" }, value: [20, "2"] }])).toEqual(matrix);
});

test("a_host_has_one_colour_whatever_the_metric", () => {
  const [cpu] = hueKeys([{ __name__: "cpu", host: "a" }]);
  const [mem] = hueKeys([{ __name__: "mem", host: "a" }]);
  expect(cpu).toBe(mem);
  expect(new Set(hueKeys([{ __name__: "mem_used" }, { __name__: "mem_free" }])).size).toBe(2);
});

test("every_kind_of_instant_answer_is_read", () => {
  expect(readInstant({ resultType: "vector", result: [{ metric: { a: "b" }, value: [1, "2"] }] })).toEqual({
    kind: "samples",
    samples: [{ labels: { a: "b" }, at: 1000, value: 2 }],
  });
  expect(readInstant({ resultType: "scalar", result: [1, "3"] })).toMatchObject({ kind: "samples" });
  expect(readInstant({ resultType: "string", result: [1, "hello"] })).toEqual({ kind: "text", text: "hello" });
  expect(readInstant({ resultType: "matrix", result: [{ metric: {}, values: [[1, "2"], [9, "3"]] }] })).toMatchObject({
    kind: "series",
    picture: { window: { from: 1000, to: 9000 } },
  });
});

test("values_cannot_break_out_of_a_selector", () => {
  expect(selector("cpu", {})).toBe("cpu");
  expect(selector("cpu", { host: 'a"} or x{b="' })).toBe('cpu{host="a\\"} or x{b=\\""}');
  expect(selector("my metric", { a: "b" })).toBe('{__name__="my metric",a="b"}');
  expect(quote("back\\slash\nline")).toBe('"back\\\\slash\\nline"');
});
