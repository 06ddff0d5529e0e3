/**
 * The machine is a browser, and WeChat is the sandbox: log-in, payment sheet and prompts are asked of `seam/…` beside
 * the page, which exists on a laptop alone. Nothing of this file is in the WeChat output.
 */
import { fetchAhead } from "./ahead";
import { readable } from "./readable";
import type { Answer, PaymentParameters, Platform, SheetLeft } from "./types";

export type * from "./types";

const USER = "h5-user";
const DEVICE = "device";

async function seam<T>(verb: string, body: object): Promise<T> {
  const answer = await fetch(`seam/${verb}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`h5 seam ${verb}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

function kept(name: string): string {
  const known = localStorage.getItem(name);
  if (known) return known;
  const made = `h5-${crypto.randomUUID()}`;
  localStorage.setItem(name, made);
  return made;
}

function ask(options: UniNamespace.ShowModalOptions): Promise<{ yes: boolean; text: string }> {
  return new Promise((resolve) => {
    uni.showModal({
      ...options,
      success: ({ confirm, content }) => resolve({ yes: confirm, text: content ?? "" }),
      fail: () => resolve({ yes: false, text: "" }),
    });
  });
}

const english = () => uni.getLocale().startsWith("en");
const say = (zh: string, en: string) => (english() ? en : zh);

readable();

export const platform: Platform = {
  base: location.origin,
  appid: () => document.querySelector<HTMLMetaElement>("meta[name=appid]")?.content ?? "",
  login: async () => (await seam<{ code: string }>("login", { user: kept(USER) })).code,
  pay: async (parameters: PaymentParameters, says: string): Promise<SheetLeft> => {
    const { yes } = await ask({
      title: say("微信支付（沙箱）", "WeChat Pay (sandbox)"),
      content: says,
      confirmText: say("支付", "Pay"),
      cancelText: say("取消", "Cancel"),
    });
    if (!yes) return "cancelled";
    try {
      await seam("pay", parameters);
      return "done";
    } catch {
      return "failed";
    }
  },
  subscribe: async (templates) => {
    if (!templates.length) return {};
    const { yes } = await ask({
      title: say("订阅消息（沙箱）", "Messages (sandbox)"),
      content: say("允许发送一次提醒？", "Allow one message each?"),
      confirmText: say("允许", "Allow"),
      cancelText: say("拒绝", "Decline"),
    });
    const act: Answer = yes ? "accept" : "reject";
    await seam("subscribe", { user: kept(USER), templates, act });
    return Object.fromEntries(templates.map((id) => [id, act]));
  },
  scan: async () => {
    const { yes, text } = await ask({
      title: say("扫码（沙箱）", "Scan (sandbox)"),
      editable: true,
      placeholderText: say("粘贴码的内容", "Paste what the code says"),
    });
    return yes && text ? text : null;
  },
  phone: async () => {
    const { yes, text } = await ask({
      title: say("手机号（沙箱）", "Telephone number (sandbox)"),
      editable: true,
      placeholderText: "13800000000",
    });
    return yes && text ? (await seam<{ code: string }>("phone", { phone: text })).code : null;
  },
  phoneByButton: false,
  chooseAddress: async () => {
    const { yes } = await ask({
      title: say("微信收货地址（沙箱）", "WeChat address (sandbox)"),
      content: "王小明 13800000000 浙江省宁波市北仑区 新碶街道明州路 1 号",
    });
    if (!yes) return null;
    return { name: "王小明", phone: "13800000000", divisions: ["浙江省", "宁波市", "北仑区"], street: "新碶街道明州路 1 号" };
  },
  shown: fetchAhead,
  privacy: () => Promise.resolve(true),
  type: () => Number(localStorage.getItem("h5-type")) || 1,
  device: () => kept(DEVICE),
  keep: (bytes, name) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([bytes]));
    link.download = name;
    link.click();
    URL.revokeObjectURL(link.href);
    return Promise.resolve();
  },
};
