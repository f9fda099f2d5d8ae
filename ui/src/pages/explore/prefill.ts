/**
 * "Alert on this": what of a query can be said as fields of a rule. An outermost comparison with a number becomes
 * condition and threshold; a bare metric with equal labels becomes a name and a filter; everything else stays PromQL.
 */
import type { Patch } from "../../frame/address.svelte";
import { tokenize, type Token } from "./tokens";

const CONDITIONS: Readonly<Record<string, string>> = {
  ">": "gt",
  "<": "lt",
  ">=": "gte",
  "<=": "lte",
  "==": "eq",
  "!=": "ne",
};

export interface Split {
  readonly expr: string;
  readonly condition: string;
  readonly threshold: string;
}

/** The signs and keywords of the query that stand in no parentheses, braces or brackets. */
function outermost(tokens: readonly Token[]): Token[] {
  let depth = 0;
  return tokens.filter((token) => {
    if (token.kind === "sign" && "([{".includes(token.text)) depth += 1;
    if (token.kind === "sign" && ")]}".includes(token.text)) depth -= 1;
    return depth === 0;
  });
}

export function splitComparison(query: string): Split | undefined {
  const tokens = tokenize(query, "promql");
  const outer = outermost(tokens);
  // `a or b > 5` compares b alone: such a query is left as it is.
  if (outer.some(({ kind, text }) => kind === "keyword" && /^(and|or|unless|bool)$/i.test(text))) return undefined;
  const comparisons = outer.filter(({ kind, text }) => kind === "sign" && text in CONDITIONS);
  const sign = comparisons[0];
  if (sign === undefined || comparisons.length > 1) return undefined;
  const expr = query.slice(0, sign.from).trim();
  const threshold = query.slice(sign.from + sign.text.length).trim();
  if (expr === "" || threshold === "" || !/^[-+]?\d+(\.\d+)?([eE][-+]?\d+)?$/.test(threshold)) return undefined;
  return { expr, condition: CONDITIONS[sign.text] ?? "gt", threshold };
}

export interface Bare {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** `cpu_usage{region="x"}` as its name and its labels; undefined for anything that says more. */
export function bareSelector(query: string): Bare | undefined {
  const match = /^\s*([a-zA-Z_:][\w:]*)\s*(?:\{(.*)\})?\s*$/s.exec(query);
  if (match === null) return undefined;
  const labels: Record<string, string> = {};
  let rest = (match[2] ?? "").trim();
  while (rest !== "") {
    const matcher = /^([a-zA-Z_]\w*)\s*=\s*("(?:\\.|[^"\\])*")\s*(?:,\s*|$)/.exec(rest);
    if (matcher === null) return undefined;
    try {
      labels[matcher[1] ?? ""] = String(JSON.parse(matcher[2] ?? '""'));
    } catch {
      return undefined;
    }
    rest = rest.slice(matcher[0].length);
  }
  return { metric: match[1] ?? "", labels };
}

/** The parameters that open the rule form with this query in it. */
export function ruleParams(query: string): Patch {
  const split = splitComparison(query);
  const expr = split?.expr ?? query.trim();
  const bare = bareSelector(expr);
  const compared = split === undefined ? {} : { condition: split.condition, threshold: split.threshold };
  if (bare === undefined) return { new: "1", expr, ...compared };
  const tags = Object.keys(bare.labels).length === 0 ? {} : { tags: JSON.stringify(bare.labels) };
  return { new: "1", metric: bare.metric, ...tags, ...compared };
}
