/**
 * A series as a chart sees it: labels, a name to read, and its points in time order.
 * Where it came from (PromQL, InfluxQL) is settled in `api/`.
 */

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  /** Canonical text of the labels: equal for equal series over refreshes and panels. */
  readonly key: string;
  readonly name: string;
  readonly labels: Labels;
  /** What decides its colour; equal on two charts, equal colour. */
  readonly hueKey: string;
  /** Milliseconds since 1970, ascending. */
  readonly times: readonly number[];
  /** One for each time; null where there is none, NaN and ±Inf as they came. */
  readonly values: readonly (number | null)[];
  /** Drawn below the axis: what went out, under what came in. */
  readonly side?: "down";
}

export function canonical(labels: Labels): string {
  const names = Object.keys(labels).sort();
  return names.map((name) => `${name}=${JSON.stringify(labels[name])}`).join(",");
}

export interface Naming {
  /** What all of them have in common, said once beside the chart. */
  readonly shared: string;
  /** For each series what tells it from the others. */
  readonly names: readonly string[];
}

function selector(labels: Labels): string {
  const { __name__: metric = "", ...rest } = labels;
  const inner = canonical(rest);
  if (inner === "") return metric === "" ? "{}" : metric;
  return `${metric}{${inner.replaceAll(",", ", ")}}`;
}

/** Names a set of series by what differs between them, so that a table of 40 rows says each thing once. */
export function distinguish(sets: readonly Labels[]): Naming {
  const first = sets[0];
  if (first === undefined) return { shared: "", names: [] };
  const all = new Set(sets.flatMap((labels) => Object.keys(labels)));
  const shared: Record<string, string> = {};
  for (const name of all) {
    const value = first[name];
    if (value !== undefined && sets.every((labels) => labels[name] === value)) shared[name] = value;
  }
  if (sets.length === 1) return { shared: "", names: [selector(first)] };
  const names = sets.map((labels) => {
    const own = Object.entries(labels)
      .filter(([name]) => shared[name] === undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const metric = own.find(([name]) => name === "__name__")?.[1];
    const rest = own.filter(([name]) => name !== "__name__");
    const single = rest.length === 1 ? rest[0] : undefined;
    const text = single !== undefined ? single[1] : rest.map(([name, value]) => `${name}=${value}`).join("  ");
    return [metric, text].filter((part) => part !== undefined && part !== "").join("  ") || "(no further label)";
  });
  return { shared: Object.keys(shared).length === 0 ? "" : selector(shared), names };
}
