/** Colours of queries that are being typed, and places of errors in them. */
import { expect, test } from "vitest";
import { type Language, indexOfByte, tokenAt, tokenize } from "./tokens";

function kinds(text: string, language: Language): string {
  return tokenize(text, language)
    .filter(({ kind }) => kind !== "space" && kind !== "sign")
    .map(({ kind, text: piece }) => `${kind}:${piece}`)
    .join(" ");
}

test("promql_is_cut_into_its_kinds", () => {
  expect(kinds('sum by (host) (rate(cpu{mode="user"}[5m])) > 90 # busy', "promql")).toBe(
    'function:sum keyword:by label:host function:rate name:cpu label:mode string:"user" number:5m number:90 comment:# busy',
  );
});

test("influxql_is_cut_into_its_kinds", () => {
  expect(kinds(`select mean("usage") from cpu where host = 'a' group by time(5m)`, "influxql")).toBe(
    `keyword:select function:mean name:"usage" keyword:from name:cpu keyword:where name:host string:'a' keyword:group keyword:by function:time number:5m`,
  );
});

test("no_letter_is_lost", () => {
  for (const language of ["promql", "influxql"] as const) {
    for (const text of ["", 'a{b="c', "x[5m", "'open", "ä ≠ 😀", "a\n\tb", "((((", "select /re/ from"]) {
      expect(tokenize(text, language).map((token) => token.text).join("")).toBe(text);
    }
  }
});

test("bytes_become_letters", () => {
  expect(indexOfByte("abc", 2)).toBe(2);
  expect(indexOfByte('a{b="ä"} x', 9)).toBe(8);
  expect(indexOfByte("😀x", 4)).toBe(2);
  expect(indexOfByte("ab", 99)).toBe(2);
});

test("an_error_underlines_the_word_it_is_at", () => {
  const tokens = tokenize("sum(foo(x))", "promql");
  expect(tokenAt(tokens, 4)).toEqual({ from: 4, to: 7 });
  expect(tokenAt(tokens, 5)).toEqual({ from: 4, to: 7 });
  expect(tokenAt(tokens, 11)).toEqual({ from: 11, to: 12 });
});
