/**
 * WeChat's own elements. Each names its properties and builds what a browser has for it inside its host, <wx-name>;
 * `set` is called with each property that is given. Elements and properties that no page uses are left out on purpose:
 * the build refuses a page that names an element which is not here.
 */

const FIELD = ["name", "value", "placeholder", "placeholderStyle", "placeholderClass", "disabled", "maxlength", "focus"];
const CURSOR = ["cursor", "cursorSpacing", "selectionStart", "selectionEnd", "adjustPosition", "holdKeyboard", "confirmType", "confirmHold", "alwaysEmbed"];
const HOVER = ["hoverClass", "hoverStartTime", "hoverStayTime", "hoverStopPropagation"];

/** The nearest element of this name around an element, as its host in the document. */
const around = (host, name) => host.closest(`wx-${name}`);
const own = (host) => host.__wxElement;
const truthy = (value) => value === true || value === "" || (value !== undefined && value !== null && value !== false && value !== "false");
const frame = (task) => requestAnimationFrame(() => requestAnimationFrame(task));

/** A text field: what is typed is told, what the data says is shown when the data changes. */
function field(make) {
  return (self, host, machine) => {
    const box = make();
    host.append(box);
    const detail = (more = {}) => ({ value: box.value, cursor: box.selectionStart ?? box.value.length, ...more });
    box.addEventListener("input", () => machine.trigger(self, "input", detail()));
    box.addEventListener("focus", () => machine.trigger(self, "focus", detail({ height: 0 }), { bubbles: false }));
    box.addEventListener("blur", () => machine.trigger(self, "blur", detail(), { bubbles: false }));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && box.tagName === "INPUT") machine.trigger(self, "confirm", detail());
    });
    self.does = { value: () => box.value, clear: () => (box.value = "") };
    return {
      value: (value) => {
        const text = value === null || value === undefined ? "" : String(value);
        if (box.value !== text) box.value = text;
      },
      placeholder: (text) => (box.placeholder = text ?? ""),
      disabled: (value) => (box.disabled = truthy(value)),
      maxlength: (n) => (Number(n) > 0 ? (box.maxLength = Number(n)) : box.removeAttribute("maxlength")),
      focus: (value) => truthy(value) && frame(() => box.focus()),
      type: (type) => (box.inputMode = { number: "numeric", digit: "decimal", idcard: "text" }[type] ?? "text"),
      password: (value) => (box.type = truthy(value) ? "password" : "text"),
      ariaLabel: (text) => box.setAttribute("aria-label", text),
    };
  };
}

/** A box that is on or off, alone or in a group which tells what is chosen. */
function choice(kind, group) {
  return (self, host, machine) => {
    const box = document.createElement("input");
    box.type = kind;
    host.prepend(box);
    self.does = { value: () => box.checked, clear: () => (box.checked = false) };
    box.addEventListener("click", (event) => event.stopPropagation());
    box.addEventListener("change", () => {
      if (!group) return machine.trigger(self, "change", { value: box.checked });
      const all = around(host, group);
      const members = all ? [...all.querySelectorAll(`wx-${host.localName.slice(3)}`)].map(own) : [self];
      if (kind === "radio") for (const other of members) if (other !== self) other.does.clear();
      if (!all) return undefined;
      const chosen = members.filter((one) => one.does.value()).map((one) => one.data.value);
      return machine.trigger(own(all), "change", { value: kind === "radio" ? (chosen[0] ?? "") : chosen });
    });
    host.addEventListener("click", (event) => event.target !== box && !around(host, "label") && box.click());
    return {
      checked: (value) => (box.checked = truthy(value)),
      disabled: (value) => (box.disabled = truthy(value)),
      ariaLabel: (text) => box.setAttribute("aria-label", text),
    };
  };
}

const FIT = { scaleToFill: "fill", aspectFit: "contain", aspectFill: "cover" };

function image(self, host, machine) {
  const picture = document.createElement("img");
  host.append(picture);
  picture.addEventListener("load", () => machine.trigger(self, "load", { width: picture.naturalWidth, height: picture.naturalHeight }, { bubbles: false }));
  picture.addEventListener("error", () => machine.trigger(self, "error", { errMsg: `GET ${picture.src} failed` }, { bubbles: false }));
  return {
    src: (src) => (src ? (picture.src = machine.resolve(src)) : picture.removeAttribute("src")),
    mode: (mode) => {
      picture.style.objectFit = FIT[mode] ?? "fill";
      host.dataset.mode = mode;
    },
    lazyLoad: (value) => (picture.loading = truthy(value) ? "lazy" : "eager"),
    alt: (text) => (picture.alt = text ?? ""),
  };
}

