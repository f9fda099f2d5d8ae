/**
 * Instants as text, in the viewer's zone or in UTC: `2025-11-22 16:05:10`.
 * Year first and 24 hours everywhere, so that a time means the same to every reader.
 */
import { DAY, HOUR, MINUTE } from "./duration";

export type Zone = "local" | "utc";

export interface Fields {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"] as const;

/** The parts of an instant on the wall clock of the zone. */
export function fieldsOf(ms: number, zone: Zone): Fields {
  const date = new Date(ms);
  if (zone === "utc") {
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
    };
  }
  return {
    year: date.getFullYear(),
    month: date.getMonth() + 1,
    day: date.getDate(),
    hour: date.getHours(),
    minute: date.getMinutes(),
    second: date.getSeconds(),
  };
}

function two(n: number): string {
  return String(n).padStart(2, "0");
}

/** `2025-11-22 16:05:10`; without the seconds where they are zero and not asked for. */
export function formatInstant(ms: number, zone: Zone, seconds: "always" | "needed" = "always"): string {
  const f = fieldsOf(ms, zone);
  const minutes = `${f.year}-${two(f.month)}-${two(f.day)} ${two(f.hour)}:${two(f.minute)}`;
  return seconds === "needed" && f.second === 0 ? minutes : `${minutes}:${two(f.second)}`;
}

/** `16:05:10` today, `22 Nov 16:05` on another day: as short as it stays unambiguous. */
export function formatNear(ms: number, now: number, zone: Zone): string {
  const f = fieldsOf(ms, zone);
  const today = fieldsOf(now, zone);
  const clock = `${two(f.hour)}:${two(f.minute)}:${two(f.second)}`;
  if (f.year === today.year && f.month === today.month && f.day === today.day) return clock;
  const date = `${f.day} ${MONTHS[f.month - 1]}`;
  return f.year === today.year ? `${date} ${two(f.hour)}:${two(f.minute)}` : `${date} ${f.year}`;
}

/** One tick of a time axis whose ticks are `stepMs` apart; midnight names the day. */
export function formatTick(ms: number, stepMs: number, zone: Zone): string {
  const f = fieldsOf(ms, zone);
  const midnight = f.hour === 0 && f.minute === 0 && f.second === 0;
  if (stepMs >= 28 * DAY) return f.month === 1 ? String(f.year) : (MONTHS[f.month - 1] ?? "");
  if (stepMs >= DAY || midnight) return `${f.day} ${MONTHS[f.month - 1]}`;
  if (stepMs >= MINUTE) return `${two(f.hour)}:${two(f.minute)}`;
  return `${two(f.hour)}:${two(f.minute)}:${two(f.second)}`;
}

/** The name of the zone in which times are shown: `UTC`, or `UTC+1` for the viewer's own. */
export function zoneName(zone: Zone, now: number): string {
  if (zone === "utc") return "UTC";
  const offset = -new Date(now).getTimezoneOffset() * MINUTE;
  if (offset === 0) return "UTC";
  const hours = Math.floor(Math.abs(offset) / HOUR);
  const minutes = (Math.abs(offset) % HOUR) / MINUTE;
  return `UTC${offset < 0 ? "−" : "+"}${hours}${minutes > 0 ? `:${two(minutes)}` : ""}`;
}
