/**
 * What the shop says, in Chinese and in English; each part of the shop has its file. Keys are checked by the compiler,
 * and a word that one language lacks does not compile. The server's texts are `{zh, en}` and are shown by `told`.
 * (vue-i18n makes functions of its messages while it runs, which WeChat forbids.)
 */
import { ref } from "vue";
import { kept } from "@/store/kept";
import { common } from "./common";
import { goods } from "./goods";
import { me } from "./me";
import { order } from "./order";
import { service } from "./service";

export type Language = "zh" | "en";
const LANGUAGE = "language";

const parts = { common, goods, order, service, me };
type Parts = typeof parts;
type Below<T> = { [K in keyof T & string]: T[K] extends string ? K : `${K}.${Below<T[K]>}` }[keyof T & string];
/** `part.word`, or `part.group.word`. */
export type Key = { [P in keyof Parts & string]: `${P}.${Below<Parts[P]["zh"]>}` }[keyof Parts & string];

function first(): Language {
  const chosen = kept<Language>(LANGUAGE);
  return chosen || (uni.getLocale().startsWith("en") ? "en" : "zh");
}

const spoken = ref<Language>(first());

export function language(): Language {
  return spoken.value;
}

export function speak(chosen: Language): void {
  spoken.value = chosen;
  uni.setStorageSync(LANGUAGE, chosen);
  uni.setLocale(chosen === "zh" ? "zh-Hans" : "en");
}

/** A sentence by its key, its `{facts}` filled in. It follows the language wherever a template shows it. */
export function say(key: Key, facts: Record<string, string | number> = {}): string {
  return find(key)?.replace(/\{(\w+)\}/g, (all, name: string) => String(facts[name] ?? all)) ?? key;
}

/** The same of a key that is put together while it runs (`order.states.` and the server's state); empty if there is
 *  no such word. */
export function perhaps(key: string, facts: Record<string, string | number> = {}): string {
  return find(key) ? say(key as Key, facts) : "";
}

function find(key: string): string | undefined {
  const [part, ...rest] = key.split(".");
  let at: unknown = parts[part as keyof Parts]?.[spoken.value];
  for (const name of rest) at = (at as Record<string, unknown> | undefined)?.[name];
  return typeof at === "string" ? at : undefined;
}

/** A text of the server in the language that is chosen; what is missing in it is said in the other. */
export function told(text: { zh?: string; en?: string } | null | undefined): string {
  if (!text) return "";
  return (spoken.value === "en" ? text.en || text.zh : text.zh || text.en) ?? "";
}
