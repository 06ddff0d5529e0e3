/**
 * The law by name. A citation is Chinese, as the law is; whoever reads English is told what it is, with the Chinese
 * beside it, by which it can be looked up. Every document of the house's figures has its title here, and a test looks.
 */
import { language } from "@/words";

const TITLES: Record<string, string> = {
  "个人信息保护法": "Personal Information Protection Law",
  "中华人民共和国个人信息保护法": "Personal Information Protection Law",
  "中华人民共和国消费者权益保护法": "Consumer Rights Protection Law",
  "中华人民共和国消费者权益保护法实施条例": "Regulations on the Consumer Rights Protection Law",
  "中华人民共和国未成年人保护法": "Law on the Protection of Minors",
  "中华人民共和国增值税法": "Value-Added Tax Law",
  "中华人民共和国关税法": "Customs Tariff Law",
  "中华人民共和国进出口税则": "Import and Export Tariff",
  "增值税暂行条例": "Interim Regulations on Value-Added Tax",
  "行政处罚法": "Law on Administrative Penalties",
  "网络安全法": "Cybersecurity Law",
  "网络数据安全管理条例": "Regulations on Network Data Security",
  "国家网络安全事件报告管理办法": "Measures for Reporting Cybersecurity Incidents",
  "网络购买商品七日无理由退货暂行办法": "Interim Measures for Returning Goods Bought Online within Seven Days",
  "支付机构外汇业务管理办法": "Measures for Foreign Exchange by Payment Institutions",
  "商财发〔2018〕486号": "Notice of the Ministry of Commerce and others on cross-border retail imports, 2018",
  "财关税〔2016〕18号": "Notice of the Ministry of Finance and others on the tax of cross-border retail imports, 2016",
  "财关税〔2018〕49号": "Notice of the Ministry of Finance and others on the tax of cross-border retail imports, 2018",
  "财税〔2017〕37号": "Notice of the Ministry of Finance and others on VAT rates, 2017",
  "财税〔2018〕32号": "Notice of the Ministry of Finance and others on VAT rates, 2018",
  "财政部 税务总局 海关总署公告2019年第39号": "Announcement of the Ministry of Finance and others on VAT, No. 39 of 2019",
  "财政部 海关总署 税务总局公告2026年第16号": "Announcement of the Ministry of Finance and others, No. 16 of 2026",
  "财政部等13部门公告2019年第96号": "Announcement of 13 authorities on the positive list, No. 96 of 2019",
  "财政部等8部门公告2022年第7号": "Announcement of 8 authorities on the positive list, No. 7 of 2022",
  "财政部《跨境电子商务零售进口商品清单》有关商品备注的说明": "The Ministry of Finance on remarks of the positive list",
  "国务院关税税则委员会公告2025年第10号": "Announcement of the Customs Tariff Commission, No. 10 of 2025",
  "海关总署公告2016年第75号": "Customs announcement No. 75 of 2016",
  "海关总署公告2018年第165号、第179号": "Customs announcements No. 165 and 179 of 2018",
  "海关总署公告2018年第194号": "Customs announcement No. 194 of 2018",
  "海关总署公告2020年第44号": "Customs announcement No. 44 of 2020",
  "海关总署公告2020年第45号": "Customs announcement No. 45 of 2020",
  "农业农村部 海关总署公告第470号": "Announcement of the Ministry of Agriculture and Customs, No. 470",
  "市场监管总局 商务部公告2026年第1号": "Announcement of the Market Regulator and the Ministry of Commerce, No. 1 of 2026",
  "微信支付消费者投诉处理要求": "WeChat Pay on consumers' complaints",
  "微信小程序交易投诉处理规范": "WeChat on complaints about mini-programs",
  "GB 11643-1999": "Standard of citizen identity numbers",
};
const HOUSE = "平台内部控制规则";
const DIGITS = "零一二三四五六七八九";

/** A citation as whoever reads is told it. */
export function cited(citation: string): string {
  if (language() !== "en" || !citation) return citation;
  if (citation.startsWith(HOUSE)) return "This platform's own rules";
  const names = Object.keys(TITLES).filter((one) => citation.startsWith(one));
  const title = TITLES[names.sort((one, other) => other.length - one.length)[0] ?? ""];
  if (!title) return citation;
  const [chinese = ""] = citation.split(/[：；]/);
  const articles = [...chinese.matchAll(/第([零一二三四五六七八九十百]+)条/g)].map(([, said]) => number(said ?? ""));
  const where = articles.length ? `, art. ${articles.join(", ")}` : "";
  return `${title}${where} (${chinese})`;
}

/** 二十五 → 25. */
function number(said: string): number {
  let sum = 0;
  let digit = 0;
  for (const one of said) {
    const ten = { 十: 10, 百: 100 }[one];
    if (ten) sum += (digit || 1) * ten;
    digit = ten ? 0 : DIGITS.indexOf(one);
  }
  return sum + digit;
}
