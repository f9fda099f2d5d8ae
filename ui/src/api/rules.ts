/** The list of rules, over HTTP: apart from what is done with them, since every page shows how many fire. */
import { request } from "./client";
import type { components } from "./wire";

export type Rule = components["schemas"]["Rule"];

export async function listRules(signal?: AbortSignal): Promise<readonly Rule[]> {
  return request<Rule[]>("/api/alerts", { signal });
}
