/** Why a request brought nothing, in words for the person who asked, and where in their query it went wrong. */

export interface Position {
  /** Bytes from the start of the query, from 0. */
  readonly offset: number;
  readonly line: number;
  readonly column: number;
}

export type FailureKind =
  /** Nobody answered: the connection is lost, or the server is gone. */
  | "unreachable"
  /** A token is wanted, or the one given is wrong. */
  | "unauthorized"
  /** The server said no, and why. */
  | "refused";

export class Failure extends Error {
  override readonly name = "Failure";

  constructor(
    readonly kind: FailureKind,
    message: string,
    readonly status: number = 0,
    readonly position: Position | undefined = undefined,
  ) {
    super(message);
  }
}

/** Anything thrown, as a failure; undefined for a request that was called off because a newer one took its place. */
export function toFailure(thrown: unknown): Failure | undefined {
  if (thrown instanceof Failure) return thrown;
  if (thrown instanceof DOMException && thrown.name === "AbortError") return undefined;
  return new Failure("refused", thrown instanceof Error ? thrown.message : String(thrown));
}
