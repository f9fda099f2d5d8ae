/**
 * A rule while it is being written: every field as text, and what is wrong with it. What can be seen here is said
 * at once at its field; the rest the server says, and its words are led to the field they name.
 */
import type { Condition, RuleInput, RuleSeverity } from "../../api/alerts";
import type { Rule } from "../../api/rules";
import { parseDuration } from "../../time/duration";
import { sign } from "./judgement";

export type Source = "metric" | "expr";

export interface Draft {
  id: string;
  name: string;
  source: Source;
  metric: string;
  expr: string;
  condition: Condition;
  threshold: string;
  recovery: string;
  duration: string;
  severity: RuleSeverity;
  tags: { name: string; value: string }[];
  notify: string[];
  cooldown: string;
  enabled: boolean;
  createdBy: string;
}

export type Field = Exclude<keyof Draft, "source" | "enabled"> | "top";
export type Problems = Partial<Record<Field, string>>;

export const CONDITIONS: readonly { readonly word: Condition; readonly label: string }[] = [
  { word: "gt", label: "> is above" },
  { word: "gte", label: "≥ is at or above" },
  { word: "lt", label: "< is below" },
  { word: "lte", label: "≤ is at or below" },
  { word: "eq", label: "= equals" },
  { word: "ne", label: "≠ differs from" },
];

function conditionOf(word: string | null): Condition {
  return CONDITIONS.find((one) => sign(one.word) === sign(word ?? "gt"))?.word ?? "gt";
}

function tagsOf(text: string): { name: string; value: string }[] {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null) return [];
    return Object.entries(parsed).map(([name, value]) => ({ name, value: String(value) }));
  } catch {
    return [];
  }
}

/** An empty draft, or one begun elsewhere: "Alert on this" puts its query into the address. */
export function newDraft(params: URLSearchParams): Draft {
  const expr = params.get("expr") ?? "";
  return {
    id: "",
    name: "",
    source: expr === "" ? "metric" : "expr",
    metric: params.get("metric") ?? "",
    expr,
    condition: conditionOf(params.get("condition")),
    threshold: params.get("threshold") ?? "",
    recovery: "",
    duration: "5m",
    severity: "warning",
    tags: tagsOf(params.get("tags") ?? "{}"),
    notify: [],
    cooldown: "30m",
    enabled: true,
    createdBy: "",
  };
}

export function draftOf(rule: Rule): Draft {
  const number = (value: number | null): string => (value === null ? "" : String(value));
  return {
    id: rule.id,
    name: rule.name,
    source: rule.metric_name === null ? "expr" : "metric",
    metric: rule.metric_name ?? "",
    expr: rule.expr ?? "",
    condition: conditionOf(rule.condition),
    threshold: number(rule.threshold),
    recovery: number(rule.recovery_threshold),
    duration: rule.duration,
    severity: rule.severity,
    tags: Object.entries(rule.tags_filter).map(([name, value]) => ({ name, value })),
    notify: [...rule.notify],
    cooldown: rule.cooldown,
    enabled: rule.enabled,
    createdBy: rule.created_by ?? "",
  };
}

export function check(draft: Draft): Problems {
  const problems: Problems = {};
  if (draft.source === "metric" && draft.metric.trim() === "") problems.metric = "Which metric is watched?";
  if (draft.source === "expr" && draft.expr.trim() === "") problems.expr = "Which expression is watched?";
  const threshold = draft.threshold.trim();
  if (threshold === "" && draft.source === "metric") problems.threshold = "Compared with which number?";
  for (const field of ["threshold", "recovery"] as const) {
    const text = draft[field].trim();
    if (text !== "" && !Number.isFinite(Number(text))) problems[field] = `“${text}” is not a number.`;
  }
  for (const field of ["duration", "cooldown"] as const) {
    const text = draft[field].trim();
    if (text !== "" && text !== "0" && parseDuration(text) === undefined) {
      problems[field] = `“${text}” is not a duration. Write 5m, 90s or 1h30m.`;
    }
  }
  const names = draft.tags.map(({ name }) => name.trim()).filter((name) => name !== "");
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.tags = `The label ${twice} stands there twice.`;
  return problems;
}

/** The JSON of a sound draft. */
export function inputOf(draft: Draft): RuleInput {
  const tags = draft.tags.filter(({ name }) => name.trim() !== "").map(({ name, value }) => [name.trim(), value] as const);
  const [threshold, recovery] = [draft.threshold.trim(), draft.recovery.trim()];
  const text = (value: string): string | undefined => (value.trim() === "" ? undefined : value.trim());
  const all = {
    alert_id: text(draft.id),
    name: text(draft.name),
    ...(draft.source === "metric" ? { metric_name: draft.metric.trim() } : { expr: draft.expr.trim() }),
    // An expression without a threshold compares by itself, or fires wherever it answers.
    ...(threshold === "" ? {} : { condition: draft.condition, threshold: Number(threshold) }),
    ...(recovery === "" ? {} : { recovery_threshold: Number(recovery) }),
    duration: text(draft.duration),
    severity: draft.severity,
    tags_filter: Object.fromEntries(tags),
    notify: draft.notify,
    cooldown: text(draft.cooldown),
    enabled: draft.enabled,
    created_by: text(draft.createdBy),
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as RuleInput;
}

/** The rule as it is, but on or off. */
export function switched(rule: Rule, enabled: boolean): RuleInput {
  return inputOf({ ...draftOf(rule), enabled });
}

const NAMED: readonly (readonly [RegExp, Field])[] = [
  [/^(alert_id|id)\b|\bthat id\b|already (exists|there)/, "id"],
  [/^recovery_threshold\b/, "recovery"],
  [/^threshold\b/, "threshold"],
  [/condition\b/, "condition"],
  [/^metric_name\b/, "metric"],
  [/^expr\b/, "expr"],
  [/^duration\b/, "duration"],
  [/^cooldown\b/, "cooldown"],
  [/severity\b/, "severity"],
  [/^tags_filter\b|^label\b/, "tags"],
  [/^notify\b|channel\b/, "notify"],
  [/^name\b/, "name"],
  [/^created_by\b/, "createdBy"],
];

/** The field that a message of the server speaks of; on top of the form where it names none. */
export function fieldOf(message: string, source: Source): Field {
  const found = NAMED.find(([pattern]) => pattern.test(message))?.[1];
  // "metric_name or expr is empty" speaks of the one that the form shows.
  if (found === "metric" || found === "expr") return source;
  return found ?? "top";
}
