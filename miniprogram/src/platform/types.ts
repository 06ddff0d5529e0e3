/**
 * What a page may ask of the machine it runs on. `wx.ts` answers in WeChat, `h5.ts` in a browser beside the sandbox;
 * the build takes one of them and leaves the other out.
 */

/** What `wx.requestPayment` takes, as POST orders/{number}/payment gives it. */
export interface PaymentParameters {
  timeStamp: string;
  nonceStr: string;
  package: string;
  signType: "RSA";
  paySign: string;
}

/** How the payment sheet was left. Whether money was paid is known to the server alone. */
export type SheetLeft = "done" | "cancelled" | "failed";

/** What the user answered to a subscription prompt, template by template. */
export type Answer = "accept" | "reject" | "ban" | "filter";

/** An address as WeChat keeps it: divisions by name, not by our codes. */
export interface KeptAddress {
  name: string;
  phone: string;
  divisions: [province: string, city: string, county: string];
  street: string;
}

export interface Platform {
  /** Where the API is; empty: where the page came from. */
  readonly base: string;
  /** The appid under which everything is asked. */
  appid(): string;
  /** A code of wx.login, good once. Throws when WeChat gives none. */
  login(): Promise<string>;
  /** Opens the payment sheet; comes back when it is closed. */
  pay(parameters: PaymentParameters, says: string): Promise<SheetLeft>;
  /** Asks whether messages may be sent, once each; empty when the sheet was dismissed. */
  subscribe(templates: readonly string[]): Promise<Record<string, Answer>>;
  /** Reads a code by the camera; null when left. */
  scan(): Promise<string | null>;
  /** The code behind a telephone number that the user agreed to give; null when refused. In WeChat only a button of
   *  `open-type="getPhoneNumber"` can ask: its event is handed in. */
  phone(event?: { detail?: { code?: string } }): Promise<string | null>;
  /** Only a button of `open-type="getPhoneNumber"` can ask for the telephone number. */
  readonly phoneByButton: boolean;
  /** One of the addresses that the user keeps with the machine; null when left. */
  chooseAddress(): Promise<KeptAddress | null>;
  /** Resolves once the user has agreed to WeChat's privacy guide, where it is asked for; false when refused. */
  privacy(): Promise<boolean>;
  /** A page has shown what it was asked for: what comes next may be fetched. */
  shown(): void;
  /** How much larger than usual the user wants letters, 1 to 1.4. */
  type(): number;
  /** A word that tells this device from the user's others, kept on it. */
  device(): string;
  /** The bytes of a file as something the user can keep. */
  keep(bytes: ArrayBuffer, name: string): Promise<void>;
}
