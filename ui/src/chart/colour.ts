/**
 * Which of the eight hues a series has: a stable hash of its labels, so that a host keeps its colour
 * from panel to panel and from day to day. Two series of one chart that hash alike part ways as long
 * as hues are free, in the order of their keys. The hues themselves stand in `tokens.css`.
 */

export const HUE_COUNT = 8;

/** FNV-1a over UTF-16 units, folded so that its high bits count too. */
export function hash(text: string): number {
  let state = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    state = Math.imul(state ^ text.charCodeAt(index), 0x01000193);
  }
  return ((state >>> 16) ^ state) >>> 0;
}

/**
 * A hue for every distinct key. `known` names those that may come and go on this chart, the most important first:
 * they choose before all others and whether or not they are there, so that none changes its hue when one turns up.
 */
export function assignHues(keys: Iterable<string>, known: readonly string[] = []): ReadonlyMap<string, number> {
  const others = [...new Set(keys)].filter((key) => !known.includes(key)).sort();
  const taken = new Set<number>();
  const hues = new Map<string, number>();
  for (const group of [known, others]) {
    // Those whose own hue is free keep it, whoever came before them.
    for (const key of group) {
      const own = hash(key) % HUE_COUNT;
      if (taken.has(own)) continue;
      taken.add(own);
      hues.set(key, own);
    }
    for (const key of group) {
      if (hues.has(key)) continue;
      let hue = hash(key) % HUE_COUNT;
      for (let tries = 0; tries < HUE_COUNT && taken.has(hue); tries++) hue = (hue + 1) % HUE_COUNT;
      taken.add(hue);
      hues.set(key, hue);
    }
  }
  return hues;
}
