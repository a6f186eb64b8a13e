import { parseDocument } from "./document.ts";
import { compileStatement, type Question, type Statement } from "./statement.ts";

/** A policy made ready to be asked. */
export interface Policy {
  readonly statements: readonly Statement[];
  /** The statements that are about an action and may be about a resource: those that deny, and those that allow. */
  about(question: Pick<Question, "action" | "resource">): About;
}

interface About {
  readonly deny: readonly Statement[];
  readonly allow: readonly Statement[];
}

/** How many actions a policy remembers its statements for, and how many policies are remembered. */
const MOST_ACTIONS = 2000;
const MOST_POLICIES = 5000;

function compile(text: string): Policy {
  const { version, statements: documents } = parseDocument(text);
  const statements = documents.map((each, i) => compileStatement(each, i, version === "2012-10-17"));
  const known = { some: new Map<string, About>(), none: new Map<string, About>() };
  return {
    statements,
    about: ({ action, resource }) => {
      const isAboutNone = resource === "*";
      const of = isAboutNone ? known.none : known.some;
      const found = of.get(action);
      if (found) return found;
      const folded = action.toLowerCase();
      const about = statements.filter((each) => each.isAbout(folded) && (!isAboutNone || each.mayCoverNone));
      const made = {
        deny: about.filter(({ effect }) => effect === "Deny"),
        allow: about.filter(({ effect }) => effect === "Allow"),
      };
      if (of.size === MOST_ACTIONS) of.clear();
      of.set(action, made);
      return made;
    },
  };
}

const compiled = new Map<string, Policy>();

/**
 * The policy that a document is, made once for each text.
 *
 * @throws {ApiError} MalformedPolicyDocument if it is none in form
 */
export function policyOf(text: string): Policy {
  const known = compiled.get(text);
  if (known) return known;
  const policy = compile(text);
  if (compiled.size === MOST_POLICIES) compiled.clear();
  compiled.set(text, policy);
  return policy;
}
