/**
 * The options of one uPlot: thin lines, a horizontal grid, muted axes, and nothing else. A chart is made anew when its
 * set of lines, its theme or its zone changes; new points and a new window only replace the data of its `Scene`.
 */
import uPlot from "uplot";
import type { Zone } from "../time/instant";
import { formatTick } from "../time/instant";
import type { Window } from "../time/range";
import { lonePoints } from "./columns";
import { type ExtentWish, extent } from "./extent";
import { type Inks, fade } from "./ink";
import { SYNC_KEY } from "./shared.svelte";
import { type Unit, formatTicks, tickIncrements } from "./unit";

export interface Line {
  readonly key: string;
  readonly hue: number;
}

/** What is drawn besides the series. */
export interface Marks {
  /** Values that must be on the axis. */
  readonly include: readonly number[];
  readonly under: (chart: uPlot, inks: Inks) => void;
  readonly over: (chart: uPlot, inks: Inks) => void;
}

/** What changes from refresh to refresh; the chart's functions look into it at every draw. */
export interface Scene {
  window: Window;
  /** From here on the newest points may still change, and are drawn lighter. */
  partialFrom: number | null;
  extent: ExtentWish;
  marks: Marks | undefined;
}

export interface Drawing {
  readonly lines: readonly Line[];
  readonly stack: boolean;
  readonly unit: Unit;
  readonly zone: Zone;
  readonly inks: Inks;
  readonly scene: Scene;
  readonly size: { readonly width: number; readonly height: number };
  readonly zoom: (from: number, to: number) => void;
  readonly pointed: (at: number | null) => void;
  /** The line at the pointer, by its place in `lines`. */
  readonly near: (index: number | null) => void;
}

/** More lines than this cannot be told apart: they lose their dots, their fading and their nearness. */
export const LINES_DISTINCT_MAX = 30;

const LINE_PX = 1.25;
const THIN_PX = 0.75;
const STACK_FILL = 0.3;
const PARTIAL_FADE = 0.4;
const THIN_ALPHA = 0.6;
const NEAR_PX = 24;
/** Beyond this many lines, single ones are not seen any more, but where most of them run is. */
const CROWD = 100;
const CROWD_ALPHA = 0.35;
const DRAG_MIN_PX = 4;
/** Half the width of a digit on an axis, in a wide typeface. */
const HALF_DIGIT_REM = 0.26;

type Paint = string | CanvasGradient;

/** One colour up to the partial step, the same colour fainter from there. */
function untilPartial(chart: uPlot, scene: Scene, colour: string): Paint {
  const { left, width } = chart.bbox;
  if (scene.partialFrom === null || width <= 0) return colour;
  const at = (chart.valToPos(scene.partialFrom, "x", true) - left) / width;
  if (!(at > 0 && at < 1)) return colour;
  const gradient = chart.ctx.createLinearGradient(left, 0, left + width, 0);
  gradient.addColorStop(0, colour);
  gradient.addColorStop(at, colour);
  gradient.addColorStop(at, fade(colour, PARTIAL_FADE));
  gradient.addColorStop(1, fade(colour, PARTIAL_FADE));
  return gradient;
}

function lineSeries(drawing: Drawing): uPlot.Series[] {
  const { lines, inks, scene, stack } = drawing;
  const many = lines.length > LINES_DISTINCT_MAX;
  return lines.map((line, index) => {
    const colour = inks.hues[line.hue] ?? inks.ink;
    const thin = fade(colour, lines.length > CROWD ? CROWD_ALPHA : THIN_ALPHA);
    const paint = (chart: uPlot): Paint => (many ? thin : untilPartial(chart, scene, colour));
    const series: uPlot.Series = {
      label: line.key,
      width: many ? THIN_PX : LINE_PX,
      stroke: paint,
      spanGaps: false,
      points: {
        show: false,
        size: 4,
        stroke: paint,
        fill: paint,
        filter: (chart, at) => {
          const column = chart.data[at];
          const lone = column === undefined ? [] : lonePoints(column as (number | null | undefined)[]);
          return lone.length > 0 ? lone : null;
        },
      },
    };
    if (stack && index === 0) series.fill = (chart) => untilPartial(chart, scene, fade(colour, STACK_FILL));
    return series;
  });
}

function bands(drawing: Drawing): uPlot.Band[] {
  if (!drawing.stack) return [];
  return drawing.lines.slice(1).map((line, index) => ({
    series: [index + 2, index + 1],
    fill: (chart: uPlot) =>
      untilPartial(chart, drawing.scene, fade(drawing.inks.hues[line.hue] ?? drawing.inks.ink, STACK_FILL)),
  }));
}

