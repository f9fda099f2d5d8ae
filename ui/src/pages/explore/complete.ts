/**
 * What may come next at the caret: metric names and functions, label names inside braces, label values inside a string.
 * Pure: the names themselves are brought by the editor.
 */
import { INFLUXQL_KEYWORDS, type Language, tokenize } from "./tokens";

export interface Place {
  readonly kind: "name" | "label" | "value" | "measurement";
  /** The metric that the braces belong to; empty where they stand alone. */
  readonly metric: string;
  /** The label whose value is being typed. */
  readonly label: string;
  /** Where the word begun at the caret starts, and its text so far. */
  readonly from: number;
  readonly prefix: string;
}

const PROMQL_FUNCTIONS: readonly string[] = (
  "abs absent absent_over_time avg avg_over_time bottomk ceil changes clamp clamp_max clamp_min count count_over_time " +
  "count_values day_of_month day_of_week day_of_year days_in_month delta deriv exp floor group histogram_quantile hour " +
  "idelta increase irate label_join label_replace last_over_time ln log10 log2 max max_over_time min min_over_time " +
  "minute month predict_linear present_over_time quantile quantile_over_time rate resets round scalar sgn sort " +
  "sort_desc sqrt stddev stddev_over_time stdvar sum sum_over_time time timestamp topk vector year"
).split(" ");

const INFLUXQL_FUNCTIONS: readonly string[] =
  "count first last max mean median min percentile spread stddev sum time now".split(" ");

function promqlPlace(before: string): Place | undefined {
  const tokens = tokenize(before, "promql").filter(({ kind }) => kind !== "comment");
  const spoken = tokens.filter(({ kind }) => kind !== "space");
  let metric = "";
  let label = "";
  let braces = false;
  let last = "";
  for (const token of spoken) {
    if (token.text === "{") {
      braces = true;
      metric = last;
    } else if (token.text === "}") braces = false;
    if (braces && token.kind === "label") label = token.text;
    last = token.kind === "name" ? token.text : "";
  }
  const end = tokens.at(-1);
  if (end === undefined) return { kind: "name", metric: "", label: "", from: 0, prefix: "" };
  const closed = end.text.length > 1 && end.text.endsWith(end.text[0] ?? "");
  if (end.kind === "string") {
    if (!braces || closed) return undefined;
    return { kind: "value", metric, label, from: end.from + 1, prefix: end.text.slice(1) };
  }
  if (end.kind === "label") return { kind: "label", metric: braces ? metric : "", label: "", from: end.from, prefix: end.text };
  if (end.kind === "name" || end.kind === "function" || end.kind === "keyword") {
    return { kind: "name", metric: "", label: "", from: end.from, prefix: end.text };
  }
  const sign = spoken.at(-1)?.text ?? "";
  if (braces && (sign === "{" || sign === ",")) {
    return { kind: "label", metric, label: "", from: before.length, prefix: "" };
  }
  return undefined;
}

function influxqlPlace(before: string): Place | undefined {
  const tokens = tokenize(before, "influxql");
  const end = tokens.at(-1);
  if (end === undefined) return undefined;
  const spoken = tokens.filter(({ kind }) => kind !== "space");
  const isWord = end.kind === "name" || end.kind === "keyword" || end.kind === "function";
  const prior = spoken.at(isWord ? -2 : -1);
  if (prior?.text.toUpperCase() === "FROM" && (isWord || end.kind === "space")) {
    const from = isWord ? end.from : before.length;
    return { kind: "measurement", metric: "", label: "", from, prefix: before.slice(from).replace(/^"/, "") };
  }
  if (!isWord || end.text.startsWith('"')) return undefined;
  return { kind: "name", metric: "", label: "", from: end.from, prefix: end.text };
}

/** What is being typed at the end of this text; undefined where nothing can be suggested. */
export function placeAt(before: string, language: Language): Place | undefined {
  return language === "promql" ? promqlPlace(before) : influxqlPlace(before);
}

/** The words that need no question to the server. */
export function builtIns(language: Language): readonly string[] {
  const call = (name: string): string => `${name}(`;
  if (language === "promql") return PROMQL_FUNCTIONS.map(call);
  return [...INFLUXQL_KEYWORDS, ...INFLUXQL_FUNCTIONS.map(call)];
}

/** How a chosen word is written into the query: labels and values close what they opened. */
export function written(place: Place, word: string, after: string): string {
  if (place.kind === "label") return place.metric === "" || /^\s*[=!]/.test(after) ? word : `${word}="`;
  if (place.kind === "value") {
    const escaped = JSON.stringify(word).slice(1, -1);
    return after.startsWith('"') ? escaped : `${escaped}"`;
  }
  if (place.kind === "measurement") return `"${word.replaceAll('"', '\\"')}"`;
  return word;
}
