import { pair } from "./pair";

export const me = pair({
  zh: {
    privacy: {
      title: "使用前请知悉",
      identity: "海关要求以订购人的真实身份申报跨境商品，因此需要您的姓名和身份证号码，仅用于核验、申报与统计年度额度，加密保存。",
      address: "为填写收货信息，将读取您在微信中选择的一个收货地址（姓名、电话、地址），仅用于配送和申报。",
      phone: "为联系您并随订单申报，将取得微信绑定的手机号，加密保存，您可以随时删除。",
      pictures: "为说明商品问题，将读取您选择的照片。照片中的位置与设备信息会被去除，加密保存。",
      then: "继续后，微信可能会请您同意《用户隐私保护指引》。不同意也可以继续浏览，或手动填写。",
      guide: "查看隐私政策与各项同意",
      yes: "知道了，继续",
      no: "暂不",
    },
  },
  en: {
    privacy: {
      title: "Before you go on",
      identity:
        "Customs wants cross-border goods declared in the orderer's true identity. So we need your name and identity number: to verify, to declare and to count your yearly allowance, kept encrypted.",
      address: "To fill in where to deliver, one address that you choose in WeChat is read (name, phone, address), for delivery and declaration alone.",
      phone: "To reach you and to declare with the order, the phone number bound to your WeChat is taken. It is kept encrypted, and you can remove it at any time.",
      pictures: "To show what is wrong with goods, the photos that you choose are read. Place and device are removed from them, and they are kept encrypted.",
      then: "WeChat may then ask you to agree to its privacy guide. If you would rather not, you can go on browsing, or type it in.",
      guide: "Privacy policy and consents",
      yes: "I see, go on",
      no: "Not now",
    },
  },
});
