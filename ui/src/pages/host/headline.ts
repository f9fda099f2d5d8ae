/** The row of current values above the charts: what is asked, and what the answers say in words. */
import { type Sample, queryInstant, quote } from "../../api/prometheus";
import { type Quantity, formatValue, quantity } from "../../chart/unit";

export interface Figure {
  readonly label: string;
  readonly value: Quantity;
  /** In small muted ink below: of how much, on what. */
  readonly note: string;
}

const METRICS = [
  "cpu_usage_idle",
  "mem_used_percent",
  "mem_used",
  "mem_total",
  "system_load1",
  "system_n_cpus",
  "system_uptime",
  "disk_used_percent",
  "disk_free",
] as const;

/** One query for all figures: every metric of the list on this host, without the single cores. */
export function headlineQuery(host: string): string {
  return `{__name__=~"${METRICS.join("|")}",host=${quote(host)},cpu=~"|cpu-total"}`;
}

function one(samples: readonly Sample[], metric: string): number | null {
  return samples.find(({ labels }) => labels["__name__"] === metric)?.value ?? null;
}

/** The fullest file system, and what is free on it. */
function fullest(samples: readonly Sample[]): { percent: number; path: string; free: number | null } | undefined {
  const disks = samples.filter(({ labels }) => labels["__name__"] === "disk_used_percent");
  const worst = disks.toSorted((a, b) => b.value - a.value)[0];
  if (worst === undefined) return undefined;
  const path = worst.labels["path"] ?? "";
  const free = samples.find(({ labels }) => labels["__name__"] === "disk_free" && labels["path"] === path);
  return { percent: worst.value, path, free: free?.value ?? null };
}

function rounded(value: number | null, decimals: number): number | null {
  return value === null ? null : Number(value.toFixed(decimals));
}

export function figures(samples: readonly Sample[]): Figure[] {
  const idle = one(samples, "cpu_usage_idle");
  const cores = one(samples, "system_n_cpus");
  const load = one(samples, "system_load1");
  const disk = fullest(samples);
  const used = one(samples, "mem_used");
  const total = one(samples, "mem_total");
  return [
    {
      label: "CPU",
      value: quantity(rounded(idle === null ? null : Math.max(0, 100 - idle), 1), "percent"),
      note: cores === null ? "" : `of ${cores} ${cores === 1 ? "core" : "cores"}`,
    },
    {
      label: "Memory",
      value: quantity(rounded(one(samples, "mem_used_percent"), 1), "percent"),
      note: used === null || total === null ? "" : `${formatValue(used, "bytes")} of ${formatValue(total, "bytes")}`,
    },
    {
      label: "Load",
      value: quantity(rounded(load, 2), "plain"),
      note: load === null || cores === null || cores === 0 ? "1 min" : `1 min, ${formatValue(rounded(load / cores, 2), "plain")} per core`,
    },
    {
      label: "Disk",
      value: quantity(rounded(disk?.percent ?? null, 1), "percent"),
      note: disk === undefined ? "" : `${disk.path}${disk.free === null ? "" : `, ${formatValue(disk.free, "bytes")} free`}`,
    },
    { label: "Uptime", value: quantity(one(samples, "system_uptime"), "seconds"), note: "" },
  ];
}

export async function loadHeadline(host: string, at: number, signal: AbortSignal): Promise<Figure[]> {
  const { value } = await queryInstant(headlineQuery(host), at, signal);
  return figures(value.kind === "samples" ? value.samples : []);
}
