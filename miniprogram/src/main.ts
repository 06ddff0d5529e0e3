import { begin } from "#begin";
import { createSSRApp } from "vue";
import App from "./App.vue";

export function createApp() {
  const app = createSSRApp(App);
  begin(app);
  return { app };
}
