/** Ranges: through the address and back, zoomed, widened and moved. */
import { expect, test } from "vitest";
import { DAY, HOUR, MINUTE, SECOND } from "./duration";
import {
  type Range,
  describeRange,
  rangeFromParams,
  rangeToParams,
  resolve,
  shift,
  widen,
  zoomTo,
} from "./range";

const NOW = Date.UTC(2025, 10, 22, 16, 0, 0);

function params(range: Range): URLSearchParams {
  const entries = Object.entries(rangeToParams(range)).filter(([, value]) => value !== null);
  return new URLSearchParams(entries as [string, string][]);
}

test("a_range_survives_the_address", () => {
  const ranges: Range[] = [
    { kind: "last", ms: 5 * MINUTE },
    { kind: "last", ms: 15 * DAY },
    { kind: "between", from: NOW - HOUR, to: NOW },
  ];
  for (const range of ranges) expect(rangeFromParams(params(range))).toEqual(range);
});

test("nonsense_in_the_address_is_no_range", () => {
  for (const text of ["", "range=soon", "range=1s", "from=x&to=y", "from=2025-01-02T00:00:00Z&to=2025-01-01T00:00:00Z"]) {
    expect(rangeFromParams(new URLSearchParams(text)), text).toBeUndefined();
  }
});

test("a_zoom_is_whole_seconds_and_never_too_short_to_see", () => {
  expect(zoomTo(1234, 61_834)).toEqual({ kind: "between", from: 1000, to: 62_000 });
  const tiny = zoomTo(NOW, NOW + 5);
  expect(resolve(tiny, NOW).to - resolve(tiny, NOW).from).toBeGreaterThanOrEqual(10 * SECOND);
});

test("widening_doubles_and_stops_at_now", () => {
  expect(widen({ kind: "last", ms: HOUR }, NOW)).toEqual({ kind: "last", ms: 2 * HOUR });
  const wide = resolve(widen({ kind: "between", from: NOW - HOUR, to: NOW }, NOW), NOW);
  expect(wide).toEqual({ from: NOW - 2 * HOUR, to: NOW });
});

test("moving_forward_ends_at_now_and_follows_it", () => {
  const back = shift({ kind: "last", ms: HOUR }, "back", NOW);
  expect(resolve(back, NOW)).toEqual({ from: NOW - 1.5 * HOUR, to: NOW - 0.5 * HOUR });
  expect(shift(back, "forward", NOW)).toEqual({ kind: "last", ms: HOUR });
});

test("a_range_reads_as_a_sentence", () => {
  expect(describeRange({ kind: "last", ms: 6 * HOUR }, "utc")).toBe("Last 6 hours");
  expect(describeRange({ kind: "last", ms: 90 * MINUTE }, "utc")).toBe("Last 1h30m");
  expect(describeRange({ kind: "between", from: NOW - HOUR, to: NOW }, "utc")).toBe("2025-11-22 15:00 – 16:00");
});
