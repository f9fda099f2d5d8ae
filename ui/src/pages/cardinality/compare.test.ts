/** Two days beside each other, and queries that hold what was counted. */
import { expect, test } from "vitest";
import { compare, dayBefore, formatMore, labelQuery, metricQuery, pairQuery } from "./compare";

const today = [
  { name: "a", value: 5 },
  { name: "b", value: 2 },
];

test("a name is compared with the day before", () => {
  const before = [{ name: "a", value: 7 }];
  expect(compare(today, before, 10).map(({ more }) => more)).toEqual([-2, 2]);
  // That day's list was cut off: nothing is known of what it does not name.
  expect(compare(today, before, 1).map(({ more }) => more)).toEqual([-2, undefined]);
  expect(compare(today, undefined, 10).map(({ more }) => more)).toEqual([undefined, undefined]);
});

test("differences have a sign", () => {
  expect([1204, -3, 0, undefined].map(formatMore)).toEqual(["+1,204", "−3", "0", "–"]);
});

test("days are UTC days", () => {
  const at = Date.UTC(2026, 2, 1, 0, 30);
  expect([dayBefore(at, 0), dayBefore(at, 1)]).toEqual(["2026-03-01", "2026-02-28"]);
});

test("queries quote what they must", () => {
  expect(metricQuery("cpu_user")).toBe("count(cpu_user)");
  expect(metricQuery("disk-io used")).toBe('count({__name__="disk-io used"})');
  expect(labelQuery("host")).toBe('count by (host) ({host!=""})');
  expect(pairQuery('path=a="b"')).toBe('count by (__name__) ({path="a=\\"b\\""})');
});
