/**
 * Where things are. Pages name each other by these, the brand's blocks and the codes on a parcel by `follow`; a page
 * that is moved is moved here alone.
 */
import type { Shape } from "@/api";
import { preview } from "@/store/shop";
import { PAGES } from "./pages";

export type Page = keyof typeof PAGES;
const TABS: readonly Page[] = ["home", "category", "cart", "me"];

/** Opens a page, a tab where it is one. */
export function go(page: Page, query: Record<string, string | number | undefined> = {}): void {
  const asked = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== "")
    .map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
    .join("&");
  if (TABS.includes(page)) uni.switchTab({ url: PAGES[page] });
  else uni.navigateTo({ url: asked ? `${PAGES[page]}?${asked}` : PAGES[page] });
}

/** Opens a page in the place of this one, so that Back does not lead here again. */
export function instead(page: Page, query: Record<string, string> = {}): void {
  const asked = Object.entries(query).map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  uni.redirectTo({ url: asked ? `${PAGES[page]}?${asked}` : PAGES[page] });
}

/** Back where one came from, or home where one came from nowhere (a shared link). */
export function back(): void {
  if (getCurrentPages().length > 1) uni.navigateBack();
  else uni.switchTab({ url: PAGES.home });
}

/** A link of the brand's blocks. */
export type Link = Shape<"Link">;

/** What the brand calls a page where it is no page of its own name. */
const NAMED: Record<string, () => void> = {
  newest: () => go("list", { sort: "newest" }),
  popular: () => go("list", { sort: "sold" }),
  rights: () => go("data"),
};

const FOLLOW: Record<Link["kind"], (code: string) => void> = {
  product: (code) => go("product", { code }),
  category: (code) => go("list", { category: code }),
  brand: (code) => go("list", { brand: code }),
  search: (code) => go("list", { q: code }),
  coupons: () => go("coupons"),
  promotion: (code) => go("promotion", { code }),
  page: (code) => (NAMED[code] ? NAMED[code]() : code in PAGES && go(code as Page)),
  none: () => undefined,
};

export function follow(link: Link): void {
  FOLLOW[link.kind]?.(link.code);
}

/** What an address says at one place; whoever wrote the address may have written anything. */
export function plainly(written: string | undefined): string {
  try {
    return decodeURIComponent(written ?? "");
  } catch {
    return written ?? ""; // a browser has taken the signs back already, and “100%” is no sign
  }
}

const SCENES: Record<string, Link["kind"]> = { p: "product", c: "category", b: "brand", m: "promotion" };

/** What a code (小程序码) of at most 32 letters says in `scene`: `p.serum` is the product of code serum. */
export function ofScene(scene: string): Link | null {
  const [letter = "", code = ""] = plainly(scene).split(/\.(.*)/s);
  const kind = SCENES[letter];
  return kind && code ? { kind, code } : null;
}

/** How somebody came in: a preview of the brand's. */
export function arrive(query: Record<string, string | undefined>): void {
  if (query.preview) preview.value = query.preview;
}

/** A printed code opens the first page, with what it stands for in `scene`; Back then leads into the shop. */
export function arriveByCode(scene: string | undefined): void {
  const link = scene ? ofScene(scene) : null;
  if (link) setTimeout(() => follow(link), 0);
}
