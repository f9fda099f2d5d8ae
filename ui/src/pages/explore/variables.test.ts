/** Variables are filled in, and places in what was sent lead back to what was typed. */
import { expect, test } from "vitest";
import { HOUR, SECOND } from "../../time/duration";
import { substitute } from "./variables";

const WINDOW = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2025, 0, 1) + HOUR };

test("known_variables_are_filled_in_and_others_stay", () => {
  const { text } = substitute("WHERE $timeFilter GROUP BY time($__interval), $other", WINDOW, 10 * SECOND);
  expect(text).toBe(
    "WHERE time >= '2025-01-01T00:00:00.000Z' AND time <= '2025-01-01T01:00:00.000Z' GROUP BY time(10s), $other",
  );
  expect(substitute("rate(x[$__rate_interval])", WINDOW, 10 * SECOND).text).toBe("rate(x[40s])");
  expect(substitute("increase(x[$__range])", WINDOW, 10 * SECOND).text).toBe("increase(x[1h])");
});

test("places_lead_back", () => {
  const typed = "a $__range b $__range c";
  const { text, back } = substitute(typed, WINDOW, SECOND);
  expect(text).toBe("a 1h b 1h c");
  expect(typed[back(text.indexOf("a"))]).toBe("a");
  expect(typed[back(text.indexOf("b"))]).toBe("b");
  expect(typed[back(text.indexOf("c"))]).toBe("c");
  expect(back(3)).toBe(typed.indexOf("$"));
});
