/** How many pieces lie in the cart, as the tab bar's badge shows it. */
import { ref } from "vue";

export const pieces = ref(0);

/** The badge follows what the last answer about the cart said. */
export function counted(number: number): void {
  pieces.value = number;
  if (number) uni.setTabBarBadge({ index: 2, text: number > 99 ? "99+" : String(number), fail: () => undefined });
  else uni.removeTabBarBadge({ index: 2, fail: () => undefined });
}
