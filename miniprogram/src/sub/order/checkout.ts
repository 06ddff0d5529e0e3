/**
 * What is being ordered: the goods as they were asked for or changed, the address, the coupon, and the quote of them, which
 * is renewed when its time is over. That the price has become another is told, never passed over.
 */
import { computed, ref, watch } from "vue";
import { api, Problem, type Shape } from "@/api";
import { asProblem, useLoad } from "@/api/load";
import { remaining, yuan } from "@/look/money";
import { useNow } from "@/look/now";
import { say } from "@/words";

export interface Wanted {
  sku: string;
  quantity: number;
}

/** `SKU:2,SKU:1` of an address as lines. */
export function linesOf(text: string): Wanted[] {
  return text
    .split(",")
    .map((one) => one.split(":"))
    .filter(([sku]) => sku)
    .map(([sku = "", quantity]) => ({ sku, quantity: Math.max(1, Number(quantity) || 1) }));
}

export function useCheckout() {
  /** null: all that is valid in the cart. */
  const wanted = ref<Wanted[] | null>(null);
  /** A return whose goods are ordered anew: the server knows which, and to where. */
  const replaces = ref("");
  const address = ref<string | undefined>();
  /** undefined: not chosen yet, the best is taken; null: none is wanted. */
  const coupon = ref<string | null | undefined>();
  const quote = ref<Shape<"QuoteOut"> | null>(null);
  const trouble = ref<Problem | null>(null);
  const asking = ref(false);
  const told = ref("");
  const now = useNow();
  let turn = 0;

  const page = useLoad(async () => {
    const [answer] = await Promise.all([api.get("/api/v1/checkout"), ask()]);
    if (trouble.value?.offline && !quote.value) throw trouble.value;
    return answer;
  });
  const fitting = computed(() => {
    const goods = quote.value?.amounts.goods_fen ?? 0;
    return (page.data?.coupons ?? []).filter((one) => one.coupon.from_goods_fen <= goods);
  });

  async function ask(): Promise<void> {
    const mine = ++turn;
    asking.value = true;
    try {
      const goods = wanted.value ? { lines: wanted.value } : { cart: true };
      const body = { ...goods, address_id: address.value, coupon_id: coupon.value ?? undefined };
      const made = replaces.value
        ? await api.post("/api/v1/returns/{number}/replacement", { path: { number: replaces.value } })
        : await api.post("/api/v1/quotes", { body });
      if (mine !== turn) return;
      quote.value = made;
      trouble.value = null;
    } catch (failure) {
      if (mine !== turn) return;
      const problem = asProblem(failure);
      if (problem.code === "coupon_unusable" && coupon.value) {
        coupon.value = null;
        told.value = say("order.couponGone");
        return ask();
      }
      trouble.value = problem;
    } finally {
      if (mine === turn) asking.value = false;
    }
  }

  /** Asks anew, and says so where the total has become another. */
  async function renew(says = ""): Promise<void> {
    const before = quote.value?.amounts.total_fen;
    await ask();
    const after = quote.value?.amounts.total_fen;
    if (trouble.value) return;
    told.value = before !== undefined && after !== undefined && before !== after ? say("order.priceChanged", { from: yuan(before), to: yuan(after) }) : says;
  }

  /** The goods are changed here; the cart stays as it is until the order is placed. */
  function change(sku: string, quantity: number): void {
    const lines: Wanted[] = wanted.value ?? (quote.value?.lines ?? []).map((line) => ({ sku: line.sku, quantity: line.quantity }));
    take(lines.map((line) => (line.sku === sku ? { sku, quantity } : line)).filter((line) => line.quantity > 0));
  }

  function take(lines: Wanted[]): void {
    wanted.value = lines;
    told.value = "";
    if (lines.length) void ask();
    else quote.value = null;
  }

  function deliver(id: string): void {
    address.value = id;
    told.value = "";
    void ask();
  }

  function use(id: string | null): void {
    coupon.value = id;
    told.value = "";
    void ask();
  }

  // The coupon that saves most is taken once, as soon as one fits.
  watch([fitting, quote], () => {
    const best = [...fitting.value].sort((a, b) => b.coupon.reduces_fen - a.coupon.reduces_fen)[0];
    if (replaces.value || coupon.value !== undefined || !best || !quote.value || asking.value) return;
    use(best.id);
    told.value = say("order.couponChosen");
  });

  const left = computed(() => (quote.value ? remaining(quote.value.expires_at, now.value) : ""));
  watch(left, (time, before) => {
    if (!time && before && quote.value && !asking.value) void renew();
  });

  return { wanted, replaces, address, coupon, quote, trouble, asking, told, page, fitting, left, ask, renew, change, take, deliver, use };
}
