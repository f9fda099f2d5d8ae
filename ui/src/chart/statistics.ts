/**
 * The four numbers that the table under a chart gives for each series: last, min, mean and max
 * of the points shown. Missing and not-a-number points do not count.
 */
import type { Series } from "./series";

export interface Statistics {
  readonly last: number | null;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
}

export function statistics(values: readonly (number | null)[]): Statistics {
  let last: number | null = null;
  let min = Infinity;
  let max = -Infinity;
  let sum = 0;
  let count = 0;
  for (const value of values) {
    if (value === null || Number.isNaN(value)) continue;
    last = value;
    if (value < min) min = value;
    if (value > max) max = value;
    sum += value;
    count += 1;
  }
  return count === 0 ? { last: null, min: null, mean: null, max: null } : { last, min, mean: sum / count, max };
}

/** The largest last value first; those without any come last, then by name. */
export function byLast(
  a: { readonly name: string; readonly stats: Statistics },
  b: { readonly name: string; readonly stats: Statistics },
): number {
  const [x, y] = [a.stats.last ?? -Infinity, b.stats.last ?? -Infinity];
  if (x !== y) return x > y ? -1 : 1;
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

/** The value nearest to an instant, or null where none is within half of the reach on either side. */
export function valueAt(series: Series, ms: number, reachMs: number): number | null {
  const { times, values } = series;
  let low = 0;
  let high = times.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) < ms) low = middle + 1;
    else high = middle;
  }
  const candidates = [low - 1, low].filter((index) => index >= 0 && index < times.length);
  let best: number | null = null;
  let distance = reachMs / 2;
  for (const index of candidates) {
    const away = Math.abs((times[index] ?? 0) - ms);
    const value = values[index];
    if (away > distance || value === null || value === undefined) continue;
    best = value;
    distance = away;
  }
  return best;
}
