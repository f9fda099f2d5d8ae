/** The first five minutes: a fresh server shows its own host, live, on a laptop and on a phone, by day and by night. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Barograph } from "./barograph.mjs";
import { DESK, PHONE, assertNoSidewaysScroll, close, colouredPixels, launch, open, picture, row } from "./chromium.mjs";

/** The collector measures every 10 s; a loaded machine of two cores gets some air. */
const LIVE_WITHIN_MS = 60_000;

let browser;
let barograph;
let empty;

before(async () => {
  browser = await launch();
  barograph = await Barograph.start({ collect: true });
  empty = await Barograph.start({ collect: false });
});

after(async () => {
  await browser?.close();
  await barograph?.stop();
  await empty?.stop();
});

test("a fresh server shows live charts of its own host", async (t) => {
  const opened = await open(browser, barograph.url);
  const { page } = opened;
  await page.locator("figure", { hasText: "CPU" }).locator("tbody tr").first().waitFor({ timeout: LIVE_WITHIN_MS });
  t.diagnostic(`live after ${((Date.now() - barograph.startedAt) / 1000).toFixed(1)} s`);
  assert.match((await row(page, "user"))[1], /%$/);
  // The first point is a dot; with the second one there are lines.
  while ((await colouredPixels(page)) < 50) {
    assert.ok(Date.now() - barograph.startedAt < LIVE_WITHIN_MS, "the CPU chart has lines");
    await page.waitForTimeout(250);
  }
  t.diagnostic(`lines after ${((Date.now() - barograph.startedAt) / 1000).toFixed(1)} s`);
  for (const title of ["Memory", "Load", "Disk space", "Disk I/O", "Network", "Swap", "Processes", "Kernel"]) {
    await page.getByRole("heading", { name: title, exact: true }).waitFor();
  }
  await page.locator("dl dd.value").first().waitFor();
  assert.match(await page.locator("dl").innerText(), /CPU[\s\S]*%[\s\S]*Memory[\s\S]*%[\s\S]*Uptime/);
  assert.match(page.url(), /range=5m/, "a fresh server starts with a short range");
  await close(opened);
});

test("the next points arrive by themselves", async () => {
  const opened = await open(browser, `${barograph.url}/?range=5m`);
  const { page } = opened;
  await page.locator("figure tbody tr").first().waitFor({ timeout: LIVE_WITHIN_MS });
  await page.waitForResponse((response) => response.url().includes("/api/v1/query_range"), { timeout: LIVE_WITHIN_MS });
  await close(opened);
});

for (const [name, viewport] of Object.entries({ desk: DESK, phone: PHONE, wall: { width: 3840, height: 2160 } })) {
  for (const scheme of ["light", "dark"]) {
    test(`the host page fits a ${name} in ${scheme}`, async () => {
      const opened = await open(browser, barograph.url, { viewport, scheme });
      const { page } = opened;
      await page.locator("figure tbody tr").first().waitFor({ timeout: LIVE_WITHIN_MS });
      await page.waitForLoadState("networkidle");
      await assertNoSidewaysScroll(page);
      await picture(page, `host-${name}-${scheme}`);
      const paper = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      assert.equal(paper === "rgb(255, 255, 255)", scheme === "light");
      await close(opened);
    });
  }
}

test("dragging zooms all charts, and a double click steps out", async () => {
  const opened = await open(browser, `${barograph.url}/?range=5m`);
  const { page } = opened;
  await page.locator("figure tbody tr").first().waitFor({ timeout: LIVE_WITHIN_MS });
  const box = await page.locator(".u-over").first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.5, box.y + 20);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.9, box.y + 30, { steps: 4 });
  await page.mouse.up();
  await page.waitForURL(/from=.*&to=/);
  await page.mouse.dblclick(box.x + box.width * 0.5, box.y + 20);
  await page.waitForURL(/range=5m/);
  await close(opened);
});

test("pointing at one chart reads the values of all", async () => {
  const opened = await open(browser, `${barograph.url}/?range=5m&refresh=off`);
  const { page } = opened;
  await page.locator("figure tbody tr").first().waitFor({ timeout: LIVE_WITHIN_MS });
  const box = await page.locator(".u-over").first().boundingBox();
  await page.mouse.move(box.x + box.width * 0.7, box.y + 30);
  await page.mouse.move(box.x + box.width * 0.98, box.y + 30);
  await page.waitForFunction(
    () => [...document.querySelectorAll("figure thead")].filter((head) => /\d\d:\d\d:\d\d/.test(head.innerText)).length > 3,
  );
  await close(opened);
});

