/**
 * Styles as WeChat reads them: 750rpx are the width, element names are WeChat's own, and each class carries a mark
 * (SCOPE) in whose place main.mjs puts the name of the component's scope, or nothing where styles are shared.
 */
export const SCOPE = "\u0001";
const ROUND = 1000;

export const rpx = (text) => text.replace(/(-?\d*\.?\d+)rpx\b/g, (_, n) => `${Math.round((Number(n) / 7.5) * ROUND) / ROUND}vw`);

/** The text of a style sheet with what it imports, its selectors marked. */
export function css(path, read) {
  const whole = read(path)
    .replace(/\/\*[\s\S]*?\*\//g, "")
    .replace(/@import\s+["']([^"']+)["'];?/g, (_, other) => css(new URL(other, `file:///${path}`).pathname.slice(1), read));
  return rpx(rules(whole));
}

function rules(text) {
  let made = "";
  let at = 0;
  while (at < text.length) {
    const open = find(text, at, "{;");
    if (open < 0 || text[open] === ";") {
      made += text.slice(at, open < 0 ? undefined : open + 1);
      if (open < 0) break;
      at = open + 1;
      continue;
    }
    const close = end(text, open);
    const [before, inside] = [text.slice(at, open).trim(), text.slice(open + 1, close)];
    if (/^@(media|supports|layer|container)/.test(before)) made += `${before}{${rules(inside)}}`;
    else made += `${before.startsWith("@") ? before : selector(before)}{${inside}}`;
    at = close + 1;
  }
  return made;
}

/** `view .wide:host` as the browser finds it. Attribute values and what is quoted stay as they are. */
function selector(text) {
  return text
    .split(/(\[[^\]]*\]|"[^"]*"|'[^']*')/)
    .map((part, odd) =>
      odd % 2 ? part : part.replace(/:host/g, `[wx-host="${SCOPE}"]`).replace(/([.#:]?)(::?)?((?:\\.|[\w-])+)/g, name))
    .join("");
}

function name(all, kind, colons, word) {
  if (kind === ".") return `.${SCOPE}${word}`;
  if (kind || colons || !/^[a-z]/.test(word) || /^(odd|even|n)$/.test(word)) return all;
  return `wx-${word}`;
}

function find(text, from, wanted) {
  let depth = 0;
  for (let at = from; at < text.length; at++) {
    const one = text[at];
    if (one === '"' || one === "'") at = quoted(text, at);
    else if (one === "(") depth++;
    else if (one === ")") depth--;
    else if (!depth && wanted.includes(one)) return at;
  }
  return -1;
}

function end(text, open) {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    const one = text[at];
    if (one === '"' || one === "'") at = quoted(text, at);
    else if (one === "{") depth++;
    else if (one === "}" && --depth === 0) return at;
  }
  return text.length;
}

function quoted(text, from) {
  for (let at = from + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === text[from]) return at;
  }
  return text.length;
}
