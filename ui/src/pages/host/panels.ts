/**
 * The charts of the host page, as data: which PromQL, which unit, how its series are called. Names are Telegraf's,
 * so that a host measured by Telegraf looks the same as one measured by Barograph's own collector.
 */
import type { ExtentWish } from "../../chart/extent";
import type { Labels } from "../../chart/series";
import type { Unit } from "../../chart/unit";
import { quote } from "../../api/prometheus";

export interface Scope {
  readonly host: string;
  /** The window of `rate()`, as PromQL writes it. */
  readonly rate: string;
}

export interface PanelQuery {
  readonly expr: (scope: Scope) => string;
  readonly name: (labels: Labels) => string;
  /** What decides the colour: the same device has it on every panel. */
  readonly hue: (labels: Labels) => string;
  readonly side?: "down";
}

export interface Panel {
  readonly id: string;
  readonly title: string;
  readonly note: string;
  readonly unit: Unit;
  readonly stack: boolean;
  readonly extent: ExtentWish;
  readonly queries: readonly PanelQuery[];
  /** Names of series from the bottom of a stack up; others follow by name. */
  readonly order: readonly string[];
  readonly empty: string;
  /**
   * What becomes of series that are zero all the while. Layers of a stack, and swap on a host without any, say nothing;
   * idle disks say something only where all of them are idle.
   */
  readonly zeros: "keep" | "drop" | "drop beside others";
}

/** `{host="a"}`, with more matchers where there are some. */
function on(scope: Scope, ...more: readonly string[]): string {
  return `{${[`host=${quote(scope.host)}`, ...more].join(",")}}`;
}

const named = (labels: Labels): string => labels["__name__"] ?? "";

/** Series whose metric name says which they are: `mem_used` is "used". */
function fields(prefix: string, names: readonly string[], ...matchers: readonly string[]): PanelQuery {
  const metric = `__name__=~${quote(`${prefix}(${names.join("|")})`)}`;
  const short = (labels: Labels): string => named(labels).slice(prefix.length).replaceAll("_", " ");
  return { expr: (scope) => on(scope, metric, ...matchers), name: short, hue: short };
}

/** The rate of one counter for each device, above or below the axis. */
function perDevice(metric: string, label: string, word: string, side?: "down"): PanelQuery {
  const device = (labels: Labels): string => labels[label] ?? "";
  return {
    expr: (scope) => `rate(${metric}${on(scope)}[${scope.rate}])`,
    name: (labels) => `${device(labels)} ${word}`,
    hue: device,
    ...(side === undefined ? {} : { side }),
  };
}

const CPU_MODES = ["user", "system", "iowait", "nice", "irq", "softirq", "steal", "guest", "guest_nice"] as const;
const PROCESS_STATES = ["running", "blocked", "sleeping", "idle", "zombies", "stopped", "paging"] as const;

const PLAIN = { stack: false, order: [], extent: { floor: 0 }, zeros: "keep" } as const;
const STACK = { stack: true, extent: { floor: 0 }, zeros: "drop" } as const;

export const PANELS: readonly Panel[] = [
  {
    ...STACK,
    id: "cpu",
    title: "CPU",
    note: "share of all cores",
    unit: "percent",
    extent: { floor: 0, ceiling: 100 },
    queries: [fields("cpu_usage_", CPU_MODES, 'cpu="cpu-total"')],
    order: CPU_MODES.map((mode) => mode.replaceAll("_", " ")),
    empty: "No CPU points in this range.",
  },
  {
    ...STACK,
    id: "memory",
    title: "Memory",
    note: "by use",
    unit: "bytes",
    queries: [fields("mem_", ["used", "buffered", "cached", "free"])],
    order: ["used", "buffered", "cached", "free"],
    empty: "No memory points in this range.",
  },
  {
    ...PLAIN,
    id: "load",
    title: "Load",
    note: "processes that run or wait",
    unit: "plain",
    queries: [
      {
        expr: (scope) => on(scope, '__name__=~"system_load(1|5|15)"'),
        name: (labels) => `${named(labels).replace("system_load", "")} min`,
        hue: named,
      },
    ],
    empty: "No load points in this range.",
  },
  {
    ...PLAIN,
    id: "disk",
    title: "Disk space",
    note: "used",
    unit: "percent",
    extent: { floor: 0, ceiling: 100 },
    queries: [
      {
        expr: (scope) => `max by (path) (disk_used_percent${on(scope)})`,
        name: (labels) => labels["path"] ?? "",
        hue: (labels) => labels["path"] ?? "",
      },
    ],
    empty: "No file systems measured in this range.",
  },
  {
    ...PLAIN,
    id: "disk-io",
    title: "Disk I/O",
    zeros: "drop beside others",
    note: "read above, written below",
    unit: "bytes/s",
    extent: {},
    queries: [
      perDevice("diskio_read_bytes", "name", "read"),
      perDevice("diskio_write_bytes", "name", "written", "down"),
    ],
    empty: "No disks measured in this range.",
  },
  {
    ...PLAIN,
    id: "network",
    title: "Network",
    note: "received above, sent below",
    unit: "bits/s",
    extent: {},
    queries: [
      {
        ...perDevice("net_bytes_recv", "interface", "received"),
        expr: (scope) => `8 * rate(net_bytes_recv${on(scope, 'interface!="all"')}[${scope.rate}])`,
      },
      {
        ...perDevice("net_bytes_sent", "interface", "sent", "down"),
        expr: (scope) => `8 * rate(net_bytes_sent${on(scope, 'interface!="all"')}[${scope.rate}])`,
      },
    ],
    empty: "No network interfaces measured in this range.",
  },
  {
    ...PLAIN,
    id: "swap",
    zeros: "drop",
    title: "Swap",
    note: "used",
    unit: "bytes",
    queries: [fields("swap_", ["used", "total"])],
    empty: "This host has no swap.",
  },
  {
    ...STACK,
    id: "processes",
    title: "Processes",
    note: "by state",
    unit: "plain",
    queries: [fields("processes_", PROCESS_STATES)],
    order: PROCESS_STATES.map((state) => state.replaceAll("_", " ")),
    empty: "No processes counted in this range.",
  },
  {
    ...PLAIN,
    id: "kernel",
    title: "Kernel",
    note: "events per second",
    unit: "ops/s",
    queries: [
      {
        expr: (scope) => `rate(kernel_context_switches${on(scope)}[${scope.rate}])`,
        name: () => "context switches",
        hue: () => "context switches",
      },
      {
        expr: (scope) => `rate(kernel_interrupts${on(scope)}[${scope.rate}])`,
        name: () => "interrupts",
        hue: () => "interrupts",
      },
    ],
    empty: "No kernel events counted in this range.",
  },
];
