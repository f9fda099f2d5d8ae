/**
 * Numbers with their unit, at most four significant digits: `1.5 GiB`, `93.25 %`, `12.4 ms`.
 * A missing value is an en dash, and minus is a minus sign.
 */
import { describeDuration, DAY, HOUR, MINUTE } from "../time/duration";

export type Unit = "plain" | "percent" | "ratio" | "bytes" | "bytes/s" | "bits/s" | "ops/s" | "seconds";

export const UNITS: readonly { readonly unit: Unit; readonly label: string }[] = [
  { unit: "plain", label: "Plain number" },
  { unit: "percent", label: "Percent" },
  { unit: "ratio", label: "Ratio as percent" },
  { unit: "bytes", label: "Bytes" },
  { unit: "bytes/s", label: "Bytes per second" },
  { unit: "bits/s", label: "Bits per second" },
  { unit: "ops/s", label: "Operations per second" },
  { unit: "seconds", label: "Seconds" },
];

/** A number and what stands behind it, apart so that a page can set them in two sizes. */
export interface Quantity {
  readonly number: string;
  readonly suffix: string;
}

interface Scale {
  readonly factor: number;
  readonly suffix: string;
}

const MISSING = "–";
const DIGITS_MAX = 4;

const iec = (tail: string): readonly Scale[] =>
  ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"].map((name, power) => ({
    factor: 1024 ** power,
    suffix: name + tail,
  }));

const si = (tail: string): readonly Scale[] =>
  ["", "k", "M", "G", "T", "P", "E"].map((prefix, power) => ({ factor: 1000 ** power, suffix: prefix + tail }));

const SECONDS: readonly Scale[] = [
  { factor: 1e-9, suffix: "ns" },
  { factor: 1e-6, suffix: "µs" },
  { factor: 1e-3, suffix: "ms" },
  { factor: 1, suffix: "s" },
];

const LONG_SECONDS: readonly Scale[] = [
  { factor: MINUTE / 1000, suffix: "min" },
  { factor: HOUR / 1000, suffix: "h" },
  { factor: DAY / 1000, suffix: "d" },
];

const SCALES: Readonly<Record<Unit, readonly Scale[]>> = {
  plain: si(""),
  percent: [{ factor: 1, suffix: "%" }],
  ratio: [{ factor: 0.01, suffix: "%" }],
  bytes: iec(""),
  "bytes/s": iec("/s"),
  "bits/s": si("bit/s"),
  "ops/s": si("/s"),
  seconds: SECONDS,
};

/** How wide the widest text of a unit is, in digits: `1.234 Mbit/s`. */
const WIDTHS: Readonly<Record<Unit, number>> = {
  plain: 7,
  percent: 7,
  ratio: 7,
  bytes: 9,
  "bytes/s": 11,
  "bits/s": 12,
  "ops/s": 9,
  seconds: 12,
};

export function widthOf(unit: Unit): number {
  return WIDTHS[unit];
}

/** Below ten thousand a plain number needs no prefix: 4,212 processes are not 4.212 k. */
const PLAIN_MAX = 10_000;

function scaleFor(value: number, unit: Unit): Scale {
  const scales = SCALES[unit];
  const size = Math.abs(value);
  if (unit === "plain" && size < PLAIN_MAX) return { factor: 1, suffix: "" };
  let chosen = scales.find(({ factor }) => factor === 1) ?? { factor: 1, suffix: "" };
  if (unit === "ratio") chosen = { factor: 0.01, suffix: "%" };
  if (size === 0) return chosen;
  for (const scale of scales) if (size >= scale.factor) chosen = scale;
  const smallest = scales[0];
  return smallest !== undefined && size < smallest.factor ? smallest : chosen;
}

/** Hundredths of a percent are noise above ten. */
function percentDigits(value: number): string {
  return digits(Math.abs(value) >= 10 ? Math.round(value * 10) / 10 : Math.round(value * 100) / 100);
}

