import type { Cloud } from "../cloud.ts";
import { parseLoadBalancerArn, putLoadBalancer } from "../ec2/loadBalancer.ts";
import { regionOf, required } from "./fields.ts";
import { allow, invalid, type Fields, type Route } from "./operator.ts";

function texts(fields: Fields, name: string): string[] {
  const value = fields[name] ?? [];
  const isList = Array.isArray(value) && value.every((each) => typeof each === "string");
  if (!isList) throw invalid(name, value);
  return value;
}

/**
 * What Elastic Load Balancing would know: which load balancers there are for endpoint services to stand on. islet has
 * none, so whoever operates it says in which subnets one is, and which instances and interfaces are behind it.
 */
export function loadBalancerRoutes(
  cloud: () => Cloud,
  regions: ReadonlySet<string>,
): Readonly<Record<string, Route>> {
  return {
    "POST load-balancers": (fields) => {
      allow(fields, "Region", "LoadBalancerArn", "SubnetIds", "Targets", "CrossZone");
      const region = regionOf(fields, regions);
      const arn = required(fields, "LoadBalancerArn");
      const name = parseLoadBalancerArn(arn);
      const { CrossZone: crossZone = false } = fields;
      if (!name) throw invalid("LoadBalancerArn", arn);
      if (typeof crossZone !== "boolean") throw invalid("CrossZone", crossZone);
      const request = {
        arn,
        subnetIds: texts(fields, "SubnetIds"),
        targets: texts(fields, "Targets"),
        crossZone,
      };
      cloud().pipeline.act(cloud().unit(region), "put-load-balancer", (contextOf) =>
        putLoadBalancer(contextOf(name.account), request),
      );
    },
  };
}
