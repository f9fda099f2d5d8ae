/**
 * How far apart the points of a chart are asked for: as close as its pixels can show, on a round step,
 * and with both ends on multiples of that step, so that two refreshes ask for the same instants.
 */
import { DAY, HOUR, MINUTE, SECOND } from "./duration";
import type { Window } from "./range";

/** Round steps: a grid of 7 s would never line up with anything a person reads. */
const STEPS: readonly number[] = [
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  20 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  20 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  3 * HOUR,
  6 * HOUR,
  12 * HOUR,
  DAY,
  2 * DAY,
  7 * DAY,
];

/** One point every two pixels is as much as a 1.25 px line can show. */
const PIXELS_PER_POINT = 2;
/** Prometheus refuses 11,000 points a series; nothing on a screen needs a third of it. */
const POINTS_MAX = 2000;
/** Before a chart has a width, a common one. */
const WIDTH_UNKNOWN_PX = 600;

export interface StepWish {
  readonly widthPx: number;
  /** The data is not denser than this, so neither are the points. */
  readonly minMs: number;
}

export function chooseStep(window: Window, wish: StepWish): number {
  const width = wish.widthPx > 0 ? wish.widthPx : WIDTH_UNKNOWN_PX;
  const points = Math.min(width / PIXELS_PER_POINT, POINTS_MAX);
  const least = Math.max((window.to - window.from) / points, wish.minMs);
  return STEPS.find((step) => step >= least) ?? Math.ceil(least / DAY) * DAY;
}

/** The instants start, start + step, …, end that lie in the window, all multiples of the step. */
export function alignToStep(window: Window, stepMs: number): Window {
  const from = Math.floor(window.from / stepMs) * stepMs;
  const to = Math.floor(window.to / stepMs) * stepMs;
  return { from, to: Math.max(from, to) };
}

/** The window of `rate()`: wide enough that the collector's 10 s always leave two points in it. */
export function rateWindow(stepMs: number): number {
  return Math.max(4 * stepMs, 30 * SECOND);
}
