/** Names found by a few letters, the most likely first. */
import { expect, test } from "vitest";
import { find } from "./find";

const NAMES = ["cpu_usage_idle", "cpu_usage_user", "disk_used", "mem_used", "net_cpu", "system_uptime"];

function check(text: string, ...expected: string[]): void {
  expect(find(NAMES, text, 10), text).toEqual(expected);
}

test("beginnings_come_before_middles_and_middles_before_letters", () => {
  check("cpu", "cpu_usage_idle", "cpu_usage_user", "net_cpu");
  check("used", "disk_used", "mem_used", "cpu_usage_idle");
});

test("words_in_any_order_and_letters_in_theirs_are_found", () => {
  check("user cpu", "cpu_usage_user");
  check("cuu", "cpu_usage_idle", "cpu_usage_user");
  check("zzz");
});

test("nothing_typed_finds_everything_up_to_the_limit", () => expect(find(NAMES, "", 2)).toHaveLength(2));
