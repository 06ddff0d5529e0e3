/** What was chosen on another page for the one that is open: the address an order goes to. */
import { ref } from "vue";
import type { Shape } from "@/api";

/** Set by the list of addresses when it was opened with `choose=1`. Whoever uses it takes it: `chosenAddress.value = null`. */
export const chosenAddress = ref<Shape<"AddressOut"> | null>(null);
