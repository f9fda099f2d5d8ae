/** Instants written and read, in UTC so that the test means the same on every machine. */
import { expect, test } from "vitest";
import { DAY, HOUR, MINUTE, SECOND } from "./duration";
import { formatInstant, formatNear, formatTick } from "./instant";
import { parseInstant } from "./instant-input";

const NOW = Date.UTC(2025, 10, 22, 16, 5, 10);

function check(text: string, expected: number | undefined): void {
  expect(parseInstant(text, NOW, "utc"), text).toBe(expected);
}

test("instants_are_read_as_people_write_them", () => {
  check("now", NOW);
  check("now-6h", NOW - 6 * HOUR);
  check("now - 90s", NOW - 90 * SECOND);
  check("14:30", Date.UTC(2025, 10, 22, 14, 30));
  check("9:05:07", Date.UTC(2025, 10, 22, 9, 5, 7));
  check("2025-11-20", Date.UTC(2025, 10, 20));
  check("2025-11-20 16:05", Date.UTC(2025, 10, 20, 16, 5));
  check("2025-11-20T16:05:10Z", Date.UTC(2025, 10, 20, 16, 5, 10));
  check("2025-11-20T16:05:10+02:00", Date.UTC(2025, 10, 20, 14, 5, 10));
});

test("what_is_no_instant_is_refused", () => {
  for (const text of ["", "yesterday", "now+1h", "25:00", "2025-02-31", "2025-13-01", "2025-11-20 24:00"]) {
    check(text, undefined);
  }
});

test("a_local_instant_is_read_back_the_same", () => {
  const local = formatInstant(NOW, "local");
  expect(parseInstant(local, NOW, "local")).toBe(NOW);
});

test("near_instants_leave_out_what_is_the_same_as_now", () => {
  expect(formatNear(NOW - HOUR, NOW, "utc")).toBe("15:05:10");
  expect(formatNear(NOW - 2 * DAY, NOW, "utc")).toBe("20 Nov 16:05");
  expect(formatNear(NOW - 400 * DAY, NOW, "utc")).toBe("18 Oct 2024");
});

test("ticks_are_as_fine_as_their_distance", () => {
  expect(formatTick(NOW, 10 * SECOND, "utc")).toBe("16:05:10");
  expect(formatTick(NOW, 5 * MINUTE, "utc")).toBe("16:05");
  expect(formatTick(Date.UTC(2025, 10, 22), 6 * HOUR, "utc")).toBe("22 Nov");
  expect(formatTick(Date.UTC(2025, 0, 1), 31 * DAY, "utc")).toBe("2025");
});
