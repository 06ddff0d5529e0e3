import type { components } from "./schema";

export { api, asset, brought, enter, forget, freshKey, Problem, upload, type Refusal } from "./client";

/** The shape of an answer by its name in the OpenAPI document. */
export type Shape<N extends keyof components["schemas"]> = components["schemas"][N];
export type Text = Shape<"Text">;
