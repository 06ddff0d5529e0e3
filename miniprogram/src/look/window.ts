/**
 * A long list of which only what is near the screen is there: its items are cut into chunks, and a chunk far away is a
 * box of the height it had. The page renders `chunks`, each a `.chunk`, and calls `scrolled` when it is scrolled; `end` is
 * called whenever the end comes near, and so must bear to be called often.
 */
import { computed, getCurrentInstance, nextTick, reactive, watch } from "vue";

const NEAR = 1.5; // screens above and below

export interface Chunk<T> {
  at: number;
  items: readonly T[];
  style: string;
}

export function useWindow<T>(items: () => readonly T[], end: () => void, size = 10) {
  const page = getCurrentInstance()?.proxy;
  const boxes = reactive<{ there: boolean; height: number }[]>([]);
  let under = false;
  let again = false;

  const chunks = computed<Chunk<T>[]>(() => {
    const all = items();
    return Array.from({ length: Math.ceil(all.length / size) }, (_, at) => {
      const box = boxes[at];
      const there = !box || box.there;
      return { at, items: there ? all.slice(at * size, (at + 1) * size) : [], style: there ? "" : `height:${box.height}px` };
    });
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
    if (!found.some((one) => one.height)) return; // the page is not shown
    for (const [at, { top = 0, bottom = 0, height = 0 }] of found.entries()) {
      const near = bottom > -NEAR * screen && top < (1 + NEAR) * screen;
      const box = boxes[at];
      if (box && box.there === near) continue;
      boxes[at] = { there: near, height: near ? 0 : height };
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
