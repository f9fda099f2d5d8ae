/**
 * Builds the page into `dist`, which the server embeds. The build fails when the scripts of the first load, packed,
 * are over the limit that LOOK asks for: a page opened at 3 a.m. on a phone has to be there at once.
 */
import { gzipSync } from "node:zlib";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { defineConfig } from "vitest/config";

const FIRST_LOAD_MAX_BYTES = 60 * 1024;

/** The modules that the first page needs: one chunk holds them, for one request and one dictionary of gzip. */
const first = new Set<string>();

function firstLoad(): Plugin {
  return {
    name: "first-load",
    buildEnd() {
      const follow = (id: string): void => {
        if (first.has(id)) return;
        first.add(id);
        this.getModuleInfo(id)?.importedIds.forEach(follow);
      };
      for (const id of this.getModuleIds()) if (this.getModuleInfo(id)?.isEntry === true) follow(id);
    },
    writeBundle(_, bundle) {
      const needed = new Set<string>();
      const follow = (name: string): void => {
        const chunk = bundle[name];
        if (needed.has(name) || chunk?.type !== "chunk") return;
        needed.add(name);
        chunk.imports.forEach(follow);
      };
      for (const chunk of Object.values(bundle)) if (chunk.type === "chunk" && chunk.isEntry) follow(chunk.fileName);
      let packed = 0;
      for (const name of needed) {
        const chunk = bundle[name];
        if (chunk?.type === "chunk") packed += gzipSync(chunk.code, { level: 9 }).length;
      }
      const said = `first load: ${(packed / 1024).toFixed(1)} KiB of script, gzip (at most ${FIRST_LOAD_MAX_BYTES / 1024})`;
      if (packed > FIRST_LOAD_MAX_BYTES) this.error(said);
      console.log(`\n${said}`);
    },
  };
}

/**
 * Vite wraps each `import()` in code that preloads its styles and chunks. All styles are in one file and chunks are few,
 * so the wrapper would only be a kilobyte more to load first.
 */
function plainImports(): Plugin {
  return {
    name: "plain-imports",
    enforce: "pre",
    load: (id) => (id.endsWith("vite/preload-helper.js") ? "export const __vitePreload = (load) => load();" : undefined),
  };
}

/** For development: the page from Vite, everything else from a server that runs. */
const SERVER = process.env["BAROGRAPH_URL"] ?? "http://127.0.0.1:7373";
const SERVED = ["/api", "/query", "/write", "/ping", "/health", "/ready", "/metrics", "/openapi.json"];

export default defineConfig({
  plugins: [svelte(), plainImports(), firstLoad()],
  build: {
    target: "es2023",
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: false,
    rolldownOptions: { output: { codeSplitting: { groups: [{ name: "first", test: (id) => first.has(id) }] } } },
  },
  server: { host: "127.0.0.1", proxy: Object.fromEntries(SERVED.map((path) => [path, SERVER])) },
  test: { include: ["src/**/*.test.ts"], setupFiles: ["./src/browser.test-setup.ts"] },
  resolve: process.env["VITEST"] === undefined ? {} : { conditions: ["browser"] },
});
