/**
 * Which unit a query's values have, guessed from the metric's name as Telegraf and Prometheus name things.
 * A guess only: Explore offers the choice beside the chart.
 */
import type { Unit } from "./unit";

const RULES: readonly (readonly [RegExp, Unit])[] = [
  [/(^|_)(percent|pct)$|_percent_|^cpu_usage/, "percent"],
  [/_ratio$/, "ratio"],
  [/_bits(_total)?$/, "bits/s"],
  [/_bytes(_total|_sum)?$|_bytes_|^net_bytes_/, "bytes"],
  [/^(mem|swap)_(?!.*percent)/, "bytes"],
  [/^disk_(total|free|used)$/, "bytes"],
  [/_seconds(_total|_sum)?$|_seconds_|_uptime$|^uptime$/, "seconds"],
];

/** Turns a counter's unit into its rate's. */
const PER_SECOND: Readonly<Partial<Record<Unit, Unit>>> = {
  bytes: "bytes/s",
  plain: "ops/s",
  // Seconds per second: how much of the time, so a share.
  seconds: "ratio",
};

export function guessUnit(query: string): Unit {
  const names = query.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, " ").match(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g) ?? [];
  const metric = names.find((name) => RULES.some(([pattern]) => pattern.test(name)));
  if (/^\s*(count|count_values|group|absent|changes|resets)\b/.test(query)) return "plain";
  const unit = RULES.find(([pattern]) => metric !== undefined && pattern.test(metric))?.[1] ?? "plain";
  if (!/\b(rate|irate|deriv)\s*\(/.test(query)) return unit;
  // One rate over another is a plain quotient: bytes per operation, seconds per request.
  if (/\)\s*\/[^/]*\b(rate|irate)\s*\(/.test(query)) return unit === "bytes" || unit === "seconds" ? unit : "plain";
  return PER_SECOND[unit] ?? unit;
}
