/**
 * The only place that touches `fetch`. It turns every way to fail into one `Failure`, remembers the token of a server
 * that wants one, and tells who listens whether the server can be reached.
 */
import { Failure, type Position } from "./failure";

type Value = string | number | boolean | undefined;
export type Params = Readonly<Record<string, Value | readonly string[]>>;

export interface Call {
  readonly method?: "GET" | "POST" | "PUT" | "DELETE";
  readonly params?: Params;
  readonly json?: unknown;
  readonly signal?: AbortSignal | undefined;
}

/** Longer than any query may take by the server's own limit; after it the server counts as gone. */
const TIMEOUT_MS = 60_000;
const TOKEN_KEY = "barograph.token";

export interface Listener {
  reached(): void;
  lost(failure: Failure): void;
  unauthorized(): void;
}

let listener: Listener | undefined;

export function listen(to: Listener): void {
  listener = to;
}

/** Keeps the token for this tab only: it is gone when the tab is closed. */
export function useToken(token: string): void {
  sessionStorage.setItem(TOKEN_KEY, token);
}

/** Whether a token was given, so that a server that still wants one refused it. */
export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN_KEY) !== null;
}

function address(path: string, params: Params): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value === undefined) continue;
    for (const one of Array.isArray(value) ? value : [value]) search.append(name, String(one));
  }
  const text = search.toString();
  return text === "" ? path : `${path}?${text}`;
}

function isPosition(value: unknown): value is Position {
  return typeof value === "object" && value !== null && "offset" in value && typeof value.offset === "number";
}

/** The place in a query, where an InfluxQL error names it: the body has InfluxDB's shape alone. */
function positionHeader(response: Response): Position | undefined {
  try {
    const value: unknown = JSON.parse(response.headers.get("X-Barograph-Position") ?? "null");
    return isPosition(value) ? value : undefined;
  } catch {
    // A header somebody on the way has changed costs the mark, not the message.
    return undefined;
  }
}

/** Both error shapes of the server carry their words in `error`. */
async function refusal(response: Response): Promise<Failure> {
  const text = await response.text();
  let message = text.trim();
  let position = positionHeader(response);
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === "object" && body !== null) {
      if ("error" in body && typeof body.error === "string") message = body.error;
      if ("position" in body && isPosition(body.position)) position = body.position;
    }
  } catch {
    // Not JSON: the text itself is the message.
  }
  if (message === "") message = `The server answered ${response.status} ${response.statusText}.`;
  const kind = response.status === 401 ? "unauthorized" : "refused";
  return new Failure(kind, message, response.status, position);
}

async function send(path: string, call: Call): Promise<Response> {
  const headers = new Headers({ Accept: "application/json" });
  if (call.json !== undefined) headers.set("Content-Type", "application/json");
  const token = sessionStorage.getItem(TOKEN_KEY);
  if (token !== null) headers.set("Authorization", `Bearer ${token}`);
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await fetch(address(path, call.params ?? {}), {
      method: call.method ?? "GET",
      headers,
      signal: call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]),
      ...(call.json === undefined ? {} : { body: JSON.stringify(call.json) }),
    });
  } catch (thrown) {
    if (call.signal?.aborted === true) throw thrown;
    const failure = timeout.aborted
      ? new Failure("unreachable", `${location.host} took longer than ${TIMEOUT_MS / 1000} s to answer.`)
      : new Failure("unreachable", `${location.host} cannot be reached.`);
    listener?.lost(failure);
    throw failure;
  }
}

/** Sends one request and reads its JSON; an empty answer (204) is undefined. */
export async function request<T>(path: string, call: Call = {}): Promise<T> {
  const response = await send(path, call);
  listener?.reached();
  if (!response.ok) {
    const failure = await refusal(response);
    if (failure.kind === "unauthorized") listener?.unauthorized();
    throw failure;
  }
  if (response.status === 204) return undefined as T;
  return (await response.json()) as T;
}
