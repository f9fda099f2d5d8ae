/** InfluxQL over HTTP: every answer is tables, and those with times and numbers are series as well. */
import type { Picture } from "../chart/picture";
import { type Labels, type Series, canonical, distinguish } from "../chart/series";
import type { Window } from "../time/range";
import { request } from "./client";
import { hueKeys } from "./prometheus";
import { Failure } from "./failure";
import type { components } from "./wire";

type Schemas = components["schemas"];
export type Cell = Schemas["InfluxCell"];

export interface Table {
  readonly name: string;
  readonly tags: Labels;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

export interface InfluxAnswer {
  readonly tables: readonly Table[];
  readonly notes: readonly string[];
}

/** Where nothing says how far apart points are. */
const STEP_UNKNOWN_MS = 10_000;

export function readTables(response: Schemas["InfluxResponse"]): InfluxAnswer {
  const tables: Table[] = [];
  const notes: string[] = [];
  for (const result of response.results) {
    if (result.error !== undefined) {
      // One failed statement of several does not hide what the others answered.
      if (response.results.length === 1) throw new Failure("refused", result.error);
      notes.push(`Statement ${result.statement_id + 1}: ${result.error}`);
    }
    for (const message of result.messages ?? []) notes.push(message.text);
    for (const { name = "", tags = {}, columns, values = [] } of result.series ?? []) {
      tables.push({ name, tags, columns, rows: values });
    }
  }
  return { tables, notes };
}

export async function queryInflux(text: string, database: string, signal?: AbortSignal): Promise<InfluxAnswer> {
  const response = await request<Schemas["InfluxResponse"]>("/query", {
    params: { q: text, db: database, epoch: "ms" },
    signal,
  });
  return readTables(response);
}

function numbersIn(table: Table, column: number): boolean {
  return table.rows.some((row) => typeof row[column] === "number");
}

interface Drawable {
  readonly labels: Labels;
  readonly times: readonly number[];
  readonly values: readonly (number | null)[];
}

function drawableColumns(table: Table): Drawable[] {
  const time = table.columns.indexOf("time");
  if (time < 0) return [];
  const rows = table.rows.filter((row) => typeof row[time] === "number");
  // InfluxDB answers in the order asked for; a chart needs the oldest first.
  const ascending = [...rows].sort((a, b) => Number(a[time]) - Number(b[time]));
  const fields = table.columns.map((name, index) => ({ name, index })).filter(({ index }) => index !== time);
  return fields
    .filter(({ index }) => numbersIn(table, index))
    .map(({ name, index }) => ({
      labels: { __name__: `${table.name}.${name}`, ...table.tags },
      times: ascending.map((row) => Number(row[time])),
      values: ascending.map((row) => {
        const cell = row[index];
        return typeof cell === "number" ? cell : null;
      }),
    }));
}

/** The distance that most neighbours have. */
export function commonStep(times: readonly number[]): number {
  const steps = times.slice(1).map((time, index) => time - (times[index] ?? time)).filter((step) => step > 0);
  steps.sort((a, b) => a - b);
  return steps[Math.floor(steps.length / 2)] ?? STEP_UNKNOWN_MS;
}

/** The chart of an answer; undefined where it has no column of times, or no numbers beside it. */
export function pictureOf(tables: readonly Table[], fallback: Window): Picture | undefined {
  const columns = tables.flatMap(drawableColumns);
  if (columns.length === 0) return undefined;
  const sets = columns.map(({ labels }) => labels);
  const { names } = distinguish(sets);
  const hues = hueKeys(sets);
  const series: Series[] = columns.map(({ labels, times, values }, index) => ({
    key: `${index} ${canonical(labels)}`,
    name: names[index] ?? "",
    labels,
    hueKey: hues[index] ?? "",
    times,
    values,
  }));
  const from = Math.min(...series.map(({ times }) => times[0] ?? Infinity));
  const to = Math.max(...series.map(({ times }) => times.at(-1) ?? -Infinity));
  // An aggregate without GROUP BY time() has one row at the start of its range (or at 1970): a table, not a chart.
  if (from === to) return undefined;
  const stepMs = Math.min(...series.map(({ times }) => commonStep(times)));
  return { series, window: { from: Math.min(from, fallback.from), to: Math.max(to, fallback.to) }, stepMs };
}
