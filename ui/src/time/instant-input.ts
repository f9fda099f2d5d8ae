/** Instants as a person types them, read in the viewer's zone or in UTC. */
import { parseDuration } from "./duration";
import { type Fields, type Zone, fieldsOf } from "./instant";

function build(f: Fields, zone: Zone): number {
  const { year, month, day, hour, minute, second } = f;
  return zone === "utc"
    ? Date.UTC(year, month - 1, day, hour, minute, second)
    : new Date(year, month - 1, day, hour, minute, second).getTime();
}

function parseClock(text: string, now: number, zone: Zone): number | undefined {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2}))?$/.exec(text);
  if (match === null) return undefined;
  const [hour, minute, second] = [Number(match[1]), Number(match[2]), Number(match[3] ?? 0)];
  if (hour > 23 || minute > 59 || second > 59) return undefined;
  return build({ ...fieldsOf(now, zone), hour, minute, second }, zone);
}

function parseDate(text: string, zone: Zone): number | undefined {
  const match = /^(\d{4})-(\d{2})-(\d{2})(?:[ T](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?$/.exec(text);
  if (match === null) return undefined;
  const [year, month, day, hour, minute, second] = match.slice(1).map((part) => Number(part ?? 0));
  const wanted: Fields = {
    year: year ?? 0,
    month: month ?? 0,
    day: day ?? 0,
    hour: hour ?? 0,
    minute: minute ?? 0,
    second: second ?? 0,
  };
  const ms = build(wanted, zone);
  // The 31st of February would roll over into March: what comes back must be what was asked for. Local
  // hours are not compared, since the hour that a clock change skips has no instant of its own.
  const got = fieldsOf(ms, zone);
  const sameDay = got.year === wanted.year && got.month === wanted.month && got.day === wanted.day;
  const clockIsReal = wanted.hour <= 23 && wanted.minute <= 59 && wanted.second <= 59;
  return sameDay && clockIsReal ? ms : undefined;
}

/**
 * Reads what a person types for a time: `now`, `now-6h`, `16:05` (today), `2025-11-22`,
 * `2025-11-22 16:05[:10]`, or RFC 3339 with its own zone.
 */
export function parseInstant(text: string, now: number, zone: Zone): number | undefined {
  const trimmed = text.trim();
  if (trimmed.toLowerCase() === "now") return now;
  const relative = /^now\s*-\s*(.+)$/i.exec(trimmed);
  if (relative !== null) {
    const back = parseDuration(relative[1] ?? "");
    return back === undefined ? undefined : now - back;
  }
  if (/^\d{4}-\d{2}-\d{2}T[\d:.]+(Z|[+-]\d{2}:\d{2})$/i.test(trimmed)) {
    const ms = Date.parse(trimmed);
    return Number.isNaN(ms) ? undefined : ms;
  }
  return parseClock(trimmed, now, zone) ?? parseDate(trimmed, zone);
}
