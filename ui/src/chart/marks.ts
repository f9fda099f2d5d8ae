/**
 * What a chart shows besides its series: the threshold that a rule judges by, and the spans in which it fired.
 * Only pages about rules need it, so a chart is handed it and does not import it.
 */
import type uPlot from "uplot";
import type { Marks } from "./draw";
import { type Inks, fade } from "./ink";

export type Severity = "critical" | "warning" | "info";

export interface Threshold {
  readonly value: number;
  /** `> 90 %`: the line says what it means. */
  readonly label: string;
  readonly severity: Severity;
}

export interface Span {
  readonly from: number;
  /** Null while it goes on. */
  readonly to: number | null;
  readonly severity: Severity;
}

const SPAN_BAR_PX = 3;

/** Behind the series: a soft band for each firing, with a solid bar on top so that it reads without colour. */
function drawSpans(chart: uPlot, spans: readonly Span[], inks: Inks): void {
  const { ctx } = chart;
  const { left, top, width, height } = chart.bbox;
  const ratio = devicePixelRatio;
  ctx.save();
  ctx.beginPath();
  ctx.rect(left, top, width, height);
  ctx.clip();
  for (const span of spans) {
    const from = chart.valToPos(span.from, "x", true);
    const to = span.to === null ? left + width : chart.valToPos(span.to, "x", true);
    const wide = Math.max(to - from, 2 * ratio);
    ctx.fillStyle = fade(inks[span.severity], 0.1);
    ctx.fillRect(from, top, wide, height);
    ctx.fillStyle = inks[span.severity];
    ctx.fillRect(from, top, wide, SPAN_BAR_PX * ratio);
  }
  ctx.restore();
}

/** Above the series: a dashed line with its meaning at the left end. */
function drawThreshold(chart: uPlot, threshold: Threshold, inks: Inks): void {
  const { ctx } = chart;
  const { left, width, top, height } = chart.bbox;
  const ratio = devicePixelRatio;
  const y = chart.valToPos(threshold.value, "y", true);
  if (y < top || y > top + height) return;
  const colour = inks[threshold.severity];
  ctx.save();
  ctx.strokeStyle = colour;
  ctx.lineWidth = 1.25 * ratio;
  ctx.setLineDash([6 * ratio, 4 * ratio]);
  ctx.beginPath();
  ctx.moveTo(left, y);
  ctx.lineTo(left + width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = inks.font.replace(/^[\d.]+/, (size) => String(Number(size) * ratio));
  const text = ctx.measureText(threshold.label).width;
  const above = y - top > 18 * ratio;
  const base = above ? y - 5 * ratio : y + 14 * ratio;
  ctx.fillStyle = fade(inks.paper, 0.8);
  ctx.fillRect(left + 4 * ratio, base - 11 * ratio, text + 8 * ratio, 14 * ratio);
  ctx.fillStyle = colour;
  ctx.textAlign = "left";
  ctx.textBaseline = "alphabetic";
  ctx.fillText(threshold.label, left + 8 * ratio, base);
  ctx.restore();
}

/** Both, as a chart takes them: its value axis then reaches the threshold whatever the data does. */
export function marks(threshold: Threshold | undefined, spans: readonly Span[]): Marks {
  return {
    include: threshold === undefined ? [] : [threshold.value],
    under: (chart, inks) => drawSpans(chart, spans, inks),
    over: (chart, inks) => {
      if (threshold !== undefined) drawThreshold(chart, threshold, inks);
    },
  };
}
