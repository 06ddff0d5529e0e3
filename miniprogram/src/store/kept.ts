/** What the device keeps for the shop, by its name; null where nothing is kept. */
export function kept<T>(name: string): T | null {
  // A browser's stand-in throws inside where nothing lies, which costs a first visit the reading of the whole code again.
  return uni.getStorageInfoSync().keys.includes(name) ? (uni.getStorageSync(name) as T) : null;
}
