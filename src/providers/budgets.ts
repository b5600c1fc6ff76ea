// How hard may each kind of registry be asked for tokens?
import type { Grant } from "../plan/grant.ts";
import type { Budget } from "./with-budget.ts";

// Half of what the strictest source allows: 20 a second with a burst of 200, for an account and region that kubelets and
// CI share (docs.aws.amazon.com/AmazonECR/latest/userguide/common-errors.html; the quota page says 200 a second). All
// regions together get as much as one, because the STS behind them is one too.
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

/** Static is missing: its source is in memory. gcr.io and *.pkg.dev share one. */
export const budgets = {
  ACR: acr,
  ECR: ecr,
  ECRPublic: ecrPublic,
  Google: google,
  ICR: unpublished,
  OCIR: unpublished,
  TokenExchange: unpublished,
} as const satisfies Partial<Record<Grant["provider"] | "Google", Budget>>;
