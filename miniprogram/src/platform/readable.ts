/**
 * What WeChat's own elements tell a screen reader, uni's stand-ins in a browser do not: the name stands on the frame and
 * not on the field or picture inside it, and a button that is off does not say so.
 */
const FRAMES = "uni-input, uni-textarea, uni-image, uni-button, .uni-tabbar__icon";

function tell(frame: Element): void {
  const inside = frame.querySelector("input, textarea, img");
  const name = frame.getAttribute("aria-label") ?? frame.querySelector(".uni-input-placeholder")?.textContent ?? "";
  if (inside instanceof HTMLImageElement) inside.alt = frame.getAttribute("alt") ?? name;
  else if (inside && name && inside.getAttribute("aria-label") !== name) inside.setAttribute("aria-label", name);
  if (!frame.matches("uni-button")) return;
  frame.setAttribute("role", "button");
  frame.setAttribute("aria-disabled", String(frame.matches("[disabled], .is-disabled")));
}

/** From now on, whatever comes up. */
export function readable(): void {
  const watch = new MutationObserver((changes) => {
    const seen = new Set<Element>();
    for (const { target } of changes) {
      const within = target instanceof Element ? target : target.parentElement;
      const frame = within?.closest(FRAMES);
      if (frame) seen.add(frame);
      within?.querySelectorAll(FRAMES).forEach((one) => seen.add(one));
    }
    seen.forEach(tell);
    watch.takeRecords();
  });
  watch.observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ["class", "disabled", "aria-label", "alt"] });
}
