/** Paying an order: WeChat's sheet, the prompt for messages, and on to the page that asks the server what came of it. */
import { platform, type SheetLeft } from "#platform";
import { api } from "@/api";
import { asProblem, toast } from "@/api/load";
import { yuan } from "@/look/money";
import { offerNews, type Template } from "@/store/news";

/** Opens the payment sheet. What comes back says how it was left, never whether it was paid; null: it did not open. */
export async function pay(number: string, total_fen: number, templates: readonly Template[] = []): Promise<SheetLeft | null> {
  try {
    const parameters = await api.post("/api/v1/orders/{number}/payment", { path: { number } });
    const left = await platform.pay(parameters, yuan(total_fen));
    if (left === "done") await offerNews(templates);
    return left;
  } catch (failure) {
    toast(asProblem(failure));
    return null;
  }
}
