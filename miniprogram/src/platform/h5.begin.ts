/** How the program begins in a browser. */
import type { App } from "vue";
import Home from "@/pages/home/home.vue";
import NotFetched from "./NotFetched.vue";

/** Named here, the first page comes with the program, not after it; and the name under which uni looks for an error's. */
export function begin(app: App): void {
  app.component("Home", Home).component("AsyncError", NotFetched);
}
