import {
  CreateClientVpnEndpointCommand,
  DeleteClientVpnEndpointCommand,
  type CreateClientVpnEndpointCommandInput,
} from "@aws-sdk/client-ec2";
import { CloudWatchLogsClient, CreateLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import { expect, test } from "vitest";
import { asUser, onlyIf } from "../../iam/person.ts";
import { configOf } from "../../islet.ts";
import { BY_NAME, Region, wanted } from "../clientVpns.ts";

const codeOf = (call: Promise<unknown>): Promise<string> =>
  call.then(
    () => "ok",
    (error: unknown) => (error as Error).name,
  );

/** Made with a value of each key that policies can ask for, and tried without it. */
test("endpoints are what their certificates, directories, providers and logs say, asked for and made", async () => {
  const person = await asUser();
  const { account } = person;
  const certificate = (digit: string) =>
    `arn:aws:acm:${Region}:${account}:certificate/12345678-1234-1234-1234-12345678901${digit}`;
  const logs = new CloudWatchLogsClient(configOf(person.islet, person.keys));
  await logs.send(new CreateLogGroupCommand({ logGroupName: "vpn" }));
  const saml = `arn:aws:iam::${account}:saml-provider/idp`;
  const base = wanted({ ...person, account, certificate: certificate("1") });
  const federated = (SAMLProviderArn: string) => [
    { Type: "federated-authentication" as const, FederatedAuthentication: { SAMLProviderArn } },
  ];
  const logged = { ConnectionLogOptions: { Enabled: true, CloudwatchLogGroup: "vpn" } };
  const cases: readonly (readonly [string, string, Partial<CreateClientVpnEndpointCommandInput>])[] = [
    ["ServerCertificateArn", certificate("2"), { ServerCertificateArn: certificate("2") }],
    ["ClientRootCertificateChainArn", certificate("1"), {}],
    ["DirectoryArn", `arn:aws:ds:${Region}:${account}:directory/d-0123456789`, BY_NAME],
    ["SamlProviderArn", saml, { AuthenticationOptions: federated(saml) }],
    ["CloudwatchLogGroupArn", `arn:aws:logs:${Region}:${account}:log-group:vpn`, logged],
  ];
  const other = { ...base, AuthenticationOptions: federated(`${saml}-other`) };
  for (const [key, value, asked] of cases) {
    const condition = { StringEquals: { [`ec2:${key}`]: value } };
    await person.allow(
      onlyIf("ec2:CreateClientVpnEndpoint", condition),
      onlyIf("ec2:DeleteClientVpnEndpoint", condition),
    );
    const made = await person.ec2.send(new CreateClientVpnEndpointCommand({ ...base, ...asked }));
    expect(await codeOf(person.ec2.send(new CreateClientVpnEndpointCommand(other))), key).toBe(
      "UnauthorizedOperation",
    );
    const foreign = await person.root.send(new CreateClientVpnEndpointCommand(other));
    const remove = (ClientVpnEndpointId = "") =>
      codeOf(person.ec2.send(new DeleteClientVpnEndpointCommand({ ClientVpnEndpointId })));
    expect(await remove(foreign.ClientVpnEndpointId), key).toBe("UnauthorizedOperation");
    expect(await remove(made.ClientVpnEndpointId), key).toBe("ok");
  }
});

test("a log stream that is named is one to ask for", async () => {
  const person = await asUser();
  const { account } = person;
  const arn = `arn:aws:logs:${Region}:${account}:log-group:vpn:log-stream:office`;
  await person.allow(
    onlyIf("ec2:CreateClientVpnEndpoint", { StringEquals: { "ec2:CloudwatchLogStreamArn": arn } }),
  );
  const certificate = `arn:aws:acm:${Region}:${account}:certificate/12345678-1234-1234-1234-123456789012`;
  const base = wanted({ ...person, account, certificate });
  const log = (CloudwatchLogStream?: string) => ({
    ConnectionLogOptions: { Enabled: true, CloudwatchLogGroup: "vpn", CloudwatchLogStream },
    DryRun: true,
  });
  const create = (stream?: string) =>
    codeOf(person.ec2.send(new CreateClientVpnEndpointCommand({ ...base, ...log(stream) })));
  expect(await create("office")).toBe("DryRunOperation");
  expect(await create("home")).toBe("UnauthorizedOperation");
  expect(await create()).toBe("UnauthorizedOperation");
});
