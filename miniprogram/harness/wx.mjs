/**
 * `wx` as far as the pages go: what the machine itself knows, and, by `window.__wx`, what only WeChat could answer
 * (log-in, payment, prompts, camera), which is the test's to give. An answer is a value; a refusal is a thrown word,
 * which becomes `fail` with "<name>:fail <word>" as WeChat says it.
 */
import { assets } from "built";

const METHODS = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"];
const kept = new Map();
export const files = new Map();

export function resolve(src) {
  if (files.has(src)) return URL.createObjectURL(files.get(src));
  const path = String(src).replace(/^\//, "");
  return assets.has(path) ? path : src;
}

/** One call in WeChat's manner: callbacks where there are any, else a promise. */
export function call(name, act) {
  return (options = {}) => {
    const { success, fail, complete } = options;
    const done = Promise.resolve()
      .then(() => act(options))
      .then((answer) => {
        const told = { ...answer, errMsg: `${name}:ok` };
        success?.(told);
        complete?.(told);
        return told;
      }, (refused) => {
        const told = { errMsg: `${name}:fail ${refused instanceof Error ? refused.message : refused}` };
        fail?.(told);
        complete?.(told);
        if (!success && !fail && !complete) throw told;
        return told;
      });
    if (success || fail || complete) return undefined;
    return done;
  };
}

/** What the test answers for WeChat; unasked-for it is refused. */
async function given(name, options) {
  const answer = window.__wx?.[name];
  if (!answer) throw new Error(`nobody answers for ${name}`);
  const plain = JSON.parse(JSON.stringify(options ?? {}));
  const told = await answer(plain);
  if (typeof told === "string" && told !== "ok") throw told;
  return typeof told === "object" ? told : {};
}

function request(options) {
  const control = new AbortController();
  call("request", async ({ url, data, header = {}, method = "GET", responseType, timeout = 60_000 }) => {
    const verb = method.toUpperCase();
    if (!METHODS.includes(verb)) throw `method ${verb} is not one that wx.request knows`;
    const clock = setTimeout(() => control.abort("timeout"), timeout);
    const type = Object.keys(header).find((one) => one.toLowerCase() === "content-type");
    const sent = { method: verb, headers: { ...(type ? {} : { "content-type": "application/json" }), ...header }, signal: control.signal };
    let address = url;
    if (data !== undefined && data !== null && data !== "") {
      if (verb === "GET") address += (url.includes("?") ? "&" : "?") + new URLSearchParams(data);
      else sent.body = typeof data === "string" || data instanceof ArrayBuffer ? data : JSON.stringify(data);
    }
    const answer = await fetch(address, sent);
    const body = responseType === "arraybuffer" ? await answer.arrayBuffer() : parsed(await answer.text());
    clearTimeout(clock);
    return { statusCode: answer.status, data: body, header: Object.fromEntries(answer.headers), cookies: [] };
  })({ complete: () => undefined, ...options });
  return { abort: () => control.abort("abort"), onHeadersReceived() {}, offHeadersReceived() {} };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function uploadFile(options) {
  call("uploadFile", async ({ url, filePath, name, formData = {}, header = {} }) => {
    const form = new FormData();
    for (const [field, value] of Object.entries(formData)) form.append(field, value);
    const bytes = files.get(filePath) ?? (await (await fetch(filePath)).blob());
    form.append(name, new Blob([bytes], { type: bytes.type || "image/jpeg" }), "picture.jpg");
    const answer = await fetch(url, { method: "POST", headers: header, body: form });
    return { statusCode: answer.status, data: await answer.text() };
  })({ complete: () => undefined, ...options });
  return { abort() {}, onProgressUpdate() {}, offProgressUpdate() {} };
}

/** The bytes under a name that `uploadFile` and `readFile` know. */
function downloadFile(options) {
  call("downloadFile", async ({ url, header = {}, filePath }) => {
    const answer = await fetch(url, { headers: header });
    const blob = await answer.blob();
    const name = filePath ?? `wxfile://tmp/${files.size}`;
    files.set(name, blob);
    return { statusCode: answer.status, tempFilePath: name, filePath: name };
  })({ complete: () => undefined, ...options });
  return { abort() {}, onProgressUpdate() {}, offProgressUpdate() {} };
}

const storage = {
  setStorageSync: (key, data) => localStorage.setItem(key, JSON.stringify({ data })),
  getStorageSync: (key) => JSON.parse(localStorage.getItem(key) ?? '{"data":""}').data ?? "",
  removeStorageSync: (key) => localStorage.removeItem(key),
  clearStorageSync: () => localStorage.clear(),
  getStorageInfoSync: () => ({ keys: Object.keys(localStorage), currentSize: 0, limitSize: 10_240 }),
  setStorage: call("setStorage", ({ key, data }) => storage.setStorageSync(key, data)),
  getStorage: call("getStorage", ({ key }) => {
    if (localStorage.getItem(key) === null) throw "data not found";
    return { data: storage.getStorageSync(key) };
  }),
  removeStorage: call("removeStorage", ({ key }) => storage.removeStorageSync(key)),
};

/** What lies over the page until it is answered, or for a time. */
function over(kind, text, buttons = [], input = null) {
  hide(kind);
  const box = document.createElement("div");
  const inner = box.appendChild(document.createElement("div"));
  box.className = `shim ${kind}`;
  box.setAttribute("role", buttons.length ? "dialog" : "status");
  for (const part of text.filter(Boolean)) inner.appendChild(document.createElement("p")).textContent = part;
  if (input) inner.append(input);
  kept.set(kind, box);
  document.body.append(box);
  return new Promise((done) => {
    for (const [word, value] of buttons) {
      const button = inner.appendChild(document.createElement("button"));
      button.textContent = word;
      button.onclick = () => (hide(kind), done(value));
    }
  });
}

function hide(kind) {
  kept.get(kind)?.remove();
  kept.delete(kind);
}

function toast({ title, duration = 1500 }) {
  void over("toast", [title]);
  const mine = kept.get("toast");
  setTimeout(() => mine === kept.get("toast") && hide("toast"), duration);
}

async function modal({ title, content, showCancel = true, cancelText = "取消", confirmText = "确定", editable, placeholderText }) {
  const input = editable ? Object.assign(document.createElement("input"), { placeholder: placeholderText ?? "", value: content ?? "" }) : null;
  const yes = await over("modal", [title, editable ? "" : content], [...(showCancel ? [[cancelText, false]] : []), [confirmText, true]], input);
  return { confirm: yes, cancel: !yes, content: yes && input ? input.value : null };
}

async function sheet({ itemList }) {
  const at = await over("sheet", [], [...itemList.map((word, index) => [word, index]), ["取消", -1]]);
  if (at < 0) throw "cancel";
  return { tapIndex: at };
}

/** A picker's sheet: the chosen index of its list, indices of its lists, or the day, time or region as text. */
export async function pick({ mode = "selector", range = [], rangeKey, value, start, end }) {
  const word = (one) => String(rangeKey ? one[rangeKey] : one);
  if (mode === "selector") {
    const at = await over("sheet", [], [...range.map((one, index) => [word(one), index]), ["取消", -1]]);
    return at < 0 ? null : at;
  }
  if (mode !== "date" && mode !== "time") return (await given("pick", { mode, range, value })).value;
  const input = Object.assign(document.createElement("input"), { type: mode, value, min: start, max: end });
  return (await over("sheet", [], [["取消", false], ["确定", true]], input)) ? input.value : null;
}

const windowInfo = () => {
  const { clientWidth: windowWidth, clientHeight: windowHeight } = document.getElementById("stage");
  const [screenWidth, screenHeight] = [innerWidth, innerHeight];
  const safeArea = { left: 0, right: screenWidth, top: 0, bottom: screenHeight, width: screenWidth, height: screenHeight };
  return { pixelRatio: devicePixelRatio, screenWidth, screenHeight, windowWidth, windowHeight, statusBarHeight: 0, safeArea, screenTop: 44 };
};
const baseInfo = () => ({ SDKVersion: "3.8.0", version: "8.0.50", language: navigator.language.replace("-", "_"), theme: "light", enableDebug: false, host: { env: "WeChat" } });
const deviceInfo = () => ({ brand: "harness", model: "Chromium", system: "Android 14", platform: "android", benchmarkLevel: 1, abi: "", deviceOrientation: "portrait" });
const quiet = (...names) => Object.fromEntries(names.map((name) => [name, call(name, () => undefined)]));
const silent = (...names) => Object.fromEntries(names.map((name) => [name, () => undefined]));
const answered = (...names) => Object.fromEntries(names.map((name) => [name, call(name, (options) => given(name, options))]));

/** `wx` without where pages are and how they look, which main.mjs adds. */
export const machine = {
  ...storage,
  ...quiet("hideKeyboard", "pageScrollTo", "vibrateShort", "showShareMenu", "hideShareMenu", "saveImageToPhotosAlbum", "setClipboardData", "setKeepScreenOn", "hideHomeButton", "setBackgroundColor", "setBackgroundTextStyle", "loadFontFace", "reportAnalytics", "setVisualEffectOnCapture"),
  ...silent("onAppShow", "onAppHide", "offAppShow", "offAppHide", "onError", "offError", "onUnhandledRejection", "onThemeChange", "offThemeChange", "onPageNotFound", "onNetworkStatusChange", "offNetworkStatusChange", "onKeyboardHeightChange", "offKeyboardHeightChange", "onWindowResize", "offWindowResize", "onMemoryWarning", "onNeedPrivacyAuthorization", "reportEvent", "reportMonitor"),
  ...answered("login", "requestPayment", "requestSubscribeMessage", "scanCode", "getPhoneNumber", "chooseMedia", "chooseImage", "chooseAddress", "chooseAvatar", "getUserProfile", "openCustomerServiceChat", "makePhoneCall", "openDocument", "previewImage", "previewMedia", "openSetting", "openPrivacyContract", "shareFileMessage", "openEmbeddedMiniProgram", "navigateToMiniProgram", "getLocation", "chooseInvoiceTitle", "checkSession"),
  requirePrivacyAuthorize: call("requirePrivacyAuthorize", () => (window.__wx?.privacy ? given("privacy") : {})),
  getPrivacySetting: call("getPrivacySetting", () => ({ needAuthorization: false, privacyContractName: "隐私保护指引" })),
  getSetting: call("getSetting", () => ({ authSetting: {}, subscriptionsSetting: { mainSwitch: true, itemSettings: {} } })),
  getClipboardData: call("getClipboardData", () => ({ data: "" })),
  getNetworkType: call("getNetworkType", () => ({ networkType: navigator.onLine ? "wifi" : "none" })),
  getAccountInfoSync: () => ({ miniProgram: { appId: window.__wx?.appid ?? "", envVersion: "develop", version: "" } }),
  getLaunchOptionsSync: () => ({ path: "", query: {}, scene: 1001, referrerInfo: {}, apiCategory: "default" }),
  getEnterOptionsSync: () => machine.getLaunchOptionsSync(),
  getSystemInfoSync: () => ({ ...windowInfo(), ...baseInfo(), ...deviceInfo(), fontSizeSetting: 16 }),
  getSystemInfo: call("getSystemInfo", () => machine.getSystemInfoSync()),
  getWindowInfo: windowInfo,
  getAppBaseInfo: baseInfo,
  getDeviceInfo: deviceInfo,
  getSystemSetting: () => ({ bluetoothEnabled: false, locationEnabled: false, wifiEnabled: true, deviceOrientation: "portrait" }),
  getAppAuthorizeSetting: () => ({ albumAuthorized: "authorized", cameraAuthorized: "authorized", notificationAuthorized: "authorized" }),
  getMenuButtonBoundingClientRect: () => ({ width: 87, height: 32, top: 6, right: innerWidth - 7, bottom: 38, left: innerWidth - 94 }),
  getUpdateManager: () => ({ onCheckForUpdate() {}, onUpdateReady() {}, onUpdateFailed() {}, applyUpdate() {} }),
  getFileSystemManager: () => ({
    writeFile: call("writeFile", ({ filePath, data }) => void files.set(filePath, new Blob([data]))),
    readFile: call("readFile", async ({ filePath }) => ({ data: await (files.get(filePath) ?? (await (await fetch(filePath)).blob())).arrayBuffer() })),
  }),
  env: { USER_DATA_PATH: "wxfile://usr" },
  canIUse: (name) => name.split(".")[0] in machine,
  nextTick: (task) => queueMicrotask(task),
  request,
  uploadFile,
  downloadFile,
  showToast: call("showToast", toast),
  hideToast: call("hideToast", () => hide("toast")),
  showLoading: call("showLoading", ({ title }) => void over("loading", [title])),
  hideLoading: call("hideLoading", () => hide("loading")),
  showModal: call("showModal", modal),
  showActionSheet: call("showActionSheet", sheet),
};
