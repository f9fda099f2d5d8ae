/** What a page knows of something it asked for. The old value stays until a new one is there. */
import type { Failure } from "./failure";

export type Loaded<T> =
  | { readonly state: "loading"; readonly old: T | undefined }
  | { readonly state: "failed"; readonly old: T | undefined; readonly failure: Failure }
  | { readonly state: "ready"; readonly value: T };

export const NOTHING: Loaded<never> = { state: "loading", old: undefined };

/** The newest value there is, whatever became of the last request. */
export function valueOf<T>(loaded: Loaded<T>): T | undefined {
  return loaded.state === "ready" ? loaded.value : loaded.old;
}
