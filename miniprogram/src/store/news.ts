/** Messages of WeChat's: the consumer is asked for them at a touch or by the answer of the payment sheet, else WeChat
 *  refuses to ask. */
import { platform } from "#platform";
import { api, freshKey, type Shape } from "@/api";

export type Template = Shape<"TemplateOut">;

/** Asks whether messages may be sent and tells the server; whether any was agreed to. Throws when the server did not hear of
 *  it: a page with a button for messages says so and leaves the button. */
export async function askForNews(templates: readonly Template[]): Promise<boolean> {
  if (!templates.length) return false;
  const given = await platform.subscribe(templates.map((one) => one.template_id));
  const answers = Object.entries(given).map(([template_id, answer]) => ({ template_id, answer }));
  if (!answers.length) return false;
  await api.post("/api/v1/me/subscriptions", { key: freshKey(), body: { answers } });
  return answers.some(({ answer }) => answer === "accept");
}

/** The same on the way to something else, which the user came for: a payment, a return. It goes on whatever becomes of the
 *  messages; nothing was promised of them, and they are offered again on the pages that follow. */
export async function offerNews(templates: readonly Template[]): Promise<void> {
  await askForNews(templates).catch(() => undefined);
}
