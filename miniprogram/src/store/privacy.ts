/**
 * Before the first thing that needs personal data, a sheet says what for; then WeChat asks for itself (隐私授权). A page
 * has `const privacy = usePrivacy()`, `<PrivacySheet :privacy="privacy" />`, and goes on where
 * `await privacy.before("address")` is true. Refused, nothing is asked of WeChat and the page works by hand.
 */
import { platform } from "#platform";
import { reactive } from "vue";
import { kept } from "./kept";

export type Purpose = "identity" | "address" | "phone" | "pictures";

export interface Privacy {
  /** What the sheet explains; none: it is closed. */
  purpose: Purpose | null;
  open: boolean;
  before(purpose: Purpose): Promise<boolean>;
  answer(yes: boolean): void;
}

const EXPLAINED = "privacy";

/** Whether the sheet was agreed to on this device for this purpose. */
export function explained(purpose: Purpose): boolean {
  return (kept<string>(EXPLAINED) ?? "").split(",").includes(purpose);
}

export function usePrivacy(): Privacy {
  let waiting: ((yes: boolean) => void) | null = null;
  const privacy: Privacy = reactive({
    purpose: null,
    open: false,
    async before(purpose: Purpose) {
      if (!explained(purpose)) {
        privacy.purpose = purpose;
        privacy.open = true;
        if (!(await new Promise<boolean>((resolve) => (waiting = resolve)))) return false;
        uni.setStorageSync(EXPLAINED, `${kept<string>(EXPLAINED) ?? ""},${purpose}`);
      }
      return platform.privacy();
    },
    answer(yes: boolean) {
      privacy.open = false;
      waiting?.(yes);
      waiting = null;
    },
  });
  return privacy;
}