/** What a press of a button does besides being told: forms, and what only WeChat can open. */
function button(self, host, machine) {
  host.addEventListener("click", () => {
    const { formType, openType, disabled } = self.data;
    if (truthy(disabled)) return;
    const form = formType && around(host, "form");
    if (form) own(form).does[formType]?.();
    if (openType) machine.open(openType, self);
  });
  return {
    disabled: (value) => host.toggleAttribute("disabled", truthy(value)),
    type: (type) => (host.dataset.type = type),
    size: (size) => (host.dataset.size = size),
    plain: (value) => host.toggleAttribute("plain", truthy(value)),
    loading: (value) => host.toggleAttribute("loading", truthy(value)),
  };
}

function form(self, host, machine) {
  const fields = () => [...host.querySelectorAll("wx-input,wx-textarea,wx-switch")].map(own).filter((one) => one.data.name);
  self.does = {
    submit: () => {
      const value = Object.fromEntries(fields().map((one) => [one.data.name, one.does.value()]));
      machine.trigger(self, "submit", { value, formId: "" });
    },
    reset: () => {
      for (const one of fields()) one.does.clear();
      machine.trigger(self, "reset", {});
    },
  };
  return {};
}

function scrollView(self, host, machine) {
  let [low, top] = [false, 0];
  host.addEventListener("scroll", () => {
    const { scrollTop, scrollLeft, scrollHeight, scrollWidth, clientHeight, clientWidth } = host;
    machine.trigger(self, "scroll", { scrollTop, scrollLeft, scrollHeight, scrollWidth, deltaX: 0, deltaY: top - scrollTop }, { bubbles: false });
    const across = truthy(self.data.scrollX);
    const left = across ? scrollWidth - scrollLeft - clientWidth : scrollHeight - scrollTop - clientHeight;
    const near = left <= (Number(self.data.lowerThreshold) || 50);
    if (near && !low) machine.trigger(self, "scrolltolower", { direction: across ? "right" : "bottom" }, { bubbles: false });
    if (scrollTop <= 0 && top > 0) machine.trigger(self, "scrolltoupper", { direction: "top" }, { bubbles: false });
    [low, top] = [near, scrollTop];
  });
  return {
    scrollX: (value) => (host.style.overflowX = truthy(value) ? "auto" : "hidden"),
    scrollY: (value) => (host.style.overflowY = truthy(value) ? "auto" : "hidden"),
    scrollTop: (value) => frame(() => (host.scrollTop = Number(value) || 0)),
    scrollLeft: (value) => frame(() => (host.scrollLeft = Number(value) || 0)),
    scrollIntoView: (id) => id && frame(() => machine.byId(host, id)?.scrollIntoView({ block: "start", inline: "start" })),
    enableFlex: (value) => host.toggleAttribute("flex", truthy(value)),
  };
}

/** Panes beside each other; what is scrolled to is told when it stands still. */
function swiper(self, host, machine) {
  let shown = 0;
  const panes = () => [...host.querySelectorAll("wx-swiper-item")].filter((one) => around(one, "swiper") === host);
  const at = () => Math.round(truthy(self.data.vertical) ? host.scrollTop / host.clientHeight : host.scrollLeft / host.clientWidth);
  host.addEventListener("scrollend", () => {
    if (at() === shown || !host.clientWidth) return;
    shown = at();
    const detail = { current: shown, currentItemId: own(panes()[shown])?.data.itemId ?? "", source: "touch" };
    machine.trigger(self, "change", detail, { bubbles: false });
    machine.trigger(self, "animationfinish", detail, { bubbles: false });
  });
  return {
    current: (index) => frame(() => {
      if ((shown = Number(index) || 0) !== at()) panes()[shown]?.scrollIntoView({ block: "nearest", inline: "start" });
    }),
    vertical: (value) => host.toggleAttribute("vertical", truthy(value)),
  };
}

function label(self, host) {
  host.addEventListener("click", (event) => {
    if (event.target.closest("input,textarea")) return;
    const inside = host.querySelector("wx-checkbox>input,wx-radio>input,wx-switch>input,wx-input>input,wx-textarea>textarea");
    if (inside) inside.type === "checkbox" || inside.type === "radio" ? inside.click() : inside.focus();
  });
  return {};
}

function navigator(self, host, machine) {
  host.addEventListener("click", () => {
    const { url, openType, delta } = self.data;
    const way = { redirect: "redirectTo", switchTab: "switchTab", reLaunch: "reLaunch", navigateBack: "navigateBack" }[openType] ?? "navigateTo";
    machine.wx[way](way === "navigateBack" ? { delta: Number(delta) || 1 } : { url });
  });
  return {};
}

/** A choice from lists, a day or a time: shown by the machine as a sheet. */
function picker(self, host, machine) {
  host.addEventListener("click", async () => {
    if (truthy(self.data.disabled)) return;
    const value = await machine.pick(self.data);
    if (value === null) machine.trigger(self, "cancel", {}, { bubbles: false });
    else machine.trigger(self, "change", { value }, { bubbles: false });
  });
  return {};
}

