/** What is left on the device of who logs out or closes the account: nothing of theirs. */
import { forget } from "@/api";
import { counted } from "./cart";
import { chosenAddress } from "./chosen";
import { again } from "./wish";

const THEIRS = ["copy", "searched", "pieces"];

export function leaveNothing(): void {
  forget();
  counted(0);
  chosenAddress.value = again.value = null;
  for (const one of THEIRS) uni.removeStorageSync(one);
}
