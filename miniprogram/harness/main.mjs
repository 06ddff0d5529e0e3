/**
 * The machine that runs the built mini-program in a browser: components by glass-easel, pages in a stack as WeChat
 * keeps them, events as WeChat shapes them. `window.__harness` tells what stands and what went wrong.
 */
import * as glass from "glass-easel";
import { MiniProgramEnv } from "glass-easel-miniprogram-adapter";
import { app, asked, configs, modules, pages as known, styles, templates } from "built";
import { COMMON, common, ELEMENTS } from "./elements.mjs";
import { rpx, SCOPE } from "./style.mjs";
import { call, files, machine, pick, resolve } from "./wx.mjs";

const errors = [];
const $ = (id) => document.getElementById(id);
const complain = (error, where = "") => {
  errors.push(`${where}${where ? ": " : ""}${error?.stack ?? error}`);
  console.error(where, error);
};
glass.addGlobalErrorListener?.((error, method, from) => (complain(error, `${from?.is ?? from ?? ""} ${method ?? ""}`.trim()), false));
glass.addGlobalWarningListener?.(() => false); // WeChat is silent about properties that an element does not have
// uni-app puts its handlers on the component itself while it renders.
glass.globalOptions.useMethodCallerListeners = true;

// ---- the document: every element is <wx-name>, and a style may be said in rpx

class Backend extends glass.CurrentWindowBackendContext {
  document = {
    createElement: (tag) => document.createElement(`wx-${tag}`),
    createTextNode: (text) => document.createTextNode(text),
    createDocumentFragment: () => document.createDocumentFragment(),
  };

  /** No event of the browser's reaches a component by its name: WeChat has no `click`, and `input` is the element's
   *  own to tell; heard twice, a button would pay twice. */
  setListenerStats() {}
}
const style = glass.Element.prototype.setNodeStyle;
glass.Element.prototype.setNodeStyle = function set(text, segment) {
  return style.call(this, rpx(String(text ?? "")), segment);
};

// ---- events

/** As WeChat hands it to a page: plain, what was touched by its data set. uni-app replaces the three verbs of an event
 *  by empty ones, which must not keep the event from stopping. */
glass.Event.prototype.wrapShadowedEvent = function wrapped(target, mark, current) {
  const seen = (one) => {
    const box = (one._$ ?? one).getBackendElement?.();
    return { id: one.id ?? "", dataset: one.dataset ?? {}, offsetLeft: box?.offsetLeft ?? 0, offsetTop: box?.offsetTop ?? 0 };
  };
  const { type, timeStamp, detail, extraFields } = this;
  const event = { type, timeStamp, detail, mark, target: seen(target), currentTarget: seen(current), ...extraFields };
  for (const verb of ["stopPropagation", "preventDefault", "markMutated"]) {
    Object.defineProperty(event, verb, { get: () => () => this[verb](), set() {} });
  }
  return event;
};

function trigger(element, name, detail, options = {}) {
  glass.Event.triggerEvent(element, name, detail, { bubbles: true, composed: true, capturePhase: true, ...options });
}

const touched = (list) => [...(list ?? [])].map(({ identifier, clientX, clientY, pageX, pageY }) => ({ identifier, clientX, clientY, pageX, pageY, force: 1 }));
const elementAt = (node) => {
  while (node && !node.__wxElement) node = node.parentNode;
  return node?.__wxElement;
};

document.addEventListener("click", (event) => {
  const element = elementAt(event.target);
  if (!element || event.target.closest("wx-button[disabled]")) return;
  const { clientX: x, clientY: y } = event;
  const touches = [{ identifier: 0, clientX: x, clientY: y, pageX: x, pageY: y, force: 1 }];
  trigger(element, "tap", { x, y }, { extraFields: { touches: [], changedTouches: touches } });
});
for (const name of ["touchstart", "touchmove", "touchend", "touchcancel"]) {
  document.addEventListener(name, (event) => {
    const element = elementAt(event.target);
    const extraFields = { touches: touched(event.touches), changedTouches: touched(event.changedTouches) };
    if (element) trigger(element, name, {}, { extraFields });
  }, { passive: true });
}
for (const name of ["transitionend", "animationstart", "animationiteration", "animationend"]) {
  document.addEventListener(name, (event) => {
    const element = elementAt(event.target);
    if (element) trigger(element, name, { elapsedTime: event.elapsedTime });
  });
}

// ---- WeChat's own elements

