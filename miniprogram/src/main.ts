import { platform } from "#platform";
import { createSSRApp } from "vue";
import App from "./App.vue";

export function createApp() {
  const app = createSSRApp(App);
  platform.begin(app);
  return { app };
}
