/**
 * Spans of time as people and PromQL write them: `5m`, `1h30m`, `15d`, `5 minutes`.
 * Milliseconds inside the page; text at its edges.
 */

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const WEEK = 7 * DAY;
/** As Prometheus counts it: 365 days, whatever the calendar says. */
export const YEAR = 365 * DAY;

const UNITS: readonly (readonly [string, number])[] = [
  ["y", YEAR],
  ["w", WEEK],
  ["d", DAY],
  ["h", HOUR],
  ["m", MINUTE],
  ["s", SECOND],
  ["ms", 1],
];

const WORDS: Readonly<Record<string, number>> = {
  y: YEAR,
  year: YEAR,
  years: YEAR,
  w: WEEK,
  week: WEEK,
  weeks: WEEK,
  d: DAY,
  day: DAY,
  days: DAY,
  h: HOUR,
  hour: HOUR,
  hours: HOUR,
  m: MINUTE,
  min: MINUTE,
  minute: MINUTE,
  minutes: MINUTE,
  s: SECOND,
  sec: SECOND,
  second: SECOND,
  seconds: SECOND,
  ms: 1,
};

/** Reads `5m`, `1h 30m` or `5 minutes`; undefined for anything else, and for nothing at all. */
export function parseDuration(text: string): number | undefined {
  const trimmed = text.trim().toLowerCase();
  if (!/^(\d+(\.\d+)?\s*[a-z]+\s*)+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, word] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*([a-z]+)/g)) {
    const unit = WORDS[word ?? ""];
    if (unit === undefined) return undefined;
    total += Number(amount) * unit;
  }
  return Math.round(total);
}

/** Writes the shortest text that PromQL reads back as the same span: `90 min` is `1h30m`. */
export function formatDuration(ms: number): string {
  if (ms <= 0) return "0s";
  let rest = Math.round(ms);
  let text = "";
  for (const [unit, size] of UNITS) {
    // Weeks read worse than days: 15d, not 2w1d.
    if (unit === "w") continue;
    const count = Math.floor(rest / size);
    if (count > 0) text += `${count}${unit}`;
    rest -= count * size;
  }
  return text;
}

/** At most two units, for reading: `3 d 4 h`, `12 min`, `45 s`. */
export function describeDuration(ms: number): string {
  const units: readonly (readonly [string, number])[] = [
    ["y", YEAR],
    ["d", DAY],
    ["h", HOUR],
    ["min", MINUTE],
    ["s", SECOND],
  ];
  const first = units.findIndex(([, size]) => ms >= size);
  if (first < 0) return ms > 0 ? "under 1 s" : "0 s";
  const parts: string[] = [];
  let rest = ms;
  for (const [unit, size] of units.slice(first, first + 2)) {
    const count = Math.floor(rest / size);
    if (count > 0) parts.push(`${count} ${unit}`);
    rest -= count * size;
  }
  return parts.join(" ");
}
