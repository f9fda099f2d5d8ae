/**
 * Hues: stable, apart from each other for the three common colour-blindnesses, and apart from the states.
 * The colours are read from `tokens.css`, simulated after Machado, Oliveira and Fernandes (2009), and compared in OKLab.
 */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { HUE_COUNT, assignHues, hash } from "./colour";

test("a_hash_never_changes", () => {
  // Written down: a change would repaint every chart of everybody.
  expect(hash("")).toBe(2_166_103_257);
  expect(hash('host="web-1"')).toBe(59155436);
  expect(assignHues(['host="web-1"']).get('host="web-1"')).toBe(59155436 % HUE_COUNT);
});

test("up_to_eight_series_have_eight_hues", () => {
  const keys = Array.from({ length: 8 }, (_, index) => `name="disk${index}"`);
  expect(new Set(assignHues(keys).values()).size).toBe(8);
});

test("a_series_whose_hue_is_free_keeps_it_whoever_else_is_there", () => {
  const keys = Array.from({ length: 6 }, (_, index) => `host="h${index}"`);
  const together = assignHues(keys);
  const owners = new Map<number, string>();
  for (const key of [...keys].sort()) if (!owners.has(hash(key) % HUE_COUNT)) owners.set(hash(key) % HUE_COUNT, key);
  for (const [hue, key] of owners) expect(together.get(key)).toBe(hue);
});

test("what_is_known_to_come_and_go_changes_no_hue", () => {
  const known = ["user", "system", "iowait", "nice", "irq", "softirq", "steal"];
  const all = assignHues(known, known);
  const few = assignHues(["user", "system", "something else"], known);
  for (const key of ["user", "system"]) expect(few.get(key)).toBe(all.get(key));
  expect(new Set(all.values()).size).toBe(known.length);
});

test("hues_do_not_depend_on_the_order_of_the_answer", () => {
  const keys = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];
  expect(assignHues([...keys].reverse())).toEqual(assignHues(keys));
});

type Triple = readonly [number, number, number];

const SIGHTS: Readonly<Record<string, readonly Triple[]>> = {
  full: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deutan: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritan: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};

function linear(hex: string): Triple {
  const part = (at: number): number => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

const times = (rows: readonly Triple[], [r, g, b]: Triple): Triple =>
  rows.map((row) => Math.min(1, Math.max(0, row[0] * r + row[1] * g + row[2] * b))) as unknown as Triple;

function oklab([r, g, b]: Triple): Triple {
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const distance = (a: Triple, b: Triple): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);

function contrast(a: string, b: string): number {
  const light = (hex: string): number => {
    const [r, g, bl] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * bl;
  };
  const [x, y] = [light(a), light(b)];
  return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05);
}

const css = readFileSync("src/tokens.css", "utf8");

function token(name: string, theme: "light" | "dark"): string {
  const match = new RegExp(`--${name}: light-dark\\((#[0-9a-f]{6}), (#[0-9a-f]{6})\\)`).exec(css);
  const found = match?.[theme === "light" ? 1 : 2];
  if (found === undefined) throw new Error(`tokens.css has no ${name}`);
  return found;
}

for (const theme of ["light", "dark"] as const) {
  const hues = Array.from({ length: HUE_COUNT }, (_, hue) => token(`hue-${hue}`, theme));
  const paper = token("paper", theme);

  for (const [sight, matrix] of Object.entries(SIGHTS)) {
    test(`hues_are_apart_in_${theme}_for_${sight}_sight`, () => {
      const seen = hues.map((hex) => oklab(times(matrix, linear(hex))));
      for (const [i, a] of seen.entries()) {
        for (const [j, b] of seen.entries()) {
          if (i < j) expect(distance(a, b), `${hues[i]} and ${hues[j]}`).toBeGreaterThan(0.08);
        }
      }
    });
  }

  test(`lines_stand_out_from_the_paper_in_${theme}`, () => {
    for (const hex of hues) expect(contrast(hex, paper), hex).toBeGreaterThanOrEqual(3);
  });

  test(`states_are_no_series_colours_and_can_be_read_in_${theme}`, () => {
    for (const state of ["ok", "warning", "critical"]) {
      const hex = token(`state-${state}`, theme);
      expect(contrast(hex, paper), state).toBeGreaterThanOrEqual(4.5);
      for (const hue of hues) expect(distance(oklab(linear(hex)), oklab(linear(hue))), `${state} ${hue}`).toBeGreaterThan(0.07);
    }
  });

  test(`text_can_be_read_in_${theme}`, () => {
    const words = ["ink", "ink-muted", "accent", "state-none", "code-keyword", "code-call", "code-label", "code-string"];
    for (const name of words) {
      expect(contrast(token(name, theme), paper), name).toBeGreaterThanOrEqual(4.5);
    }
    expect(contrast(token("accent-ink", theme), token("accent", theme))).toBeGreaterThanOrEqual(4.5);
    expect(contrast(token("field-edge", theme), paper)).toBeGreaterThanOrEqual(3);
  });
}
