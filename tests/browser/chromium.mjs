/**
 * A real Chromium, and pages that watch themselves: no console errors, no request to another host, no sideways scroll.
 * Which Chromium: $CHROMIUM, else the distribution's.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

const OUT = fileURLToPath(new URL("out/", import.meta.url));
const ARGS = [
  "--no-sandbox",
  "--headless",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const DESK = { width: 1440, height: 900 };
export const PHONE = { width: 360, height: 740 };

export async function launch() {
  const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";
  if (!existsSync(executablePath)) {
    throw new Error(`no Chromium at ${executablePath}: install it (apt-get install chromium), or set CHROMIUM`);
  }
  return chromium.launch({ executablePath, args: ARGS });
}

/** Console messages that a test provokes on purpose: a refused query, a server that is gone. */
const PROVOKED = /Failed to load resource/;

/**
 * @param {import("playwright-core").Browser} browser
 * @param {{ viewport?: { width: number, height: number }, scheme?: "light" | "dark", provokes?: boolean }} wish
 */
export async function open(browser, url, wish = {}) {
  const { viewport = DESK, scheme = "light", provokes = false } = wish;
  const phone = viewport.width < 500;
  const context = await browser.newContext({ viewport, colorScheme: scheme, hasTouch: phone, isMobile: phone });
  const page = await context.newPage();
  const wrong = [];
  const host = new URL(url).host;
  page.on("console", (message) => {
    if (message.type() !== "error" && message.type() !== "warning") return;
    if (!provokes || !PROVOKED.test(message.text())) wrong.push(`console ${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => wrong.push(`page error: ${error.stack ?? error.message}`));
  page.on("request", (request) => {
    const address = new URL(request.url());
    if (/^https?:$/.test(address.protocol) && address.host !== host) wrong.push(`request to ${address.host}`);
  });
  await page.goto(url);
  return { page, wrong };
}

/** Closes the page, and fails if anything was wrong on it. */
export async function close({ page, wrong }) {
  await page.context().close();
  assert.deepEqual(wrong, []);
}

export async function picture(page, name) {
  await mkdir(OUT, { recursive: true });
  await page.screenshot({ path: join(OUT, `${name}.png`) });
}

/** How many pixels of the first chart inside `selector` have colour, so are neither paper, grid nor text. */
export async function colouredPixels(page, selector = "main") {
  return page.locator(`${selector} canvas`).first().evaluate((canvas) => {
    // Read from a copy, so that the chart's own canvas stays as fast as it is.
    const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext("2d", { willReadFrequently: true });
    copy.drawImage(canvas, 0, 0);
    const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
    let coloured = 0;
    for (let at = 0; at < data.length; at += 4) {
      const [red, green, blue, alpha] = data.subarray(at, at + 4);
      if (alpha > 60 && Math.max(red, green, blue) - Math.min(red, green, blue) > 40) coloured += 1;
    }
    return coloured;
  });
}

/** The cells of the first row under a chart that is called so. */
export async function row(page, name) {
  const cells = page.locator("figure tbody tr").filter({ hasText: name }).first().locator("td");
  return (await cells.allInnerTexts()).map((text) => text.trim());
}

export async function assertNoSidewaysScroll(page) {
  const { wide, there } = await page.evaluate(() => ({
    wide: document.documentElement.scrollWidth,
    there: document.documentElement.clientWidth,
  }));
  assert.ok(wide <= there, `the page is ${wide} px wide on a screen of ${there} px`);
}
