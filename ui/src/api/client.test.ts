/**
 * The one place that touches fetch: addresses, tokens, and every way to fail as one Failure.
 * @vitest-environment jsdom
 */
import { afterEach, expect, test, vi } from "vitest";
import { listen, request, useToken } from "./client";
import { Failure } from "./failure";

function answering(status: number, body: unknown, headers: HeadersInit = {}): ReturnType<typeof vi.fn> {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const fake = vi.fn(async () => new Response(status === 204 ? null : text, { status, headers }));
  vi.stubGlobal("fetch", fake);
  return fake;
}

afterEach(() => {
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const thrown: unknown = await work.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(Failure);
  return thrown as Failure;
}

test("parameters_are_written_into_the_address", async () => {
  const fake = answering(200, { ok: true });
  await request("/api/v1/labels", { params: { "match[]": ["a", "b{c=\"d\"}"], limit: 5, end: undefined } });
  expect(fake.mock.calls[0]?.[0]).toBe("/api/v1/labels?match%5B%5D=a&match%5B%5D=b%7Bc%3D%22d%22%7D&limit=5");
});

test("a_refusal_carries_the_servers_words_and_the_place", async () => {
  answering(400, { status: "error", errorType: "bad_data", error: "unexpected )", position: { offset: 4, line: 1, column: 5 } });
  const failure = await failureOf(request("/api/v1/query"));
  expect(failure).toMatchObject({ kind: "refused", message: "unexpected )", status: 400, position: { offset: 4 } });
});

test("the_place_may_stand_in_a_header", async () => {
  const body = { error: "error parsing query: found x" };
  answering(400, body, { "X-Barograph-Position": '{"offset":7,"line":2,"column":3}' });
  const failure = await failureOf(request("/query"));
  expect(failure).toMatchObject({ message: body.error, position: { offset: 7, line: 2, column: 3 } });
  answering(400, body, { "X-Barograph-Position": "{half" });
  expect(await failureOf(request("/query"))).toMatchObject({ message: body.error, position: undefined });
});

test("a_refusal_that_is_no_json_is_still_words", async () => {
  answering(502, "bad gateway");
  expect((await failureOf(request("/x"))).message).toBe("bad gateway");
  answering(500, "");
  expect((await failureOf(request("/x"))).message).toContain("500");
});

test("nobody_there_is_unreachable_and_is_told", async () => {
  const lost = vi.fn();
  const reached = vi.fn();
  listen({ lost, reached, unauthorized: vi.fn() });
  vi.stubGlobal("fetch", vi.fn(() => Promise.reject(new TypeError("Failed to fetch"))));
  expect((await failureOf(request("/x"))).kind).toBe("unreachable");
  expect(lost).toHaveBeenCalledOnce();
  answering(200, {});
  await request("/x");
  expect(reached).toHaveBeenCalledOnce();
});

test("a_called_off_request_is_no_lost_connection", async () => {
  const lost = vi.fn();
  listen({ lost, reached: vi.fn(), unauthorized: vi.fn() });
  const calling = new AbortController();
  vi.stubGlobal("fetch", vi.fn(() => Promise.reject(new DOMException("off", "AbortError"))));
  calling.abort();
  await expect(request("/x", { signal: calling.signal })).rejects.toThrow("off");
  expect(lost).not.toHaveBeenCalled();
});

test("a_token_is_asked_for_and_then_sent", async () => {
  const unauthorized = vi.fn();
  listen({ lost: vi.fn(), reached: vi.fn(), unauthorized });
  answering(401, { error: "a token is wanted" });
  expect((await failureOf(request("/x"))).kind).toBe("unauthorized");
  expect(unauthorized).toHaveBeenCalledOnce();
  useToken("secret");
  const fake = answering(204, "");
  expect(await request("/x", { method: "DELETE" })).toBeUndefined();
  const init = fake.mock.calls[0]?.[1] as RequestInit;
  expect(new Headers(init.headers).get("Authorization")).toBe("Bearer secret");
});
