/** Networks of addresses, as `10.0.0.0/8`. */
import { BlockList, isIP } from "node:net";

/**
 * What nobody is to be called at who only says where he is: this link, where the cloud's own services answer; no address at
 * all; groups.
 */
const NEVER = listOf([
  "0.0.0.0/8",
  "169.254.0.0/16",
  "224.0.0.0/3",
  "::/128",
  "64:ff9b::a9fe:0/112",
  "fd00:ec2::254/128",
  "fe80::/10",
  "ff00::/8",
]);

/** An allow-list. */
export class Networks {
  readonly #list: BlockList;

  private constructor(list: BlockList) {
    this.#list = list;
  }

  /** Networks separated by commas; undefined where one of them is none. */
  static parse(text: string): Networks | undefined {
    const list = listOf(text.split(",").map((network) => network.trim()));
    return list && new Networks(list);
  }

  /** Whether an address is in one of them. One of IPv4 in the clothes of IPv6 is what it is. */
  has(address: string): boolean {
    const family = isIP(address);
    if (family === 0 || address.includes("%")) return false;
    const kind = family === 4 ? "ipv4" : "ipv6";
    return this.#list.check(address, kind) && NEVER?.check(address, kind) === false;
  }
}

function listOf(networks: readonly string[]): BlockList | undefined {
  const list = new BlockList();
  for (const network of networks) {
    const [, address = "", bits = ""] = /^([0-9a-f:.]+)\/(\d{1,3})$/i.exec(network) ?? [];
    const family = isIP(address);
    if (family === 0 || Number(bits) > (family === 4 ? 32 : 128)) return undefined;
    list.addSubnet(address, Number(bits), family === 4 ? "ipv4" : "ipv6");
  }
  return list;
}
