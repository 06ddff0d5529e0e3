/** The other pages' files, fetched while nobody waits: a page that is opened without a network then says so in our words. */
import { PAGES } from "@/look/pages";

const CALM = 1500; // ms after a page has shown what it has
let begun = false;

const idle = (work: () => void) => (globalThis.requestIdleCallback ?? setTimeout)(work);

/** One after the other; what does not come is fetched when its page is opened. */
export function fetchAhead(): void {
  if (begun) return;
  begun = true;
  const left = Object.values(PAGES);
  const next = (): void => {
    const url = left.shift();
    if (url) uni.preloadPage({ url, complete: () => idle(next) });
  };
  setTimeout(() => idle(next), CALM);
}