/** Columns of a picker: each pane scrolls, the middle one is chosen. Here each is a list, and a press chooses. */
function pickerView(self, host, machine) {
  const columns = () => [...host.querySelectorAll("wx-picker-view-column")];
  const chosen = () => columns().map((one) => Number(one.dataset.at) || 0);
  host.addEventListener("click", (event) => {
    const column = event.target.closest("wx-picker-view-column");
    const at = column ? [...column.children].findIndex((one) => one.contains(event.target)) : -1;
    if (at < 0) return;
    machine.trigger(self, "pickstart", {}, { bubbles: false });
    column.dataset.at = String(at);
    machine.trigger(self, "change", { value: chosen() }, { bubbles: false });
    machine.trigger(self, "pickend", {}, { bubbles: false });
  });
  return { value: (value) => frame(() => columns().forEach((one, index) => (one.dataset.at = String(value?.[index] ?? 0)))) };
}

const plain = (properties = [], make = () => ({})) => ({ properties, make });
const line = () => Object.assign(document.createElement("input"), { type: "text" });

export const ELEMENTS = {
  "view": plain(HOVER),
  "text": plain(["selectable", "userSelect", "space", "decode"]),
  "image": plain(["src", "mode", "lazyLoad", "webp", "showMenuByLongpress", "alt"], image),
  "button": plain([...HOVER, "type", "size", "plain", "disabled", "loading", "formType", "openType", "lang", "sessionFrom", "sendMessageTitle", "sendMessagePath", "sendMessageImg", "appParameter", "showMessageCard", "phoneNumberNoQuotaToast"], button),
  "input": plain([...FIELD, ...CURSOR, "type", "password"], field(line)),
  "textarea": plain([...FIELD, ...CURSOR, "autoHeight", "autoFocus", "fixed", "showConfirmBar", "disableDefaultPadding"], field(() => document.createElement("textarea"))),
  "scroll-view": plain(["scrollX", "scrollY", "scrollTop", "scrollLeft", "scrollIntoView", "scrollWithAnimation", "upperThreshold", "lowerThreshold", "enableFlex", "enhanced", "showScrollbar", "bounces", "enableBackToTop", "scrollAnchoring", "pagingEnabled"], scrollView),
  "swiper": plain(["current", "currentItemId", "autoplay", "interval", "duration", "circular", "vertical", "indicatorDots", "indicatorColor", "indicatorActiveColor", "previousMargin", "nextMargin", "displayMultipleItems", "snapToEdge", "easingFunction"], swiper),
  "swiper-item": plain(["itemId", "skipHiddenItemLayout"]),
  "switch": plain(["name", "checked", "disabled", "type", "color"], choice("checkbox")),
  "checkbox": plain(["value", "checked", "disabled", "color"], choice("checkbox", "checkbox-group")),
  "checkbox-group": plain(["name"]),
  "radio": plain(["value", "checked", "disabled", "color"], choice("radio", "radio-group")),
  "radio-group": plain(["name"]),
  "form": plain(["reportSubmit"], form),
  "label": plain(["for"], label),
  "navigator": plain([...HOVER, "url", "openType", "delta", "target"], navigator),
  "picker": plain(["mode", "range", "rangeKey", "value", "start", "end", "fields", "disabled", "headerText", "customItem", "level"], picker),
  "picker-view": plain(["value", "indicatorStyle", "indicatorClass", "maskStyle", "maskClass", "immediateChange"], pickerView),
  "picker-view-column": plain(),
  "root-portal": plain(["enable"]),
  "page-meta": plain(["backgroundTextStyle", "backgroundColor", "rootFontSize", "rootBackgroundColor", "pageStyle", "pageFontSize", "pageOrientation", "scrollTop", "scrollDuration"]),
};

/** What every element takes. Those of accessibility stand on the host, so that a test finds them as a reader does. */
export const COMMON = ["hidden", "role", "lang", "ariaRole", "ariaLabel", "ariaBusy", "ariaHidden", "ariaChecked", "ariaSelected", "ariaExpanded", "ariaDisabled", "ariaCurrent", "ariaLive", "ariaModal", "ariaPressed", "ariaDescribedby", "ariaLabelledby", "ariaValuenow", "ariaValuemin", "ariaValuemax", "ariaInvalid"];

export function common(host, name, value) {
  if (name === "hidden") return void host.toggleAttribute("hidden", truthy(value));
  const attribute = name === "ariaRole" ? "role" : name.replace(/^aria(.)/, (_, letter) => `aria-${letter.toLowerCase()}`);
  if (value === undefined || value === null || value === "") host.removeAttribute(attribute);
  else host.setAttribute(attribute, String(value));
  return undefined;
}
