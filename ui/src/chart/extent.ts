/**
 * From where to where the value axis goes. Zero is on it unless that would press the lines flat,
 * a threshold is always on it, and a little air stays above and below.
 */

export interface ExtentWish {
  /** The axis reaches at least this far, whatever the data does: 0 and 100 for percent. */
  readonly floor?: number | undefined;
  readonly ceiling?: number | undefined;
  /** Further values that must be seen: thresholds. */
  readonly include?: readonly number[] | undefined;
}

const AIR = 0.08;
const NEARLY = 1.005;
/** Data that fills less than this share of the way from zero is looked at closely, without zero. */
const CLOSE_UP = 0.25;

export function extent(least: number | null, most: number | null, wish: ExtentWish): [number, number] {
  const seen = [least, most, ...(wish.include ?? [])].filter((value) => value !== null && Number.isFinite(value));
  if (seen.length === 0) return [wish.floor ?? 0, wish.ceiling ?? 1];
  let min = Math.min(...(seen as number[]));
  let max = Math.max(...(seen as number[]));
  if (wish.floor !== undefined) min = Math.min(min, wish.floor);
  // Parts of a whole sum up to it only nearly: 100.0001 % is no reason to show more than 100.
  if (wish.ceiling !== undefined) max = max <= wish.ceiling * NEARLY ? wish.ceiling : max;
  const span = max - min;
  if (min > 0 && span > CLOSE_UP * max) min = 0;
  if (max < 0 && span > -CLOSE_UP * min) max = 0;
  if (min === max) {
    const half = min === 0 ? 1 : Math.abs(min) * AIR;
    return min === 0 ? [0, 1] : [min - half, max + half];
  }
  const air = (max - min) * AIR;
  const low = min === 0 || min === wish.floor ? min : min - air;
  const high = max === 0 || max === wish.ceiling ? max : max + air;
  return [low, high];
}
