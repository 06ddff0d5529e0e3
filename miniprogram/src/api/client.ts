/**
 * One way to ask the server. Every call is typed by the OpenAPI document; failures are `Problem`s with the server's own
 * words. Logs in by itself where a page needs it, once however many calls wait, and anew when the token has run out.
 */
import { platform } from "#platform";
import { kept } from "@/store/kept";
import { language } from "@/words";
import type { paths } from "./schema";

type Method = "get" | "post" | "put" | "delete"; // wx.request knows no PATCH
type Addresses<M extends Method> = {
  [P in keyof paths]: paths[P] extends { [K in M]: { responses: unknown } } ? P : never;
}[keyof paths];
type Operation<P extends keyof paths, M extends Method> = paths[P] extends { [K in M]: infer O } ? O : never;
type Ok<O> = O extends { responses: infer R }
  ? { [C in keyof R]: C extends 200 | 201 | 202 ? (R[C] extends { content: { "application/json": infer B } } ? B : undefined) : never }[keyof R]
  : never;
type Body<O> = O extends { requestBody?: infer B }
  ? NonNullable<B> extends { content: { "application/json": infer T } } ? T : undefined
  : undefined;
type Query<O> = O extends { parameters: { query?: infer Q } } ? Q : undefined;

export interface Options<P extends keyof paths, M extends Method> {
  path?: Record<string, string>;
  query?: Query<Operation<P, M>>;
  body?: Body<Operation<P, M>>;
  /** The same key sends the same wish: a call that is repeated with it is done once. */
  key?: string;
  /** The shelves are for everyone; only with a customer is a token sent. */
  anyone?: boolean;
}

/** One sentence of law that says no, and where it stands. */
export interface Refusal {
  rule: string;
  sentence: string;
  sentence_zh: string;
  citation: string;
  link: string;
  facts: Record<string, unknown>;
  next?: unknown;
}

/** What the server says no to, or that it could not be reached (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly title: string,
    readonly detail: string,
    readonly document: Record<string, unknown> = {},
  ) {
    super(detail || title);
  }

  get offline(): boolean {
    return this.status === 0;
  }

  get refusals(): Refusal[] {
    return (this.document.refusals as Refusal[] | undefined) ?? [];
  }

  /** What is wrong with which field, in the server's words. */
  get fields(): Record<string, string> {
    const errors = (this.document.errors ?? {}) as Record<string, unknown>;
    return Object.fromEntries(Object.entries(errors).map(([field, said]) => [field, firstWords(said)]));
  }
}

function firstWords(said: unknown): string {
  if (Array.isArray(said)) return firstWords(said[0]);
  if (said && typeof said === "object") return firstWords(Object.values(said)[0]);
  return String(said ?? "");
}

const TOKEN = "token";
const SECONDS = 15;
let token: string | null = null;
let entering: Promise<void> | null = null;

/** The token that was kept, if it is still good for a minute. */
function known(): string | null {
  if (token) return token;
  const held = kept<{ token: string; until: string }>(TOKEN);
  if (held && Date.parse(held.until) > Date.now() + 60_000) token = held.token;
  return token;
}

/** Forgets who is logged in, on this device alone: of a token that was refused, only that one. */
export function forget(refused = token): void {
  if (refused !== token) return;
  token = null;
  uni.removeStorageSync(TOKEN);
}

/** Logs in unless somebody is; calls that meet wait for one log-in. */
export function enter(): Promise<void> {
  if (known()) return Promise.resolve();
  entering ??= (async () => {
    try {
      const code = await platform.login();
      const made = await send<{ token: string; expires_at: string }>("post", "/api/v1/session", { body: { code }, token: null });
      token = made.token;
      uni.setStorageSync(TOKEN, { token: made.token, until: made.expires_at });
    } finally {
      entering = null;
    }
  })();
  return entering;
}

interface Sent {
  body?: unknown;
  key?: string;
  token: string | null;
  type?: "arraybuffer";
}

function headers(key: string | undefined, bearer: string | null): Record<string, string> {
  return {
    "Accept-Language": language() === "en" ? "en" : "zh-CN",
    "X-Client-Version": __VERSION__,
    "X-Device": platform.device(),
    ...(bearer ? { Authorization: `Bearer ${bearer}` } : { "X-Appid": platform.appid() }),
    ...(key ? { "Idempotency-Key": key } : {}),
  };
}

