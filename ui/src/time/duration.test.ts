/** Spans read and written; what is written is read back the same. */
import { expect, test } from "vitest";
import { DAY, HOUR, MINUTE, SECOND, YEAR, describeDuration, formatDuration, parseDuration } from "./duration";

function check(text: string, ms: number | undefined): void {
  expect(parseDuration(text), text).toBe(ms);
}

test("durations_are_read_as_people_and_promql_write_them", () => {
  check("5m", 5 * MINUTE);
  check("5 minutes", 5 * MINUTE);
  check("1h30m", 90 * MINUTE);
  check("1h 30m", 90 * MINUTE);
  check("1.5h", 90 * MINUTE);
  check("500ms", 500);
  check("15d", 15 * DAY);
  check("2w", 14 * DAY);
  check("1y", YEAR);
  check(" 90S ", 90 * SECOND);
});

test("what_is_no_duration_is_refused", () => {
  for (const text of ["", "5", "m", "5 fortnights", "-5m", "5m!", "1h-30m"]) check(text, undefined);
});

test("a_written_duration_is_read_back_the_same", () => {
  for (const ms of [1, 999, SECOND, 90 * SECOND, HOUR + MINUTE, 15 * DAY, YEAR, YEAR + DAY + 1]) {
    expect(parseDuration(formatDuration(ms))).toBe(ms);
  }
  expect(formatDuration(90 * MINUTE)).toBe("1h30m");
  expect(formatDuration(0)).toBe("0s");
});

test("a_described_duration_has_at_most_two_units", () => {
  expect(describeDuration(3 * DAY + 4 * HOUR + 5 * MINUTE)).toBe("3 d 4 h");
  expect(describeDuration(MINUTE)).toBe("1 min");
  expect(describeDuration(0)).toBe("0 s");
  expect(describeDuration(20)).toBe("under 1 s");
});
