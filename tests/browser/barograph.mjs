/**
 * Starts the built binary as a user does, on a free port with a folder of its own, and speaks to it over HTTP.
 * Which binary: $BAROGRAPH_BIN, else the release build, else the debug build of this checkout.
 */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const CANDIDATES = [
  process.env.BAROGRAPH_BIN,
  join(here, "../../target/release/barograph"),
  join(here, "../../target/debug/barograph"),
];
const READY_WITHIN_MS = 60_000;
const STOPPED_WITHIN_MS = 12_000;

/** One channel, to an address where nobody listens: rules may name it, and nothing leaves this machine. */
const CONFIG = `[channels.hook]\ntype = "webhook"\nurl = "http://127.0.0.1:9/"\n`;

function binary() {
  const found = CANDIDATES.find((path) => path !== undefined && existsSync(path));
  if (found === undefined) throw new Error("no barograph binary: build one with cargo build --release, or set BAROGRAPH_BIN");
  return found;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Barograph {
  /** @param {{ collect: boolean, token?: string }} options whether it measures its own host, and the token it wants */
  static async start(options) {
    const folder = await mkdtemp(join(tmpdir(), "barograph-browser-"));
    const barograph = new Barograph(folder, await freePort(), options);
    const token = options.token === undefined ? "" : `token = ${JSON.stringify(options.token)}\n`;
    await writeFile(join(folder, "barograph.toml"), token + CONFIG);
    await barograph.run();
    return barograph;
  }

  constructor(folder, port, options) {
    this.folder = folder;
    this.port = port;
    this.url = `http://127.0.0.1:${port}`;
    this.options = options;
    this.said = "";
  }

  /** Starts the process, or starts it again on the same data and port. */
  async run() {
    const args = ["serve", "--config", join(this.folder, "barograph.toml"), "--data-dir", join(this.folder, "data")];
    args.push("--listen", `127.0.0.1:${this.port}`);
    if (!this.options.collect) args.push("--no-collect");
    this.startedAt = Date.now();
    this.process = spawn(binary(), args, { stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.process.stdout, this.process.stderr]) stream.on("data", (chunk) => (this.said += chunk));
    for (;;) {
      if (this.process.exitCode !== null) throw new Error(`barograph ended at once:\n${this.said}`);
      const ready = await fetch(`${this.url}/ready`).catch(() => undefined);
      if (ready?.ok) return;
      if (Date.now() - this.startedAt > READY_WITHIN_MS) throw new Error(`barograph is not ready:\n${this.said}`);
      await sleep(100);
    }
  }

  /** Ends the process and keeps the data. */
  async halt() {
    if (this.process.exitCode !== null) return;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGTERM");
    const last = setTimeout(() => this.process.kill("SIGKILL"), STOPPED_WITHIN_MS);
    await gone;
    clearTimeout(last);
  }

  async stop() {
    await this.halt();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** Writes line protocol; anything but 204 fails the test with the server's words. */
  async write(lines) {
    const answer = await fetch(`${this.url}/write?db=metrics`, { method: "POST", body: lines.join("\n") });
    if (answer.status !== 204) throw new Error(`write answered ${answer.status}: ${await answer.text()}`);
  }

  /** Points of one series every ten seconds up to now. `value` is given how many seconds ago a point is. */
  async writeSeries(name, seconds, value) {
    const now = Date.now();
    const lines = [];
    for (let ago = seconds; ago >= 0; ago -= 10) lines.push(`${name} value=${value(ago)} ${(now - ago * 1000) * 1e6}`);
    await this.write(lines);
  }

  async rules() {
    return (await fetch(`${this.url}/api/alerts`)).json();
  }
}
