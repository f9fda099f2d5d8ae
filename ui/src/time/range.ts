/**
 * The range of time that a page shows: a span back from now, or two instants.
 * It lives in the address (`range=6h`, or `from=…&to=…`), so every view can be shared.
 */
import { DAY, HOUR, MINUTE, SECOND, YEAR, formatDuration, parseDuration } from "./duration";
import { type Zone, formatInstant } from "./instant";

export type Range =
  | { readonly kind: "last"; readonly ms: number }
  | { readonly kind: "between"; readonly from: number; readonly to: number };

/** A range resolved against a clock; milliseconds since 1970. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

export const DEFAULT_RANGE: Range = { kind: "last", ms: HOUR };

/** The span that a server which started a moment ago shows first: its few points fill the picture. */
export const FRESH_RANGE: Range = { kind: "last", ms: 5 * MINUTE };

export const QUICK_RANGES: readonly { readonly ms: number; readonly label: string }[] = [
  { ms: 5 * MINUTE, label: "5 minutes" },
  { ms: 15 * MINUTE, label: "15 minutes" },
  { ms: 30 * MINUTE, label: "30 minutes" },
  { ms: HOUR, label: "1 hour" },
  { ms: 3 * HOUR, label: "3 hours" },
  { ms: 6 * HOUR, label: "6 hours" },
  { ms: 12 * HOUR, label: "12 hours" },
  { ms: DAY, label: "1 day" },
  { ms: 2 * DAY, label: "2 days" },
  { ms: 7 * DAY, label: "7 days" },
  { ms: 15 * DAY, label: "15 days" },
  { ms: 30 * DAY, label: "30 days" },
  { ms: 90 * DAY, label: "90 days" },
  { ms: YEAR, label: "1 year" },
];

/** Shorter than this nothing is to be seen: the host is measured every 10 s. */
const SPAN_MIN_MS = 10 * SECOND;
const SPAN_MAX_MS = 10 * YEAR;

/** The range an address asks for; undefined where it asks for none, or for nonsense. */
export function rangeFromParams(params: URLSearchParams): Range | undefined {
  const from = params.get("from");
  const to = params.get("to");
  if (from !== null && to !== null) {
    const window = { from: Date.parse(from), to: Date.parse(to) };
    if (window.to - window.from >= SECOND) return { kind: "between", ...window };
  }
  const ms = parseDuration(params.get("range") ?? "");
  return ms === undefined || ms < SPAN_MIN_MS ? undefined : { kind: "last", ms: Math.min(ms, SPAN_MAX_MS) };
}

/** What the address has to say for this range; null takes a parameter out. */
export function rangeToParams(range: Range): Record<"range" | "from" | "to", string | null> {
  if (range.kind === "last") return { range: formatDuration(range.ms), from: null, to: null };
  const iso = (ms: number): string => new Date(ms).toISOString().replace(/\.000Z$/, "Z");
  return { range: null, from: iso(range.from), to: iso(range.to) };
}

export function resolve(range: Range, now: number): Window {
  return range.kind === "last" ? { from: now - range.ms, to: now } : { from: range.from, to: range.to };
}

/** What was dragged over, as a range: whole seconds, and never shorter than can be seen. */
export function zoomTo(from: number, to: number): Range {
  const middle = (from + to) / 2;
  const half = Math.max(to - from, SPAN_MIN_MS) / 2;
  const whole = (ms: number): number => Math.round(ms / SECOND) * SECOND;
  return { kind: "between", from: whole(middle - half), to: whole(middle + half) };
}

/** Twice the span around the same middle, but not beyond now. */
export function widen(range: Range, now: number): Range {
  if (range.kind === "last") return { kind: "last", ms: Math.min(range.ms * 2, SPAN_MAX_MS) };
  const span = Math.min((range.to - range.from) * 2, SPAN_MAX_MS);
  const to = Math.min((range.from + range.to) / 2 + span / 2, Math.max(now, range.to));
  return zoomTo(to - span, to);
}

/** The window moved by half of its span; forward it stops at now and follows it again. */
export function shift(range: Range, direction: "back" | "forward", now: number): Range {
  const { from, to } = resolve(range, now);
  const span = to - from;
  const by = direction === "back" ? -span / 2 : span / 2;
  if (to + by >= now && direction === "forward") return { kind: "last", ms: span };
  return zoomTo(from + by, to + by);
}

/** How a range reads on its button: `Last 6 hours`, or its two instants. */
export function describeRange(range: Range, zone: Zone): string {
  if (range.kind === "last") {
    const quick = QUICK_RANGES.find(({ ms }) => ms === range.ms);
    return `Last ${quick?.label ?? formatDuration(range.ms)}`;
  }
  const from = formatInstant(range.from, zone, "needed");
  const to = formatInstant(range.to, zone, "needed");
  const sameDay = from.slice(0, 10) === to.slice(0, 10);
  return `${from} – ${sameDay ? to.slice(11) : to}`;
}
