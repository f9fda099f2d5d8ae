/** Rules between the form and the wire: nothing is lost, and errors stand at the field they name. */
import { expect, test } from "vitest";
import type { Rule } from "../../api/rules";
import { type Draft, type Field, check, draftOf, fieldOf, inputOf, newDraft, switched } from "./draft";

const RULE: Rule = {
  id: "alert_001",
  alert_id: "alert_001",
  name: "CPU is busy",
  metric_name: "cpu_usage",
  expr: null,
  condition: "greater_than",
  threshold: 90,
  recovery_threshold: 85,
  duration: "5m",
  severity: "critical",
  tags_filter: { region: "us-east-1" },
  notify: ["pagerduty", "#ops-channel"],
  cooldown: "30m",
  enabled: true,
  created_by: "user_123",
  created_at: "2025-11-22T16:00:00Z",
  updated_at: "2025-11-22T16:00:00Z",
  state: "firing",
  health: "ok",
  last_error: null,
  matches: 1,
  instances: [],
  instances_total: 0,
};

test("a_rule_that_is_edited_without_a_change_stays_what_it_is", () => {
  expect(inputOf(draftOf(RULE))).toEqual({
    alert_id: "alert_001",
    name: "CPU is busy",
    metric_name: "cpu_usage",
    condition: "gt",
    threshold: 90,
    recovery_threshold: 85,
    duration: "5m",
    severity: "critical",
    tags_filter: { region: "us-east-1" },
    notify: ["pagerduty", "#ops-channel"],
    cooldown: "30m",
    enabled: true,
    created_by: "user_123",
  });
});

test("turning_a_rule_off_changes_nothing_else", () => {
  expect(switched(RULE, false)).toEqual({ ...inputOf(draftOf(RULE)), enabled: false });
});

test("an_expression_without_threshold_compares_by_itself", () => {
  const draft: Draft = { ...newDraft(new URLSearchParams("expr=up == 0")), threshold: "" };
  expect(check(draft)).toEqual({});
  const input = inputOf(draft);
  expect(input).toMatchObject({ expr: "up == 0" });
  expect(input).not.toHaveProperty("condition");
  expect(input).not.toHaveProperty("metric_name");
});

test("the_address_fills_a_new_draft", () => {
  const params = new URLSearchParams({ metric: "cpu", condition: "lt", threshold: "5", tags: '{"host":"a"}' });
  expect(newDraft(params)).toMatchObject({
    source: "metric",
    metric: "cpu",
    condition: "lt",
    threshold: "5",
    tags: [{ name: "host", value: "a" }],
  });
  expect(newDraft(new URLSearchParams("tags=broken")).tags).toEqual([]);
});

test("what_can_be_seen_is_said_before_it_is_sent", () => {
  const draft = newDraft(new URLSearchParams());
  expect(Object.keys(check(draft)).sort()).toEqual(["metric", "threshold"]);
  const wrong = { ...draft, metric: "x", threshold: "many", duration: "soon", cooldown: "0" };
  expect(Object.keys(check(wrong)).sort()).toEqual(["duration", "threshold"]);
  const twice = { ...draft, metric: "x", threshold: "1", tags: [{ name: "a", value: "1" }, { name: "a", value: "2" }] };
  expect(check(twice)).toHaveProperty("tags");
});

function at(message: string, field: Field): void {
  expect(fieldOf(message, "expr"), message).toBe(field);
}

test("the_servers_words_stand_at_the_field_they_name", () => {
  at("threshold is missing: metric_name needs condition and threshold", "threshold");
  at('unknown condition "foo": known are greater_than (gt)', "condition");
  at("duration: 5 parsecs is not a duration", "duration");
  at('unknown severity "bad": known are critical, warning, info', "severity");
  at("recovery_threshold 95 is on the wrong side of the threshold 90", "recovery");
  at('alert_id "a b" cannot be one', "id");
  at("expr: unexpected end of input", "expr");
  at("metric_name or expr is empty", "expr");
  at('unknown channel "x"', "notify");
  at("the database is locked", "top");
});
