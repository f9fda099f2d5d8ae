/**
 * Queries cut into coloured pieces, for the layer under the editor. Not a parser: text that is being typed is mostly
 * wrong, and still has to look right. What is truly wrong the server says.
 */

export type Language = "promql" | "influxql";

export type TokenKind = "space" | "comment" | "string" | "number" | "keyword" | "function" | "name" | "label" | "sign";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Where it begins, in UTF-16 units. */
  readonly from: number;
}

const PROMQL =
  /(?<comment>#[^\n]*)|(?<string>"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?|`[^`]*`?)|(?<number>\d[\w.]*)|(?<word>[a-zA-Z_:][\w:.]*)|(?<space>\s+)|(?<sign>[=!]~|[=!<>]=|.)/gsu;
const INFLUXQL =
  /(?<comment>--[^\n]*)|(?<string>'(?:\\.|[^'\\\n])*'?|(?<=~\s*)\/(?:\\.|[^/\\\n])*\/?)|(?<quoted>"(?:\\.|[^"\\\n])*"?)|(?<number>\d[\w.]*)|(?<word>[a-zA-Z_$][\w]*)|(?<space>\s+)|(?<sign>[=!]~|[!<>]=|<>|::|.)/gsu;

const PROMQL_KEYWORDS = new Set(
  "by without on ignoring group_left group_right bool offset and or unless atan2 inf nan".split(" "),
);
/** After these a list of labels stands in parentheses. */
const LABEL_LISTS = new Set("by without on ignoring group_left group_right".split(" "));

export const INFLUXQL_KEYWORDS: readonly string[] =
  "SELECT FROM WHERE GROUP BY ORDER ASC DESC LIMIT OFFSET SLIMIT SOFFSET AND OR AS FILL TZ INTO SHOW DATABASES MEASUREMENTS TAG FIELD KEYS VALUES KEY SERIES RETENTION POLICIES ON WITH IN CREATE DROP DATABASE".split(
    " ",
  );
const INFLUXQL_KEYWORD_SET = new Set(INFLUXQL_KEYWORDS);

function promqlWord(text: string, rest: string, place: { readonly inBraces: boolean; readonly inList: boolean }): TokenKind {
  if (place.inBraces || place.inList) return "label";
  if (PROMQL_KEYWORDS.has(text.toLowerCase())) return "keyword";
  if (/^\s*\(/.test(rest) || /^\s*(by|without)\b/.test(rest)) return "function";
  return "name";
}

function promqlTokens(text: string): Token[] {
  const tokens: Token[] = [];
  let inBraces = false;
  let inList = false;
  let listNext = false;
  for (const match of text.matchAll(PROMQL)) {
    const piece = match[0];
    const from = match.index;
    const groups = match.groups ?? {};
    let kind: TokenKind = "sign";
    if (groups["comment"] !== undefined) kind = "comment";
    else if (groups["string"] !== undefined) kind = "string";
    else if (groups["number"] !== undefined) kind = "number";
    else if (groups["space"] !== undefined) kind = "space";
    else if (groups["word"] !== undefined) {
      kind = promqlWord(piece, text.slice(from + piece.length), { inBraces, inList });
      listNext = kind === "keyword" && LABEL_LISTS.has(piece.toLowerCase());
    } else {
      if (piece === "{") inBraces = true;
      if (piece === "}") inBraces = false;
      if (piece === "(") inList = listNext;
      if (piece === ")") inList = false;
      listNext = false;
    }
    tokens.push({ kind, text: piece, from });
  }
  return tokens;
}

function influxqlTokens(text: string): Token[] {
  return [...text.matchAll(INFLUXQL)].map((match) => {
    const groups = match.groups ?? {};
    const piece = match[0];
    let kind: TokenKind = "sign";
    if (groups["comment"] !== undefined) kind = "comment";
    else if (groups["string"] !== undefined) kind = "string";
    else if (groups["number"] !== undefined) kind = "number";
    else if (groups["space"] !== undefined) kind = "space";
    else if (groups["quoted"] !== undefined) kind = "name";
    else if (groups["word"] !== undefined) {
      const called = /^\s*\(/.test(text.slice(match.index + piece.length));
      if (INFLUXQL_KEYWORD_SET.has(piece.toUpperCase())) kind = "keyword";
      else kind = called ? "function" : "name";
    }
    return { kind, text: piece, from: match.index };
  });
}

export function tokenize(text: string, language: Language): Token[] {
  return language === "promql" ? promqlTokens(text) : influxqlTokens(text);
}

/** The place of a byte of the UTF-8 text, in the UTF-16 units that a page counts in. */
export function indexOfByte(text: string, offset: number): number {
  let bytes = 0;
  let index = 0;
  for (const character of text) {
    if (bytes >= offset) break;
    const code = character.codePointAt(0) ?? 0;
    bytes += code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    index += character.length;
  }
  return index;
}

/** What to underline for an error at this place: the token there, or one character where the text has ended. */
export function tokenAt(tokens: readonly Token[], index: number): { from: number; to: number } {
  const token = tokens.find(({ from, text }) => index >= from && index < from + text.length);
  if (token === undefined || token.kind === "space") return { from: index, to: index + 1 };
  return { from: token.from, to: token.from + token.text.length };
}
