/** The rules of the house that a compiler does not check, for every file of the page. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const LINES_MAX = 400;
const files = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(ts|svelte|css)$/.test(name) && name !== join("api", "wire.ts"))
  .map((name) => ({ name, text: readFileSync(join("src", name), "utf8") }));
const code = files.filter(({ name }) => !name.endsWith(".test.ts") && !name.endsWith(".css"));

/** Text without comments and strings, so that words in sentences do not count. */
function bare(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\/|<!--[\s\S]*?-->|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`/g, "");
}

function none(where: typeof files, pattern: RegExp): void {
  expect(where.filter(({ text }) => pattern.test(bare(text))).map(({ name }) => name)).toEqual([]);
}

test("every_file_opens_by_saying_what_it_is", () => {
  expect(files.filter(({ text }) => !/^(\/\*|<!--)/.test(text)).map(({ name }) => name)).toEqual([]);
});

test("files_stay_short", () => {
  expect(files.filter(({ text }) => text.split("\n").length > LINES_MAX).map(({ name }) => name)).toEqual([]);
});

test("names_of_no_meaning_are_not_used", () => {
  const banned = /(^|\/)(utils?|common|helpers?|misc|manager|base|hooks|types)(\.|\/)/;
  expect(files.map(({ name }) => name).filter((name) => banned.test(name))).toEqual([]);
});

test("only_the_client_touches_fetch", () => {
  none(
    code.filter(({ name }) => name !== join("api", "client.ts")),
    /\bfetch\s*\(|XMLHttpRequest|WebSocket|EventSource/,
  );
});

test("there_is_no_any_no_enum_and_no_default_export", () => {
  none(code, /(:|<|as|,)\s*any\b|\benum\s|export default|@ts-ignore/);
});

test("no_other_host_is_named", () => {
  expect(code.filter(({ text }) => /https?:\/\/(?!127\.0\.0\.1)/.test(text)).map(({ name }) => name)).toEqual([]);
});

test("colours_stand_in_tokens_alone", () => {
  const own = files.filter(({ name }) => name !== "tokens.css" && !name.endsWith(".test.ts"));
  expect(own.filter(({ text }) => /#[0-9a-f]{6}\b|oklch\(/i.test(text)).map(({ name }) => name)).toEqual([]);
});
