/** The SDK's runtime schemas, one export per operation and structure; its types cover only the CommonJS path. */
declare module "@aws-sdk/client-*/dist-es/schemas/schemas_0.js";

/** Which structure member is of which enumeration, and the values of each: made at build time, see build.mjs. */
declare module "islet:enums/*" {
  const enumerations: {
    readonly values: Readonly<Record<string, readonly string[]>>;
    /** Keys are `Structure.Member`. */
    readonly members: Readonly<Record<string, string>>;
  };
  export default enumerations;
}
