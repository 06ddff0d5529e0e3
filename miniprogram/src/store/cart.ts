/** How many pieces lie in the cart, as the tab bar's badge shows it; kept on the device until the next answer. */
import { ref } from "vue";
import { api, type Shape } from "@/api";
import { kept } from "./kept";

const KEPT = "pieces";
export const pieces = ref<number>(kept<number>(KEPT) ?? 0);

/** The badge follows what the last answer about the cart said. */
export function counted(number: number): void {
  pieces.value = number;
  uni.setStorageSync(KEPT, number);
  showBadge();
}

/** WeChat takes a badge only while a tab is shown: each tab asks for it when it comes up. */
export function showBadge(): void {
  const [number, fail] = [pieces.value, () => undefined];
  if (number) uni.setTabBarBadge({ index: 2, text: number > 99 ? "99+" : String(number), fail });
  else uni.removeTabBarBadge({ index: 2, fail });
}

export const MOST = 99;

/** So many pieces more; the cart as it is then. */
export async function putMore(sku: string, more: number): Promise<Shape<"CartOut">> {
  const held = await api.get("/api/v1/cart");
  const line = [...held.lines, ...held.invalid].find((one) => one.sku === sku);
  return setPieces(sku, Math.min((line?.quantity ?? 0) + more, MOST));
}

/** So many pieces in all, none takes the line out; the cart as it is then. */
export async function setPieces(sku: string, quantity: number): Promise<Shape<"CartOut">> {
  const cart = await api.put("/api/v1/cart/lines/{sku}", { path: { sku }, body: { quantity } });
  counted(cart.pieces);
  return cart;
}
