/** Numbers with units: at most four significant digits, honest prefixes, one prefix for an axis. */
import { expect, test } from "vitest";
import { type Unit, UNITS, formatTicks, formatValue, tickIncrements } from "./unit";

function check(value: number | null, unit: Unit, expected: string): void {
  expect(formatValue(value, unit)).toBe(expected);
}

test("plain_numbers_keep_four_digits", () => {
  check(0, "plain", "0");
  check(4212, "plain", "4212");
  check(12_345, "plain", "12.35 k");
  check(1_234_567, "plain", "1.235 M");
  check(0.5, "plain", "0.5");
  check(3.14159, "plain", "3.142");
  check(0.000123456, "plain", "0.0001235");
  check(1e-20, "plain", "1.00e−20");
  check(-7.5, "plain", "−7.5");
});

test("units_have_their_own_prefixes", () => {
  check(512, "bytes", "512 B");
  check(1536, "bytes", "1.5 KiB");
  check(33_500_000_000, "bytes", "31.2 GiB");
  check(12_400_000, "bits/s", "12.4 Mbit/s");
  check(1024 ** 2, "bytes/s", "1 MiB/s");
  check(20_280, "ops/s", "20.28 k/s");
  check(0.02, "ops/s", "0.02 /s");
});

test("percent_is_not_finer_than_it_is_true", () => {
  check(93.25, "percent", "93.3 %");
  check(5.347, "percent", "5.35 %");
  check(0.731, "ratio", "73.1 %");
  check(100, "percent", "100 %");
});

test("seconds_become_words_when_there_are_many", () => {
  check(0.0124, "seconds", "12.4 ms");
  check(0.0000005, "seconds", "500 ns");
  check(2.5, "seconds", "2.5 s");
  check(192, "seconds", "3 min 12 s");
  check(1_060_000, "seconds", "12 d 6 h");
});

test("rounding_up_to_the_next_prefix_takes_it", () => {
  check(1024 ** 2 - 1, "bytes", "1 MiB");
  check(999_996, "ops/s", "1 M/s");
});

test("what_is_no_number_says_so", () => {
  check(null, "bytes", "–");
  check(Number.NaN, "percent", "NaN");
  check(Infinity, "plain", "+∞");
  check(-Infinity, "plain", "−∞");
});

test("no_unit_shows_more_than_four_digits", () => {
  for (const { unit } of UNITS) {
    for (let power = -8; power < 11; power++) {
      for (const lead of [1, 1.23456789, 9.99999]) {
        const digits = formatValue(lead * 10 ** power, unit).replace(/e.*/, "").match(/[1-9]\d*\.?\d*/g) ?? [];
        for (const run of digits) {
          const significant = run.replace(".", "").replace(/0+$/, "");
          expect(significant.length, `${unit} ${lead}e${power}`).toBeLessThanOrEqual(4);
        }
      }
    }
  }
});

test("an_axis_names_its_unit_once_at_the_top", () => {
  const GiB = 1024 ** 3;
  expect(formatTicks([0, 8 * GiB, 16 * GiB], "bytes")).toEqual(["0", "8", "16 GiB"]);
  expect(formatTicks([0, 0.5, 1, 1.5], "plain")).toEqual(["0.0", "0.5", "1.0", "1.5"]);
  expect(formatTicks([-2e6, 0, 2e6], "bits/s")).toEqual(["−2", "0", "2 Mbit/s"]);
  expect(formatTicks([0, 3600, 7200], "seconds")).toEqual(["0", "1", "2 h"]);
});

test("ticks_fall_on_round_numbers_of_the_unit", () => {
  expect(tickIncrements("bytes")).toContain(1024);
  expect(tickIncrements("percent")).toContain(20);
  expect(tickIncrements("seconds")).toContain(3600);
});