const env = new MiniProgramEnv();
const space = env.createCodeSpace("app", true);
const backend = env.associateBackend(new Backend());
const help = { trigger, resolve, wx: machine, pick, open, byId: (host, id) => found(host.__wxElement, id) };
{
  const own = env.getGlobalCodeSpace().getComponentSpace();
  for (const [name, { properties, make }] of Object.entries(ELEMENTS)) {
    const settings = {};
    for (const property of [...properties, ...COMMON]) {
      settings[property] = {
        type: null,
        observer(value) {
          if (this.sets[property]) this.sets[property](value);
          else if (COMMON.includes(property)) common(this.host, property, value);
        },
      };
    }
    const made = own
      .define(`wx://${name}`)
      .definition({
        properties: settings,
        lifetimes: {
          created() {
            this.host = this.getBackendElement();
            this.sets = make(this, this.host, help) ?? {};
          },
        },
      })
      .registerComponent();
    space.getComponentSpace().setGlobalUsingComponent(name, made);
  }
}

/** The element with this id in the component that an element stands in. */
function found(element, id) {
  return element.ownerShadowRoot?.querySelector(`#${CSS.escape(id)}`)?.getBackendElement();
}

/** What a button opens that only WeChat has. */
async function open(kind, button) {
  const asks = {
    getPhoneNumber: ["getPhoneNumber", "getphonenumber"],
    chooseAvatar: ["chooseAvatar", "chooseavatar"],
    openSetting: ["openSetting", "opensetting"],
    contact: ["openCustomerServiceChat", "contact"],
    agreePrivacyAuthorization: ["requirePrivacyAuthorize", "agreeprivacyauthorization"],
  };
  if (kind === "share") return share(button);
  for (const one of kind.split("|")) {
    if (!asks[one]) return complain(`no open-type ${one}`, "button");
    const [ask, event] = asks[one];
    const detail = await machine[ask]({}).catch((refused) => refused);
    trigger(button, event, detail, { bubbles: false });
  }
  return undefined;
}

function share(button) {
  const told = top()?.caller.onShareAppMessage?.({ from: "button", target: { dataset: button.dataset } });
  (window.__harness.shared ??= []).push(told);
}

// ---- the built program

const join = (from, path) => {
  const parts = path.startsWith("/") ? [] : from.split("/").slice(0, -1);
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part && part !== ".") parts.push(part);
  }
  return parts.join("/");
};

const loaded = new Map();
const defined = new Map();
let defining = null;
let application = null;
const here = { global: {} };

function load(path) {
  if (!loaded.has(path)) {
    const module = { exports: {} };
    loaded.set(path, module);
    if (!modules[path]) throw new Error(`module ${path} is not there`);
    const need = (name) => load(join(path, name.endsWith(".js") ? name : `${name}.js`));
    modules[path].call(undefined, need, module, module.exports, wx, App, register, register, behavior, () => application, getCurrentPages, here.global);
  }
  return loaded.get(path).exports;
}

function App(options) {
  application = options;
}

function behavior(definition) {
  return space.behavior().definition(definition).register();
}

/** `Component(...)` and `Page(...)` of the file that is being defined. */
function register(definition) {
  const path = defining;
  const options = definition.options ?? {};
  const config = { component: !known.includes(path), ...configs[path] };
  for (const one of ["addGlobalClass", "styleIsolation", "virtualHost"]) if (options[one] !== undefined) config[one] ??= options[one];
  space.addComponentStaticConfig(path, config);
  space.addStyleSheet(path, undefined, scopeOf(path));
  space.addCompiledTemplate(path, { content: templates[path], groupList: templates });
  if (config.component) dress(path, String(config.styleIsolation ?? "").endsWith("shared") && config.styleIsolation !== "apply-shared");
  const own = { ...definition, behaviors: (definition.behaviors ?? []).filter((one) => typeof one !== "string") };
  space.component(path).definition(own).register();
}

/** A component and all that it uses; each once. */
function define(path) {
  if (defined.has(path)) return;
  defined.set(path, true);
  for (const one of Object.values(configs[path].usingComponents)) define(join(path, one));
  const before = defining;
  defining = path;
  try {
    load(`${path}.js`);
  } finally {
    defining = before;
  }
}

const scopeOf = (path) => path.replace(/[^a-z0-9]/gi, "-");

function dress(path, shared) {
  const sheet = styles[`${path}.wxss`];
  if (!sheet) return null;
  const made = document.createElement("style");
  made.dataset.of = path;
  made.textContent = sheet.replaceAll(SCOPE, (_, at) => {
    if (sheet[at - 1] !== ".") return scopeOf(path); // :host
    return shared ? "" : `${scopeOf(path)}--`;
  });
  document.head.append(made);
  return made;
}

// glass-easel leaves `ready` to who runs it: after the page's onLoad and onShow, the inner ones before the outer.
const waiting = [];
space.setOverallBehavior(
  space.getComponentSpace().define().definition({
    lifetimes: {
      attached() {
        if (!waiting.length) setTimeout(flush, 0);
        waiting.push(this);
      },
    },
  }).registerBehavior(),
);

