/**
 * One question at a time. Another question calls off the one under way; the same question again, as each refresh asks it,
 * waits for the answer that is already coming, so that a slow query is not started anew every ten seconds.
 */
export class Asking {
  #question = "";
  #calling: AbortController | undefined;

  ask(question: string, work: (signal: AbortSignal) => Promise<unknown>): void {
    if (this.#calling !== undefined && question === this.#question) return;
    this.stop();
    const calling = new AbortController();
    this.#calling = calling;
    this.#question = question;
    void work(calling.signal).finally(() => {
      if (this.#calling === calling) this.#calling = undefined;
    });
  }

  stop(): void {
    this.#calling?.abort();
    this.#calling = undefined;
  }
}
