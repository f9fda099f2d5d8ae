/** The host page's queries and figures. */
import { expect, test } from "vitest";
import type { Sample } from "../../api/prometheus";
import type { Series } from "../../chart/series";
import { figures, headlineQuery } from "./headline";
import { arrange } from "./load";
import { PANELS, type Panel } from "./panels";

const SCOPE = { host: 'we"b', rate: "30s" };

test("every_query_asks_for_this_host_only_and_quotes_it", () => {
  for (const panel of PANELS) {
    for (const query of panel.queries) expect(query.expr(SCOPE), panel.id).toContain('host="we\\"b"');
  }
  expect(headlineQuery('we"b')).toContain('host="we\\"b"');
});

test("counters_are_rated_over_the_window", () => {
  const rates = PANELS.flatMap(({ queries }) => queries.map((query) => query.expr(SCOPE))).filter((q) => q.includes("rate("));
  expect(rates).toHaveLength(6);
  for (const rate of rates) expect(rate).toContain("[30s]");
});

function series(name: string, ...values: number[]): Series {
  return { key: name, name, labels: {}, hueKey: name, times: values.map((_, index) => index), values };
}

test("a_stack_has_its_order_and_no_layers_of_nothing", () => {
  const cpu = PANELS.find(({ id }) => id === "cpu") as Panel;
  const names = arrange(cpu, [series("guest", 0, 0), series("system", 1), series("user", 2), series("new", 1)]);
  expect(names.map(({ name }) => name)).toEqual(["user", "system", "new"]);
});

test("idle_disks_are_shown_only_where_all_are_idle", () => {
  const disk = PANELS.find(({ id }) => id === "disk-io") as Panel;
  expect(arrange(disk, [series("sda read", 1), series("zram0 read", 0)]).map(({ name }) => name)).toEqual(["sda read"]);
  expect(arrange(disk, [series("sda read", 0), series("zram0 read", 0)])).toHaveLength(2);
});

function sample(name: string, value: number, labels: Record<string, string> = {}): Sample {
  return { labels: { __name__: name, ...labels }, at: 0, value };
}

test("the_headline_says_what_is_and_of_how_much", () => {
  const shown = figures([
    sample("cpu_usage_idle", 87.66, { cpu: "cpu-total" }),
    sample("system_n_cpus", 4),
    sample("system_load1", 2),
    sample("mem_used", 8 * 1024 ** 3),
    sample("mem_total", 32 * 1024 ** 3),
    sample("mem_used_percent", 25),
    sample("disk_used_percent", 40, { path: "/" }),
    sample("disk_used_percent", 91.26, { path: "/var" }),
    sample("disk_free", 1024 ** 3, { path: "/var" }),
    sample("system_uptime", 90_000),
  ]);
  expect(shown.map(({ label, value, note }) => `${label} ${value.number}${value.suffix} ${note}`)).toEqual([
    "CPU 12.3% of 4 cores",
    "Memory 25% 8 GiB of 32 GiB",
    "Load 2 1 min, 0.5 per core",
    "Disk 91.3% /var, 1 GiB free",
    "Uptime 1 d 1 h ",
  ]);
});

test("without_answers_the_headline_is_dashes", () => {
  for (const { value } of figures([])) expect(value.number).toBe("–");
});
