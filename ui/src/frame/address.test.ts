/**
 * The address holds the view: pages, parameters, ranges, and the way back.
 * @vitest-environment jsdom
 */
import { beforeEach, expect, test } from "vitest";
import { DAY, HOUR } from "../time/duration";
import { address, followLinks, pageOf, patched } from "./address.svelte";

beforeEach(() => {
  globalThis.scrollTo = () => undefined;
  address.go("/");
});

test("paths_are_pages", () => {
  expect(pageOf("/")).toBe("host");
  expect(pageOf("/explore")).toBe("explore");
  expect(pageOf("/alerts")).toBe("alerts");
  expect(pageOf("/nothing")).toBe("unknown");
});

test("a_patch_sets_and_removes", () => {
  const params = patched(new URLSearchParams("a=1&b=2"), { a: null, c: "3" });
  expect(params.toString()).toBe("b=2&c=3");
});

test("the_range_goes_along_from_page_to_page", () => {
  address.set({ range: "6h", host: "a" });
  expect(address.href("explore", { q: "up" })).toBe("/explore?range=6h&q=up");
  expect(address.href("alerts")).toBe("/alerts?range=6h");
});

test("a_reloaded_address_is_the_same_view", () => {
  address.go("/explore?q=rate(x%5B5m%5D)&range=15d&lang=promql");
  expect(address.page).toBe("explore");
  expect(address.param("q")).toBe("rate(x[5m])");
  expect(address.range).toEqual({ kind: "last", ms: 15 * DAY });
});

test("a_zoom_is_stepped_out_of_to_where_it_came_from", () => {
  address.set({ range: "6h" });
  const to = Date.UTC(2025, 0, 2);
  address.zoom(to - HOUR, to);
  expect(address.range).toEqual({ kind: "between", from: to - HOUR, to });
  address.stepOut();
  expect(address.range).toEqual({ kind: "last", ms: 6 * HOUR });
  address.stepOut();
  expect(address.range).toEqual({ kind: "last", ms: 12 * HOUR });
});

test("links_of_the_page_do_not_load_it_again_and_others_do", () => {
  document.body.innerHTML = '<a id="in" href="/alerts?rule=x">in</a><a id="out" href="/metrics">out</a>';
  document.body.addEventListener("click", followLinks);
  const click = (id: string, init: MouseEventInit = {}): boolean => {
    const link = document.getElementById(id);
    let followed = false;
    const last = (event: Event): void => {
      followed = event.defaultPrevented;
      event.preventDefault();
    };
    addEventListener("click", last, { once: true });
    link?.dispatchEvent(new MouseEvent("click", { bubbles: true, cancelable: true, button: 0, ...init }));
    return followed;
  };
  expect(click("in")).toBe(true);
  expect(address.param("rule")).toBe("x");
  expect(click("in", { ctrlKey: true })).toBe(false);
  expect(click("out")).toBe(false);
});
