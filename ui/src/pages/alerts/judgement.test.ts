/** How rules and states read, and which query shows what a rule looks at. */
import { expect, test } from "vitest";
import type { Instance } from "../../api/alerts";
import type { Rule } from "../../api/rules";
import { breaches, byUrgency, describeRule, instanceNames, ruleLook, sign, troubled, watched } from "./judgement";

function rule(change: Partial<Rule>): Rule {
  return {
    id: "a",
    alert_id: "a",
    name: "a",
    metric_name: "cpu",
    expr: null,
    condition: "gt",
    threshold: 90,
    recovery_threshold: null,
    duration: "5m",
    severity: "warning",
    tags_filter: {},
    notify: [],
    cooldown: "0s",
    enabled: true,
    created_by: null,
    created_at: "2025-11-22T16:00:00Z",
    updated_at: "2025-11-22T16:00:00Z",
    state: "inactive",
    health: "ok",
    last_error: null,
    matches: 1,
    instances: [],
    instances_total: 0,
    ...change,
  };
}

function instance(labels: Record<string, string>, state: Instance["state"] = "firing"): Instance {
  return { labels, state, since: "2025-11-22T16:00:00Z", value: 1, health: "ok" };
}

test("states_have_words_that_say_what_is_the_matter", () => {
  expect(ruleLook(rule({ state: "firing" })).word).toBe("Firing");
  expect(ruleLook(rule({ state: "resolved" })).word).toBe("OK");
  expect(ruleLook(rule({ matches: 0 })).word).toBe("No data");
  expect(ruleLook(rule({ health: "no_data" })).word).toBe("No data");
  expect(ruleLook(rule({ health: "error" })).word).toBe("Error");
  expect(ruleLook(rule({ health: "error", state: "firing" })).word).toBe("Firing");
  expect(ruleLook(rule({ state: "firing", enabled: false })).word).toBe("Off");
});

test("the_worst_comes_first", () => {
  const rules = [
    rule({ name: "off", enabled: false }),
    rule({ name: "well" }),
    rule({ name: "pending", state: "pending" }),
    rule({ name: "burning", state: "firing" }),
  ];
  expect(rules.sort(byUrgency).map(({ name }) => name)).toEqual(["burning", "pending", "well", "off"]);
  const instances = [instance({ h: "1" }, "inactive"), instance({ h: "2" }, "pending"), instance({ h: "3" })];
  expect(troubled(rule({ instances })).map(({ labels }) => labels["h"])).toEqual(["3", "2"]);
});

test("every_spelling_of_a_condition_has_its_sign", () => {
  const signs = ["greater_than", "gt", "gte", "greater_than_or_equal", "lt", "lte", "eq", "not_equal"].map(sign);
  expect(signs).toEqual([">", ">", "≥", "≥", "<", "≤", "=", "≠"]);
  expect(breaches(91, "greater_than", 90)).toBe(true);
  expect(breaches(90, "gte", 90)).toBe(true);
  expect(breaches(90, "lt", 90)).toBe(false);
});

test("the_watched_query_is_the_value_without_the_comparison", () => {
  expect(watched(rule({ tags_filter: { host: "a" } })).query).toBe('cpu{host="a"}');
  const bare = rule({ metric_name: null, condition: null, threshold: null, expr: "avg(x) > 5" });
  expect(watched(bare)).toMatchObject({ query: "avg(x)", condition: "gt", threshold: 5 });
  expect(watched({ ...bare, expr: "a and b" })).toMatchObject({ query: "a and b", condition: null });
  expect(describeRule(rule({}))).toBe("cpu > 90 for 5m");
});

test("instances_are_named_by_what_tells_them_apart", () => {
  expect(instanceNames([instance({ host: "a", dc: "x" }), instance({ host: "b", dc: "x" })])).toEqual(["host=a", "host=b"]);
  expect(instanceNames([instance({ host: "a", dc: "x" })])).toEqual(["host=a  dc=x"]);
});
