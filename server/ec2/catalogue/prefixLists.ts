import { createHash } from "node:crypto";
import { block, type Block } from "../../../network/ip.ts";
import { regions } from "./regions.ts";

/** A list of the addresses of one of AWS's services, which AWS keeps. */
export interface AwsPrefixList {
  readonly id: string;
  /** `com.amazonaws.us-east-1.s3` */
  readonly name: string;
  readonly family: "IPv4" | "IPv6";
  /** How many rules or routes it counts as. */
  readonly weight: number;
  readonly cidrs: readonly string[];
  readonly blocks: readonly Block[];
  /** Whether a gateway endpoint leads there; DescribePrefixLists shows these alone. */
  readonly gateway: boolean;
}

/** Ids that are known; AWS gives some ids twice, in two regions, and these are left out. */
const KNOWN: Readonly<Record<string, string>> = {
  "com.amazonaws.us-east-1.s3": "pl-63a5400a",
  "com.amazonaws.us-east-1.dynamodb": "pl-02cd2c6b",
  "com.amazonaws.us-east-2.s3": "pl-7ba54012",
  "com.amazonaws.us-east-2.dynamodb": "pl-4ca54025",
  "com.amazonaws.us-west-2.s3": "pl-68a54001",
  "com.amazonaws.us-west-2.dynamodb": "pl-00a54069",
  "com.amazonaws.eu-west-1.s3": "pl-6da54004",
  "com.amazonaws.eu-north-1.s3": "pl-c3aa4faa",
  "com.amazonaws.eu-north-1.dynamodb": "pl-adae4bc4",
  "com.amazonaws.ca-central-1.dynamodb": "pl-4ea54027",
  "com.amazonaws.eu-central-1.dynamodb": "pl-66a5400f",
  "com.amazonaws.ap-northeast-1.s3": "pl-61a54008",
};

const idOf = (region: string, name: string): string =>
  KNOWN[name] ?? `pl-0${createHash("sha256").update(`${region}/${name}`).digest("hex").slice(0, 16)}`;

/**
 * The lists of a region. Names and weights are AWS's; the addresses are of the ranges that the services have, cut so
 * that each region has some of its own.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/working-with-aws-managed-prefix-lists.html
 */
function make(region: string, index: number): AwsPrefixList[] {
  const list = (name: string, weight: number, cidrs: readonly string[], gateway = false): AwsPrefixList => ({
    id: idOf(region, name),
    name,
    family: cidrs.some((cidr) => cidr.includes(":")) ? "IPv6" : "IPv4",
    weight,
    cidrs,
    blocks: cidrs.map(block),
    gateway,
  });
  const own = `com.amazonaws.${region}`;
  return [
    list(`${own}.s3`, 1, [`3.5.${index * 4}.0/22`, `52.216.${index * 4}.0/22`], true),
    list(`${own}.s3express`, 6, [`18.34.${index}.0/24`], true),
    list(`${own}.dynamodb`, 1, [`52.94.${index}.0/24`, `52.119.${index}.0/24`], true),
    list(`${own}.ec2-instance-connect`, 2, [`18.206.107.${index * 4}/30`]),
    list(`${own}.ipv6.ec2-instance-connect`, 2, [`2600:1f70:${(0x8000 + index).toString(16)}::/56`]),
    list(`${own}.vpc-lattice`, 10, ["169.254.171.0/24"]),
    list(`${own}.ipv6.vpc-lattice`, 10, ["fd00:ec2:80::/64"]),
    list("com.amazonaws.global.cloudfront.origin-facing", 55, ["130.176.0.0/16", "15.158.0.0/16"]),
  ];
}

const byRegion = new Map([...regions.keys()].map((region, index) => [region, make(region, index)]));

/** The lists that AWS keeps in a region. */
export const awsPrefixLists = (region: string): readonly AwsPrefixList[] => byRegion.get(region) ?? [];

export const awsPrefixList = (region: string, id: string): AwsPrefixList | undefined =>
  awsPrefixLists(region).find((list) => list.id === id);
