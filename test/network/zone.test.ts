import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { covers, isWithin, readDomainName, reversedAddress, reverseName } from "../../network/domainName.ts";
import { formatIp, ip, isIpv4 } from "../../network/ip.ts";
import { OutsideNames } from "../../network/outsideNames.ts";
import { lookUp, type Records, type Zone } from "../../network/zone.ts";

const zone = (domain: string, names: Readonly<Record<string, Records>>): Zone => ({
  domain,
  of: domain || "root",
  find: (name) => names[name],
});

const root = zone("", {
  "www.example.com": { A: ["203.0.113.9"], TXT: ["hello"] },
  "six.example.com": { A: ["203.0.113.9"], AAAA: ["2001:db8::9"] },
  "example.com": { A: ["203.0.113.1"] },
});

describe("names", () => {
  test.each([
    ["WWW.Example.com.", "www.example.com"],
    ["_vpce.example.com", "_vpce.example.com"],
    ["*.example.com", "*.example.com"],
    ["localhost", "localhost"],
    [`${"a".repeat(63)}.com`, `${"a".repeat(63)}.com`],
  ])("%s is read", (text, name) => expect(readDomainName(text)).toBe(name));

  test.each(["", ".", "*", "a..b", "-a.com", "a-.com", "a b", "a.*.com", `${"a".repeat(64)}.com`, "ä.com"])(
    "%j is none",
    (text) => expect(readDomainName(text)).toBeUndefined(),
  );

  test("none is longer than 253 letters", () => {
    const long = `${"a".repeat(62)}.`.repeat(4);
    expect(readDomainName(`${long}b`)).toBe(`${long}b`);
    expect(readDomainName(`${long}bc`)).toBeUndefined();
  });

  test("a domain has itself and what is below it", () => {
    expect(isWithin("example.com", "example.com")).toBe(true);
    expect(isWithin("www.example.com", "example.com")).toBe(true);
    expect(isWithin("wwwexample.com", "example.com")).toBe(false);
    expect(isWithin("com", "example.com")).toBe(false);
    expect(covers("*.example.com", "a.b.example.com")).toBe(true);
    expect(covers("*.example.com", "example.com")).toBe(false);
  });

  test("an address is asked for backwards, and read back", () => {
    expect(reverseName(ip("10.1.2.3"))).toBe("3.2.1.10.in-addr.arpa");
    expect(reverseName(ip("2001:db8::1"))).toBe(
      "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa",
    );
    const address = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
    fc.assert(
      fc.property(address, (each) => isIpv4(each) && reversedAddress(reverseName(each)) === each),
      { seed: 4 },
    );
    for (const none of [
      "in-addr.arpa",
      "1.2.3.in-addr.arpa",
      "01.2.3.4.in-addr.arpa",
      "1.2.3.400.in-addr.arpa",
    ])
      expect(reversedAddress(none)).toBeUndefined();
  });
});

describe("what is learned by a name", () => {
  test("its records, that it has none of the type, that it is not there", () => {
    expect(lookUp([root], "www.example.com", "A")).toMatchObject({
      finding: "RECORD",
      values: ["203.0.113.9"],
    });
    expect(lookUp([root], "www.example.com", "AAAA")).toMatchObject({ finding: "NO_SUCH_TYPE", values: [] });
    expect(lookUp([root], "x.example.com", "A")).toMatchObject({ finding: "NO_SUCH_NAME", values: [] });
  });

  test("the most specific zone answers, also for what it does not have", () => {
    const own = zone("example.com", { "api.example.com": { A: ["10.0.0.5"] } });
    for (const zones of [
      [root, own],
      [own, root],
    ]) {
      expect(lookUp(zones, "api.example.com", "A")).toMatchObject({ values: ["10.0.0.5"], zone: own });
      expect(lookUp(zones, "www.example.com", "A")).toMatchObject({ finding: "NO_SUCH_NAME", zone: own });
    }
  });

  test("of two zones of a domain, the one that has the name", () => {
    const [one, other] = [
      zone("example.com", {}),
      zone("example.com", { "example.com": { A: ["10.0.0.6"] } }),
    ];
    expect(lookUp([root, one, other], "example.com", "A")).toMatchObject({
      values: ["10.0.0.6"],
      zone: other,
    });
  });

  test("DNS64 makes IPv6 addresses of IPv4 ones, where there are no others", () => {
    expect(lookUp([root], "www.example.com", "AAAA", true)).toMatchObject({
      finding: "SYNTHESIZED",
      values: ["64:ff9b::cb00:7109"],
    });
    expect(lookUp([root], "six.example.com", "AAAA", true)).toMatchObject({ values: ["2001:db8::9"] });
    expect(lookUp([root], "www.example.com", "A", true)).toMatchObject({ values: ["203.0.113.9"] });
    expect(lookUp([root], "x.example.com", "AAAA", true)).toMatchObject({ finding: "NO_SUCH_NAME" });
  });

  test("without a root, there are names that nobody answers for", () => {
    expect(() => lookUp([zone("example.com", {})], "example.org", "A")).toThrow(RangeError);
  });
});

test("records of names on the internet are put, replaced and taken away; of several that cover a name the longest counts", () => {
  const names = new OutsideNames();
  const far = formatIp(ip("203.0.113.9"));
  names.put("*.com", "A", ["203.0.113.1"]);
  names.put("*.example.com", "A", [far]);
  names.put("www.example.com", "TXT", ["a", "b"]);
  expect(names.find("x.example.com")).toEqual({ A: [far] });
  expect(names.find("x.y.example.com")).toEqual({ A: [far] });
  expect(names.find("x.com")).toEqual({ A: ["203.0.113.1"] });
  for (const none of ["com", "xcom", "x.notcom"]) expect(names.find(none)).toBeUndefined();
  expect(names.find("www.example.com")).toEqual({ TXT: ["a", "b"] });
  names.put("www.example.com", "A", ["203.0.113.3"]);
  names.put("www.example.com", "TXT", []);
  expect(names.find("www.example.com")).toEqual({ TXT: [], A: ["203.0.113.3"] });
  names.put("www.example.com", "A", []);
  expect(names.find("www.example.com")).toEqual({ A: [far] });
  expect(names.find("example.org")).toBeUndefined();
});
