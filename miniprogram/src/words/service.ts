import { pair } from "./pair";

export const service = pair({
  zh: {},
  en: {},
});
