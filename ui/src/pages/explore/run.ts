/** Runs what Explore asks, in either language, and brings back what there is to show. */
import { queryInflux, pictureOf, type Table } from "../../api/influx";
import { type Instant, queryInstant, queryRange } from "../../api/prometheus";
import { Failure } from "../../api/failure";
import type { Picture } from "../../chart/picture";
import type { Window } from "../../time/range";
import { type Language, indexOfByte } from "./tokens";
import { substitute } from "./variables";

export type Mode = "range" | "instant";

export interface Question {
  readonly text: string;
  readonly language: Language;
  readonly mode: Mode;
  readonly database: string;
  readonly window: Window;
  readonly stepMs: number;
  /** Whether the window ends now. */
  readonly live: boolean;
}

export interface Result {
  /** The text that was asked, as typed. */
  readonly text: string;
  readonly language: Language;
  readonly tookMs: number;
  readonly notes: readonly string[];
  readonly picture: Picture | undefined;
  /** What all series of the picture share. */
  readonly shared: string;
  readonly instant: Instant | undefined;
  readonly tables: readonly Table[];
}

/** An error, and where in the typed text it is. */
export interface Problem {
  readonly text: string;
  readonly message: string;
  readonly at: number | undefined;
}

type Found = Pick<Result, "notes" | "picture" | "shared" | "instant" | "tables">;

const NONE: Found = { notes: [], picture: undefined, shared: "", instant: undefined, tables: [] };

async function ask(question: Question, text: string, signal: AbortSignal): Promise<Found> {
  const { window, stepMs } = question;
  if (question.language === "influxql") {
    const { tables, notes } = await queryInflux(text, question.database, signal);
    return { ...NONE, tables, notes, picture: pictureOf(tables, window) };
  }
  if (question.mode === "instant") {
    const { value, notes } = await queryInstant(text, window.to, signal);
    return { ...NONE, notes, instant: value, picture: value.kind === "series" ? value.picture : undefined };
  }
  const { value, notes } = await queryRange({ query: text, window, stepMs, live: question.live, signal });
  return { ...NONE, notes, shared: value.shared, picture: { series: value.series, window, stepMs } };
}

/** The words alone: the place that they begin with is where they are shown. */
function withoutPlace(message: string): string {
  return message.replace(/^invalid parameter "query": /, "").replace(/^\d+:\d+: parse error: /, "");
}

export async function run(question: Question, signal: AbortSignal): Promise<Result> {
  const { text, back } = substitute(question.text, question.window, question.stepMs);
  const begun = performance.now();
  try {
    const found = await ask(question, text, signal);
    const tookMs = performance.now() - begun;
    return { ...found, text: question.text, language: question.language, tookMs };
  } catch (thrown) {
    if (!(thrown instanceof Failure) || thrown.position === undefined) throw thrown;
    // The server counts bytes of what was sent; the editor counts letters of what was typed.
    const { kind, message, status, position } = thrown;
    const offset = back(indexOfByte(text, position.offset));
    throw new Failure(kind, withoutPlace(message), status, { ...position, offset });
  }
}
