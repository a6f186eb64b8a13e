import {
  AddClientIDToOpenIDConnectProviderCommand,
  CreateOpenIDConnectProviderCommand,
  DeleteOpenIDConnectProviderCommand,
  GetOpenIDConnectProviderCommand,
  ListOpenIDConnectProvidersCommand,
  ListOpenIDConnectProviderTagsCommand,
  RemoveClientIDFromOpenIDConnectProviderCommand,
  TagOpenIDConnectProviderCommand,
  UntagOpenIDConnectProviderCommand,
  UpdateOpenIDConnectProviderThumbprintCommand,
  type CreateOpenIDConnectProviderCommandInput,
} from "@aws-sdk/client-iam";
import { describe, expect, test } from "vitest";
import { refused } from "../islet.ts";
import { freshIam } from "./client.ts";

const Url = "https://idp.example/id/1";
const THUMB = "a".repeat(40);

describe("what it refuses to parse", () => {
  test.each<[string, Partial<CreateOpenIDConnectProviderCommandInput>, string, RegExp | string]>([
    ["plain HTTP", { Url: "http://idp.example" }, "ValidationError", "Invalid Open ID Connect Provider URL"],
    [
      "a query",
      { Url: "https://idp.example/?a=1" },
      "ValidationError",
      "Invalid Open ID Connect Provider URL",
    ],
    ["a port", { Url: "https://idp.example:1" }, "ValidationError", "Invalid Open ID Connect Provider URL"],
    ["a long URL", { Url: `${Url}${"a".repeat(255)}` }, "ValidationError", /at 'url'/],
    ["a short thumbprint", { ThumbprintList: ["a"] }, "ValidationError", /at 'thumbprintList'/],
    ["a strange thumbprint", { ThumbprintList: ["x".repeat(40)] }, "ValidationError", /at 'thumbprintList'/],
    [
      "too many thumbprints",
      { ThumbprintList: Array.from({ length: 6 }, () => THUMB) },
      "InvalidInputException",
      "Thumbprint list must contain fewer than 5 entries.",
    ],
    [
      "too many clients",
      { ClientIDList: Array.from({ length: 101 }, (_, i) => `c${i}`) },
      "LimitExceededException",
      "Cannot exceed quota for ClientIdsPerOpenIdConnectProvider: 100",
    ],
    ["an empty client", { ClientIDList: [""] }, "ValidationError", /at 'clientID'/],
  ])("%s", async (_, input, code, message) => {
    const { iam } = await freshIam();
    await refused(iam.send(new CreateOpenIDConnectProviderCommand({ Url, ...input })), code, message);
  });
});

describe("what it refuses to do", () => {
  test("make one twice, or show one that is not there or another account's", async () => {
    const { iam } = await freshIam();
    const { OpenIDConnectProviderArn } = await iam.send(new CreateOpenIDConnectProviderCommand({ Url }));
    await refused(
      iam.send(new CreateOpenIDConnectProviderCommand({ Url })),
      "EntityAlreadyExistsException",
      `Provider with url ${Url} already exists.`,
    );
    const there = await freshIam();
    await refused(
      there.iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn })),
      "NoSuchEntityException",
      `OpenIDConnect Provider not found for arn ${OpenIDConnectProviderArn}`,
    );
    await there.iam.send(new DeleteOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
    await iam.send(new GetOpenIDConnectProviderCommand({ OpenIDConnectProviderArn }));
  });
});

describe("what it does", () => {
  test("a provider has clients, thumbprints and tags, until it is deleted", async () => {
    const { iam, account } = await freshIam();
    const Tags = [{ Key: "a", Value: "1" }];
    const { OpenIDConnectProviderArn, Tags: tags } = await iam.send(
      new CreateOpenIDConnectProviderCommand({ Url, ClientIDList: ["one"], ThumbprintList: [THUMB], Tags }),
    );
    expect(OpenIDConnectProviderArn).toBe(`arn:aws:iam::${account}:oidc-provider/idp.example/id/1`);
    expect(tags).toEqual(Tags);
    const which = { OpenIDConnectProviderArn };
    await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...which, ClientID: "two" }));
    await iam.send(new AddClientIDToOpenIDConnectProviderCommand({ ...which, ClientID: "two" }));
    await iam.send(new RemoveClientIDFromOpenIDConnectProviderCommand({ ...which, ClientID: "one" }));
    const ThumbprintList = ["b".repeat(40)];
    await iam.send(new UpdateOpenIDConnectProviderThumbprintCommand({ ...which, ThumbprintList }));
    await iam.send(new TagOpenIDConnectProviderCommand({ ...which, Tags: [{ Key: "b", Value: "2" }] }));
    await iam.send(new UntagOpenIDConnectProviderCommand({ ...which, TagKeys: ["A"] }));
    expect((await iam.send(new ListOpenIDConnectProviderTagsCommand(which))).Tags).toEqual([
      { Key: "b", Value: "2" },
    ]);
    expect(await iam.send(new GetOpenIDConnectProviderCommand(which))).toMatchObject({
      Url: "idp.example/id/1",
      ClientIDList: ["two"],
      ThumbprintList,
      CreateDate: expect.any(Date),
    });
    const { OpenIDConnectProviderList } = await iam.send(new ListOpenIDConnectProvidersCommand({}));
    expect(OpenIDConnectProviderList).toEqual([{ Arn: OpenIDConnectProviderArn }]);
    for (let i = 0; i < 2; i++) await iam.send(new DeleteOpenIDConnectProviderCommand(which));
    await refused(iam.send(new GetOpenIDConnectProviderCommand(which)), "NoSuchEntityException");
  });
});
