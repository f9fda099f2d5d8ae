/** Units guessed from names as Telegraf and Prometheus give them. */
import { expect, test } from "vitest";
import { guessUnit } from "./guess";
import type { Unit } from "./unit";

function check(query: string, unit: Unit): void {
  expect(guessUnit(query), query).toBe(unit);
}

test("names_say_their_unit", () => {
  check("cpu_usage_user", "percent");
  check('avg by (host) (cpu_usage_idle{cpu="cpu-total"})', "percent");
  check("mem_used", "bytes");
  check("mem_used_percent", "percent");
  check("disk_free", "bytes");
  check("disk_used_percent", "percent");
  check("node_filesystem_avail_bytes", "bytes");
  check("system_uptime", "seconds");
  check("http_request_duration_seconds", "seconds");
  check("system_load1", "plain");
});

test("a_rate_is_per_second", () => {
  check("rate(diskio_read_bytes[30s])", "bytes/s");
  check("sum(rate(node_network_receive_bytes_total[5m]))", "bytes/s");
  check("rate(http_requests_total[5m])", "ops/s");
  check("rate(node_cpu_seconds_total[5m])", "ratio");
});

test("a_quotient_of_rates_keeps_its_own_unit", () => {
  check("rate(http_request_duration_seconds_sum[5m]) / rate(http_request_duration_seconds_count[5m])", "seconds");
});

test("counting_has_no_unit", () => check("count(mem_used)", "plain"));

test("what_stands_in_strings_is_no_metric", () => check('queue_depth{topic="mem_used_bytes"}', "plain"));
