/** What the SDK knows of a service, as text: made at build time, see build.mjs. */
declare module "islet:api/*" {
  const api: {
    /** JSON: by its name, the names of an operation's input and output schema, and its HTTP trait if it has one. */
    readonly operations: string;
    /** Lines of a name and a tuple, as shape.ts reads them. */
    readonly schemas: string;
    /** Lines of a name and a list of values. */
    readonly enumerations: string;
  };
  export default api;
}