function problem(status: number, data: unknown): Problem {
  const told = (typeof data === "object" && data !== null ? data : {}) as Record<string, string>;
  return new Problem(status, told.code ?? `http-${status}`, told.title ?? "", told.detail ?? "", told);
}

function send<T>(method: Method, address: string, { body, key, token: bearer, type }: Sent): Promise<T> {
  return new Promise((resolve, reject) => {
    uni.request({
      url: platform.base + address,
      method: method.toUpperCase() as "GET",
      data: body as string,
      header: headers(key, bearer),
      timeout: SECONDS * 1000,
      ...(type ? { responseType: type } : {}),
      success: ({ statusCode, data }) => {
        if (statusCode < 300 || statusCode === 304) resolve(data as T);
        else reject(problem(statusCode, data));
      },
      fail: ({ errMsg }) => reject(new Problem(0, "offline", "", errMsg)),
    });
  });
}

function address(path: string, values: Record<string, string> = {}, query: object = {}): string {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
  const asked = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`);
  return asked.length ? `${filled}?${asked.join("&")}` : filled;
}

async function call<P extends keyof paths, M extends Method>(
  method: M,
  path: P,
  options: Options<P, M> = {},
  type?: "arraybuffer",
): Promise<Ok<Operation<P, M>>> {
  const where = address(path, options.path, options.query as object | undefined);
  const { body, key } = options;
  return bearing(options.anyone, (bearer) => send(method, where, { body, key, token: bearer, type }));
}

/** Does it with the token; where that is refused (it ran out, or was taken back), once more: logged in anew, or as anyone. */
async function bearing<T>(anyone: boolean | undefined, work: (bearer: string | null) => Promise<T>): Promise<T> {
  if (!anyone) await enter();
  const bearer = known();
  try {
    return await work(bearer);
  } catch (failure) {
    if (!bearer || !(failure instanceof Problem) || failure.status !== 401) throw failure;
    forget(bearer);
    if (!anyone) await enter();
    return work(known());
  }
}

export const api = {
  get: <P extends Addresses<"get">>(path: P, options?: Options<P, "get">) => call("get", path, options),
  post: <P extends Addresses<"post">>(path: P, options?: Options<P, "post">) => call("post", path, options),
  put: <P extends Addresses<"put">>(path: P, options?: Options<P, "put">) => call("put", path, options),
  delete: <P extends Addresses<"delete">>(path: P, options?: Options<P, "delete">) => call("delete", path, options),
  /** A file that is taken by POST, once. */
  bytes: (path: string) => call("post", path as never, {}, "arraybuffer") as Promise<ArrayBuffer>,
};

/** Gives one picture, in a form, with the token. */
export function upload<T>(path: string, file: string, name: string, more: Record<string, string> = {}): Promise<T> {
  const give = (bearer: string | null) =>
    new Promise<T>((resolve, reject) => {
      uni.uploadFile({
        url: platform.base + path,
        filePath: file,
        name,
        formData: more,
        header: headers(undefined, bearer),
        success: ({ statusCode, data }) => {
          const told = read(data);
          if (statusCode < 300) resolve(told as T);
          else reject(problem(statusCode, told));
        },
        fail: ({ errMsg }) => reject(new Problem(0, "offline", "", errMsg)),
      });
    });
  return bearing(false, give);
}

/** What was answered, as JSON; a gateway that turns a large picture away answers in words of its own. */
function read(data: string): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return null;
  }
}

/**
 * A picture that is shown to who asks for it by name, brought with the token or, for `anyone`, with the appid (an image
 * element sends neither): where it lies now.
 */
export function brought(path: string, { anyone = false } = {}): Promise<string> {
  const bring = (bearer: string | null) =>
    new Promise<string>((resolve, reject) => {
      uni.downloadFile({
        url: platform.base + path,
        header: headers(undefined, bearer),
        success: ({ statusCode, tempFilePath }) => (statusCode === 200 ? resolve(tempFilePath) : reject(problem(statusCode, null))),
        fail: ({ errMsg }) => reject(new Problem(0, "offline", "", errMsg)),
      });
    });
  return bearing(anyone, bring);
}

/** A word for Idempotency-Key. Make it when the page opens or the wish changes, not when the button is pressed. */
export function freshKey(): string {
  return `${Date.now().toString(36)}${Math.random().toString(36).slice(2)}${Math.random().toString(36).slice(2)}`.slice(0, 40);
}

/** The address of a picture that the server names. */
export function asset(url: string): string {
  return /^https?:/.test(url) ? url : platform.base + url;
}
