/** What is done with rules, over HTTP: make, replace, delete, acknowledge, look back. The list itself is in `rules.ts`. */
import { request } from "./client";
import type { components } from "./wire";

type Schemas = components["schemas"];
type Rule = Schemas["Rule"];
export type RuleInput = Schemas["RuleInput"];
export type Instance = Schemas["Instance"];
export type Condition = Schemas["Condition"];
export type RuleSeverity = Schemas["Severity"];
export type Firing = Schemas["Firing"];
export type Channel = Schemas["Channel"];
export type AckInput = Schemas["AckInput"];

const path = (id: string, tail = ""): string => `/api/alerts/${encodeURIComponent(id)}${tail}`;

export async function createRule(json: RuleInput): Promise<Rule> {
  return request<Rule>("/api/alerts", { method: "POST", json });
}

export async function replaceRule(id: string, json: RuleInput): Promise<Rule> {
  return request<Rule>(path(id), { method: "PUT", json });
}

export async function deleteRule(id: string): Promise<void> {
  await request<undefined>(path(id), { method: "DELETE" });
}

export async function ruleHistory(id: string, signal?: AbortSignal): Promise<readonly Firing[]> {
  return request<Firing[]>(path(id, "/history"), { signal });
}

/** Answers how many firings were acknowledged. */
export async function acknowledge(id: string, json: AckInput): Promise<number> {
  const { acknowledged } = await request<Schemas["AckResult"]>(path(id, "/ack"), { method: "POST", json });
  return acknowledged.length;
}

export async function listChannels(signal?: AbortSignal): Promise<readonly Channel[]> {
  return request<Channel[]>("/api/channels", { signal });
}
