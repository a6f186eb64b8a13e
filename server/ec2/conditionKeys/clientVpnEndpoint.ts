import type * as Sdk from "@aws-sdk/client-ec2";
import type { Context } from "../../kit/context.ts";
import type { ClientAuthentication, ClientVpnEndpoint } from "../clientVpnEndpoint.ts";
import type { TypeKeys } from "./typeKeys.ts";

interface Log {
  readonly group: string | undefined;
  readonly stream: string | undefined;
}

function logArn({ region }: Context, account: string, { group, stream }: Log): string | undefined {
  if (group === undefined) return undefined;
  const arn = `arn:aws:logs:${region}:${account}:log-group:${group}`;
  return stream === undefined ? arn : `${arn}:log-stream:${stream}`;
}

const directoryArn = ({ region }: Context, account: string, id: string | undefined): string | undefined =>
  id && `arn:aws:ds:${region}:${account}:directory/${id}`;

/** The endpoint's authentication of one type, if it has that. */
const methodOf = <Type extends ClientAuthentication["type"]>(
  { authentication }: ClientVpnEndpoint,
  type: Type,
): Extract<ClientAuthentication, { readonly type: Type }> | undefined =>
  authentication.find(
    (each): each is Extract<ClientAuthentication, { readonly type: Type }> => each.type === type,
  );

const askedLog = ({ ConnectionLogOptions: log }: Sdk.CreateClientVpnEndpointRequest): Log => ({
  group: log?.CloudwatchLogGroup,
  stream: log?.CloudwatchLogStream,
});

type Asked = Sdk.CreateClientVpnEndpointRequest;

/** What of each way of authentication is asked for; undefined where none says. */
const askedOf =
  (valueOf: (method: Sdk.ClientVpnAuthenticationRequest) => string | undefined) =>
  ({ AuthenticationOptions: methods = [] }: Asked): string | undefined =>
    methods.map(valueOf).find((value) => value !== undefined);

/** @see https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html#amazonec2-policy-keys */
export const clientVpnEndpointKeys: TypeKeys<ClientVpnEndpoint, Asked> = {
  rows: {
    "ec2:ClientRootCertificateChainArn": (row) => methodOf(row, "certificate-authentication")?.rootChainArn,
    "ec2:CloudwatchLogGroupArn": ({ account, log }, ctx) =>
      logArn(ctx, account, { group: log?.group, stream: undefined }),
    "ec2:CloudwatchLogStreamArn": ({ account, log }, ctx) => log && logArn(ctx, account, log),
    "ec2:DirectoryArn": (row, ctx) =>
      directoryArn(ctx, row.account, methodOf(row, "directory-service-authentication")?.directoryId),
    "ec2:SamlProviderArn": (row) => methodOf(row, "federated-authentication")?.samlArn,
    "ec2:ServerCertificateArn": ({ serverCertificateArn }) => serverCertificateArn,
  },
  asked: {
    "ec2:ClientRootCertificateChainArn": askedOf(
      ({ MutualAuthentication }) => MutualAuthentication?.ClientRootCertificateChainArn,
    ),
    "ec2:CloudwatchLogGroupArn": (input, ctx) =>
      logArn(ctx, ctx.account, { ...askedLog(input), stream: undefined }),
    "ec2:CloudwatchLogStreamArn": (input, ctx) =>
      askedLog(input).stream && logArn(ctx, ctx.account, askedLog(input)),
    "ec2:DirectoryArn": (input, ctx) =>
      directoryArn(ctx, ctx.account, askedOf(({ ActiveDirectory }) => ActiveDirectory?.DirectoryId)(input)),
    "ec2:SamlProviderArn": askedOf(({ FederatedAuthentication }) => FederatedAuthentication?.SAMLProviderArn),
    "ec2:ServerCertificateArn": ({ ServerCertificateArn }) => ServerCertificateArn,
  },
};
