/** What was asked and answered in the form of CloudTrail's events, without what is secret in it. */
import type { ListShape, Member, Shape, StructureShape } from "../wire/shape.ts";

/** How the events of a service write. */
interface Form {
  /** What stands in the place of a secret. */
  readonly mark: string;
  readonly name: (member: Member, owner: StructureShape) => string;
  readonly list: (elements: readonly unknown[], shape: ListShape, place: Place) => unknown;
  readonly time: (time: Date) => unknown;
}

/** Where a value is. */
interface Place {
  readonly owner: StructureShape;
  readonly member: Member;
}

/** Lists whose names in events do not follow from those in requests: that of the list, and that of each element. */
const listNames: Readonly<Record<string, readonly [list: string, element: string]>> = {
  AllocationId: ["allocationIdsSet", "allocationId"],
  Filter: ["filterSet", ""],
  GroupId: ["securityGroupIdSet", "groupId"],
  GroupName: ["securityGroupSet", "groupName"],
  ImageId: ["imagesSet", "imageId"],
  InstanceId: ["instancesSet", "instanceId"],
  KeyName: ["keySet", "keyName"],
  Owner: ["ownersSet", "owner"],
  PublicIp: ["publicIpsSet", "publicIp"],
  RegionName: ["regionSet", "regionName"],
  ResourceId: ["resourcesSet", "resourceId"],
  SecurityGroup: ["groupSet", "groupName"],
  SecurityGroupId: ["groupSet", "groupId"],
  SubnetId: ["subnetSet", "subnetId"],
  Value: ["valueSet", "value"],
  VolumeId: ["volumeSet", "volumeId"],
  VpcId: ["vpcSet", "vpcId"],
};
/** Lists that are called as in requests. */
const plainLists = /s$|^BlockDeviceMapping$/;

const uncapitalized = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

/** EC2's lists are objects, as they were in SOAP. */
const items = (elements: readonly unknown[]): object => (elements.length === 0 ? {} : { items: elements });

const ec2Request: Form = {
  mark: "<sensitiveDataRemoved>",
  name: ({ name, queryName, shape }, owner) => {
    if (isTagsOfNew(owner, name)) return "tags";
    if (shape.kind !== "list") return uncapitalized(queryName);
    if (plainLists.test(queryName)) return uncapitalized(queryName);
    return listNames[queryName]?.[0] ?? `${uncapitalized(queryName)}Set`;
  },
  list: (elements, { element }, { owner, member: { name: called, queryName } }) => {
    if (isTagsOfNew(owner, called)) return elements;
    if (element.kind === "structure") return items(elements);
    const name = listNames[queryName]?.[1] ?? uncapitalized(queryName);
    return items(elements.map((each) => ({ [name]: each })));
  },
  time: (time) => time.getTime(),
};

/** The tags of a specification of tags, which alone of EC2's lists are a list. */
const isTagsOfNew = (owner: StructureShape, name: string): boolean =>
  owner.name === "TagSpecification" && name === "Tags";

const ec2Answer: Form = {
  mark: ec2Request.mark,
  name: ({ xmlName }) => (xmlName === "return" ? "_return" : xmlName),
  list: (elements) => items(elements),
  time: ec2Request.time,
};

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const twoDigits = (number: number): string => String(number).padStart(2, "0");

const plain: Form = {
  mark: "HIDDEN_DUE_TO_SECURITY_REASONS",
  name: ({ name }) => uncapitalized(name),
  list: (elements) => elements,
  // `Jul 19, 2023 9:25:09 PM`
  time: (time) => {
    const hours = time.getUTCHours();
    const day = `${months[time.getUTCMonth()] ?? ""} ${time.getUTCDate()}, ${time.getUTCFullYear()}`;
    const clock = [time.getUTCMinutes(), time.getUTCSeconds()].map(twoDigits).join(":");
    return `${day} ${hours % 12 || 12}:${clock} ${hours < 12 ? "AM" : "PM"}`;
  },
};

export const forms = { ec2Request, ec2Answer, plain } as const;

/** What schemas do not call sensitive, and nobody should read in a log. */
const secretNames: ReadonlySet<string> = new Set([
  "AuthenticationCode1",
  "AuthenticationCode2",
  "BlockToken",
  "EncodedMessage",
  "KeyMaterial",
  "OldPassword",
  "Password",
  "PasswordData",
  "PreSharedKey",
  "SAMLAssertion",
  "SecretAccessKey",
  "SessionToken",
  "TokenCode",
  "UserData",
  "WebIdentityToken",
]);
/** What a service takes in without telling CloudTrail. */
const contentNames: ReadonlySet<string> = new Set(["logEvents"]);

const isSecret = ({ name, sensitive }: Member): boolean => sensitive || secretNames.has(name);

/** Whether a text speaks of a parameter that is secret. */
export const namesSecret = (text: string): boolean => secretWords.test(text);
const secretWords = new RegExp([...secretNames, "ClientSecret", "PrivateKey"].join("|"), "i");

/**
 * The members of an input or output.
 *
 * @param hidden is given each secret text that was left out
 */
export function written(
  shape: StructureShape,
  value: object,
  form: Form,
  hidden: string[] = [],
): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [key, each] of Object.entries(value)) {
    const member = shape.members.get(key);
    if (!member || each === undefined || contentNames.has(key)) continue;
    if (isSecret(member)) {
      hidden.push(...textsIn(each));
      members[form.name(member, shape)] = form.mark;
    } else {
      const place = { owner: shape, member };
      members[form.name(member, shape)] = writtenValue(member.shape, each, form, hidden, place);
    }
  }
  return members;
}

function writtenValue(shape: Shape, value: unknown, form: Form, hidden: string[], place: Place): unknown {
  switch (shape.kind) {
    case "structure":
      return written(shape, value as object, form, hidden);
    case "list": {
      const elements = (value as readonly unknown[]).map((each) =>
        writtenValue(shape.element, each, form, hidden, place),
      );
      return form.list(elements, shape, place);
    }
    case "map": {
      const element = shape.entries.element.members.get("value");
      return Object.fromEntries(
        Object.entries(value as object).map(([key, each]) => [
          key,
          element ? writtenValue(element.shape, each, form, hidden, place) : each,
        ]),
      );
    }
    case "blob":
      return Buffer.from(value as Uint8Array).toString("base64");
    case "timestamp":
      return value instanceof Date ? form.time(value) : value;
    case "boolean":
    case "double":
    case "integer":
    case "string":
      break;
  }
  return value;
}

/** All texts in a value, bytes as they were sent too. */
function textsIn(value: unknown): string[] {
  if (typeof value === "string") return [value];
  if (value instanceof Uint8Array) {
    const bytes = Buffer.from(value);
    return [bytes.toString("base64"), bytes.toString("utf8")];
  }
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
