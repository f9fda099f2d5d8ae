/** Which firings have somebody: only those that are open and acknowledged. */
import { expect, test } from "vitest";
import type { Firing } from "../../api/alerts";
import type { Rule } from "../../api/rules";
import { openAcknowledged, takenKey } from "./taken";

const RULE = { id: "a" } as Rule;

function firing(room: string, resolved: string | null, acknowledged: string | null): Firing {
  return {
    alert_id: "a",
    name: "a",
    severity: "warning",
    labels: { room },
    epoch: 1,
    fired_at: "2025-11-22T16:00:00Z",
    resolved_at: resolved,
    cause: null,
    value: 1,
    peak_value: 1,
    acknowledged_at: acknowledged,
    acknowledged_by: "ana",
    acknowledged_comment: null,
  };
}

test("open_and_acknowledged_is_taken", () => {
  const later = "2025-11-22T16:05:00Z";
  const found = openAcknowledged(RULE, [
    firing("kitchen", null, later),
    firing("bakery", null, null),
    firing("cellar", later, later),
  ]);
  expect(found.map(([key]) => key)).toEqual([takenKey(RULE, { room: "kitchen" })]);
});
