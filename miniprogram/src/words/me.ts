import { pair } from "./pair";

export const me = pair({
  zh: {},
  en: {},
});
