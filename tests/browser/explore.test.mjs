/** Explore: a metric that was just written is drawn, in both languages; errors stand where they are. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Barograph } from "./barograph.mjs";
import { PHONE, assertNoSidewaysScroll, close, colouredPixels, launch, open, picture, row } from "./chromium.mjs";

const INFLUXQL = 'SELECT mean("value") FROM "pressure" WHERE $timeFilter GROUP BY time($__interval), "host"';

let browser;
let barograph;

before(async () => {
  browser = await launch();
  barograph = await Barograph.start({ collect: false });
  await barograph.writeSeries("pressure,host=attic", 600, (ago) => 42.5 + Math.sin(ago / 60) * (ago > 60 ? 5 : 0));
  await barograph.writeSeries("pressure,host=cellar", 600, (ago) => (ago > 200 && ago < 400 ? 30 : 20));
});

after(async () => {
  await browser?.close();
  await barograph?.stop();
});

const explore = (query, more = "") => `${barograph.url}/explore?q=${encodeURIComponent(query)}&range=15m${more}`;

test("a metric that was written is drawn", async () => {
  for (const scheme of ["light", "dark"]) {
    const opened = await open(browser, explore("pressure"), { scheme });
    const { page } = opened;
    await page.getByRole("heading", { name: "2 series" }).waitFor();
    assert.equal((await row(page, "attic"))[1], "42.5");
    assert.equal((await row(page, "cellar"))[1], "20");
    assert.ok((await colouredPixels(page)) > 300, "the chart has lines");
    await page.waitForLoadState("networkidle");
    await picture(page, `explore-promql-${scheme}`);
    await close(opened);
  }
});

test("a query is written with suggestions and run with Ctrl+Enter", async () => {
  const opened = await open(browser, `${barograph.url}/explore?range=15m`);
  const { page } = opened;
  await page.getByRole("button", { name: "pressure" }).waitFor();
  const editor = page.getByLabel("Query in PromQL");
  await editor.click();
  await page.keyboard.type("press");
  await page.getByRole("option", { name: "pressure" }).waitFor();
  await page.keyboard.press("Tab");
  await page.keyboard.type("{ho");
  await page.getByRole("option", { name: "host" }).waitFor();
  await page.keyboard.press("Enter");
  await page.getByRole("option", { name: "attic" }).click();
  await page.keyboard.type("}");
  assert.equal(await editor.inputValue(), 'pressure{host="attic"}');
  await page.keyboard.press("Control+Enter");
  await page.getByRole("heading", { name: "1 series" }).waitFor();
  assert.equal(new URL(page.url()).searchParams.get("q"), 'pressure{host="attic"}');
  await close(opened);
});

test("an instant answer is a table that sorts", async () => {
  const opened = await open(browser, explore("pressure", "&mode=instant"));
  const { page } = opened;
  await page.getByText("2 samples").waitFor();
  await page.getByRole("button", { name: "value" }).click();
  assert.match(await page.locator("main tbody tr").first().innerText(), /attic/);
  await page.getByRole("button", { name: "value" }).click();
  assert.match(await page.locator("main tbody tr").first().innerText(), /cellar/);
  await close(opened);
});

test("an error is underlined where it is, with its words below", async () => {
  const opened = await open(browser, explore("sum(pressure) by (host) / / 2"), { provokes: true });
  const { page } = opened;
  const alert = page.getByRole("alert");
  await alert.waitFor();
  assert.match(await alert.innerText(), /pars|unexpected/i);
  assert.equal((await page.locator("pre .wrong").first().innerText()).trim(), "/");
  await picture(page, "explore-error");
  await page.getByLabel("Query in PromQL").fill("sum(pressure)");
  await alert.waitFor({ state: "detached" });
  await close(opened);
});

test("InfluxQL is a chart and a table", async () => {
  const opened = await open(browser, explore(INFLUXQL, "&lang=influxql"));
  const { page } = opened;
  await page.getByRole("heading", { name: "2 series" }).waitFor();
  assert.ok((await colouredPixels(page)) > 300, "the chart has lines");
  assert.match(await page.locator("main caption").first().innerText(), /pressure\s+host=attic/);
  await picture(page, "explore-influxql");
  await page.getByLabel("Query in InfluxQL").fill("SHOW MEASUREMENTS");
  await page.getByRole("button", { name: "Run query" }).click();
  await page.getByRole("cell", { name: "pressure" }).waitFor();
  assert.equal(await page.locator("main canvas").count(), 0);
  await close(opened);
});

test("500 series are drawn thin, and the ten largest are named", async (t) => {
  const now = Date.now();
  const lines = [];
  for (let pod = 0; pod < 500; pod++) {
    for (let ago = 0; ago < 600; ago += 30) lines.push(`crowd,pod=p${pod} value=${pod + (ago % 90)} ${(now - ago * 1000) * 1e6}`);
  }
  await barograph.write(lines);
  const opened = await open(browser, `${barograph.url}/explore?range=15m`);
  const { page } = opened;
  const begun = Date.now();
  await page.goto(explore("crowd"));
  await page.getByRole("button", { name: "and 490 more" }).waitFor();
  t.diagnostic(`500 series after ${Date.now() - begun} ms`);
  assert.equal(await page.locator("figure tbody tr").count(), 10);
  await close(opened);
});

test("explore fits a phone", async () => {
  for (const scheme of ["light", "dark"]) {
    const opened = await open(browser, explore("pressure"), { viewport: PHONE, scheme });
    await opened.page.getByRole("heading", { name: "2 series" }).waitFor();
    await assertNoSidewaysScroll(opened.page);
    await picture(opened.page, `explore-phone-${scheme}`);
    await close(opened);
  }
});

test("an address nobody knows says so", async () => {
  const opened = await open(browser, `${barograph.url}/nothing/here`);
  await opened.page.getByText("There is no page at this address").waitFor();
  await close(opened);
});
