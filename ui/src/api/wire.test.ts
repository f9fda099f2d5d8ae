/** `wire.ts` is what `npm run wire` makes of the server's OpenAPI document today. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("wire_is_fresh", () => {
  const run = spawnSync(
    "node_modules/.bin/openapi-typescript",
    ["../crates/server/openapi.json", "-o", "src/api/wire.ts", "--check"],
    { encoding: "utf8" },
  );
  expect(run.status, `${run.stdout}${run.stderr}\nRun: npm run wire`).toBe(0);
}, 30_000);
