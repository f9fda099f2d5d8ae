/**
 * How rules and their states read: words and shapes for states, signs for conditions, and the one PromQL query
 * that shows what a rule looks at.
 */
import type { Instance } from "../../api/alerts";
import type { Rule } from "../../api/rules";
import { selector } from "../../api/prometheus";
import type { Labels } from "../../chart/series";
import { splitComparison } from "../explore/prefill";

export type Shape = "triangle" | "hollow-triangle" | "dot" | "hollow-dot" | "dash";
export type Tone = "critical" | "warning" | "ok" | "none";

export interface Look {
  readonly word: string;
  readonly shape: Shape;
  readonly tone: Tone;
}

const FIRING: Look = { word: "Firing", shape: "triangle", tone: "critical" };
const LOOKS: Readonly<Record<string, Look>> = {
  firing: FIRING,
  recovering: { word: "Recovering", shape: "hollow-triangle", tone: "critical" },
  pending: { word: "Pending", shape: "hollow-triangle", tone: "warning" },
  resolved: { word: "OK", shape: "dot", tone: "ok" },
  inactive: { word: "OK", shape: "dot", tone: "ok" },
};
const OFF: Look = { word: "Off", shape: "dash", tone: "none" };
const ERROR: Look = { word: "Error", shape: "hollow-triangle", tone: "warning" };
const NO_DATA: Look = { word: "No data", shape: "hollow-dot", tone: "none" };

/** The worst first: what a person looks for at 3 a.m. */
const ORDER: readonly string[] = ["Firing", "Recovering", "Pending", "Error", "No data", "OK", "Off"];

/** What is silent, or cannot be judged, is not OK; what fires goes on firing meanwhile. */
function healthy(state: string, health: string): Look {
  const look = LOOKS[state] ?? { word: state, shape: "hollow-dot", tone: "none" };
  if (look.word !== "OK" || health === "ok") return look;
  return health === "error" ? ERROR : NO_DATA;
}

export function instanceLook(instance: Instance): Look {
  return healthy(instance.state, instance.health);
}

/** A rule that is off, or finds nothing to judge, is not OK. */
export function ruleLook(rule: Rule): Look {
  if (!rule.enabled) return OFF;
  return healthy(rule.state, rule.health === "ok" && rule.matches === 0 ? "no_data" : rule.health);
}

export function byUrgency(a: Rule, b: Rule): number {
  const place = (rule: Rule): number => ORDER.indexOf(ruleLook(rule).word);
  return place(a) - place(b) || (a.name < b.name ? -1 : 1);
}

/** The instances one has to see: those that are not well. */
export function troubled(rule: Rule): readonly Instance[] {
  const open = rule.instances.filter((instance) => instanceLook(instance).word !== "OK");
  const place = (instance: Instance): number => ORDER.indexOf(instanceLook(instance).word);
  return open.toSorted((a, b) => place(a) - place(b));
}

export function firingCount(rule: Rule): number {
  return rule.instances.filter(({ state }) => state === "firing").length;
}

const SIGNS: readonly (readonly [RegExp, string])[] = [
  [/^(greater_than_or_equal|greater_or_equal|gte|>=)$/, "≥"],
  [/^(less_than_or_equal|less_or_equal|lte|<=)$/, "≤"],
  [/^(greater_than|gt|>)$/, ">"],
  [/^(less_than|lt|<)$/, "<"],
  [/^(not_equal|not_equals|not_equal_to|ne|!=)$/, "≠"],
  [/^(equal|equals|equal_to|eq|==)$/, "="],
];

export function sign(condition: string): string {
  return SIGNS.find(([pattern]) => pattern.test(condition))?.[1] ?? condition;
}

export function breaches(value: number, condition: string, threshold: number): boolean {
  switch (sign(condition)) {
    case ">":
      return value > threshold;
    case "<":
      return value < threshold;
    case "≥":
      return value >= threshold;
    case "≤":
      return value <= threshold;
    case "=":
      return value === threshold;
    default:
      return value !== threshold;
  }
}

export interface Watched {
  /** What is drawn: the value that is judged, without the comparison. */
  readonly query: string;
  readonly condition: string | null;
  readonly threshold: number | null;
  /** Labels that a series must have to be judged. */
  readonly labels: Labels;
}

type Judging = Pick<Rule, "metric_name" | "expr" | "condition" | "threshold" | "tags_filter">;

export function watched(rule: Judging): Watched {
  const { metric_name: metric, condition, threshold, tags_filter: labels } = rule;
  if (metric !== null && metric !== "") return { query: selector(metric, labels), condition, threshold, labels: {} };
  const expr = rule.expr ?? "";
  if (condition !== null && threshold !== null) return { query: expr, condition, threshold, labels };
  const split = splitComparison(expr);
  if (split === undefined) return { query: expr, condition: null, threshold: null, labels };
  return { query: split.expr, condition: split.condition, threshold: Number(split.threshold), labels };
}

/** `cpu_usage_user{host="a"} > 90 for 5m`, as a person reads a rule. */
export function describeRule(rule: Rule): string {
  const { query, condition, threshold } = watched(rule);
  const compared = condition === null || threshold === null ? "" : ` ${sign(condition)} ${threshold}`;
  const held = rule.duration === "" || /^0/.test(rule.duration) ? "" : ` for ${rule.duration}`;
  return query + compared + held;
}

/** For each instance what tells it from the others; all of its labels where nothing does. */
export function instanceNames(instances: readonly Instance[]): readonly string[] {
  const isShared = (name: string, value: string): boolean => instances.every(({ labels }) => labels[name] === value);
  return instances.map(({ labels }) => {
    const own = Object.entries(labels).filter(([name, value]) => instances.length === 1 || !isShared(name, value));
    return labelText(own.length === 0 ? labels : Object.fromEntries(own));
  });
}

export function labelText(labels: Labels): string {
  const parts = Object.entries(labels).filter(([name]) => name !== "__name__");
  return parts.length === 0 ? "(no labels)" : parts.map(([name, value]) => `${name}=${value}`).join("  ");
}
