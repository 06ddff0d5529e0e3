import { pair } from "./pair";

export const order = pair({
  zh: {},
  en: {},
});
