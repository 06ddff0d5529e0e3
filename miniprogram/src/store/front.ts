/** The first page's answer: asked at the launch, while the page is still being made. */
import { api, type Shape } from "@/api";
import { preview } from "@/store/shop";

type Front = Shape<"HomeOut">;

let ahead: Promise<Front> | null = null;

const ask = () => api.get("/api/v1/home", { anyone: true, query: { preview: preview.value } });

export function askAhead(): void {
  ahead = ask();
  ahead.catch(() => undefined); // told to whoever takes it
}

/** What was asked ahead, once; then asked anew. */
export function askFront(): Promise<Front> {
  const first = ahead ?? ask();
  ahead = null;
  return first;
}
