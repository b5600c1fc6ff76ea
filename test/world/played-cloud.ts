// The clouds in the world of the failure test: what they mint, for how long, and what goes wrong there.
import type { Clock } from "../../src/runtime/clock.ts";
import { OperatorError } from "../../src/runtime/errors.ts";
import type { AskedByEgress } from "../../src/operator/minting.ts";
import type { Grant } from "../../src/providers/grant.ts";
import { grantKeyText } from "../../src/providers/grant-key.ts";
import { staticProvider } from "../../src/providers/static/fetch.ts";
import type { Provider } from "../../src/providers/provider.ts";
import { Redacted } from "../../src/runtime/redacted.ts";
import type { SystemNamespace } from "./words.ts";

/** failing: "not now". denied: by what a person has set up. late: after 20 s. hanging: never. */
export const cloudMoods = ["well", "failing", "denied", "late", "hanging"] as const;
export type CloudMood = (typeof cloudMoods)[number];

/** A login that somebody has handed out. */
export interface Minted {
  readonly password: string;
  readonly grantKey: string;
  /** Elapsed milliseconds. */
  readonly mintedAt: number;
  readonly expiresAt: number;
}

export interface PlayedCloud {
  mood: CloudMood;
  /** Minutes. */
  life: number;
  /** What it has handed out, by password. */
  readonly minted: ReadonlyMap<string, Minted>;
  /** For one process in that namespace. */
  provider(clock: Clock, namespace: SystemNamespace, asked: AskedByEgress): Provider;
}

const lateness = Temporal.Duration.from({ seconds: 20 });
const forever = Temporal.Duration.from({ hours: 10 });

export function playedCloud(): PlayedCloud {
  const minted = new Map<string, Minted>();
  let count = 0;
  const cloud: PlayedCloud = {
    mood: "well",
    life: 12 * 60,
    minted,
    provider: (clock, namespace, asked) => {
      const ofSources = staticProvider({
        secret: asked.secret,
        operatorNamespace: namespace,
        sourceNamespaces: [],
        clock,
      });
      const fetchCloud = async (grant: Grant, signal: AbortSignal): ReturnType<Provider["fetch"]> => {
        if (cloud.mood === "failing") throw unavailable();
        if (cloud.mood === "denied") throw denied();
        if (cloud.mood === "late") await clock.sleep(lateness, signal);
        if (cloud.mood === "hanging") await clock.sleep(forever, signal);
        count += 1;
        const password = `minted-${count}`;
        const expiresAt = clock.elapsed() + cloud.life * 60_000;
        minted.set(password, { password, grantKey: grantKeyText(grant), mintedAt: clock.elapsed(), expiresAt });
        return {
          logins: { all: { username: "AWS", password: new Redacted(password) } },
          issuedAt: clock.now(),
          expiresAt: clock.now().add({ minutes: cloud.life }),
        };
      };
      return {
        fetch: async (grant, signal) => {
          if (grant.provider !== "Static") return fetchCloud(grant, signal);
          const found = await ofSources.fetch(grant, signal);
          const { logins } = found;
          const password = "all" in logins ? logins.all.password.reveal() : "";
          minted.set(password, {
            password,
            grantKey: grantKeyText(grant),
            mintedAt: clock.elapsed(),
            expiresAt: Infinity,
          });
          return found;
        },
      };
    },
  };
  return cloud;
}

function unavailable(): OperatorError {
  return new OperatorError({
    reason: "CloudUnavailable",
    cause: "Platform",
    retry: "backoff",
    message: "not now",
  });
}

function denied(): OperatorError {
  return new OperatorError({
    reason: "CloudDenied",
    cause: "Platform",
    retry: "slowly",
    message: "the role may not be assumed",
  });
}
