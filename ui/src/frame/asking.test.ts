/** One question at a time. */
import { expect, test, vi } from "vitest";
import { Asking } from "./asking";

test("the_same_question_waits_for_the_answer_under_way", async () => {
  const asking = new Asking();
  let finish: () => void = () => undefined;
  const work = vi.fn(() => new Promise<void>((resolve) => (finish = resolve)));
  asking.ask("a", work);
  asking.ask("a", work);
  expect(work).toHaveBeenCalledOnce();
  finish();
  await vi.waitFor(() => {
    asking.ask("a", work);
    expect(work).toHaveBeenCalledTimes(2);
  });
});

test("another_question_calls_off_the_one_under_way", () => {
  const asking = new Asking();
  const signals: AbortSignal[] = [];
  const work = (signal: AbortSignal): Promise<void> => {
    signals.push(signal);
    return new Promise(() => undefined);
  };
  asking.ask("a", work);
  asking.ask("b", work);
  asking.stop();
  expect(signals.map(({ aborted }) => aborted)).toEqual([true, true]);
});