function flush() {
  for (const one of waiting.splice(0).reverse()) {
    const component = one._$ ?? one;
    if (!glass.Element.isAttached(component)) continue;
    component.triggerLifetime("ready", []);
    if (known.includes(component.is)) one.onReady?.();
  }
}

// ---- pages

let stack = [];
const tabs = new Map();
const tabPages = (app.tabBar?.list ?? []).map((one) => one.pagePath);
const look = { tabs: (app.tabBar?.list ?? []).map((one) => ({ ...one })), tabBar: { ...app.tabBar }, tabBarHidden: false };
const top = () => stack[stack.length - 1];
const getCurrentPages = () => stack.map((one) => one.caller);

function mount(path, query) {
  if (!known.includes(path)) throw `page "${path}" is not found`;
  define(path);
  const config = { ...app.window, ...configs[path] };
  const holder = document.createElement("div");
  holder.className = "holder";
  holder.dataset.page = path;
  const scroller = holder.appendChild(document.createElement("div"));
  scroller.className = "scroller";
  scroller.style.background = config.backgroundColor ?? "";
  const place = scroller.appendChild(document.createElement("div"));
  $("stage").append(holder);
  const root = backend.createRoot("page", space, path);
  const caller = root.get();
  Object.assign(caller, { route: path, __route__: path, options: query });
  const page = { path, query, holder, root, caller, config, title: config.navigationBarTitleText ?? "", style: dress(path, true) };
  let near = false;
  scroller.addEventListener("scroll", () => {
    const left = scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight;
    caller.onPageScroll?.({ scrollTop: scroller.scrollTop });
    if (left <= 50 && !near) caller.onReachBottom?.();
    near = left <= 50;
  });
  stack.push(page);
  root.attach(scroller, place);
  caller.onLoad?.(query);
  return page;
}

function show(page) {
  page.holder.hidden = false;
  if (page.style) page.style.media = "";
  draw();
  page.caller.onShow?.();
  page.root.getComponent().triggerPageLifetime("show", []);
}

function hide(page) {
  page.holder.hidden = true;
  if (page.style) page.style.media = "not all";
  page.caller.onHide?.();
  page.root.getComponent().triggerPageLifetime("hide", []);
}

function unmount(page) {
  page.caller.onUnload?.();
  page.root.release();
  page.style?.remove();
  page.holder.remove();
  tabs.delete(page.path);
}

function asUrl(url) {
  const [path, search = ""] = String(url).split(/\?(.*)/s);
  const query = Object.fromEntries(search.split("&").filter(Boolean).map((one) => {
    const [name, value] = one.split(/=(.*)/s);
    return [name, value ?? "undefined"];
  })); // as they stand: WeChat decodes nothing
  return { path: join(top()?.path ?? "", path), query };
}

const notTab = (path, way) => {
  if (tabPages.includes(path)) throw `can not ${way} a tabbar page`;
};

const ways = {
  navigateTo({ url }) {
    const { path, query } = asUrl(url);
    notTab(path, "navigateTo");
    if (stack.length >= 10) throw "webview count limit exceed";
    if (top()) hide(top());
    show(mount(path, query));
  },
  redirectTo({ url }) {
    const { path, query } = asUrl(url);
    notTab(path, "redirectTo");
    unmount(stack.pop());
    show(mount(path, query));
  },
  reLaunch({ url }) {
    const { path, query } = asUrl(url);
    for (const page of new Set([...stack.splice(0).reverse(), ...tabs.values()])) unmount(page);
    open_(path, query);
  },
  switchTab({ url }) {
    const { path, query } = asUrl(url);
    if (!tabPages.includes(path)) throw `can not switch to no-tabBar page`;
    const last = top();
    for (const page of stack.splice(0).reverse()) if (!tabs.has(page.path)) unmount(page);
    if (last && tabs.has(last.path) && last.path !== path) hide(last);
    for (const page of tabs.values()) page.holder.hidden = true;
    open_(path, query);
  },
  navigateBack({ delta = 1 }) {
    if (stack.length < 2) throw "cannot navigate back at first page.";
    for (let n = Math.min(delta, stack.length - 1); n > 0; n--) unmount(stack.pop());
    show(top());
  },
};

/** A page as the only one of the stack; a tab that was there already comes back as it was. */
function open_(path, query) {
  const kept = tabs.get(path);
  if (kept) {
    stack = [kept];
    return show(kept);
  }
  const page = mount(path, query);
  if (tabPages.includes(path)) tabs.set(path, page);
  return show(page);
}

// ---- the bars

