// Audiences: for which ones tokens of ServiceAccounts may be asked for without becoming more powerful in this cluster.
import { globMatches } from "../runtime/glob.ts";

/**
 * Why the install may not list these, with what to write instead; undefined where nothing is wrong.
 * @param listed a `*` at the start or at the end stands for anything
 * @param own those for which the API server itself takes tokens
 */
export function audienceOverlap(listed: readonly string[], own: readonly string[]): string | undefined {
  const overlap = listed.find((glob) => own.some((audience) => globMatches(glob, audience)));
  return overlap === undefined ? undefined : ofTheApiServer(overlap);
}

/** The same of the one audience that a token is asked for. */
export function audienceProblem(audience: string, own: readonly string[]): string | undefined {
  // The API server gives a request without an audience its own.
  if (!/^\S+$/.test(audience)) return "its audience is empty or has spaces in it";
  return own.includes(audience) ? ofTheApiServer(audience) : undefined;
}

function ofTheApiServer(audience: string): string {
  return `the API server itself takes tokens for ${audience} (its --api-audiences), so that a token for it is one for this cluster: write in its place, in the chart value tokenAudiences (--token-audiences), an audience that only the cloud takes, such as pull.example.com, and name that in the cloud's trust and in tokenExchange.audience or the annotation eks.amazonaws.com/audience`;
}
