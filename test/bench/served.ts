// Tells from a change of a pull Secret whether its namespace has what it is to have.
import type { Change } from "./changes.ts";
import { hostsOfSecret } from "./dimensions.ts";
import type { OperatorSide } from "./operator-side.ts";
import type { Stage } from "./stage.ts";

/** The Secret is there: where several write one, not its first version. */
export function isServed(stage: Stage, side: OperatorSide): (change: Change) => boolean {
  if (hasOneLogin(stage)) return ({ type }) => type === "ADDED";
  return ({ type, object }) => type !== "DELETED" && side.isWhole(object);
}

/** The Secret has the password: in each of its logins, where it has several. */
export function isRotated(stage: Stage, side: OperatorSide, password: string): (change: Change) => boolean {
  if (hasOneLogin(stage)) return ({ type }) => type === "MODIFIED";
  return ({ type, object }) => type === "MODIFIED" && side.holds(object, password);
}

// Of what is measured most nothing is read that the bare client's Secrets are not read for.
function hasOneLogin({ dimensions }: Stage): boolean {
  return hostsOfSecret(dimensions) === 1;
}
