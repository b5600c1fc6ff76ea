// How hard may each kind of registry be asked for tokens?
import type { Authority } from "./authority.ts";

/** Of one who answers (`authorityOf`), such as the services of one region. */
export interface Budget {
  /** Calls at once for one entry; four times as many for all together. */
  readonly concurrency: number;
  /** Calls begun per second, in the long run. */
  readonly perSecond: number;
  /** Calls begun at once after a rest. */
  readonly burst: number;
}

// Half of what the strictest source allows: 20 a second with a burst of 200, for an account and region that kubelets and
// CI share (docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html; the quota page says 200 a second). The
// STS that is asked first is that of the region, too.
const ecr: Budget = { concurrency: 8, perSecond: 10, burst: 100 };

// 200 a second (docs.aws.amazon.com/AmazonECR/latest/public/public-service-quotas.html), but through the same STS as ECR.
const ecrPublic: Budget = ecr;

// 10,000 a minute for a Basic registry (learn.microsoft.com/azure/container-registry/container-registry-skus), shared with
// all who pull. Entra, asked first, publishes no number: so far below.
const acr: Budget = { concurrency: 8, perSecond: 10, burst: 100 };

// Exchanges of federated tokens: 6,000 a minute and project (docs.cloud.google.com/iam/quotas); a tenth of that, since
// the other workloads of the project need them to run at all.
const google: Budget = { concurrency: 8, perSecond: 10, burst: 100 };

// Those that publish no number get what a patient person would call modest.
const unpublished: Budget = { concurrency: 4, perSecond: 5, burst: 20 };

/** Static is missing: its source is in memory. */
export const budgets = {
  ACR: acr,
  ECR: ecr,
  ECRPublic: ecrPublic,
  Google: google,
  ICR: unpublished,
  OCIR: unpublished,
  TokenExchange: unpublished,
} as const satisfies Record<Authority["kind"], Budget>;
