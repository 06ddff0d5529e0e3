/** Money and days as people read them. Amounts are integer fen; days of the law are days in Shanghai. */
import { language } from "@/words";

/** `¥1,234.50` of 123450 fen. */
export function yuan(fen: number): string {
  const sign = fen < 0 ? "−" : "";
  const [whole, cents] = [Math.floor(Math.abs(fen) / 100), Math.abs(fen) % 100];
  return `${sign}¥${String(whole).replace(/\B(?=(\d{3})+$)/g, ",")}.${String(cents).padStart(2, "0")}`;
}

const SHANGHAI = 8 * 3_600_000;
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** An ISO instant as the day in Shanghai: 11月28日, 28 Nov; of another year with the year. */
export function day(instant: string | null | undefined): string {
  if (!instant) return "";
  const at = /T/.test(instant) ? new Date(Date.parse(instant) + SHANGHAI) : new Date(`${instant}T00:00:00Z`);
  const [y, m, d] = [at.getUTCFullYear(), at.getUTCMonth(), at.getUTCDate()];
  const same = y === new Date(Date.now() + SHANGHAI).getUTCFullYear();
  if (language() === "en") return `${d} ${MONTHS[m]}${same ? "" : ` ${y}`}`;
  return `${same ? "" : `${y}年`}${m + 1}月${d}日`;
}

/** Day and minute in Shanghai. */
export function moment(instant: string | null | undefined): string {
  if (!instant) return "";
  const at = new Date(Date.parse(instant) + SHANGHAI);
  return `${day(instant)} ${String(at.getUTCHours()).padStart(2, "0")}:${String(at.getUTCMinutes()).padStart(2, "0")}`;
}

/** What is left until an instant: `29:05`, or `3 天 4 小时` from a day on. Empty when it has passed. */
export function remaining(instant: string, now: number): string {
  const seconds = Math.floor((Date.parse(instant) - now) / 1000);
  if (seconds <= 0) return "";
  const [days, hours] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600)];
  if (days >= 1) return language() === "en" ? `${days} d ${hours % 24} h` : `${days} 天 ${hours % 24} 小时`;
  const clock = [hours, Math.floor(seconds / 60) % 60, seconds % 60].map((one) => String(one).padStart(2, "0"));
  return (hours ? clock : clock.slice(1)).join(":");
}
