/** Whether the server can be reached, and whether it wants a token: for the thin bar and the sign-in. */
import { listen } from "../api/client";
import type { Failure } from "../api/failure";

class Connection {
  /** Since when nobody answers, and what was seen; null while all is well. */
  lost: { readonly since: number; readonly message: string } | null = $state.raw(null);
  wantsToken = $state(false);

  constructor() {
    listen({
      reached: () => (this.lost = null),
      lost: (failure: Failure) => (this.lost ??= { since: Date.now(), message: failure.message }),
      unauthorized: () => (this.wantsToken = true),
    });
  }
}

export const connection = new Connection();
