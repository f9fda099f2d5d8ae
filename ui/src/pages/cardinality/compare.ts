/** One day's counts beside those of the day before, and the query that shows what was counted. */
import type { Count } from "../../api/cardinality";

export interface Compared {
  readonly name: string;
  readonly value: number;
  /** More than the day before; unknown where that day's list ended before the name came. */
  readonly more: number | undefined;
}

export function compare(today: readonly Count[], before: readonly Count[] | undefined, limit: number): readonly Compared[] {
  if (before === undefined) return today.map(({ name, value }) => ({ name, value, more: undefined }));
  const known = new Map(before.map(({ name, value }) => [name, value]));
  const isWhole = before.length < limit;
  return today.map(({ name, value }) => {
    const then = known.get(name) ?? (isWhole ? 0 : undefined);
    return { name, value, more: then === undefined ? undefined : value - then };
  });
}

/** `+1,204`, `−3`, `0`, and a dash where it is unknown. */
export function formatMore(more: number | undefined): string {
  if (more === undefined) return "–";
  const digits = Math.abs(more).toLocaleString("en");
  if (more === 0) return "0";
  return more > 0 ? `+${digits}` : `−${digits}`;
}

/** The UTC date `back` days before an instant. */
export function dayBefore(now: number, back: number): string {
  return new Date(now - back * 86_400_000).toISOString().slice(0, 10);
}

/** A name that PromQL takes as it stands. */
const PLAIN = /^[a-zA-Z_][a-zA-Z0-9_]*$/;

const quote = (text: string): string => JSON.stringify(text);

export const metricQuery = (name: string): string =>
  PLAIN.test(name) ? `count(${name})` : `count({__name__=${quote(name)}})`;

const label = (name: string): string => (PLAIN.test(name) ? name : quote(name));

export const labelQuery = (name: string): string => `count by (${label(name)}) ({${label(name)}!=""})`;

/** Of a pair `label=value`; a label's name has no `=` in it. */
export function pairQuery(pair: string): string {
  const at = pair.indexOf("=");
  return `count by (__name__) ({${label(pair.slice(0, at))}=${quote(pair.slice(at + 1))}})`;
}
