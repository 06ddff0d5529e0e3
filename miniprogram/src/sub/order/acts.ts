/** What a consumer does with an order: asked for once, sent once, and told what the server says. */
import { ref } from "vue";
import { api, type Shape, type Text } from "@/api";
import { asProblem, toast } from "@/api/load";
import { go } from "@/look/links";
import { yuan } from "@/look/money";
import { type Key, say } from "@/words";
import { pay } from "./pay";

interface Known {
  number: string;
  total_fen: number;
  paid: boolean;
}

export function sure(title: Key, content: string, yes: Key): Promise<boolean> {
  return new Promise((resolve) => {
    uni.showModal({
      title: say(title),
      content,
      confirmText: say(yes),
      cancelText: say("order.cancelAsk.no"),
      success: ({ confirm }) => resolve(confirm),
      fail: () => resolve(false),
    });
  });
}

export function useActs(after: () => Promise<void>) {
  /** The act that is under way; while there is one no other begins. */
  const doing = ref("");

  async function once(act: string, run: () => Promise<void>): Promise<void> {
    if (doing.value) return;
    doing.value = act;
    try {
      await run();
    } catch (failure) {
      toast(asProblem(failure));
      await after();
    } finally {
      doing.value = "";
    }
  }

  const ACTS: Record<string, (order: Known) => Promise<void>> = {
    async pay({ number, total_fen }) {
      const asked = await api.get("/api/v1/me/subscriptions", { query: { at: "payment" } }).catch(() => ({ templates: [] }));
      const left = await pay(number, total_fen, asked.templates);
      if (left) go("result", { number, left });
    },
    async cancel({ number, total_fen, paid }) {
      const content = paid ? say("order.cancelAsk.paid", { amount: yuan(total_fen) }) : say("order.cancelAsk.unpaid");
      if (!(await sure("order.cancelAsk.title", content, "order.cancelAsk.yes"))) return;
      await api.post("/api/v1/orders/{number}/cancel", { path: { number } });
      await after();
    },
    async confirm_receipt({ number }) {
      if (!(await sure("order.receiptAsk.title", say("order.receiptAsk.says"), "order.receiptAsk.yes"))) return;
      await api.post("/api/v1/orders/{number}/receipt", { path: { number } });
      await after();
    },
    async refund_instead({ number, total_fen }) {
      if (!(await sure("order.cancelAsk.title", say("order.cancelAsk.paid", { amount: yuan(total_fen) }), "order.cancelAsk.yes"))) return;
      await api.post("/api/v1/orders/{number}/orderer/refund", { path: { number } });
      await after();
    },
    mend_address: ({ number }) => Promise.resolve(go("mend", { number })),
    name_payer: ({ number }) => Promise.resolve(go("payer", { number })),
    ask_refund: ({ number }) => Promise.resolve(go("ask", { number, kind: "refund_only" })),
    ask_return: ({ number }) => Promise.resolve(go("ask", { number })),
    review: ({ number }) => Promise.resolve(go("review", { number })),
  };

  function act(name: string, order: Known): Promise<void> {
    return once(name, () => ACTS[name]?.(order) ?? Promise.resolve());
  }

  return { doing, act };
}

/** What happened to an order in the consumer's words, the newest first. */
export function progress(order: Shape<"OrderOut">, latest: Shape<"PointOut"> | null | undefined) {
  const own = order.history.map(({ state, at }) => ({ at, says: STEPS[state] }));
  const way = latest ? [{ at: latest.at, says: latest.says, text: latest.text }] : [];
  const all: { at: string; says: Text; text?: string }[] = [...own, ...order.clearance, ...way];
  return all.sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
}

const STEPS: Record<Shape<"OrderStateEnum">, Text> = {
  placed: { zh: "订单已提交", en: "Order placed" },
  closing: { zh: "正在关闭订单", en: "The order is being closed" },
  paid: { zh: "付款成功", en: "Paid" },
  expired: { zh: "超时未付款，订单已关闭", en: "Not paid in time, closed" },
  cancelled: { zh: "订单已取消", en: "Cancelled" },
};

export function copy(text: string): void {
  uni.setClipboardData({ data: text, showToast: false, success: () => void uni.showToast({ title: say("order.copied"), icon: "none" }) });
}

/** Both days, or one. */
export function arrival(of: Shape<"ArrivalOut">, day: (iso: string) => string): string {
  return of.first === of.last ? say("order.arrivesOn", { day: day(of.first) }) : say("order.arrives", { first: day(of.first), last: day(of.last) });
}