function draw() {
  const page = top();
  if (!page) return;
  document.title = $("title").textContent = page.title;
  $("bar").hidden = page.config.navigationStyle === "custom";
  $("bar").style.background = page.barColour ?? page.config.navigationBarBackgroundColor ?? "#fff";
  $("bar").style.color = page.barInk ?? (page.config.navigationBarTextStyle === "white" ? "#fff" : "#000");
  $("back").hidden = stack.length < 2;
  const bar = $("tabs");
  bar.hidden = look.tabBarHidden || !tabPages.includes(page.path);
  bar.style.background = look.tabBar.backgroundColor ?? "#fff";
  bar.replaceChildren(...look.tabs.map((tab) => {
    const button = document.createElement("button");
    const on = tab.pagePath === page.path;
    button.type = "button";
    button.style.color = (on ? look.tabBar.selectedColor : look.tabBar.color) ?? "#000";
    if (on) button.setAttribute("aria-current", "page");
    if (tab.iconPath) button.appendChild(Object.assign(document.createElement("img"), { src: resolve(on ? tab.selectedIconPath : tab.iconPath), alt: "" }));
    button.append(tab.text);
    if (tab.badge) button.appendChild(document.createElement("b")).textContent = tab.badge;
    button.onclick = () => {
      top().caller.onTabItemTap?.({ index: look.tabs.indexOf(tab), pagePath: tab.pagePath, text: tab.text });
      if (!on) machine.switchTab({ url: `/${tab.pagePath}` });
    };
    return button;
  }));
}
$("back").onclick = () => machine.navigateBack();

const badge = (index, text) => {
  if (!tabPages.includes(top()?.path)) throw "not TabBar page";
  look.tabs[index].badge = text;
  draw();
};
const onTabs = (act) => (options) => {
  if (!tabPages.includes(top()?.path)) throw "not TabBar page";
  act(options);
  draw();
};
const bars = {
  setNavigationBarTitle: ({ title }) => ((top().title = title), draw()),
  setNavigationBarColor: ({ frontColor, backgroundColor }) => (Object.assign(top(), { barInk: frontColor, barColour: backgroundColor }), draw()),
  setTabBarStyle: onTabs(({ color, selectedColor, backgroundColor }) => Object.assign(look.tabBar, { color, selectedColor, backgroundColor })),
  setTabBarItem: onTabs(({ index, text, iconPath, selectedIconPath }) => {
    const given = { text, iconPath, selectedIconPath };
    for (const [name, value] of Object.entries(given)) if (value) look.tabs[index][name] = value;
  }),
  setTabBarBadge: ({ index, text }) => badge(index, text),
  removeTabBarBadge: ({ index }) => badge(index, ""),
  showTabBarRedDot: ({ index }) => badge(index, "•"),
  hideTabBarRedDot: ({ index }) => badge(index, ""),
  hideTabBar: () => ((look.tabBarHidden = true), draw()),
  showTabBar: () => ((look.tabBarHidden = false), draw()),
  showNavigationBarLoading: () => undefined,
  hideNavigationBarLoading: () => undefined,
  startPullDownRefresh: () => top().caller.onPullDownRefresh?.(),
  stopPullDownRefresh: () => undefined,
  pageScrollTo: ({ scrollTop = 0, selector }) => {
    const scroller = top().holder.firstChild;
    const target = selector && top().root.getComponent().getShadowRoot().querySelector(selector)?.getBackendElement();
    if (target) target.scrollIntoView();
    else scroller.scrollTop = scrollTop;
  },
};
for (const [name, act] of Object.entries({ ...ways, ...bars })) machine[name] = call(name, act);
machine.createSelectorQuery = () => top().caller.createSelectorQuery();
machine.createIntersectionObserver = (component, options) => component.createIntersectionObserver(options);
machine.createAnimation = undefined;
const wx = machine;

// ---- and it begins

window.__harness = { pages: known, errors, files, stack: () => stack.map(({ path, query }) => ({ path, query })), wx, pullDown: () => top().caller.onPullDownRefresh?.() };
const sheet = document.createElement("style");
sheet.textContent = (styles["app.wxss"] ?? "").replaceAll(SCOPE, "");
document.head.append(sheet);
const first = asUrl(`/${location.hash.slice(1).replace(/^\//, "") || known[0]}`);
const launch = { ...first, scene: 1001, referrerInfo: {} };
machine.getLaunchOptionsSync = () => launch;
try {
  load("app.js");
  const uni = load("common/vendor.js").index;
  for (const name of asked) if (!uni[name] && !machine[name]) complain(`the pages ask for wx.${name}, which is not here`);
  application.onLaunch?.(launch);
  application.onShow?.(launch);
  open_(first.path, first.query);
} catch (error) {
  complain(error, "launch");
}
