/**
 * Who has taken what fires: the open firings that somebody acknowledged, by rule and labels. The list of rules does not
 * say it, so it is read from the histories of the rules that fire.
 */
import { type Firing, ruleHistory } from "../../api/alerts";
import type { Rule } from "../../api/rules";
import { type Labels, canonical } from "../../chart/series";
import { firingCount } from "./judgement";

export type Taken = ReadonlyMap<string, Firing>;

/** With more rules on fire at once, nobody reads who has taken the last ones; their own pages still say it. */
const RULES_MAX = 10;

export function takenKey(rule: Rule, labels: Labels): string {
  return `${rule.id} ${canonical(labels)}`;
}

export function openAcknowledged(rule: Rule, firings: readonly Firing[]): readonly (readonly [string, Firing])[] {
  return firings
    .filter((firing) => firing.resolved_at === null && firing.acknowledged_at !== null)
    .map((firing) => [takenKey(rule, firing.labels), firing] as const);
}

export async function readTaken(rules: readonly Rule[], signal: AbortSignal): Promise<Taken> {
  const burning = rules.filter((rule) => firingCount(rule) > 0).slice(0, RULES_MAX);
  const histories = await Promise.all(
    burning.map(async (rule) => openAcknowledged(rule, await ruleHistory(rule.id, signal))),
  );
  return new Map(histories.flat());
}
