import { ApiError } from "../errors.ts";
import type { IamHandlers } from "../kit/handlers.ts";
import type { Row, TableDefinition } from "../state/table.ts";
import { noPolicies } from "./policyHolder.ts";
import { checkLength, checkName, missing } from "./request.ts";
import { removeRole, roles, USUAL_SESSION, viewRole } from "./role.ts";

/** That a role was deleted; its id is the task's. */
const deletions: TableDefinition<Row> = { name: "iam-service-linked-role-deletion" };

interface LinkedService {
  readonly role: string;
  /** Whether there may be several, told apart by a suffix. */
  readonly suffix?: true;
}

/**
 * What the services near EC2 call their roles.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_aws-services-that-work-with-iam.html
 */
const services: ReadonlyMap<string, LinkedService> = new Map([
  ["autoscaling.amazonaws.com", { role: "AutoScaling", suffix: true }],
  ["batch.amazonaws.com", { role: "Batch" }],
  ["capacityreservationfleet.amazonaws.com", { role: "EC2CapacityReservationFleet" }],
  ["ec2-instance-connect.amazonaws.com", { role: "EC2InstanceConnect" }],
  ["ec2fleet.amazonaws.com", { role: "EC2Fleet" }],
  ["ec2fastlaunch.amazonaws.com", { role: "EC2FastLaunch" }],
  ["ec2scheduled.amazonaws.com", { role: "EC2ScheduledInstances" }],
  ["ecs.amazonaws.com", { role: "ECS" }],
  ["eks.amazonaws.com", { role: "AmazonEKS" }],
  ["eks-nodegroup.amazonaws.com", { role: "AmazonEKSNodegroup" }],
  ["elasticfilesystem.amazonaws.com", { role: "AmazonElasticFileSystem" }],
  ["elasticloadbalancing.amazonaws.com", { role: "ElasticLoadBalancing" }],
  ["ipam.amazonaws.com", { role: "IPAM" }],
  ["rds.amazonaws.com", { role: "RDS" }],
  ["spot.amazonaws.com", { role: "EC2Spot" }],
  ["spotfleet.amazonaws.com", { role: "EC2SpotFleet" }],
  ["ssm.amazonaws.com", { role: "AmazonSSM" }],
  ["transitgateway.amazonaws.com", { role: "VPCTransitGateway" }],
  ["vpc-lattice.amazonaws.com", { role: "VpcLattice" }],
] as const);

const MAX_SUFFIX = 64;
const MAX_DESCRIPTION = 1000;

export const partly = {
  CreateServiceLinkedRole: "roles of services that are not near EC2; the policies of the roles",
};

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html */
export const operations = {
  CreateServiceLinkedRole: ({ AWSServiceName, Description, CustomSuffix }, ctx) => {
    checkLength("aWSServiceName", AWSServiceName, 1, 128);
    checkLength("description", Description ?? "", 0, MAX_DESCRIPTION);
    if (CustomSuffix !== undefined) checkName("customSuffix", CustomSuffix, MAX_SUFFIX);
    const service = services.get(AWSServiceName);
    if (!service) {
      throw new ApiError("InvalidInput", `Cannot find Service Linked Role template for ${AWSServiceName}`);
    }
    if (CustomSuffix !== undefined && !service.suffix) {
      throw new ApiError("InvalidInput", `Custom suffix is not allowed for ${AWSServiceName}`);
    }
    const name = `AWSServiceRoleFor${service.role}${CustomSuffix === undefined ? "" : `_${CustomSuffix}`}`;
    if (roles.find(ctx, name)) {
      throw new ApiError(
        "InvalidInput",
        `Service role name ${name} has been taken in this account, please try a different suffix.`,
      );
    }
    const row = roles.create(ctx, {
      ...noPolicies,
      name,
      path: `/aws-service-role/${AWSServiceName}/`,
      trust: JSON.stringify({
        Version: "2012-10-17",
        Statement: [{ Effect: "Allow", Principal: { Service: AWSServiceName }, Action: "sts:AssumeRole" }],
      }),
      description: Description,
      maxSession: USUAL_SESSION,
      tags: [],
      service: AWSServiceName,
    });
    return { Role: viewRole(ctx, row) };
  },

  /** Nothing that such a role is for is looked for: it is deleted at once. */
  DeleteServiceLinkedRole: ({ RoleName }, ctx) => {
    const row = roles.get(ctx, RoleName);
    if (row.service === undefined) {
      throw new ApiError("InvalidInput", `The role ${RoleName} is not a service-linked role.`);
    }
    removeRole(ctx, row);
    const id = `task${row.path}${row.name}/${ctx.chance.uuid()}`;
    ctx.global.table(deletions).insert({ id, seq: ctx.global.nextSeq(), account: ctx.account });
    return { DeletionTaskId: id };
  },

  GetServiceLinkedRoleDeletionStatus: ({ DeletionTaskId }, ctx) => {
    if (ctx.global.table(deletions).get(DeletionTaskId)?.account !== ctx.account) {
      throw missing(`The deletion task with id ${DeletionTaskId} cannot be found.`);
    }
    return { Status: "SUCCEEDED" };
  },
} satisfies IamHandlers;
