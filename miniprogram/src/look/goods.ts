/** What is said of a variant in more than one place. */
import type { Shape } from "@/api";
import { language, perhaps, say } from "@/words";

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

/** How goods come: by the trade modes of the shop that the positive list leaves. */
export function modesOf(shop: readonly string[], variant: Shape<"VariantOut">): string[] {
  const only = variant.listing?.only_modes ?? [];
  return only.length ? shop.filter((mode) => only.includes(mode)) : [...shop];
}

export function modeName(mode: string): string {
  return perhaps(`goods.modes.m${mode}`);
}
