/** What is said of a variant in more than one place. */
import type { Shape } from "@/api";
import { language, perhaps, say } from "@/words";
import { yuan } from "./money";

type Options = Record<string, Record<string, string>>;

/** The options in the language that is chosen: 容量 → 200ml. */
export function optionsOf(options: Options): Record<string, string> {
  return options[language()] ?? options.zh ?? options.en ?? {};
}

/** The same in a line: 玫瑰 · 30ml. */
export function optionsLine(options: Options): string {
  return Object.values(optionsOf(options)).join(" · ");
}

export function contentOf({ net_content }: Pick<Shape<"VariantOut">, "net_content">): string {
  return net_content ? `${net_content.value} ${say(`goods.units.${net_content.unit}`)}` : "";
}

/** Grams of a year as a person says them: 2 kg. */
export function grams(number: number): string {
  return number % 1000 ? say("goods.grams", { n: number }) : say("goods.kilograms", { n: number / 1000 });
}

/** The import tax of a variant: in a line, and kind by kind. */
export function taxLine({ tax }: Pick<Shape<"VariantOut">, "tax">): string {
  if (!tax) return say("goods.taxRow");
  const facts = { rate: tax.composite_rate ?? "", amount: yuan(tax.tax_fen) };
  return say(tax.composite_rate ? "goods.taxRate" : "goods.taxAbout", facts);
}

export function taxKinds({ tax }: Pick<Shape<"VariantOut">, "tax">): [string, string][] {
  if (!tax) return [];
  const share = tax.levied_share;
  const levied = (rate: string) => (Number(rate) ? say("goods.taxKinds.levied", { rate, share }) : "");
  const byQuantity = tax.excise_by_quantity ? say("goods.taxKinds.quantity", { share }) : "";
  const rows: [string, string][] = [
    [say("goods.taxKinds.duty"), say("goods.taxKinds.rate", { rate: tax.duty_rate })],
    [say("goods.taxKinds.vat"), levied(tax.vat_rate)],
    [say("goods.taxKinds.excise"), [levied(tax.excise_rate), byQuantity].filter(Boolean).join(" + ") || say("goods.taxKinds.none")],
    [say("goods.taxKinds.piece"), yuan(tax.tax_fen)],
  ];
  const all = tax.composite_rate;
  return all ? [[say("goods.taxKinds.composite"), say("goods.taxKinds.rate", { rate: all })], ...rows] : rows;
}

/** How goods come: by the trade modes of the shop that the positive list leaves. */
export function modesOf(shop: readonly string[], variant: Shape<"VariantOut">): string[] {
  const only = variant.listing?.only_modes ?? [];
  return only.length ? shop.filter((mode) => only.includes(mode)) : [...shop];
}

export function modeName(mode: string): string {
  return perhaps(`goods.modes.m${mode}`);
}
