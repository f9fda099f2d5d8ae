/** What a chart draws: series, the window they were asked for, and how far apart their points are. */
import type { Window } from "../time/range";
import type { Series } from "./series";

export interface Picture {
  readonly series: readonly Series[];
  readonly window: Window;
  readonly stepMs: number;
}

/** Drawing more would freeze the tab for seconds; the chart says so, and the query can be narrowed. */
export const SERIES_DRAWN_MAX = 1000;

/**
 * From where the newest points may still change: the instant before the newest one, as long as the step of that one
 * is not over. Null where the window ends in the past.
 */
export function partialFrom(picture: Picture, now: number): number | null {
  let newest = -Infinity;
  for (const { times } of picture.series) newest = Math.max(newest, times.at(-1) ?? -Infinity);
  if (newest + picture.stepMs <= now) return null;
  let before = newest - picture.stepMs;
  for (const { times } of picture.series) {
    const last = times.findLast((time) => time < newest);
    if (last !== undefined) before = Math.max(before, last);
  }
  return before;
}
