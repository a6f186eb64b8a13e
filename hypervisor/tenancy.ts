/** With whom an instance shares hardware: with anybody, with its account, or with nobody off its Dedicated Host. */
export type Tenancy = "default" | "dedicated" | "host";
