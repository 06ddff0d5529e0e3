/** Categories and brands: small, the same for everyone, asked once a visit by whoever first needs them. */
import { api, type Shape, type Text } from "@/api";

export interface Category {
  code: string;
  name: Text;
  children: Category[];
}

function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | null = null;
  return () =>
    (known ??= ask().catch((failure: unknown) => {
      known = null;
      throw failure;
    }));
}

export const categories = once<Category[]>(async () => {
  const tree = await api.get("/api/v1/categories", { anyone: true });
  return tree.items as unknown as Category[];
});

export const brands = once<Shape<"BrandOut">[]>(async () => (await api.get("/api/v1/brands", { anyone: true })).items);

/** The category of this code, wherever it stands in the tree. */
export function categoryIn(tree: readonly Category[], code: string): Category | undefined {
  for (const one of tree) {
    const found = one.code === code ? one : categoryIn(one.children, code);
    if (found) return found;
  }
  return undefined;
}
