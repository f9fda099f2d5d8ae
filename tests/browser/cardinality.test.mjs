/** Cardinality: what series are made of, today beside yesterday, with a way into Explore; on a desk and on a phone. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Barograph } from "./barograph.mjs";
import { PHONE, assertNoSidewaysScroll, close, launch, open, picture } from "./chromium.mjs";

let browser;
let barograph;

before(async () => {
  browser = await launch();
  barograph = await Barograph.start({ collect: false });
  const pods = (count, value) =>
    Array.from({ length: count }, (_, n) => `http,pod=api-${n},route=/v${n % 3} requests=${value},errors=0`);
  await barograph.write(pods(40, 1));
  await barograph.write(["disk,host=attic used=1", "disk,host=cellar used=2"]);
});

after(async () => {
  await browser?.close();
  await barograph?.stop();
});

/** The cells of the row that a list has for a name. */
async function cells(page, list, name) {
  const row = page.getByRole("region", { name: list }).getByRole("row").filter({ has: page.getByRole("link", { name, exact: true }) });
  return row.getByRole("cell").allInnerTexts();
}

test("series are told by metric, label and value, with what came since yesterday", async () => {
  for (const scheme of ["light", "dark"]) {
    const opened = await open(browser, `${barograph.url}/cardinality`, { scheme });
    const { page } = opened;
    await page.getByText("82 series today (UTC), +82 since yesterday").waitFor();
    assert.deepEqual(await cells(page, "Metrics", "http_requests"), ["http_requests", "40", "+40"]);
    assert.deepEqual(await cells(page, "Metrics", "disk_used"), ["disk_used", "2", "+2"]);
    assert.deepEqual(await cells(page, "Label values", "route=/v0"), ["route=/v0", "28", "+28"]);
    assert.deepEqual(await cells(page, "Labels", "pod"), ["pod", "40", "+40"]);
    await picture(page, `cardinality-${scheme}`);
    await close(opened);
  }
});

test("the filter stands in the address, and a name leads to Explore", async () => {
  const opened = await open(browser, `${barograph.url}/cardinality`);
  const { page } = opened;
  await page.getByRole("searchbox", { name: "Filter by name" }).fill("disk");
  await page.getByRole("link", { name: "http_requests" }).waitFor({ state: "detached" });
  assert.equal(new URL(page.url()).searchParams.get("find"), "disk");
  await page.getByRole("link", { name: "disk_used", exact: true }).click();
  await page.waitForURL("**/explore**");
  assert.equal(new URL(page.url()).searchParams.get("q"), "count(disk_used)");
  await page.goBack();
  await page.getByRole("link", { name: "disk_used", exact: true }).waitFor();
  await close(opened);
});

test("it is one link or two keys away, and on a phone in the panel", async () => {
  const opened = await open(browser, `${barograph.url}/alerts`);
  const { page } = opened;
  await page.getByRole("navigation", { name: "Pages" }).getByRole("link", { name: "Cardinality" }).click();
  await page.getByRole("heading", { name: "Cardinality" }).waitFor();
  await page.goto(`${barograph.url}/alerts`);
  await page.getByRole("heading", { level: 1 }).first().waitFor();
  await page.keyboard.press("g");
  await page.keyboard.press("c");
  await page.getByRole("heading", { name: "Cardinality" }).waitFor();
  await close(opened);

  const small = await open(browser, `${barograph.url}/alerts`, { viewport: PHONE });
  await small.page.getByRole("button", { name: "Search and settings" }).click();
  await small.page.getByRole("link", { name: "Cardinality" }).click();
  await small.page.getByText("82 series today").waitFor();
  await assertNoSidewaysScroll(small.page);
  await picture(small.page, "cardinality-phone");
  await close(small);
});
