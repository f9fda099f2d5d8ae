/** "Alert on this": what of a query becomes fields of a rule. */
import { expect, test } from "vitest";
import { bareSelector, ruleParams, splitComparison } from "./prefill";

test("an_outermost_comparison_with_a_number_is_split_off", () => {
  expect(splitComparison("avg(cpu) > 90")).toEqual({ expr: "avg(cpu)", condition: "gt", threshold: "90" });
  expect(splitComparison("x <= -1.5e3")).toEqual({ expr: "x", condition: "lte", threshold: "-1.5e3" });
});

test("other_comparisons_stay_in_the_query", () => {
  for (const query of ["a > b", "(a > 5)", "a or b > 5", "sum(a > 5)", "a > 5 > 3", "5 > a", "a > bool 5", 'a{b=">5"}']) {
    expect(splitComparison(query), query).toBeUndefined();
  }
});

test("a_bare_metric_is_named_with_its_labels", () => {
  expect(bareSelector("cpu_usage")).toEqual({ metric: "cpu_usage", labels: {} });
  expect(bareSelector('cpu{region="x", host="a b"}')).toEqual({ metric: "cpu", labels: { region: "x", host: "a b" } });
  expect(bareSelector('cpu{host=~"a.*"}')).toBeUndefined();
  expect(bareSelector("rate(cpu[5m])")).toBeUndefined();
});

test("the_form_opens_with_what_was_asked", () => {
  expect(ruleParams('cpu{host="a"} > 90')).toEqual({
    new: "1",
    metric: "cpu",
    tags: '{"host":"a"}',
    condition: "gt",
    threshold: "90",
  });
  expect(ruleParams("rate(x[5m])")).toEqual({ new: "1", expr: "rate(x[5m])" });
});
