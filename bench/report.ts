/** One line of the report: what, measured, limit, kept. */
export type Report = (what: string, measured: string, limit?: string, kept?: boolean) => void;
