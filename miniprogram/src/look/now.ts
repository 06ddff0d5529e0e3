/** The clock of a page that counts down: it runs while the page is seen. */
import { onHide, onShow, onUnload } from "@dcloudio/uni-app";
import { ref, type Ref } from "vue";

export function useNow(): Ref<number> {
  const now = ref(Date.now());
  let beat: ReturnType<typeof setInterval> | undefined;
  const stop = () => clearInterval(beat);
  onShow(() => {
    stop();
    now.value = Date.now();
    beat = setInterval(() => (now.value = Date.now()), 1000);
  });
  onHide(stop);
  onUnload(stop);
  return now;
}
