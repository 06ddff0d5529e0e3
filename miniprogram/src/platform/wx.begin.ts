import type { App } from "vue";

/** How the program begins in WeChat: as it is. */
export function begin(_: App): void {}
