/** A type of resource that an action is about. */
export interface ActionResource {
  /** `instance` */
  readonly type: string;
  /** `arn:${Partition}:ec2:${Region}:${Account}:instance/${InstanceId}` */
  readonly arn: string;
  /** Whether each call of the action is about one. */
  readonly required: boolean;
  /** As documented: `ec2:InstanceType`, `aws:ResourceTag/${TagKey}`. */
  readonly keys: readonly string[];
}

export interface Action {
  readonly name: string;
  /** None for actions that can be allowed on all resources alone. */
  readonly resources: readonly ActionResource[];
  /** Those of the action itself, whatever it is about. */
  readonly keys: readonly string[];
}

/** By name, without the service: `RunInstances`. */
export type ActionTable = ReadonlyMap<string, Action>;

/** As build.mjs writes it; the numbers are places in `keys`. */
interface Source {
  readonly arns: Readonly<Record<string, string>>;
  readonly keys: readonly (readonly string[])[];
  readonly actions: Readonly<
    Record<string, readonly [keys: number, types: Readonly<Record<string, number>>]>
  >;
}

function readTable(json: string): ActionTable {
  const { arns, keys, actions } = JSON.parse(json) as Source;
  return new Map(
    Object.entries(actions).map(([name, [own, types]]) => [
      name,
      {
        name,
        keys: keys[own] ?? [],
        resources: Object.entries(types).map(([marked, number]) => {
          const type = marked.replace(/!$/, "");
          return { type, arn: arns[type] ?? "*", required: type !== marked, keys: keys[number] ?? [] };
        }),
      },
    ]),
  );
}

/** Each is found by the bundler by its literal name. */
const sources: Readonly<Partial<Record<string, () => Promise<{ readonly default: string }>>>> = {
  ebs: () => import("islet:iam/ebs"),
  ec2: () => import("islet:iam/ec2"),
  iam: () => import("islet:iam/iam"),
  logs: () => import("islet:iam/logs"),
  ram: () => import("islet:iam/ram"),
  sts: () => import("islet:iam/sts"),
};

const loaded = new Map<string, ActionTable>();

/** The table of a service, if it has been read. */
export const loadedActions = (service: string): ActionTable | undefined => loaded.get(service);

/**
 * A service's actions, as AWS's service authorization reference has them; none for a service that is not known. Read
 * when first asked for. A few of the operations are not in it; they are to be taken as actions on no resource in
 * particular.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
export async function loadActions(service: string): Promise<ActionTable> {
  const known = loaded.get(service);
  if (known) return known;
  const source = await sources[service]?.();
  const table: ActionTable = source ? readTable(source.default) : new Map();
  loaded.set(service, table);
  return table;
}

export const loadEc2Actions = (): Promise<ActionTable> => loadActions("ec2");
