/** What the server says of itself: version, start, hosts, databases. */
import { request } from "./client";
import type { components } from "./wire";

export type Status = components["schemas"]["Status"];

export async function readStatus(signal?: AbortSignal): Promise<Status> {
  return request<Status>("/api/status", { signal });
}
