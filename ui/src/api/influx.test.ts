/** InfluxDB's JSON becomes tables, and series where there are times and numbers. */
import { expect, test } from "vitest";
import { commonStep, pictureOf, readTables } from "./influx";

const WINDOW = { from: 0, to: 100_000 };

test("results_become_tables", () => {
  const { tables } = readTables({
    results: [
      {
        statement_id: 0,
        series: [{ name: "cpu", tags: { host: "a" }, columns: ["time", "mean"], values: [[1000, 1]] }],
      },
    ],
  });
  expect(tables).toEqual([{ name: "cpu", tags: { host: "a" }, columns: ["time", "mean"], rows: [[1000, 1]] }]);
});

test("a_failed_statement_is_a_failure_alone_and_a_note_among_others", () => {
  expect(() => readTables({ results: [{ statement_id: 0, error: "database not found: x" }] })).toThrow("database not found");
  const { notes } = readTables({ results: [{ statement_id: 0 }, { statement_id: 1, error: "no" }] });
  expect(notes).toEqual(["Statement 2: no"]);
});

test("columns_of_numbers_beside_time_are_series", () => {
  const table = {
    name: "cpu",
    tags: { host: "a" },
    columns: ["time", "user", "state", "idle"],
    rows: [
      [30_000, 3, "ok", null],
      [10_000, 1, "ok", 9],
      [20_000, 2, "ok", 8],
    ],
  };
  const picture = pictureOf([table], WINDOW);
  expect(picture?.stepMs).toBe(10_000);
  expect(picture?.series.map(({ name }) => name)).toEqual(["cpu.user", "cpu.idle"]);
  expect(picture?.series[0]?.times).toEqual([10_000, 20_000, 30_000]);
  expect(picture?.series[1]?.values).toEqual([9, 8, null]);
});

test("what_has_no_times_or_one_only_is_a_table", () => {
  expect(pictureOf([{ name: "databases", tags: {}, columns: ["name"], rows: [["metrics"]] }], WINDOW)).toBeUndefined();
  expect(pictureOf([{ name: "cpu", tags: {}, columns: ["time", "mean"], rows: [[0, 5]] }], WINDOW)).toBeUndefined();
});

test("the_step_is_the_distance_of_most_neighbours", () => {
  expect(commonStep([0, 10, 20, 90, 100])).toBe(10);
  expect(commonStep([5])).toBe(10_000);
});