function axes(drawing: Drawing): uPlot.Axis[] {
  const { inks, unit, zone } = drawing;
  const rem = Number.parseFloat(inks.font) / 0.8;
  const common = { font: inks.font, stroke: inks.muted, ticks: { show: false }, border: { show: false } };
  return [
    {
      ...common,
      grid: { show: false },
      size: Math.round(rem * 1.5),
      gap: 4,
      space: rem * 5.5,
      values: (chart, splits, _, __, increment) => {
        // A label that would be cut off at the right, or run into the other axis at the left, is left out.
        const width = chart.bbox.width / devicePixelRatio;
        return splits.map((tick) => {
          const label = formatTick(tick, increment, zone);
          const [at, half] = [chart.valToPos(tick, "x"), label.length * HALF_DIGIT_REM * rem];
          return at < half || at > width - half ? "" : label;
        });
      },
    },
    {
      ...common,
      grid: { show: true, stroke: inks.grid, width: 1 },
      size: Math.round(rem * 4.4),
      gap: 6,
      space: rem * 2.5,
      incrs: [...tickIncrements(unit)],
      // Without series there is no scale to speak of.
      values: (_, splits) => (drawing.lines.length === 0 ? splits.map(() => "") : formatTicks(splits, unit)),
    },
  ];
}

/** Where lines go both ways, zero is the line between them. */
function drawZero(chart: uPlot, inks: Inks): void {
  const { min, max } = chart.scales["y"] ?? {};
  if (min === undefined || max === undefined || min >= 0 || max <= 0) return;
  const { ctx, bbox } = chart;
  const y = Math.round(chart.valToPos(0, "y", true)) + 0.5;
  ctx.save();
  ctx.strokeStyle = inks.edge;
  ctx.lineWidth = devicePixelRatio;
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.restore();
}

/** The line at the pointer: in a stack the layer it is in, else the nearest one that is near at all. */
function lineAt(chart: uPlot, stack: boolean): number | null {
  const { left = -1, top = -1, idx } = chart.cursor;
  if (left < 0 || idx === null || idx === undefined) return null;
  let best: number | null = null;
  let distance = stack ? Infinity : NEAR_PX;
  for (let index = 1; index < chart.data.length; index++) {
    const value = chart.data[index]?.[idx];
    if (value === null || value === undefined) continue;
    const below = top - chart.valToPos(value, "y");
    const away = stack ? below : Math.abs(below);
    if (away < 0 || away >= distance) continue;
    best = index - 1;
    distance = away;
  }
  return best;
}

export function options(drawing: Drawing): uPlot.Options {
  const { scene, lines, zone, inks } = drawing;
  const many = lines.length > LINES_DISTINCT_MAX;
  return {
    ...drawing.size,
    ms: 1,
    padding: [8, 0, 0, 0],
    legend: { show: false },
    tzDate: (ms) => (zone === "utc" ? uPlot.tzDate(new Date(ms), "Etc/UTC") : new Date(ms)),
    scales: {
      x: { time: true, range: () => [scene.window.from, scene.window.to] },
      y: { range: (_, least, most) => extent(least, most, scene.extent) },
    },
    axes: axes(drawing),
    series: [{}, ...lineSeries(drawing)],
    bands: bands(drawing),
    focus: { alpha: 0.2 },
    cursor: {
      y: false,
      points: { show: !many, size: 6, width: 0, fill: (_, index) => inks.hues[lines[index - 1]?.hue ?? 0] ?? inks.ink },
      drag: { x: true, y: false, setScale: false, dist: DRAG_MIN_PX },
      bind: { dblclick: () => null },
      sync: {
        key: SYNC_KEY,
        scales: ["x", null],
        setSeries: false,
        filters: { pub: (type) => type === "mousemove" || type === "mouseleave", sub: () => true },
      },
    },
    hooks: {
      drawClear: [(chart) => scene.marks?.under(chart, inks)],
      drawAxes: [(chart) => drawZero(chart, inks)],
      draw: [(chart) => scene.marks?.over(chart, inks)],
      setSelect: [
        (chart) => {
          const { left, width } = chart.select;
          if (width < DRAG_MIN_PX) return;
          drawing.zoom(chart.posToVal(left, "x"), chart.posToVal(left + width, "x"));
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
        },
      ],
      setCursor: [
        (chart) => {
          const left = chart.cursor.left ?? -1;
          drawing.pointed(left < 0 ? null : chart.posToVal(left, "x"));
          // Only where the pointer itself is, not where the others' cursors follow it.
          if (!many && chart.cursor.event) drawing.near(lineAt(chart, drawing.stack));
        },
      ],
    },
  };
}
