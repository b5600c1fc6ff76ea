// Classes of IP addresses: the internet, somebody's own network, or a cloud's metadata service.
import { BlockList, isIPv4, isIPv6 } from "node:net";

export type AddressClass =
  /** Of the internet. */
  | "public"
  /** Of this machine or a private network. */
  | "private"
  /** Link-local, where metadata services give credentials to whoever asks, and those services' other addresses. */
  | "metadata"
  /** Multicast, unspecified, documentation, reserved: no server there. */
  | "reserved";

const tableOf = (family: "ipv4" | "ipv6", ranges: readonly string[]): ((address: string) => boolean) => {
  const list = new BlockList();
  for (const range of ranges) {
    const [network = "", bits = ""] = range.split("/");
    list.addSubnet(network, Number(bits), family);
  }
  return (address) => list.check(address, family);
};

// https://www.iana.org/assignments/iana-ipv4-special-registry/
const metadata4 = tableOf("ipv4", [
  "169.254.0.0/16",
  // Azure's host agent: https://learn.microsoft.com/azure/virtual-network/what-is-ip-address-168-63-129-16
  "168.63.129.16/32",
  // Alibaba Cloud, inside the range of carrier-grade NAT: https://www.alibabacloud.com/help/en/ecs/user-guide/view-instance-metadata
  "100.100.100.200/32",
]);
const private4 = tableOf("ipv4", [
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "172.16.0.0/12",
  "192.168.0.0/16",
  "198.18.0.0/15",
]);
const reserved4 = tableOf("ipv4", [
  "0.0.0.0/8",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
]);

// Inside the unique local addresses, AWS, Google and Oracle keep metadata services.
// https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
// https://cloud.google.com/compute/docs/metadata/querying-metadata
// https://docs.oracle.com/iaas/Content/Compute/Tasks/gettingmetadata.htm
const metadata6 = tableOf("ipv6", ["fe80::/10", "fd00:ec2::/32", "fd20:ce::/32", "fd00:c1::/32"]);
const private6 = tableOf("ipv6", ["::1/128", "fc00::/7", "fec0::/10"]);
// https://www.iana.org/assignments/iana-ipv6-special-registry/: public is what was given out for use, less the exceptions.
const global6 = tableOf("ipv6", ["2000::/3"]);
const reserved6 = tableOf("ipv6", ["2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"]);
// An IPv4 address inside: mapped (RFC 4291 section 2.5.5.2), and NAT64 (RFC 6052), which is how hosts with IPv6 only
// reach the IPv4 internet.
const embedding6 = tableOf("ipv6", ["::ffff:0:0/96", "64:ff9b::/96"]);

/** What is no IP address counts as reserved. */
export function addressClass(text: string): AddressClass {
  // A zone (`fe80::1%eth0`, RFC 4007) says by which interface, not whom.
  const [address = ""] = text.split("%");
  if (isIPv4(address)) return class4(address);
  if (!isIPv6(address)) return "reserved";
  if (embedding6(address)) return class4(lastFourBytes(address));
  if (metadata6(address)) return "metadata";
  if (private6(address)) return "private";
  return global6(address) && !reserved6(address) ? "public" : "reserved";
}

function class4(address: string): AddressClass {
  if (metadata4(address)) return "metadata";
  if (private4(address)) return "private";
  return reserved4(address) ? "reserved" : "public";
}

/** The last 32 bits of an IPv6 address, as an IPv4 address. */
function lastFourBytes(address: string): string {
  // A URL spells every IPv6 address in hexadecimal groups: https://url.spec.whatwg.org/#concept-ipv6-serializer
  const groups = new URL(`http://[${address}]`).hostname.slice(1, -1).split(":");
  const [high, low] = groups.slice(-2).map((group) => Number.parseInt(group || "0", 16));
  return [(high ?? 0) >> 8, (high ?? 0) & 255, (low ?? 0) >> 8, (low ?? 0) & 255].join(".");
}
