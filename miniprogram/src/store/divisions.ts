/** Administrative divisions, asked for once each; and found by the names that WeChat gives. */
import { api, type Shape } from "@/api";

export type Division = Shape<"DivisionOut">;

const known = new Map<string, Division[]>();

/** The divisions directly below one, or the provinces. */
export async function below(parent?: string): Promise<Division[]> {
  const found = known.get(parent ?? "") ?? (await api.get("/api/v1/divisions", { anyone: true, query: { parent } })).items;
  known.set(parent ?? "", found);
  return found;
}

/** The way down to a division by its names; none where one of them is unknown to us. A province that is a city
 *  (北京市) may be named twice, or once. */
export async function named(names: readonly string[]): Promise<Division[] | null> {
  const way: Division[] = [];
  for (let depth = 0; depth < 3; depth++) {
    const list = await below(way[depth - 1]?.code);
    const one = list.find((each) => names.some((name) => name === each.name_zh)) ?? (depth === 1 && list.length === 1 ? list[0] : undefined);
    if (!one) return null;
    way.push(one);
    if (one.last) return way;
  }
  return null;
}
