/** Alerts: a rule is written in the form, fires, is acknowledged, edited, and deleted. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Barograph } from "./barograph.mjs";
import { PHONE, assertNoSidewaysScroll, close, launch, open, picture } from "./chromium.mjs";

/** Rules are judged every 5 s, and the page asks every 5 s. */
const SEEN_WITHIN_MS = 60_000;

let browser;
let barograph;
let writing;

before(async () => {
  browser = await launch();
  barograph = await Barograph.start({ collect: false });
  await barograph.writeSeries("oven,room=kitchen", 300, () => 95);
  await barograph.writeSeries("oven,room=bakery", 300, () => 20);
  // A threshold rule knows silence from health, so the oven goes on reporting.
  writing = setInterval(() => barograph.write(["oven,room=kitchen value=95", "oven,room=bakery value=20"]).catch(() => {}), 2000);
});

after(async () => {
  clearInterval(writing);
  await browser?.close();
  await barograph?.stop();
});

test("without rules the page says how to get one", async () => {
  const opened = await open(browser, `${barograph.url}/alerts`);
  await opened.page.getByText("No rules yet").waitFor();
  await close(opened);
});

test("a chart becomes a rule, which fires and is acknowledged", async () => {
  const opened = await open(browser, `${barograph.url}/explore?q=oven+%3E+90&range=5m`);
  const { page } = opened;
  await page.getByRole("link", { name: "Alert on this" }).click();
  await page.getByRole("heading", { name: "New rule" }).waitFor();
  assert.equal(await page.getByRole("combobox", { name: "Metric", exact: true }).inputValue(), "oven");
  assert.equal(await page.getByLabel("Threshold").inputValue(), "90");
  await page.getByText("2 series match, 1 is > 90 now").waitFor();
  await page.getByLabel("Name").fill("Oven is hot");
  await page.getByLabel("For", { exact: true }).fill("0s");
  await page.getByRole("button", { name: "critical" }).click();
  await page.getByLabel(/hook/).check();
  await page.getByLabel("Created by").fill("ana");
  await picture(page, "alerts-form");
  await page.getByRole("button", { name: "Create rule" }).click();

  await page.getByRole("heading", { name: "Oven is hot" }).waitFor();
  await page.locator("main header").getByText("Firing").waitFor({ timeout: SEEN_WITHIN_MS });
  const bar = page.getByRole("link", { name: /Alerts.*1 firing/ });
  await bar.waitFor();
  assert.match(await page.title(), /^\(1\)/);
  await page.getByText("still firing").waitFor();
  await page.waitForLoadState("networkidle");
  await picture(page, "alerts-firing");

  await page.getByRole("button", { name: "Acknowledge" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Your name").fill("Ben");
  await dialog.getByLabel("Comment").fill("Bread is in it");
  await dialog.getByRole("button", { name: "Acknowledge" }).click();
  await page.getByText("Bread is in it").waitFor({ timeout: SEEN_WITHIN_MS });
  assert.match(await page.locator("main").innerText(), /Ben, \d{4}-/);

  await bar.click();
  const rule = page.locator("tbody").filter({ hasText: "Oven is hot" });
  await rule.getByText("room=kitchen").waitFor();
  assert.match(await rule.innerText(), /Firing[\s\S]*95/);
  await rule.getByText("taken by Ben").waitFor();
  assert.doesNotMatch(await rule.innerText(), /bakery/, "one hot oven does not blame the other");
  await picture(page, "alerts-list");
  await close(opened);
});

test("the server's words stand at the field they name", async () => {
  const opened = await open(browser, `${barograph.url}/alerts?new=1`, { provokes: true });
  const { page } = opened;
  await page.getByRole("button", { name: "Create rule" }).click();
  await page.getByText("Which metric is watched?").waitFor();
  await page.getByText("Compared with which number?").waitFor();
  await page.getByRole("button", { name: "PromQL" }).click();
  await page.getByLabel("Expression").fill("sum(oven");
  await page.getByRole("button", { name: "Create rule" }).click();
  await page.locator("#rule-expr-note", { hasText: /expr/ }).waitFor();
  assert.equal(await page.getByLabel("Expression").getAttribute("aria-invalid"), "true");
  await close(opened);
});

test("a rule is turned off, edited, deleted, and brought back", async () => {
  await fetch(`${barograph.url}/api/alerts`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ id: "cold", name: "Oven is cold", metric_name: "oven", condition: "lt", threshold: 5 }),
  });
  const opened = await open(browser, `${barograph.url}/alerts?rule=cold`);
  const { page } = opened;
  await page.getByRole("button", { name: "Turn off" }).click();
  await page.locator("main header").getByText("Off", { exact: true }).waitFor();
  await page.getByRole("link", { name: "Edit" }).click();
  await page.getByLabel("Threshold").fill("7");
  await page.getByRole("button", { name: "Save rule" }).click();
  await page.getByText("oven < 7").waitFor();
  const edited = (await barograph.rules()).find(({ id }) => id === "cold");
  assert.equal(edited.enabled, false);
  assert.equal(edited.threshold, 7);

  await page.getByRole("button", { name: "Delete" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.waitFor();
  assert.match(await dialog.innerText(), /This deletes the rule and its \d+ instances?/);
  await page.getByRole("button", { name: "Delete rule" }).click();
  await page.getByText("Deleted Oven is cold").waitFor();
  assert.equal((await barograph.rules()).some(({ id }) => id === "cold"), false);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.getByRole("link", { name: "Oven is cold" }).waitFor();
  await close(opened);
});

test("alerts fit a phone, by day and by night", async () => {
  for (const scheme of ["light", "dark"]) {
    const opened = await open(browser, `${barograph.url}/alerts`, { viewport: PHONE, scheme });
    const { page } = opened;
    await page.getByRole("link", { name: "Oven is hot" }).waitFor();
    await assertNoSidewaysScroll(page);
    await picture(page, `alerts-phone-${scheme}`);
    await page.getByRole("link", { name: "Oven is hot" }).click();
    await page.getByRole("heading", { name: "History" }).waitFor();
    await assertNoSidewaysScroll(page);
    await page.getByRole("link", { name: "Edit" }).click();
    await page.getByRole("button", { name: "Save rule" }).waitFor();
    await assertNoSidewaysScroll(page);
    await picture(page, `alerts-form-phone-${scheme}`);
    await close(opened);
  }
});
