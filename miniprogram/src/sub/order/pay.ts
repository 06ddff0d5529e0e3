/** Paying an order: WeChat's sheet, the prompt for messages, and on to the page that asks the server what came of it. */
import { platform, type SheetLeft } from "#platform";
import { api, freshKey, type Shape } from "@/api";
import { asProblem, toast } from "@/api/load";
import { yuan } from "@/look/money";

type Template = Shape<"TemplateOut">;

/** Opens the payment sheet. What comes back says how it was left, never whether it was paid; null: it did not open. */
export async function pay(number: string, total_fen: number, templates: readonly Template[] = []): Promise<SheetLeft | null> {
  try {
    const parameters = await api.post("/api/v1/orders/{number}/payment", { path: { number } });
    const left = await platform.pay(parameters, yuan(total_fen));
    // WeChat lets the prompt come after a touch or from the answer of the payment sheet: now or not at all.
    if (left === "done") await prompt(templates);
    return left;
  } catch (failure) {
    toast(asProblem(failure));
    return null;
  }
}

/** Asks whether messages may be sent and tells the server; whether anything was agreed to. Never fails. */
export async function prompt(templates: readonly Template[]): Promise<boolean> {
  if (!templates.length) return false;
  const given = await platform.subscribe(templates.map((one) => one.template_id)).catch(() => ({}));
  const answers = Object.entries(given).map(([template_id, answer]) => ({ template_id, answer }));
  if (!answers.length) return false;
  await api.post("/api/v1/me/subscriptions", { key: freshKey(), body: { answers } }).catch(() => undefined);
  return answers.some(({ answer }) => answer === "accept");
}
