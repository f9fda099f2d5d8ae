/** PromQL over HTTP: queries become series and samples, names become lists for completion. */
import { type Labels, type Series, canonical, distinguish } from "../chart/series";
import type { Picture } from "../chart/picture";
import type { Window } from "../time/range";
import { alignToStep } from "../time/step";
import { request } from "./client";
import type { components } from "./wire";

type Schemas = components["schemas"];
type Data = Schemas["PromData"];
type Matrix = Schemas["PromMatrix"]["result"];

/** More series than this are not sent; the answer then carries a warning. */
const SERIES_MAX = 5000;
/** Names for completion and pickers: enough to find anything by typing a few letters. */
const NAMES_MAX = 10_000;

export interface Sample {
  readonly labels: Labels;
  readonly at: number;
  readonly value: number;
}

export interface Answer<T> {
  readonly value: T;
  readonly notes: readonly string[];
}

export type Instant =
  | { readonly kind: "samples"; readonly samples: readonly Sample[] }
  | { readonly kind: "series"; readonly picture: Picture }
  | { readonly kind: "text"; readonly text: string };

/** `NaN`, `+Inf` and `-Inf` come as words, everything else as a decimal. */
export function readValue(text: string): number {
  if (text === "+Inf" || text === "Inf") return Infinity;
  if (text === "-Inf") return -Infinity;
  return Number(text);
}

/** What colours a series: its labels without the metric's name, unless the name is all that tells them apart. */
export function hueKeys(sets: readonly Labels[]): string[] {
  const plain = sets.map(({ __name__: _, ...rest }) => canonical(rest));
  return new Set(plain).size === sets.length ? plain : sets.map(canonical);
}

export function seriesFromMatrix(matrix: Matrix): { series: Series[]; shared: string } {
  const sets = matrix.map(({ metric }) => metric);
  const { names, shared } = distinguish(sets);
  const hues = hueKeys(sets);
  const series = matrix.map(({ metric, values }, index) => ({
    key: canonical(metric),
    name: names[index] ?? "",
    labels: metric,
    hueKey: hues[index] ?? "",
    times: values.map(([seconds]) => Math.round(seconds * 1000)),
    values: values.map(([, text]) => readValue(text)),
  }));
  return { series, shared };
}

function notesOf(response: Schemas["PromResponse"]): readonly string[] {
  return [...(response.warnings ?? []), ...(response.infos ?? [])];
}

export interface RangeQuery {
  readonly query: string;
  /** Points are asked for on multiples of the step in it. */
  readonly window: Window;
  readonly stepMs: number;
  /** Whether the window ends now: then one more point is asked for, at this moment, and the newest step is partial. */
  readonly live: boolean;
  /** Seconds: dashboards that refresh themselves may share an answer this old. */
  readonly maxAge?: number;
  readonly signal?: AbortSignal | undefined;
}

/** The range with its newest point: where a series has a value now, it runs on to there. */
export function withNewest(matrix: Matrix, vector: Schemas["PromVector"]["result"]): Matrix {
  const ranges = new Map(matrix.map((one) => [canonical(one.metric), one]));
  for (const { metric, value } of vector) {
    const range = ranges.get(canonical(metric));
    const last = range?.values.at(-1)?.[0] ?? -Infinity;
    if (value[0] > last) ranges.set(canonical(metric), { metric, values: [...(range?.values ?? []), value] });
  }
  return [...ranges.values()];
}

/** Asks for the value of each series at the end of the window; what has no such value has none. */
async function newest(wish: RangeQuery): Promise<Schemas["PromVector"]["result"]> {
  const response = await request<Schemas["PromResponse"]>("/api/v1/query", {
    params: { query: wish.query, time: wish.window.to / 1000, limit: SERIES_MAX },
    signal: wish.signal,
  });
  return response.data.resultType === "vector" ? response.data.result : [];
}

async function range(wish: RangeQuery): Promise<Answer<Matrix>> {
  const { from, to } = alignToStep(wish.window, wish.stepMs);
  const response = await request<Schemas["PromResponse"]>("/api/v1/query_range", {
    params: {
      query: wish.query,
      start: from / 1000,
      end: to / 1000,
      step: wish.stepMs / 1000,
      limit: SERIES_MAX,
      max_age: wish.maxAge,
    },
    signal: wish.signal,
  });
  const { data } = response;
  if (data.resultType !== "matrix") throw new Error(`A range query answered with a ${data.resultType}.`);
  return { value: data.result, notes: notesOf(response) };
}

export async function queryRange(wish: RangeQuery): Promise<Answer<{ series: Series[]; shared: string }>> {
  const [{ value, notes }, last] = await Promise.all([range(wish), wish.live ? newest(wish) : []]);
  return { value: seriesFromMatrix(withNewest(value, last)), notes };
}

function seriesOfInstant(data: Schemas["PromMatrix"]): Instant {
  const { series } = seriesFromMatrix(data.result);
  const times = series.flatMap((one) => [one.times[0] ?? Infinity, one.times.at(-1) ?? -Infinity]);
  const window = { from: Math.min(...times), to: Math.max(...times) };
  return { kind: "series", picture: { series, window, stepMs: Math.max(1, (window.to - window.from) / 100) } };
}

export function readInstant(data: Data): Instant {
  switch (data.resultType) {
    case "vector":
      return {
        kind: "samples",
        samples: data.result.map(({ metric, value: [seconds, text] }) => ({
          labels: metric,
          at: Math.round(seconds * 1000),
          value: readValue(text),
        })),
      };
    case "scalar": {
      const [seconds, text] = data.result;
      return { kind: "samples", samples: [{ labels: {}, at: Math.round(seconds * 1000), value: readValue(text) }] };
    }
    case "string":
      return { kind: "text", text: data.result[1] };
    case "matrix":
      return seriesOfInstant(data);
  }
}

export async function queryInstant(query: string, at: number, signal?: AbortSignal): Promise<Answer<Instant>> {
  const response = await request<Schemas["PromResponse"]>("/api/v1/query", {
    params: { query, time: at / 1000, limit: SERIES_MAX },
    signal,
  });
  return { value: readInstant(response.data), notes: notesOf(response) };
}

/** Values of a label (`__name__`: the metrics), of the series that match where a selector is given. */
export async function labelValues(name: string, match?: string, signal?: AbortSignal): Promise<readonly string[]> {
  const params = { limit: NAMES_MAX, ...(match === undefined ? {} : { "match[]": [match] }) };
  const path = `/api/v1/label/${encodeURIComponent(name)}/values`;
  return (await request<Schemas["PromNamesResponse"]>(path, { params, signal })).data;
}

export async function labelNames(match?: string, signal?: AbortSignal): Promise<readonly string[]> {
  const params = { limit: NAMES_MAX, ...(match === undefined ? {} : { "match[]": [match] }) };
  return (await request<Schemas["PromNamesResponse"]>("/api/v1/labels", { params, signal })).data;
}

/** A PromQL string literal: every value is safe in a selector, quotes and backslashes included. */
export function quote(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u009f]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

/** A selector of one metric with equal labels. */
export function selector(metric: string, labels: Labels): string {
  const inner = Object.entries(labels).map(([name, value]) => `${name}=${quote(value)}`);
  const plainName = /^[a-zA-Z_:][\w:]*$/.test(metric);
  if (!plainName) inner.unshift(`__name__=${quote(metric)}`);
  const braces = inner.length === 0 ? "" : `{${inner.join(",")}}`;
  return plainName ? metric + braces : braces;
}
