/** What may come next at the caret. */
import { expect, test } from "vitest";
import { type Place, placeAt, written } from "./complete";

function check(before: string, expected: Partial<Place> | undefined): void {
  const place = placeAt(before, "promql");
  if (expected === undefined) expect(place, before).toBeUndefined();
  else expect(place, before).toMatchObject(expected);
}

test("words_are_names", () => {
  check("cpu", { kind: "name", prefix: "cpu", from: 0 });
  check("sum(rat", { kind: "name", prefix: "rat", from: 4 });
  check("", { kind: "name", prefix: "" });
});

test("braces_hold_labels_of_their_metric", () => {
  check("cpu{", { kind: "label", metric: "cpu", prefix: "" });
  check("cpu{ho", { kind: "label", metric: "cpu", prefix: "ho" });
  check('cpu{host="a",', { kind: "label", metric: "cpu", prefix: "" });
  check("sum by (ho", { kind: "label", metric: "", prefix: "ho" });
});

test("open_strings_are_values_of_their_label", () => {
  check('cpu{host="we', { kind: "value", metric: "cpu", label: "host", prefix: "we" });
  check('cpu{host="', { kind: "value", label: "host", prefix: "" });
  check('cpu{a="b",host=~"x', { kind: "value", label: "host", prefix: "x" });
});

test("numbers_and_closed_strings_suggest_nothing", () => {
  check("cpu > 9", undefined);
  check('cpu{host="a"', undefined);
  check("cpu[5", undefined);
});

test("influxql_suggests_measurements_after_from", () => {
  expect(placeAt("SELECT mean(x) FROM ", "influxql")).toMatchObject({ kind: "measurement", prefix: "" });
  expect(placeAt("SELECT mean(x) FROM cp", "influxql")).toMatchObject({ kind: "measurement", prefix: "cp" });
  expect(placeAt("SEL", "influxql")).toMatchObject({ kind: "name", prefix: "SEL" });
});

test("what_is_taken_closes_what_was_opened", () => {
  const place: Place = { kind: "label", metric: "cpu", label: "", from: 4, prefix: "" };
  expect(written(place, "host", "}")).toBe('host="');
  expect(written(place, "host", '="a"}')).toBe("host");
  expect(written({ ...place, kind: "value" }, 'a"b', "}")).toBe('a\\"b"');
  expect(written({ ...place, kind: "value" }, "a", '"}')).toBe("a");
  expect(written({ ...place, kind: "measurement" }, "cpu", "")).toBe('"cpu"');
});
