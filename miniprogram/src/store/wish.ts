/** A return that is asked for together with a new order of its goods: handed from the page that asks to the one that checks out. */
import { ref } from "vue";
import type { Shape } from "@/api";

export interface Again {
  order: string;
  asked: Shape<"ReturnInRequest">;
  lines: { sku: string; quantity: number }[];
  /** Of the request: the same with a new quote. */
  key: string;
}

/** Set by the page that asks. Whoever uses it takes it: `again.value = null`. */
export const again = ref<Again | null>(null);
