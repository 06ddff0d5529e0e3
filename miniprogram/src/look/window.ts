/**
 * A long list of which only what is near the screen is there: its items are cut into chunks, and all those far away on
 * one side are one box of the height that they had. The page renders `chunks`, each a `.chunk`, and calls `scrolled`
 * when it is scrolled; `end` is called whenever the end comes near, and so must bear to be called often.
 */
import { computed, getCurrentInstance, nextTick, reactive, watch } from "vue";

const NEAR = 1.5; // screens above and below

export interface Chunk<T> {
  at: number;
  items: readonly T[];
  /** How many chunks are not there and stand in this one's box; 0: it is there itself. */
  away: number;
  style: string;
}

export function useWindow<T>(items: () => readonly T[], end: () => void, size = 10) {
  const page = getCurrentInstance()?.proxy;
  const boxes = reactive<{ there: boolean; height: number }[]>([]);
  let under = false;
  let again = false;

  const chunks = computed<Chunk<T>[]>(() => {
    const all = items();
    const shown: Chunk<T>[] = [];
    let height = 0;
    for (let at = 0; at * size < all.length; at++) {
      const box = boxes[at];
      const last = shown[shown.length - 1];
      if (!box || box.there) {
        shown.push({ at, items: all.slice(at * size, (at + 1) * size), away: 0, style: "" });
      } else if (last?.away) {
        height += box.height;
        Object.assign(last, { away: last.away + 1, style: `height:${height}px` });
      } else {
        height = box.height;
        shown.push({ at, items: [], away: 1, style: `height:${height}px` });
      }
    }
    return shown;
  });

  function scrolled(): void {
    again = under;
    if (under) return;
    under = true;
    uni
      .createSelectorQuery()
      .in(page)
      .selectAll(".chunk")
      .boundingClientRect((found) => {
        under = false;
        settle((found ?? []) as UniApp.NodeInfo[]);
        if (again) scrolled();
      })
      .exec();
  }

  function settle(found: UniApp.NodeInfo[]): void {
    const screen = uni.getSystemInfoSync().windowHeight;
    const shown = chunks.value;
    if (!found.some((one) => one.height) || found.length !== shown.length) return; // not shown, or changed meanwhile
    const near = (top: number, height: number) => top + height > -NEAR * screen && top < (1 + NEAR) * screen;
    for (const [n, { at, away }] of shown.entries()) {
      let { top = 0, height = 0 } = found[n] ?? {};
      for (let one = at; one < at + (away || 1); one++) {
        if (away) height = boxes[one]?.height ?? 0;
        const there = near(top, height);
        if (there !== (boxes[one]?.there ?? null)) boxes[one] = { there, height: there ? 0 : height };
        top += height;
      }
    }
    if ((found[found.length - 1]?.bottom ?? 0) < (1 + NEAR) * screen) end();
  }

  watch(
    () => [items()[0], items().length] as const,
    ([first, length], [before, was]) => {
      if (first !== before || length < was) boxes.splice(0);
      void nextTick(scrolled);
    },
  );
  return { chunks, scrolled };
}
