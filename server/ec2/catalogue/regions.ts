import type { Region as SdkRegion } from "@aws-sdk/client-ec2";

/** A region of the commercial partition. */
export type Region = {
  readonly name: string;
  /** As AWS prints it: "US East (N. Virginia)". */
  readonly longName: string;
  /** What its zone ids begin with: `use1` of `use1-az6`. */
  readonly zoneIdPrefix: string;
  /** Letter of each zone's name and number of its id, in the order of the letters. */
  readonly zones: readonly { readonly letter: string; readonly id: number }[];
  /** Off until an account turns it on: all regions that opened after 20 March 2019. */
  readonly optIn: boolean;
  /** Country or area, and state where EC2 names one. */
  readonly geography: string;
  readonly subGeography: string | undefined;
};

/**
 * Name, prefix of zone ids, zones (`a6` is the zone with letter a and id az6), whether an account must opt in, long
 * name, geography. Real EC2 maps letters to ids anew for each older account; in islet all accounts share this one.
 * @see https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-regions.html
 * @see https://docs.aws.amazon.com/global-infrastructure/latest/regions/aws-availability-zones.html
 */
const table = `
af-south-1     | afs1  | a1 b2 c3          | opt-in  | Africa (Cape Town)        | South Africa
ap-east-1      | ape1  | a1 b2 c3          | opt-in  | Asia Pacific (Hong Kong)  | Hong Kong
ap-east-2      | ape2  | a1 b2 c3          | opt-in  | Asia Pacific (Taipei)     | Taiwan
ap-northeast-1 | apne1 | a4 c1 d2          | default | Asia Pacific (Tokyo)      | Japan
ap-northeast-2 | apne2 | a1 b2 c3 d4       | default | Asia Pacific (Seoul)      | South Korea
ap-northeast-3 | apne3 | a1 b2 c3          | default | Asia Pacific (Osaka)      | Japan
ap-south-1     | aps1  | a1 b3 c2          | default | Asia Pacific (Mumbai)     | India
ap-south-2     | aps2  | a1 b2 c3          | opt-in  | Asia Pacific (Hyderabad)  | India
ap-southeast-1 | apse1 | a1 b2 c3          | default | Asia Pacific (Singapore)  | Singapore
ap-southeast-2 | apse2 | a1 b3 c2          | default | Asia Pacific (Sydney)     | Australia
ap-southeast-3 | apse3 | a1 b2 c3          | opt-in  | Asia Pacific (Jakarta)    | Indonesia
ap-southeast-4 | apse4 | a1 b2 c3          | opt-in  | Asia Pacific (Melbourne)  | Australia
ap-southeast-5 | apse5 | a1 b2 c3          | opt-in  | Asia Pacific (Malaysia)   | Malaysia
ap-southeast-6 | apse6 | a1 b2 c3          | opt-in  | Asia Pacific (New Zealand)| New Zealand
ap-southeast-7 | apse7 | a1 b2 c3          | opt-in  | Asia Pacific (Thailand)   | Thailand
ca-central-1   | cac1  | a1 b2 d4          | default | Canada (Central)          | Canada
ca-west-1      | caw1  | a1 b2 c3          | opt-in  | Canada West (Calgary)     | Canada
eu-central-1   | euc1  | a1 b2 c3          | default | Europe (Frankfurt)        | Germany
eu-central-2   | euc2  | a1 b2 c3          | opt-in  | Europe (Zurich)           | Switzerland
eu-north-1     | eun1  | a1 b2 c3          | default | Europe (Stockholm)        | Sweden
eu-south-1     | eus1  | a1 b2 c3          | opt-in  | Europe (Milan)            | Italy
eu-south-2     | eus2  | a1 b2 c3          | opt-in  | Europe (Spain)            | Spain
eu-west-1      | euw1  | a3 b1 c2          | default | Europe (Ireland)          | Ireland
eu-west-2      | euw2  | a2 b3 c1          | default | Europe (London)           | United Kingdom
eu-west-3      | euw3  | a1 b2 c3          | default | Europe (Paris)            | France
il-central-1   | ilc1  | a1 b2 c3          | opt-in  | Israel (Tel Aviv)         | Israel
me-central-1   | mec1  | a1 b2 c3          | opt-in  | Middle East (UAE)         | United Arab Emirates
me-south-1     | mes1  | a1 b2 c3          | opt-in  | Middle East (Bahrain)     | Bahrain
mx-central-1   | mxc1  | a1 b2 c3          | opt-in  | Mexico (Central)          | Mexico
sa-east-1      | sae1  | a1 b2 c3          | default | South America (Sao Paulo) | Brazil
us-east-1      | use1  | a6 b1 c2 d4 e3 f5 | default | US East (N. Virginia)     | United States of America, Virginia
us-east-2      | use2  | a1 b2 c3          | default | US East (Ohio)            | United States of America, Ohio
us-west-1      | usw1  | a3 b1             | default | US West (N. California)   | United States of America, California
us-west-2      | usw2  | a2 b1 c3 d4       | default | US West (Oregon)          | United States of America, Oregon
`;

function readRegion(line: string): Region {
  const [name = "", zoneIdPrefix = "", zones = "", status = "", longName = "", place = ""] = line
    .split("|")
    .map((cell) => cell.trim());
  const [geography = "", subGeography] = place.split(", ");
  return {
    name,
    longName,
    zoneIdPrefix,
    zones: zones.split(" ").map((zone) => ({ letter: zone.slice(0, 1), id: Number(zone.slice(1)) })),
    optIn: status === "opt-in",
    geography,
    subGeography,
  };
}

/** All regions by name, in the order of their names. */
export const regions: ReadonlyMap<string, Region> = new Map(
  table
    .trim()
    .split("\n")
    .map(readRegion)
    .map((region) => [region.name, region]),
);

const regionEndpoint = (name: string): string => `ec2.${name}.amazonaws.com`;

/** One region as DescribeRegions answers; `optedIn` says whether the account turned on a region that is off by default. */
export function describeRegion(region: Region, optedIn: boolean): SdkRegion {
  return {
    Endpoint: regionEndpoint(region.name),
    RegionName: region.name,
    OptInStatus: !region.optIn ? "opt-in-not-required" : optedIn ? "opted-in" : "not-opted-in",
    Geography: [{ Name: region.geography }],
  };
}

/** DescribeRegions' filters. */
export const regionFilters: Readonly<Record<string, (region: SdkRegion) => string | undefined>> = {
  endpoint: ({ Endpoint }) => Endpoint,
  "opt-in-status": ({ OptInStatus }) => OptInStatus,
  "region-name": ({ RegionName }) => RegionName,
};
