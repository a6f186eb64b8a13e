import { passingCertificates, type Certificates } from "../../server/http/certificates.ts";

let issued: Promise<Certificates> | undefined;

/** Both leaves, for localhost; made once for all tests of a run. */
export const certified = (): Promise<Certificates> =>
  (issued ??= passingCertificates([], new Date()).then(({ complete }) => complete()));