test("a click on a row isolates its line", async () => {
  const opened = await open(browser, `${barograph.url}/?range=5m&refresh=off`);
  const { page } = opened;
  const cpu = page.locator("figure", { hasText: "CPU" });
  await cpu.locator("tbody tr").nth(1).waitFor({ timeout: LIVE_WITHIN_MS });
  await cpu.locator("tbody button").first().click();
  assert.equal(await cpu.locator("tbody tr.off").count(), (await cpu.locator("tbody tr").count()) - 1);
  await cpu.locator("tbody button").first().click();
  assert.equal(await cpu.locator("tbody tr.off").count(), 0);
  await close(opened);
});

test("everything is reached by keyboard", async () => {
  const opened = await open(browser, barograph.url);
  const { page } = opened;
  await page.locator("nav").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("Go to Alerts").waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("t");
  await page.getByRole("button", { name: "15 days" }).click();
  await page.waitForURL(/range=15d/);
  await page.keyboard.press("g");
  await page.keyboard.press("a");
  await page.waitForURL(/\/alerts\?range=15d/);
  await page.keyboard.press("/");
  await page.keyboard.type("load1");
  await page.getByRole("option", { name: "system_load1", exact: true }).waitFor({ timeout: LIVE_WITHIN_MS });
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/explore\?.*q=system_load1/);
  await page.goBack();
  await page.waitForURL(/\/alerts/);
  await close(opened);
});

test("theme and zone are kept", async () => {
  const opened = await open(browser, barograph.url);
  const { page } = opened;
  await page.getByRole("button", { name: "Theme: auto" }).click();
  await page.getByRole("button", { name: "Theme: light" }).click();
  await page.getByRole("button", { name: "UTC" }).click();
  await page.reload();
  await page.getByRole("button", { name: "Theme: dark" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("data-theme"), "dark");
  assert.equal(await page.getByRole("button", { name: "UTC" }).getAttribute("aria-pressed"), "true");
  await close(opened);
});

test("an empty server offers three ways to send data, with its own address", async () => {
  for (const viewport of [DESK, PHONE]) {
    const opened = await open(browser, empty.url, { viewport });
    const { page } = opened;
    await page.getByRole("heading", { name: "No data yet" }).waitFor();
    const text = await page.locator("main").innerText();
    assert.match(text, /outputs\.influxdb/);
    assert.match(text, /remote_write/);
    assert.ok(text.includes(`${empty.url}/write?db=metrics`), "curl holds this server's address");
    await assertNoSidewaysScroll(page);
    await picture(page, viewport === DESK ? "welcome-desk" : "welcome-phone");
    await close(opened);
  }
});

test("a server that wants a token is given one", async () => {
  const guarded = await Barograph.start({ collect: false, token: "open-sesame" });
  try {
    const opened = await open(browser, guarded.url, { provokes: true });
    const { page } = opened;
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Token").fill("wrong");
    await page.keyboard.press("Enter");
    await dialog.getByText("not accepted").waitFor();
    await dialog.getByLabel("Token").fill("open-sesame");
    await page.keyboard.press("Enter");
    await page.getByRole("heading", { name: "No data yet" }).waitFor();
    await close(opened);
  } finally {
    await guarded.stop();
  }
});

test("a lost connection is a thin bar, and the data stays", async () => {
  const opened = await open(browser, `${barograph.url}/?range=5m`, { provokes: true });
  const { page } = opened;
  await page.locator("figure tbody tr").first().waitFor({ timeout: LIVE_WITHIN_MS });
  await barograph.halt();
  await page.getByText("cannot be reached").first().waitFor({ timeout: LIVE_WITHIN_MS });
  assert.match((await row(page, "user"))[1], /%$/);
  await picture(page, "lost");
  await barograph.run();
  await page.getByText("cannot be reached").first().waitFor({ state: "detached", timeout: LIVE_WITHIN_MS });
  await close(opened);
});
