/** How many series there are on a UTC day, by name and by label. */
import { request } from "./client";
import type { components } from "./wire";

type Schemas = components["schemas"];
export type Count = Schemas["PromCount"];
export type Counts = Schemas["PromTsdb"]["data"];

/** How long each list may be. */
export const LIMIT = 1000;

/** `day` is the UTC date, `YYYY-MM-DD`. */
export async function readCounts(day: string, signal?: AbortSignal): Promise<Counts> {
  const answer = await request<Schemas["PromTsdb"]>(`/api/v1/status/tsdb?limit=${LIMIT}&date=${day}`, { signal });
  return answer.data;
}
