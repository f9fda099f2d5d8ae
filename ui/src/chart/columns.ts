/**
 * Series → the aligned columns that uPlot draws. One shared list of times; in each column a number,
 * `undefined` where the line runs on through (another series has a point there), or `null` where it breaks.
 * A line breaks where two of its points are further apart than three steps: gaps stay gaps.
 */
import type { Series } from "./series";

export type Column = (number | null | undefined)[];

export interface Columns {
  /** Milliseconds, ascending. */
  readonly times: number[];
  /** In the order of the series: what is drawn, so summed up in a stack and negated below the axis. */
  readonly drawn: Column[];
}

/** Two lost points in a row may be chance; more is a gap. */
const GAP_STEPS = 3;

interface Points {
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/** The points that can be drawn at all: neither missing nor NaN nor infinite. */
function drawable(series: Series): Points {
  const times: number[] = [];
  const values: number[] = [];
  series.times.forEach((time, index) => {
    const value = series.values[index];
    if (value === null || value === undefined || !Number.isFinite(value)) return;
    times.push(time);
    values.push(series.side === "down" ? -value : value);
  });
  return { times, values };
}

function isGap(from: number, to: number, stepMs: number): boolean {
  return to - from > GAP_STEPS * stepMs;
}

/** Every time of every series, and one in each gap for the null that breaks the line there. */
function sharedTimes(all: readonly Points[], stepMs: number): number[] {
  const times = new Set<number>();
  for (const points of all) {
    let before: number | undefined;
    for (const time of points.times) {
      times.add(time);
      if (before !== undefined && isGap(before, time, stepMs)) times.add(before + stepMs);
      before = time;
    }
  }
  return [...times].sort((a, b) => a - b);
}

function spread(points: Points, times: readonly number[], stepMs: number): Column {
  let next = 0;
  return times.map((time) => {
    const own = points.times[next];
    if (own === time) return points.values[next++] ?? null;
    const before = points.times[next - 1];
    if (own === undefined || before === undefined || isGap(before, own, stepMs)) return null;
    return undefined;
  });
}

/** Fills what a line only runs through, so that the layers above it stand on something. */
function interpolated(column: Column, times: readonly number[]): (number | null)[] {
  const filled: (number | null)[] = [];
  for (let index = 0; index < column.length; index++) {
    const value = column[index];
    if (value !== undefined) {
      filled.push(value);
      continue;
    }
    let right = index + 1;
    while (column[right] === undefined && right < column.length) right++;
    const [a, b] = [filled[index - 1] ?? 0, column[right] ?? 0];
    const [from, to] = [times[index - 1] ?? 0, times[right] ?? 1];
    filled.push(a + ((b - a) * ((times[index] ?? 0) - from)) / (to - from));
  }
  return filled;
}

function stacked(columns: readonly Column[], times: readonly number[]): Column[] {
  const sum = times.map(() => 0);
  const layers = columns.map((column) => interpolated(column, times));
  const present = times.map((_, index) => layers.some((layer) => layer[index] !== null));
  return layers.map((layer) =>
    times.map((_, index) => {
      sum[index] = (sum[index] ?? 0) + (layer[index] ?? 0);
      return present[index] ? (sum[index] ?? null) : null;
    }),
  );
}

export interface ColumnOptions {
  readonly stepMs: number;
  readonly stack: boolean;
}

export function toColumns(series: readonly Series[], options: ColumnOptions): Columns {
  const all = series.map(drawable);
  const times = sharedTimes(all, options.stepMs);
  const columns = all.map((points) => spread(points, times, options.stepMs));
  return { times, drawn: options.stack ? stacked(columns, times) : columns };
}

/** The positions of points that no line reaches, since both sides are gaps: they are drawn as dots. */
export function lonePoints(column: Column): number[] {
  const lone: number[] = [];
  let before: number | null = null;
  column.forEach((value, index) => {
    if (value === undefined) return;
    if (value !== null && before === null) {
      let next = index + 1;
      while (column[next] === undefined && next < column.length) next++;
      if ((column[next] ?? null) === null) lone.push(index);
    }
    before = value;
  });
  return lone;
}
