import { pair } from "./pair";

export const goods = pair({
  zh: {},
  en: {},
});