function digits(value: number): string {
  const size = Number(Math.abs(value).toPrecision(DIGITS_MAX));
  if (size === 0) return "0";
  const before = Math.max(1, Math.floor(Math.log10(size)) + 1);
  // Three decimals at most, unless the number would vanish: 0.000123 stays what it is.
  const decimals = size < 0.001 ? DIGITS_MAX - 1 - Math.floor(Math.log10(size)) : Math.max(0, DIGITS_MAX - before);
  if (decimals > 12) return value.toExponential(2).replace("-", "−").replace("e-", "e−");
  const fixed = size.toFixed(Math.min(decimals, size < 0.001 ? 12 : 3));
  const text = fixed.includes(".") ? fixed.replace(/\.?0+$/, "") : fixed;
  return (value < 0 && text !== "0" ? "−" : "") + text;
}

function special(value: number | null | undefined): string | undefined {
  if (value === null || value === undefined) return MISSING;
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+∞";
  if (value === -Infinity) return "−∞";
  return undefined;
}

export function quantity(value: number | null | undefined, unit: Unit): Quantity {
  const word = special(value);
  if (word !== undefined || value === null || value === undefined) return { number: word ?? MISSING, suffix: "" };
  if (unit === "seconds" && Math.abs(value) >= MINUTE / 1000) {
    const sign = value < 0 ? "−" : "";
    return { number: sign + describeDuration(Math.abs(value) * 1000), suffix: "" };
  }
  let scale = scaleFor(value, unit);
  if (scale.suffix === "%") return { number: percentDigits(value / scale.factor), suffix: "%" };
  let number = digits(value / scale.factor);
  // Rounding may reach the next prefix: 1023.99 KiB reads 1 MiB, and 999.96 k reads 1 M.
  const rounded = Number(number.replace("−", "-")) * scale.factor;
  const next = scaleFor(rounded, unit);
  if (next.factor > scale.factor) {
    scale = next;
    number = digits(rounded / scale.factor);
  }
  return { number, suffix: scale.suffix };
}

export function formatValue(value: number | null | undefined, unit: Unit): string {
  const { number, suffix } = quantity(value, unit);
  return suffix === "" ? number : `${number} ${suffix}`;
}

/** The labels of an axis: one prefix for all of them, named once, at the largest. */
export function formatTicks(ticks: readonly number[], unit: Unit): string[] {
  const largest = Math.max(0, ...ticks.map(Math.abs));
  const scale = axisScale(largest, unit);
  const scaled = ticks.map((tick) => Math.abs(tick) / scale.factor);
  const decimals = Math.max(0, ...scaled.map((tick) => decimalsOf(tick)));
  const top = ticks.reduce((best, tick, index) => (tick > (ticks[best] ?? -Infinity) ? index : best), 0);
  return ticks.map((tick, index) => {
    const number = (scaled[index] ?? 0).toFixed(decimals);
    const signed = tick < 0 && Number(number) !== 0 ? `−${number}` : number;
    return index === top && scale.suffix !== "" ? `${signed} ${scale.suffix}` : signed;
  });
}

function axisScale(largest: number, unit: Unit): Scale {
  if (unit !== "seconds") return scaleFor(largest, unit);
  const long = LONG_SECONDS.filter(({ factor }) => largest >= 2 * factor).at(-1);
  return long ?? scaleFor(largest, unit);
}

function decimalsOf(value: number): number {
  for (let decimals = 0; decimals < 6; decimals++) {
    if (Math.abs(Number(value.toFixed(decimals)) - value) < 1e-9 * Math.max(1, value)) return decimals;
  }
  return 6;
}

const PLAIN_INCREMENTS: readonly number[] = Array.from({ length: 40 }, (_, index) => index - 15).flatMap((power) =>
  [1, 2, 5].map((lead) => Number(`${lead}e${power}`)),
);
const BYTE_INCREMENTS: readonly number[] = Array.from({ length: 64 }, (_, power) => 2 ** power);
const SECOND_INCREMENTS: readonly number[] = [
  ...PLAIN_INCREMENTS.filter((increment) => increment < 1),
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200, 86_400, 172_800, 432_000,
  864_000, 1_728_000, 4_320_000, 8_640_000, 31_536_000, 63_072_000, 157_680_000, 315_360_000,
];

/** How far apart the ticks of an axis may stand, so that they fall on round numbers of its unit. */
export function tickIncrements(unit: Unit): readonly number[] {
  if (unit === "bytes" || unit === "bytes/s") return BYTE_INCREMENTS;
  return unit === "seconds" ? SECOND_INCREMENTS : PLAIN_INCREMENTS;
}
