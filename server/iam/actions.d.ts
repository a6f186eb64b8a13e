/** What policies can say of the actions of a service, as JSON: made at build time, see build.mjs. */
declare module "islet:iam/*" {
  const authorizations: string;
  export default authorizations;
}
