// Names of the policy, webhook or quota in a denial by the API server.

export interface DenialNames {
  readonly policy?: string;
  readonly binding?: string;
  readonly webhook?: string;
  readonly quota?: string;
}

/** Webhooks quote what they like, tenants' rules among it: what is no name is none. */
export function denialNames(text: string): DenialNames {
  const [, policy, binding] =
    /(?:Validating|Mutating)AdmissionPolicy '([\w.-]{1,253})'(?: with binding '([\w.-]{1,253})')?/.exec(text) ?? [];
  const [, webhook] =
    /(?:admission webhook|failed calling webhook|conversion webhook for [^,]{1,253},?) "([\w.-]{1,253})"/.exec(text) ??
    [];
  const [, quota] = /(?:exceeded|failed) quota: ([\w.-]{1,253})/.exec(text) ?? [];
  return {
    ...(policy !== undefined && { policy }),
    ...(binding !== undefined && { binding }),
    ...(webhook !== undefined && { webhook }),
    ...(quota !== undefined && { quota }),
  };
}
