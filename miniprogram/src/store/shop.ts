/** What the brand has set for its shop: asked once a launch, shown from the last visit until the answer is there. */
import { computed, ref } from "vue";
import { api, asset, type Problem, type Shape } from "@/api";
import { platform } from "#platform";
import { kept } from "./kept";
import { say, told } from "@/words";

export type Shop = Shape<"ShopOut">;

const KEPT = "shop";
const DEFAULT_LOOK = {
  primary: "#1f1f1f",
  on_primary: "#ffffff",
  accent: "#b3542d",
  page: "#f6f5f3",
  ink: "#1f1f1f",
  surface: "#ffffff",
  corner: "soft",
  card: "flat",
} as const;
const CORNERS = { square: "0px", soft: "6px", round: "14px" } as const;

export const shop = ref<Shop | null>(kept<Shop>(KEPT));
/** Why the whole shop cannot be used just now. */
export const stopped = ref<Problem | null>(null);

/** A draft of the brand's is looked at: everything is asked with this token. */
export const preview = ref<string | undefined>(undefined);

let asking: Promise<void> | null = null;

/** Asks for the shop's look and tells when it is there; a failure leaves what is known. */
export function openShop(): Promise<void> {
  asking ??= api
    .get("/api/v1/shop", { anyone: true, query: { preview: preview.value } })
    .then((answer) => {
      shop.value = answer;
      if (!preview.value) uni.setStorageSync(KEPT, answer);
      dressTabs(answer);
    })
    .catch(() => undefined)
    .finally(() => {
      asking = null;
    });
  return asking;
}

/** The colours and corners as the CSS variables that every style names. */
export const variables = computed(() => {
  const look = { ...DEFAULT_LOOK, ...shop.value?.look };
  const set: Record<string, string> = {
    "--type": String(platform.type()),
    "--primary": look.primary,
    "--on-primary": look.on_primary,
    "--accent": look.accent,
    "--page": look.page,
    "--ink": look.ink,
    "--surface": look.surface,
    "--corner": CORNERS[look.corner],
    "--shade": look.card === "shadow" ? "0 2px 12px rgb(0 0 0 / 8%)" : "none",
    "--line-card": look.card === "outline" ? "1px solid var(--line)" : "1px solid transparent",
  };
  return Object.entries(set).map(([name, value]) => `${name}:${value}`).join(";");
});

export const colours = computed(() => ({ ...DEFAULT_LOOK, ...shop.value?.look }));

/** A page that has no tab bar yet, or none at all: it is dressed when it is shown. */
const never = () => undefined;
const TABS = ["home", "category", "cart", "me"] as const;

/** What a tab is called: the brand's own name for it, else the shop's. */
export function tabName(tab: (typeof TABS)[number], from: Shop | null = shop.value): string {
  const own = from?.tabs.find((one) => one.tab === tab);
  return own ? told(own.text) : say(`common.tabs.${tab}`);
}

/** The native tab bar in the brand's words and colours; WeChat takes them only while a tab is shown. */
export function dressTabs(from: Shop | null = shop.value): void {
  const look = colours.value;
  uni.setTabBarStyle({ color: "#6b6b6b", selectedColor: look.primary, backgroundColor: look.surface, borderStyle: "white", fail: never });
  for (const [index, tab] of TABS.entries()) {
    const own = from?.tabs.find((one) => one.tab === tab);
    uni.setTabBarItem({
      index,
      fail: never,
      text: tabName(tab, from),
      ...(own?.icon ? { iconPath: asset(own.icon), selectedIconPath: asset(own.icon_selected || own.icon) } : {}),
    });
  }
}
