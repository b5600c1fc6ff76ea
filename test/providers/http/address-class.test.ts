// Tests that every special range of addresses is told from the internet, in each spelling.
import { describe, expect, it } from "vitest";
import { addressClass, type AddressClass } from "../../../src/providers/http/address-class.ts";

const samples: Readonly<Record<AddressClass, readonly string[]>> = {
  public: [
    "1.1.1.1",
    "52.94.236.248",
    "172.15.255.255",
    "172.32.0.1",
    "100.128.0.1",
    "2606:4700::1111",
    "2a00:1450::1",
  ],
  private: ["127.0.0.1", "127.255.0.9", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "::1"],
  metadata: [
    "169.254.169.254",
    "169.254.170.2",
    "169.254.170.23",
    "168.63.129.16",
    "100.100.100.200",
    "fe80::1",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "fd00:ec2::23",
    "fd20:ce::254",
  ],
  reserved: [
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.0.192",
    "::",
    "ff02::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "64:ff9b:1::1",
    "not an address",
    "",
  ],
};

describe.for(Object.entries(samples))("%s", ([name, addresses]) => {
  it.for(addresses)("%s", (address) => {
    expect(addressClass(address)).toBe(name);
  });
});

it("unique local addresses are private", () => {
  expect(addressClass("fc00::1")).toBe("private");
  expect(addressClass("fd12:3456::1")).toBe("private");
});

it.for([
  ["::ffff:127.0.0.1", "private"],
  ["::ffff:7f00:1", "private"],
  ["::FFFF:A9FE:A9FE", "metadata"],
  ["::ffff:1.1.1.1", "public"],
  ["::ffff:0.0.0.0", "reserved"],
  ["64:ff9b::10.0.0.1", "private"],
  ["64:ff9b::a9fe:a9fe", "metadata"],
  ["64:ff9b::8.8.8.8", "public"],
  ["64:ff9b::1", "reserved"],
] as const)("the IPv4 address inside %s decides: %s", ([address, expected]) => {
  expect(addressClass(address)).toBe(expected);
});
