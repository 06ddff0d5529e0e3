/** The machine is WeChat. */
import { kept } from "@/store/kept";
import type { Answer, KeptAddress, PaymentParameters, Platform, SheetLeft } from "./types";

export type * from "./types";

interface Wx {
  getAppBaseInfo?(): { fontSizeSetting?: number };
  getAccountInfoSync(): { miniProgram: { appId: string } };
  requirePrivacyAuthorize?(options: { success(): void; fail(): void }): void;
  getFileSystemManager(): {
    writeFile(options: { filePath: string; data: ArrayBuffer; success(): void; fail(error: unknown): void }): void;
  };
  shareFileMessage(options: { filePath: string; fileName: string; success(): void; fail(error: unknown): void }): void;
  env: { USER_DATA_PATH: string };
}
declare const wx: Wx;

const DEVICE = "device";

export const platform: Platform = {
  base: import.meta.env.VITE_API ?? "",
  appid: () => wx.getAccountInfoSync().miniProgram.appId,
  login: () =>
    new Promise((resolve, reject) => {
      uni.login({ provider: "weixin", success: ({ code }) => resolve(code), fail: reject });
    }),
  pay: (parameters: PaymentParameters) =>
    new Promise<SheetLeft>((resolve) => {
      uni.requestPayment({
        provider: "wxpay",
        ...parameters,
        orderInfo: "",
        success: () => resolve("done"),
        fail: ({ errMsg }: { errMsg?: string }) => resolve(errMsg?.includes("cancel") ? "cancelled" : "failed"),
      } as UniNamespace.RequestPaymentOptions);
    }),
  subscribe: (templates) =>
    new Promise((resolve) => {
      uni.requestSubscribeMessage({
        tmplIds: [...templates],
        success: (answers) => {
          const given = answers as unknown as Record<string, Answer>;
          resolve(Object.fromEntries(templates.flatMap((id) => (given[id] ? [[id, given[id]]] : []))));
        },
        fail: () => resolve({}),
      });
    }),
  scan: () =>
    new Promise((resolve) => {
      uni.scanCode({ success: ({ result, path }) => resolve(path || result), fail: () => resolve(null) });
    }),
  phone: (event) => Promise.resolve(event?.detail?.code ?? null),
  phoneByButton: true,
  chooseAddress: () =>
    new Promise<KeptAddress | null>((resolve) => {
      uni.chooseAddress({
        success: (kept) =>
          resolve({
            name: kept.userName,
            phone: kept.telNumber,
            divisions: [kept.provinceName, kept.cityName, kept.countyName],
            street: kept.detailInfo,
          }),
        fail: () => resolve(null),
      });
    }),
  shown: () => undefined, // pages.json says what WeChat fetches ahead (preloadRule)
  privacy: () =>
    new Promise((resolve) => {
      if (!wx.requirePrivacyAuthorize) return resolve(true);
      wx.requirePrivacyAuthorize({ success: () => resolve(true), fail: () => resolve(false) });
    }),
  // 17 is WeChat's usual size; its slider goes on beyond what a page can hold.
  type: () => Math.min(1.4, Math.max(1, (wx.getAppBaseInfo?.().fontSizeSetting ?? 17) / 17)),
  device: () => {
    const known = kept<string>(DEVICE);
    if (known) return known;
    const made = `${Date.now().toString(36)}-${Math.random().toString(36).slice(2, 12)}`;
    uni.setStorageSync(DEVICE, made);
    return made;
  },
  keep: (bytes, name) =>
    new Promise((resolve, reject) => {
      const filePath = `${wx.env.USER_DATA_PATH}/${name}`;
      wx.getFileSystemManager().writeFile({
        filePath,
        data: bytes,
        success: () => wx.shareFileMessage({ filePath, fileName: name, success: resolve, fail: reject }),
        fail: reject,
      });
    }),
};
