/** How returns are spoken of: the server's sentences with a capital letter, and days that are whole. */
import type { Text } from "@/api";
import { told } from "@/words";

/** A text of the server as a sentence of its own. */
export function sentence(text: Text | null | undefined): string {
  const said = told(text);
  return said.charAt(0).toUpperCase() + said.slice(1);
}

/** Puts a text where it can be pasted from, and says so. */
export function copy(text: string, says: string): void {
  uni.setClipboardData({ data: text, showToast: false, success: () => void uni.showToast({ title: says, icon: "none" }) });
}
